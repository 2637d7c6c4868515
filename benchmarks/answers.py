"""How often the answer read from a reply's text is the one its file records for it, and where not.

    python benchmarks/answers.py PATH [--limit N]

PATH is a file of recorded replies that have both `text` and `answer`. Prints the share of equal
answers, the time a reply takes, what each disagreement is about, and the replies themselves.
"""

import argparse
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import typer

from experts.recordings import read
from orchestrator.answers import final_answer
from orchestrator.answers.extraction import STATED

SHOWN = 160  # characters of a text's end
LETTER = re.compile(r"\(?([A-Z])\b")


@dataclass(frozen=True, slots=True)
class Stated:
    """One reply whose answer is recorded."""

    where: str
    text: str
    options: tuple[str, ...]
    recorded: str
    ours: str | None

    @property
    def why(self) -> str:
        """What the disagreement is about, as far as the text shows."""
        letters = {
            found[1]
            for stated in STATED.finditer(self.text)
            if (found := LETTER.match(self.text, stated.end()))
        }
        if self.ours is None:
            return "the text names no choice that we can read"
        if {self.ours, self.recorded} <= letters:
            return "the text states both; ours is the later one"
        return "only ours is stated" if self.ours in letters else "neither is stated"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--limit", type=int, default=20, help="disagreements shown")
    given = parser.parse_args()
    started = perf_counter()
    replies = list(stated(given.path))
    seconds = perf_counter() - started
    if not replies:
        raise SystemExit(f"{given.path} holds no reply that has both a text and an answer")
    apart = [reply for reply in replies if reply.ours != reply.recorded]
    equal = len(replies) - len(apart)
    typer.echo(f"agreement {equal / len(replies):.2%} ({equal} of {len(replies)})")
    typer.echo(
        f"reading the file and its answers took {1e6 * seconds / len(replies):.0f} µs a reply"
    )
    for why, count in Counter(reply.why for reply in apart).most_common():
        typer.echo(f"{count:>5}  {why}")
    for reply in apart[: given.limit]:
        end = " ".join(reply.text.split())[-SHOWN:]
        typer.echo(f"\n{reply.where}: recorded {reply.recorded}, ours {reply.ours}\n  …{end}")


def stated(path: Path) -> Iterator[Stated]:
    """The file's replies with text and answer, with what we read from the text."""
    for recording in read(path):
        for expert, reply in recording.replies.items():
            if reply.text and reply.answer is not None:
                yield Stated(
                    f"{recording.id} {expert}",
                    reply.text,
                    recording.options,
                    final_answer(reply.answer, recording.options) or reply.answer,
                    final_answer(reply.text, recording.options),
                )


if __name__ == "__main__":
    main()
