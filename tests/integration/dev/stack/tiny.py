"""Servers that start in milliseconds, to test how a stack handles any server."""

import sys
from collections.abc import Callable, Mapping

from workers.dev.stack.ports import http_ok
from workers.dev.stack.server import Command, Instance, LocalServer, no_trouble, plain_environment


def tiny(  # noqa: PLR0913 - one parameter for each part that tests replace
    name: str,
    well_known: int,
    line: Callable[[Instance], list[str]] | None = None,
    needs: tuple[str, ...] = (),
    *,
    provision: Callable[[Mapping[str, str]], str] | None = None,
    trouble: Callable[[Mapping[str, str]], str | None] = no_trouble,
) -> LocalServer:
    """Return an HTTP server of Python's library, or one with the command line ``line``."""
    return LocalServer(
        name=name,
        title=name.title(),
        ports={"http": well_known},
        address_variable=f"{name.upper()}_URL",
        other_variables=(f"{name.upper()}_PASSWORD",),
        secrets=("password",),
        needs=needs,
        provision=provision,
        trouble=trouble,
        command=lambda instance: Command([sys.executable, "-u", *(line or listen)(instance)], plain_environment()),
        ready=lambda instance: http_ok(instance.ports["http"], "/"),
        exports=lambda instance: {
            f"{name.upper()}_URL": f"http://127.0.0.1:{instance.ports['http']}",
            f"{name.upper()}_PASSWORD": instance.secrets["password"],
        },
    )


def listen(instance: Instance) -> list[str]:
    return ["-m", "http.server", "--bind", "127.0.0.1", str(instance.ports["http"])]


def crash(_instance: Instance) -> list[str]:
    return ["-c", "import sys; sys.exit('there is no disk left')"]
