"""The log in files, for `convene logs`: JSON lines, of a bounded number of bytes."""

import fcntl
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import BufferedReader
from logging.handlers import RotatingFileHandler
from os import fstat
from os.path import samestat
from pathlib import Path
from typing import IO

BYTES = 10 * 2**20  # of one file
KEPT = 4  # files beside the one that is written
PROCESSES = 16  # that may write into one folder at the same time


class CannotLog(Exception):  # noqa: N818 - named for the state it reports
    """There is no file to write to."""


class LogFile(RotatingFileHandler):
    """Writes `serve-1.jsonl`, or the next number if another process has that one."""

    def __init__(self, folder: Path, size: int = BYTES) -> None:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._claim, path = _claimed(folder)
            super().__init__(path, maxBytes=size, backupCount=KEPT, encoding="utf-8")
        except OSError as error:
            raise CannotLog(f"{folder}: cannot be written: {error.strerror}") from error

    def close(self) -> None:
        super().close()
        self._claim.close()


def _claimed(folder: Path) -> tuple[IO[bytes], Path]:
    """A lock that ends with its process, so that no two rotate one file."""
    for number in range(1, PROCESSES + 1):
        claim = (folder / f"serve-{number}.lock").open("wb")
        with suppress(BlockingIOError):
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return claim, folder / f"serve-{number}.jsonl"
        claim.close()
    raise CannotLog(f"{folder}: {PROCESSES} processes write their logs here already")


def newest(folder: Path) -> list[Path]:
    """The files that are written, or were last, one of each process."""
    return sorted(folder.glob("serve-*.jsonl"))


def written(folder: Path) -> list[Path]:
    """All files of a folder, of each process the oldest first."""
    found = []
    for path in newest(folder):
        older = (path.with_name(f"{path.name}.{age}") for age in range(KEPT, 0, -1))
        found += [*(each for each in older if each.exists()), path]
    return found


@dataclass(slots=True)
class Tail:
    """What is added to a file, across its rotations."""

    path: Path
    _file: BufferedReader | None = None
    _begun: bytes = b""  # a line that is not whole yet

    def lines(self) -> Iterator[bytes]:
        """The whole lines since the last call."""
        while self._opened():
            current = self._current()  # asked first: a file that is rotated away gets no more
            yield from self._read()
            if current:
                return
            self.close()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None

    def _read(self) -> list[bytes]:
        assert self._file is not None
        *whole, self._begun = (self._begun + self._file.read()).split(b"\n")
        return whole

    def _opened(self) -> bool:
        if self._file is None:
            with suppress(FileNotFoundError):
                self._file = self.path.open("rb")
        return self._file is not None

    def _current(self) -> bool:
        assert self._file is not None
        try:
            return samestat(self.path.stat(), fstat(self._file.fileno()))
        except FileNotFoundError:  # in the middle of a rotation
            return False
