import logging

import pytest

from api.logfiles import KEPT, CannotLog, LogFile, Tail, newest, written


def record(text):
    return logging.LogRecord("api", logging.INFO, "", 0, text, None, None)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "logs"


def test_files_are_bounded_and_the_oldest_go(folder):
    log = LogFile(folder, size=100)
    for n in range(100):
        log.emit(record(f"line {n:03}"))
    log.close()
    kept = written(folder)
    assert len(kept) == KEPT + 1
    assert all(path.stat().st_size <= 100 for path in kept)
    lines = [line for path in kept for line in path.read_text().splitlines()]
    assert lines == sorted(lines)
    assert lines[-1] == "line 099"


def test_two_processes_do_not_write_into_one_file(folder):
    one, other = LogFile(folder), LogFile(folder)
    one.emit(record("one"))
    other.emit(record("other"))
    assert [path.read_text() for path in newest(folder)] == ["one\n", "other\n"]
    one.close()
    again = LogFile(folder)
    assert again.baseFilename.endswith("serve-1.jsonl")
    other.close()
    again.close()


def test_a_folder_that_cannot_be_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotLog, match="cannot be written"):
        LogFile(tmp_path / "file" / "logs")


def test_a_tail_has_every_line_once_across_rotations(folder):
    log = LogFile(folder, size=100)
    tail, seen = Tail(folder / "serve-1.jsonl"), []
    for n in range(100):
        log.emit(record(f"line {n:03}"))
        if n % 7 == 0:
            seen += tail.lines()
    seen += tail.lines()
    log.close()
    tail.close()
    assert seen == [f"line {n:03}".encode() for n in range(100)]


def test_a_tail_waits_for_a_file_and_for_the_end_of_a_line(tmp_path):
    tail = Tail(tmp_path / "log")
    assert [*tail.lines()] == []
    with (tmp_path / "log").open("wb", buffering=0) as file:
        file.write(b"whole\nha")
        assert [*tail.lines()] == [b"whole"]
        file.write(b"lf\n")
        assert [*tail.lines()] == [b"half"]
    tail.close()
