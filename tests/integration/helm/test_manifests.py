"""Every set of values renders objects that Kubernetes and the operators accept."""

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.integration.helm.chart import CHART, NEWEST, OLDEST, VALUE_SETS, Helm, Manifests, variables
from tests.integration.helm.schemas import write_kubernetes

ALLOWED_VOLUMES = {"configMap", "emptyDir", "persistentVolumeClaim", "projected", "secret"}


@pytest.mark.parametrize("values", VALUE_SETS)
def test_helm_finds_nothing_to_say(helm: Helm, values: str) -> None:
    linted = helm.lint(values)
    assert linted.returncode == 0, linted.stdout + linted.stderr
    assert "[WARNING]" not in linted.stdout


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_objects_have_the_schema_of_their_kind(
    manifests: Callable[..., Manifests], kubeconform: Path, custom_resources: Path, tmp_path: Path, version: str
) -> None:
    kubernetes = write_kubernetes(tmp_path, version)
    rendered = {tmp_path / f"{each}.yaml": manifests(each) for each in VALUE_SETS}
    for path, made in rendered.items():
        path.write_text(made.text)
    argv: list[str | Path] = [kubeconform, "-strict", "-summary", "-kubernetes-version", version]
    argv += ["-schema-location", f"{kubernetes}/{{{{ .ResourceKind }}}}{{{{ .KindSuffix }}}}.json"]
    custom = "{{ .Group }}/{{ .ResourceKind }}_{{ .ResourceAPIVersion }}.json"
    argv += ["-schema-location", f"{custom_resources}/{custom}"]
    done = subprocess.run([*argv, *rendered], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    count = sum(len(made.objects) for made in rendered.values())
    assert f"{count} resources found" in done.stdout
    assert "Skipped: 0" in done.stdout


@pytest.mark.parametrize("values", VALUE_SETS)
def test_no_two_objects_have_one_name(manifests: Callable[..., Manifests], values: str) -> None:
    names = [(each["kind"], each["metadata"]["name"]) for each in manifests(values).objects]
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("values", VALUE_SETS)
def test_pods_are_allowed_in_a_restricted_namespace(manifests: Callable[..., Manifests], values: str) -> None:
    """The rules of the profile `restricted` of the Pod Security Standards, and a root file system without writes."""
    pods = list(manifests(values).pods())
    assert pods
    for name, pod in pods:
        assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys(), name
        security = pod["securityContext"]
        assert (security["runAsNonRoot"], security["runAsUser"]) == (True, 10001), name
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert {kind for each in pod["volumes"] for kind in each.keys() - {"name"}} <= ALLOWED_VOLUMES, name
        for container in [*pod.get("initContainers", []), *pod["containers"]]:
            assert_confined(container)
            assert_only_temporary_files_are_written(pod, container)


def assert_confined(container: Mapping[str, Any]) -> None:
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "privileged": False,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {"hostPort"} & {key for port in container.get("ports", []) for key in port} == set()


def assert_only_temporary_files_are_written(pod: Mapping[str, Any], container: Mapping[str, Any]) -> None:
    writable = {each["name"]: each["mountPath"] for each in container["volumeMounts"] if not each.get("readOnly")}
    writable.pop("more", None)  # of the value set `everything`
    writable.pop("audit-archive", None)  # of those whose archive is a folder
    assert writable == {"tmp": variables(container)["TMPDIR"]}
    assert any(each["name"] == "tmp" and "emptyDir" in each for each in pod["volumes"])


@pytest.mark.parametrize("values", VALUE_SETS)
def test_a_token_is_mounted_only_for_the_login_at_the_vault(manifests: Callable[..., Manifests], values: str) -> None:
    for name, pod in manifests(values).pods():
        wanted = values == "everything" and name.endswith(("-audit", "-operator", "-doctor"))
        mounted = [each for each in pod["volumes"] if each["name"] == "service-account"]
        assert (pod["automountServiceAccountToken"], bool(mounted)) == (False, wanted), name
    for account in manifests(values).of("ServiceAccount").values():
        assert account["automountServiceAccountToken"] is False


def test_the_packaged_chart_has_the_files_behind_the_links(
    helm: Helm, manifests: Callable[..., Manifests], tmp_path: Path
) -> None:
    done = helm.run("package", CHART, "--destination", tmp_path)
    assert done.returncode == 0, done.stderr
    (package,) = tmp_path.glob("*.tgz")
    assert helm.template("default", chart=package).objects == manifests().objects


def test_suites_of_helm_unittest_pass(helm_unittest: Path) -> None:
    argv: list[str | Path] = [helm_unittest, "--strict", "--file", "tests/*_test.yaml", CHART]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Tests:" in done.stdout
