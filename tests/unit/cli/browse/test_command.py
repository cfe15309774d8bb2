"""How the terminal interface is started, and what it leaves on the terminal."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[4]
HELP = """
import sys
from workers.cli.main import app
try:
    app(["dlq", "browse", "--help"], prog_name="memory-graph")
finally:
    print("imported" if "textual" in sys.modules else "not imported")
"""
LOGGED = """
import sys
from workers.cli.browse.app import BrowseApp
from workers.cli.browse.command import browse
from workers.observe.log import get_logger

def run(self):
    get_logger("audit").info("dead_letters.replayed")
    print("the screen is taken", file=sys.stderr)

BrowseApp.run = run
sys.stdin.isatty = sys.stderr.isatty = lambda: True
browse(since="2d")
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


def test_without_a_terminal_it_says_what_to_use() -> None:
    ended = run("-m", "workers.cli.main", "dlq", "browse")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "browse needs a terminal: without one, use `memory-graph dlq list`" in ended.stderr


def test_help_does_not_wait_for_the_interface() -> None:
    ended = run("-c", HELP)
    assert "--since" in ended.stdout
    assert ended.stdout.endswith("not imported\n")


def test_log_lines_wait_until_the_screen_is_free() -> None:
    ended = run("-c", LOGGED)
    assert ended.returncode == 0, ended.stderr
    screen, logged = ended.stderr.splitlines()
    assert screen == "the screen is taken"
    assert "dead_letters.replayed" in logged
