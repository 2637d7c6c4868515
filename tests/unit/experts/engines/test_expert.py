import subprocess
import sys
from dataclasses import replace

import pytest

from experts.cards import VllmCard
from experts.engines.expert import SLICE, WAVE, VllmExpert, conversation, engine_statuses
from experts.engines.generation import Piece, Refusal
from experts.errors import BackendRejected, BackendUnavailable, EmptyReply
from experts.types import Answer, Cause, Failure, Message, Priority, Prompt, Sampling, Usage
from tests.streams import gathered


class ToyPool:
    """Gives every request the same outcome and remembers what it was asked."""

    family, engines = "f", 1

    def __init__(self, outcome=None, error=None):
        self.outcome, self.error, self.asked, self.seconds = outcome, error, [], []

    async def ask(self, requests, seconds):
        self.asked.append(requests)
        self.seconds.append(seconds)
        if self.error:
            raise self.error
        return [self.outcome for _ in requests]

    async def stream(self, request, deadline):
        for outcome in (Piece("a "), self.outcome):
            yield outcome

    async def status(self):
        return ["well"]

    def resident(self, base):
        return base == "someone/model"


def expert(pool, **options):
    card = VllmCard(kind="vllm", model="someone/model", **options)
    return VllmExpert("alice", card, pool)


ASKED = Prompt.of("Why?")


async def test_an_answer_has_its_text_usage_and_time():
    alice = expert(ToyPool(Piece("So.", 3, 2, "length", 0.5)), price={"input": 1, "output": 2})
    [answer] = await alice.ask([ASKED])
    assert answer == Answer("alice", "So.", Usage(3, 2, 7e-6), 0.5, "length")


async def test_without_a_price_the_cost_is_unknown():
    [answer] = await expert(ToyPool(Piece("So.", 3, 2, "stop"))).ask([ASKED])
    assert answer.usage == Usage(3, 2, None)


@pytest.mark.parametrize(
    ("pool", "cause"),
    [
        pytest.param(ToyPool(Piece(" \n", 3, 1, "stop")), Cause.EMPTY, id="no text"),
        pytest.param(ToyPool(Refusal(Cause.REJECTED, "no")), Cause.REJECTED, id="refused"),
        pytest.param(ToyPool(Refusal(Cause.TIMEOUT, "late")), Cause.TIMEOUT, id="late"),
        pytest.param(ToyPool(error=BackendUnavailable("down")), Cause.UNAVAILABLE, id="no engine"),
    ],
)
async def test_what_fails_is_a_failure_in_its_place(pool, cause):
    replies = await expert(pool).ask([ASKED, ASKED])
    assert [type(reply) for reply in replies] == [Failure, Failure]
    assert {reply.cause for reply in replies} == {cause}


async def test_a_group_of_none_asks_nobody():
    pool = ToyPool()
    assert await expert(pool).ask([]) == []
    assert pool.asked == []


async def test_a_large_group_is_sent_in_slices_and_comes_back_whole():
    pool = ToyPool(Piece("So.", 1, 1, "stop"))
    replies = await expert(pool).ask([ASKED] * (2 * SLICE + 1))
    assert len(replies) == 2 * SLICE + 1
    assert [len(requests) for requests in pool.asked] == [SLICE, SLICE, 1]


@pytest.mark.parametrize(("prompts", "times"), [(1, 1), (WAVE, 1), (WAVE + 1, 2), (80, 10)])
async def test_one_reply_has_the_cards_seconds_and_a_group_its_share_of_more(prompts, times):
    pool = ToyPool(Piece("So.", 1, 1, "stop"))
    await expert(pool, seconds=5).ask([ASKED] * prompts)
    assert pool.seconds == [5 * times]


@pytest.mark.parametrize(("asked", "expected"), [(None, 20), (5, 5), (50, 20)])
async def test_a_reply_is_never_longer_than_the_card_allows(asked, expected):
    pool = ToyPool(Piece("So.", 1, 1, "stop"))
    prompt = Prompt.of("Why?", Sampling(max_tokens=asked))
    await expert(pool, max_tokens=20).ask([prompt])
    assert pool.asked[0][0].max_tokens == expected


async def test_a_stream_ends_with_its_finish_and_usage():
    alice = expert(ToyPool(Piece("b", 3, 2, "stop")))
    chunks = await gathered(alice.stream(ASKED))
    assert "".join(chunk.text for chunk in chunks) == "a b"
    assert (chunks[-1].finish, chunks[-1].usage) == ("stop", Usage(3, 2))
    assert chunks[0].usage is None


async def test_a_refused_stream_raises():
    with pytest.raises(BackendRejected, match="too long"):
        await gathered(expert(ToyPool(Refusal(Cause.REJECTED, "too long"))).stream(ASKED))


async def test_a_stream_without_text_raises():
    class Silent(ToyPool):
        async def stream(self, request, deadline):
            yield Piece(" ", 3, 1, "stop")

    with pytest.raises(EmptyReply):
        await gathered(expert(Silent()).stream(ASKED))


async def test_statuses_name_each_engine_once():
    pool = ToyPool()
    card = VllmCard(kind="vllm", model="someone/model")
    two = [VllmExpert(name, card, pool) for name in ("alice", "bob")]
    assert await engine_statuses(two) == ["well"]


def test_an_expert_is_resident_where_its_base_is():
    assert expert(ToyPool()).resident


@pytest.mark.parametrize("priority", Priority, ids=str)
async def test_a_request_is_as_urgent_as_its_prompt(priority):
    pool = ToyPool(Piece("So.", 1, 1, "stop"))
    await expert(pool).ask([replace(ASKED, priority=priority)])
    assert pool.asked[0][0].priority is priority


SYSTEM, USER, OTHER = Message("system", "S"), Message("user", "U"), Message("system", "T")


@pytest.mark.parametrize(
    ("system", "messages", "expected"),
    [
        pytest.param(None, [USER], [USER], id="none"),
        pytest.param("S", [USER], [SYSTEM, USER], id="the expert's"),
        pytest.param(None, [SYSTEM, USER], [SYSTEM, USER], id="the caller's"),
        pytest.param("S", [OTHER, USER], [Message("system", "S\n\nT"), USER], id="both as one"),
        pytest.param("", [USER], [USER], id="an empty one"),
    ],
)
def test_conversation(system, messages, expected):
    assert conversation(system, messages) == tuple(expected)


def test_nothing_heavy_is_imported_before_an_engine_is_needed():
    code = (
        "import sys, experts.engines.expert, experts.engines.opening, experts.engines.actor;"
        "print([name for name in ('ray', 'vllm', 'torch', 'transformers') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"
