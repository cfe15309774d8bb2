"""What must not be installed is refused, with the value and the fix."""

import pytest

from tests.integration.helm.chart import VALUES, Helm

SASL = ("--set", "kafka.securityProtocol=SASL_SSL")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--set", "defaults.autoscaling.keda.enabled=true", "--set", "defaults.autoscaling.hpa.enabled=true"),
            "at '/defaults/autoscaling/hpa/enabled': value must be false",
        ),
        (
            ("--set", "workers.telemetry.autoscaling.keda.enabled=true,defaults.autoscaling.hpa.enabled=true"),
            "workers.telemetry has keda and hpa enabled, which would both set the replicas: disable one of them",
        ),
        (
            ("--set", "workers.telemetry.replica=2"),
            "at '/workers/telemetry': additional properties 'replica' not allowed",
        ),
        (
            ("--set", "kafka.securityProtocol=TLS"),
            "at '/kafka/securityProtocol': value must be one of 'PLAINTEXT', 'SSL'",
        ),
        (("--set", "image.digest=latest"), "at '/image/digest': 'latest' does not match pattern"),
        (("--set", "defaults.afterDrainSeconds=5"), "at '/defaults/afterDrainSeconds': minimum: got 5, want 45"),
        (("--set", "externalSecrets.data.neo4j.key=x"), "value must be one of 'neo4j-password'"),
        (
            ("--set", "workers.telemetry.replicas=13"),
            "but llm-telemetry-events has 12 partitions (topology.yaml), and each process needs one: use at most 12",
        ),
        (
            ("--set", "workers.evolution.autoscaling.keda.enabled=true,workers.evolution.autoscaling.maxReplicas=4"),
            "autoscaling.maxReplicas of worker evolution is 4, but schema-migrations has 3 partitions",
        ),
        (
            ("--set", "defaults.autoscaling.hpa.enabled=true,workers.telemetry.autoscaling.maxReplicas=2"),
            "autoscaling.minReplicas of worker telemetry is 3, more than its maxReplicas, 2: lower it",
        ),
        (
            ("--set", "workers.vault.enabled=true,workers.vault.replicas=1"),
            "workers.vault has no entry in topology.yaml: add it there, or set workers.vault.enabled: false",
        ),
        (
            ("--set", "workers.registry=null"),
            "topology.yaml has the worker registry, workers has not: add workers.registry, with enabled: false",
        ),
        (("--set", "topology=a: ["), "topology is no YAML"),
        (SASL, "kafka.securityProtocol SASL_SSL logs in, but kafka.username is empty: set it"),
        (
            (*SASL, "--set", "kafka.username=me"),
            "kafka.passwordSecret.name is empty: name a Secret, or set externalSecrets.data.kafka-password",
        ),
        (
            ("--set", "kafka.clientSecret.name=mine"),
            "a client certificate is set, but kafka.securityProtocol is PLAINTEXT: use SSL or SASL_SSL",
        ),
        (("--set", "strimzi.users.enabled=true"), "strimzi.users.enabled needs strimzi.topics.enabled"),
        (
            ("--values", str(VALUES / "strimzi-tls.yaml"), "--set", "kafka.securityProtocol=SASL_SSL"),
            "strimzi.users.authentication tls needs kafka.securityProtocol SSL, not SASL_SSL",
        ),
        (("--set", "externalSecrets.enabled=true"), "externalSecrets.secretStoreRef.name is empty: name a SecretStore"),
        (
            ("--set", "vault.addr=https://v,vault.appRole.roleId=r,vault.kubernetes.role=k"),
            "vault.appRole.roleId and vault.kubernetes.role are set, and the vault takes one login: leave only one",
        ),
        (("--set", "vault.kubernetes.role=k"), "vault.kubernetes.role logs in to a vault, but vault.addr is empty"),
        (
            ("--set", "vault.addr=https://v,vault.appRole.secretIdSecret.name=s"),
            "vault has a secret_id, but vault.appRole.roleId is empty: set it",
        ),
        (
            ("--set", "auditArchive.s3.region=eu-central-1"),
            'auditArchive.s3 is set, but workers.audit.archive.url in topology.yaml is "": set it to s3://bucket/prefix',
        ),
        (
            ("--values", str(VALUES / "archive-s3.yaml"), "--set", "auditArchive.claim=c"),
            'auditArchive.claim is set, but workers.audit.archive.url in topology.yaml is "s3://audit/prod": set',
        ),
        (
            ("--values", str(VALUES / "archive-s3.yaml"), "--set", "auditArchive.s3.accessKeyIdSecret.name="),
            "auditArchive.s3 has half a login: name accessKeyIdSecret and secretAccessKeySecret, or neither",
        ),
        (
            ("--values", str(VALUES / "archive-folder.yaml"), "--set", "auditArchive.claim="),
            "is the folder /srv/audit-archive, which no volume has: set auditArchive.claim to a PersistentVolumeClaim",
        ),
        (("--set", "certManager.enabled=true"), "certManager.issuerRef.name is empty: name an Issuer"),
    ],
)
def test_the_message_names_the_value_and_the_fix(helm: Helm, arguments: tuple[str, ...], message: str) -> None:
    assert message in helm.refusal(*arguments)


def test_as_many_processes_as_partitions_are_allowed(helm: Helm) -> None:
    done = helm.template("default", "--set", "workers.telemetry.replicas=12")
    assert done.of("Deployment")["graph-memory-graph-telemetry"]["spec"]["replicas"] == 12
