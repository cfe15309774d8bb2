"""Apicurio Registry: the schema registry, with the Confluent API."""

from base64 import b64encode

from workers.dev.stack.jars import unpack
from workers.dev.stack.ports import http_ok
from workers.dev.stack.server import Command, Instance, LocalServer, plain_environment
from workers.dev.stack.servers.java import java
from workers.dev.stack.tls.certificates import replace_file
from workers.dev.stack.tls.files import SUITES

CONFLUENT_PATH = "/apis/ccompat/v7"
NATIVE_PATH = "/apis/registry/v2"
USER = "memory-graph"
USERS = """\
quarkus.http.auth.basic=true
quarkus.security.users.embedded.plain-text=true
quarkus.security.users.embedded.users.{user}={password}
quarkus.security.users.embedded.roles.{user}=sr-admin
quarkus.http.auth.permission.apis.paths=/apis/*
quarkus.http.auth.permission.apis.policy=authenticated
"""


def command(instance: Instance) -> Command:
    """Return the command that starts it.

    It stores schemas in a database file, because their ids must survive a restart as the records do.
    """
    (archive,) = instance.jars["apicurio"]
    runner = unpack(archive, instance.cache) / "quarkus-run.jar"
    options = ("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
    environment = {
        "APICURIO_STORAGE_KIND": "sql",
        "APICURIO_STORAGE_SQL_KIND": "h2",
        "APICURIO_DATASOURCE_URL": f"jdbc:h2:file:{instance.folder / 'registry'}",
        "APICURIO_DATASOURCE_JDBC_INITIAL_SIZE": "2",
        "APICURIO_DATASOURCE_JDBC_MIN_SIZE": "2",
        "QUARKUS_HTTP_HOST": "127.0.0.1",
        **_access(instance),
        "QUARKUS_MANAGEMENT_HOST": "127.0.0.1",
        "QUARKUS_MANAGEMENT_PORT": str(instance.ports["management"]),
    }
    main_class = "io.quarkus.bootstrap.runner.QuarkusEntryPoint"
    return Command(java(instance.folder, [runner], *options, main_class), {**plain_environment(), **environment})


def _access(instance: Instance) -> dict[str, str]:
    """Return the settings of its port: plain, or TLS with a login.

    Users come from a file, because anyone can read command lines, and the environment of their own processes.
    """
    if instance.tls is None:
        return {"QUARKUS_HTTP_PORT": str(instance.ports["http"])}
    files, configuration = instance.tls.of_server("apicurio"), instance.folder / "application.properties"
    replace_file(configuration, USERS.format(user=USER, password=instance.secrets["password"]))
    return {
        "QUARKUS_HTTP_SSL_PORT": str(instance.ports["http"]),
        "QUARKUS_HTTP_INSECURE_REQUESTS": "disabled",
        "QUARKUS_HTTP_SSL_CERTIFICATE_FILES": str(files.certificate),
        "QUARKUS_HTTP_SSL_CERTIFICATE_KEY_FILES": str(files.key),
        "QUARKUS_HTTP_SSL_PROTOCOLS": "TLSv1.3",
        "QUARKUS_HTTP_SSL_CIPHER_SUITES": SUITES,
        "SMALLRYE_CONFIG_LOCATIONS": str(configuration),
    }


def ready(instance: Instance) -> bool:
    """Return whether it answers."""
    path = f"{CONFLUENT_PATH}/subjects"
    if instance.tls is None:
        return http_ok(instance.ports["http"], path)
    login = b64encode(f"{USER}:{instance.secrets['password']}".encode()).decode()
    headers = {"Authorization": f"Basic {login}"}
    return http_ok(instance.ports["http"], path, authority=instance.tls.authority, headers=headers)


def exports(instance: Instance) -> dict[str, str]:
    """Return the address, and the login of a secure registry."""
    address = f"127.0.0.1:{instance.ports['http']}{CONFLUENT_PATH}"
    if instance.tls is None:
        return {"SCHEMA_REGISTRY_URL": f"http://{address}"}
    return {
        "SCHEMA_REGISTRY_URL": f"https://{address}",
        "SCHEMA_REGISTRY_USERNAME": USER,
        "SCHEMA_REGISTRY_PASSWORD": instance.secrets["password"],
        "SCHEMA_REGISTRY_CAFILE": str(instance.tls.authority),
    }


APICURIO = LocalServer(
    name="apicurio",
    title="Apicurio Registry",
    ports={"http": 8081, "management": 9000},
    address_variable="SCHEMA_REGISTRY_URL",
    jar_sets=("apicurio",),
    command=command,
    other_variables=("SCHEMA_REGISTRY_USERNAME", "SCHEMA_REGISTRY_PASSWORD", "SCHEMA_REGISTRY_CAFILE"),
    secure_secrets=("password",),
    ready=ready,
    exports=exports,
)
