"""The load generator, in a process of its own: a plan as JSON on stdin, what was seen on stdout.

Closed loop: so many connections, each asking again as soon as it has its answer. Open loop: at a
fixed rate whatever the answers do, latencies counted from when a request was meant to be sent, so
that a gateway which stalls does not hide what it kept waiting (coordinated omission).
"""

import asyncio
import gc
import json
import statistics
import sys
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from time import perf_counter
from typing import Any

import uvloop

from benchmarks.gateway.connection import Connection, Response
from benchmarks.gateway.upstream import TEXT, TOKENS

CHECKED = 8  # of so many streams one is read event by event
LAST = 30.0  # seconds that what is in flight at the end may take
HELD = 0.02  # seconds that a client stays which hangs up
IDLE = 4.0  # seconds that a connection is used again after: uvicorn closes it after five
MOST = 4096  # connections of an open loop


@dataclass(frozen=True, slots=True)
class Plan:
    """One measurement. Either `connections` are kept busy, or `rate` requests a second are sent."""

    port: int
    model: str
    seconds: float
    path: str = "/v1/chat/completions"
    key: str = ""
    size: int = 150  # bytes of the question
    stream: bool = False
    connections: int = 1
    rate: float = 0.0
    warm_up: float = 0.5  # seconds that are not counted
    leaving: int = 0  # of an open loop: of so many clients one hangs up before its answer is there

    @property
    def written(self) -> str:
        return json.dumps(asdict(self))

    @property
    def request(self) -> bytes:
        question = ("How much is six times seven? " * (self.size // 29 + 1))[: self.size]
        body: dict[str, Any] = {"model": self.model, "temperature": 0, "max_tokens": 256}
        body["messages"] = [{"role": "user", "content": question}]
        if self.stream:
            body["stream"] = True
        data = json.dumps(body).encode()
        key = f"authorization: Bearer {self.key}\r\n" if self.key else ""
        head = f"POST {self.path} HTTP/1.1\r\nhost: 127.0.0.1:{self.port}\r\n{key}"
        head += f"content-type: application/json\r\ncontent-length: {len(data)}\r\n\r\n"
        return head.encode() + data


@dataclass(slots=True)
class Seen:
    """What is counted. Times in milliseconds."""

    times: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)  # until the first text of a stream
    gaps: list[float] = field(default_factory=list)  # between pieces of a stream
    errors: dict[str, int] = field(default_factory=dict)
    streams: int = 0  # read event by event
    exact: int = 0  # of those, with the upstream's pieces, all and in order

    def wrong(self, what: str) -> None:
        self.errors[what] = self.errors.get(what, 0) + 1

    def summary(self, seconds: float) -> dict[str, Any]:
        return {
            "requests": len(self.times),
            "per_second": len(self.times) / seconds,
            **{f"p{share}": percentile(self.times, share) for share in (50, 90, 99)},
            "first_p50": percentile(self.first, 50),
            "gap_p99": percentile(self.gaps, 99),
            "errors": self.errors,
            "streams": self.streams,
            "exact": self.exact,
        }


def percentile(values: list[float], share: float) -> float | None:
    if len(values) < 2:
        return values[0] if values else None
    return statistics.quantiles(values, n=1000, method="inclusive")[round(share * 10) - 1]


class Run:
    """One plan being carried out."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.request = plan.request
        self.seen = Seen()
        self.begins = perf_counter() + plan.warm_up
        self.ends = self.begins + plan.seconds
        self.sent: dict[Connection, float] = {}
        self.idle: list[tuple[Connection, float]] = []  # and since when
        self.left: set[Connection] = set()
        self.counted = self.asked = 0

    async def closed(self) -> None:
        for connection in await asyncio.gather(
            *(self._connected() for _ in range(self.plan.connections))
        ):
            self._send(connection, perf_counter())
        await asyncio.sleep(self.ends - perf_counter())
        await self._rest()

    async def open(self) -> None:
        at, count = perf_counter(), 0
        while (meant := at + count / self.plan.rate) < self.ends:
            if (ahead := meant - perf_counter()) > 0:
                await asyncio.sleep(ahead)
            if not self.idle and len(self.sent) >= MOST:
                self.seen.wrong("no connection left")
            else:
                self._send(self._waiting() or await self._connected(), meant)
            count += 1
        await self._rest()

    def _waiting(self) -> Connection | None:
        """A connection that is open and not about to be closed by a server that finds it idle."""
        while self.idle:
            connection, since = self.idle.pop()
            if not connection.transport.is_closing() and perf_counter() - since < IDLE:
                return connection
            connection.transport.abort()
        return None

    async def _connected(self) -> Connection:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(Connection, "127.0.0.1", self.plan.port)
        return connection

    async def _rest(self) -> None:
        """Waits for what is in flight."""
        until = perf_counter() + LAST
        while self.sent and perf_counter() < until:  # noqa: ASYNC110 - what ends it are callbacks
            await asyncio.sleep(0.01)
        for _ in self.sent:
            self.seen.wrong("no answer")

    def _send(self, connection: Connection, meant: float) -> None:
        self.sent[connection] = meant
        self.asked += 1
        connection.ask(self.request, self._done)
        if self.plan.leaving and self.asked % self.plan.leaving == 0:
            self.left.add(connection)
            asyncio.get_running_loop().call_later(HELD, connection.transport.abort)

    def _done(self, connection: Connection, response: Response) -> None:
        now, meant = perf_counter(), self.sent.pop(connection)
        if connection in self.left:
            self.left.discard(connection)
            return
        if meant >= self.begins and now <= self.ends + (self.plan.rate > 0) * 60:
            self._count(response, meant, now)
        if response.status == 0:
            return
        if self.plan.rate:
            self.idle.append((connection, now))
        elif now < self.ends:
            self._send(connection, perf_counter())

    def _count(self, response: Response, meant: float, now: float) -> None:
        self.counted += 1
        if response.status != 200:
            self.seen.wrong(f"HTTP {response.status} {_code(response)}".rstrip())
            return
        self.seen.times.append(1000 * (now - meant))
        if not self.plan.stream:
            if self.counted % CHECKED == 1 and TEXT not in response.body.decode():
                self.seen.wrong("another text")
            return
        if not response.body.endswith(b"data: [DONE]\n\n"):
            self.seen.wrong("no end")
        if self.counted % CHECKED == 1 or self.plan.connections == 1:
            self._read(response.pieces(), meant)

    def _read(self, pieces: list[tuple[str, float]], meant: float) -> None:
        self.seen.streams += 1
        self.seen.exact += [text for text, _ in pieces] == TOKENS
        times = [1000 * at for _, at in pieces]
        if times:
            self.seen.first.append(times[0] - 1000 * meant)
            self.seen.gaps += [after - before for before, after in pairwise(times)]


def _code(response: Response) -> str:
    """What an error is called, in OpenAI's shape."""
    try:
        code: str = json.loads(response.body)["error"]["code"] or ""
    except (ValueError, KeyError, TypeError):
        return ""
    return code


async def main(plan: Plan) -> dict[str, Any]:
    gc.disable()
    run = Run(plan)
    await (run.open() if plan.rate else run.closed())
    return {"asked": run.asked, **run.seen.summary(plan.seconds)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(uvloop.run(main(Plan(**json.loads(sys.stdin.read()))))))
