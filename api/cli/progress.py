"""Progress bars on stderr for what takes long."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

# What is under way, how much is done, out of how much where that is known.
Advance = Callable[[str, int, int | None], None]


@contextmanager
def bars() -> Iterator[Advance]:
    """One bar per kind of work, made when it is first heard of."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as progress:
        known = {}

        def advance(doing: str, done: int, of: int | None) -> None:
            if doing not in known:
                known[doing] = progress.add_task(doing, total=of)
            progress.update(known[doing], completed=done, total=of)

        yield advance
