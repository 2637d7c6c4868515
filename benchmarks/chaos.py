"""Whether a batch loses nothing: processes are killed at random; every line must have one result.

    python -m benchmarks.chaos [--lines N] [--runs N] [--kills N] [--apis N] [--seconds S]
        [--builtin] [--seed N] [--out benchmarks/results/chaos]

Each run is a batch of `--lines` lines over real processes: Redis, one or more `convene serve`, and
experts behind a mock of a hosted API whose answers are known. With `--builtin` it is the built-in
specialists, whose engine is killed too, and whose answers must be those that they give undisturbed.
At `--kills` random moments one of them gets a SIGKILL and is started again. When the batch has
completed, its output must hold each custom_id exactly once, with the right answer, and nothing may
be in its error file.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from api.batches.store import Batches
from benchmarks.records import written
from benchmarks.trials import Outcome, Trial, document, page
from benchmarks.wreckage import MODELS, ROOT, World, jsonl, known, world
from experts.builtin.labelled import labelled

ENDED = ("completed", "failed", "expired", "cancelled")
LONGEST = 3600.0  # seconds of a run
BUILTIN = ("abacus", "caliper", "almanac", "anagram")
DIFFERENT = 1_000  # questions to the built-in experts; a longer batch repeats them
LATE = 0.5  # seconds after its moment at which a kill may come, at most


def lines_of(trial: Trial) -> list[dict[str, Any]]:
    """Requests in OpenAI's format, of one expert each or, of the mocked, of a panel."""
    dice = random.Random(trial.seed)
    if trial.builtin:
        count = min(trial.lines, DIFFERENT)
        texts = [each.question for each in labelled("test", count, seed=trial.seed)]
        return [_line(n, texts[n % count], BUILTIN[n % count % 4]) for n in range(trial.lines)]
    return [
        _line(n, f"How much is {n} and {dice.randint(0, 10**6)}?", dice.choice((*MODELS, "vote")))
        for n in range(trial.lines)
    ]


def _line(n: int, question: str, model: str) -> dict[str, Any]:
    body = {"model": model, "messages": [{"role": "user", "content": question}]}
    body["convene"] = {"explain": False}
    return {"custom_id": f"line-{n}", "method": "POST", "url": "/v1/chat/completions", "body": body}


async def run(trial: Trial, folder: Path, expected: dict[str, str] | None = None) -> Outcome:
    """One run in an empty folder. `expected` answers are by custom_id; none: the mock's."""
    items = lines_of(trial)
    if expected is None:
        expected = {i["custom_id"]: known(i["body"]["messages"][0]["content"]) for i in items}
    outcome, started = Outcome(trial.seed), time.monotonic()
    async with world(folder, trial.delay, apis=trial.apis, builtin=trial.builtin) as there:
        id = await _begun(there, items)
        batch = await _wrecked(there, id, trial, outcome)
        outcome.seconds = round(time.monotonic() - started, 1)
        outcome.status, outcome.calls = batch["status"], there.mock.asked.total()
        output = await _told(there, batch["output_file_id"])
        outcome.errors = len(await _told(there, batch["error_file_id"]))
    _judge(outcome, expected, output)
    return outcome


async def undisturbed(trial: Trial, folder: Path) -> dict[str, str]:
    """What the built-in experts answer if nobody is killed, by custom_id."""
    calm = Trial(min(trial.lines, DIFFERENT), 0, trial.seed, builtin=True)
    async with world(folder, 0.0, builtin=True) as there:
        id = await _begun(there, lines_of(calm))
        batch = await _wrecked(there, id, calm, Outcome(calm.seed))
        said = dict(_said(found) for found in await _told(there, batch["output_file_id"]))
    return {f"line-{n}": said[f"line-{n % calm.lines}"] for n in range(trial.lines)}


async def _begun(there: World, items: list[dict[str, Any]]) -> str:
    file = await there.ask(
        "POST", "/v1/files", data={"purpose": "batch"}, files={"file": ("in.jsonl", jsonl(items))}
    )
    wish = {"endpoint": "/v1/chat/completions", "completion_window": "24h"}
    wish["input_file_id"] = file.raise_for_status().json()["id"]
    made = await there.ask("POST", "/v1/batches", json=wish)
    return str(made.raise_for_status().json()["id"])


async def _wrecked(there: World, id: str, trial: Trial, outcome: Outcome) -> dict[str, Any]:
    """The batch when it has ended, after all kills that it lasted for."""
    dice = random.Random(trial.seed)
    moments = sorted(dice.sample(range(trial.lines), trial.kills))
    async with asyncio.timeout(LONGEST), Redis.from_url(there.redis.url) as redis:
        for moment in moments:
            done = await _reached(Batches(redis), id, moment)
            await asyncio.sleep(dice.uniform(0, LATE))
            what = dice.choice(trial.victims)
            if await there.kill(what, dice.choice):
                outcome.killed.append((what, done))
        while True:
            batch: dict[str, Any] = (await there.ask("GET", f"/v1/batches/{id}")).json()
            if batch.get("status") in ENDED:
                return batch
            await asyncio.sleep(0.1)


async def _reached(batches: Batches, id: str, done: int) -> int:
    """Returns how many results there are once there are so many."""
    while True:
        with suppress(RedisError, OSError):
            if (count := (await batches.done(id)).count) >= done:
                return count
        await asyncio.sleep(0.02)


async def _told(there: World, file: str | None) -> list[dict[str, Any]]:
    if file is None:
        return []
    content = await there.ask("GET", f"/v1/files/{file}/content")
    return [json.loads(line) for line in content.raise_for_status().text.splitlines()]


def _said(found: dict[str, Any]) -> tuple[str, str]:
    return found["custom_id"], found["response"]["body"]["choices"][0]["message"]["content"]


def _judge(outcome: Outcome, expected: dict[str, str], output: list[dict[str, Any]]) -> None:
    times = Counter(found["custom_id"] for found in output)
    outcome.missing = len(expected.keys() - times.keys())
    outcome.twice = sum(n - 1 for n in times.values())
    outcome.wrong = sum(expected.get(id) != text for id, text in map(_said, output))


async def _main(options: argparse.Namespace) -> int:
    outcomes: list[Outcome] = []
    for seed in range(options.seed, options.seed + options.runs):
        trial = Trial(
            options.lines,
            options.kills,
            seed,
            options.apis,
            builtin=options.builtin,
            seconds=options.seconds,
        )
        with tempfile.TemporaryDirectory(prefix="chaos-") as name:
            folder = Path(name)
            expected = None
            if options.builtin:
                (folder / "calm").mkdir()
                expected = await undisturbed(trial, folder / "calm")
            (folder / "wild").mkdir()
            outcomes.append(await run(trial, folder / "wild", expected))
        print(json.dumps(asdict(outcomes[-1])), file=sys.stderr)  # noqa: T201
        told = document(trial, outcomes)
        written(told, page(told), options.out)
    return 0 if all(outcome.good for outcome in outcomes) else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--lines", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--kills", type=int, default=4)
    parser.add_argument("--apis", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--builtin", action="store_true")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks/results/chaos")
    sys.exit(asyncio.run(_main(parser.parse_args())))
