from pathlib import Path

from workers.dev.stack.logs import crash_report, follow, log_contains, tail


def test_tail_returns_the_last_lines(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("one\ntwo\nthree\n")
    assert tail(log, 2) == "two\nthree"
    assert tail(tmp_path / "none", 2) == ""


def test_follow_yields_the_tail_and_new_lines_also_after_a_restart(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("one\ntwo\n")
    following = follow(log, 1)
    assert next(following) == "two\n"
    with log.open("a") as file:
        file.write("three\n")
    assert next(following) == "three\n"
    log.write_text("again\n")
    assert next(following) == "again\n"


def test_a_log_without_the_text_or_without_a_file_does_not_contain_it(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert not log_contains(log, "started")
    log.write_text("server started\n")
    assert log_contains(log, "started")
    assert not log_contains(log, "stopped")


def test_a_crash_report_names_the_server_and_ends_with_its_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert crash_report("kafka", log, "has crashed").endswith("(it wrote nothing)")
    log.write_text("no space left\n")
    assert crash_report("kafka", log, "has crashed") == f"kafka has crashed; the end of {log}:\n    no space left"
