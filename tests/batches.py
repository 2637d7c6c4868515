"""Batches for tests: lines, files in memory, and what Redis must do as a model in Python."""

import json
from dataclasses import dataclass, field

from api.batches.batch import Wish, made
from tests.keys import NOW

ENDPOINT = "/v1/chat/completions"


def line(number, model="ada", **more):
    """A request in OpenAI's batch format."""
    body = {"model": model, "messages": [{"role": "user", "content": f"Is it {number}?"}], **more}
    return {"custom_id": f"q{number}", "method": "POST", "url": ENDPOINT, "body": body}


def jsonl(*items):
    return "".join(json.dumps(item) + "\n" for item in items).encode()


def batch(tenant="acme", key="", input="file-1", now=NOW):
    return made(Wish(input, ENDPOINT), tenant, key, now)


async def each(items):
    for item in items:
        yield item


@dataclass
class Model:
    """One batch's results and lease as the scripts keep them, with a clock that is turned."""

    now: int = 0
    owner: str | None = None
    until: int = 0
    output: list = field(default_factory=list)  # (line, who recorded it)
    errors: dict = field(default_factory=dict)

    def _holder(self):
        return self.owner if self.now < self.until else None

    def take(self, owner, milliseconds):
        if self._holder() not in (None, owner):
            return False
        self.owner, self.until = owner, self.now + milliseconds
        return True

    def release(self, owner):
        if self._holder() == owner:
            self.owner = None

    def record(self, owner, line, *, failed=False):
        """As the script returns."""
        if self._holder() != owner:
            return -1
        if line in self.errors or any(line == done for done, _ in self.output):
            return 0
        if failed:
            self.errors[line] = owner
        else:
            self.output.append((line, owner))
        return 1

    def reopen(self):
        if self._holder() is not None:
            return -1
        self.errors.clear()
        return len(self.output)

    @property
    def done(self):
        return {line for line, _ in self.output} | self.errors.keys()
