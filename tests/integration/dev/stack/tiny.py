"""Servers that start in a blink, to see how stacks handle any server."""

import sys
from collections.abc import Callable, Mapping

from workers.dev.stack.probe import http_ok
from workers.dev.stack.server import Command, Server, Site, no_trouble, plain_environment


def tiny(  # noqa: PLR0913 - what a server may have of its own
    name: str,
    well_known: int,
    line: Callable[[Site], list[str]] | None = None,
    needs: tuple[str, ...] = (),
    *,
    settle: Callable[[Mapping[str, str]], str] | None = None,
    trouble: Callable[[Mapping[str, str]], str | None] = no_trouble,
) -> Server:
    """An HTTP server of Python's library, or what ``line`` says."""
    return Server(
        name=name,
        title=name.title(),
        ports={"http": well_known},
        replaced_by=f"{name.upper()}_URL",
        passed_on=(f"{name.upper()}_PASSWORD",),
        secrets=("password",),
        needs=needs,
        settle=settle,
        trouble=trouble,
        command=lambda site: Command([sys.executable, "-u", *(line or listen)(site)], plain_environment()),
        ready=lambda site: http_ok(site.ports["http"], "/"),
        exports=lambda site: {
            f"{name.upper()}_URL": f"http://127.0.0.1:{site.ports['http']}",
            f"{name.upper()}_PASSWORD": site.secrets["password"],
        },
    )


def listen(site: Site) -> list[str]:
    return ["-m", "http.server", "--bind", "127.0.0.1", str(site.ports["http"])]


def crash(_site: Site) -> list[str]:
    return ["-c", "import sys; sys.exit('there is no disk left')"]
