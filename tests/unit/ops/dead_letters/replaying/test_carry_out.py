import subprocess
import sys


def test_a_replay_starts_without_faust_and_without_the_driver_of_neo4j() -> None:
    code = (
        "import sys, workers.ops.dead_letters.replaying.carry_out; "
        "print(*sorted({'faust', 'aiokafka', 'neo4j'} & sys.modules.keys()))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown == "\n"
