import asyncio
import subprocess
import sys

import pytest

from experts.cards import VllmCard
from experts.engines.expert import SLICE, WAVE, VllmExpert, conversation, engine_statuses
from experts.engines.generation import Piece, Refusal
from experts.engines.pool import EnginePool
from experts.errors import BackendRejected, BackendUnavailable, EmptyReply
from experts.types import Answer, Cause, Failure, Message, Prompt, Sampling, Usage


class ToyEngine:
    """Gives every request the same outcome and remembers what it was asked."""

    def __init__(self, outcome=None, error=None):
        self.outcome, self.error, self.asked, self.seconds = outcome, error, [], []

    @property
    def load(self):
        from experts.engines.placement import Load

        return Load(frozenset(), 0)

    async def ask(self, requests, deadline):
        self.asked.append(requests)
        self.seconds.append(deadline - asyncio.get_running_loop().time())
        if self.error:
            raise self.error
        return [self.outcome for _ in requests]

    async def stream(self, request, deadline):
        for outcome in (Piece("a "), self.outcome):
            yield outcome

    async def status(self):
        return "well"


def expert(engine, **options):
    card = VllmCard(kind="vllm", model="someone/model", **options)
    return VllmExpert("alice", card, EnginePool([engine]))


ASKED = Prompt.of("Why?")


async def test_an_answer_has_its_text_usage_and_time():
    alice = expert(ToyEngine(Piece("So.", 3, 2, "length", 0.5)), price={"input": 1, "output": 2})
    [answer] = await alice.ask([ASKED])
    assert answer == Answer("alice", "So.", Usage(3, 2, 7e-6), 0.5, "length")


async def test_without_a_price_the_cost_is_unknown():
    [answer] = await expert(ToyEngine(Piece("So.", 3, 2, "stop"))).ask([ASKED])
    assert answer.usage == Usage(3, 2, None)


@pytest.mark.parametrize(
    ("engine", "cause"),
    [
        pytest.param(ToyEngine(Piece(" \n", 3, 1, "stop")), Cause.EMPTY, id="no text"),
        pytest.param(ToyEngine(Refusal(Cause.REJECTED, "no")), Cause.REJECTED, id="refused"),
        pytest.param(ToyEngine(Refusal(Cause.TIMEOUT, "late")), Cause.TIMEOUT, id="late"),
        pytest.param(
            ToyEngine(error=BackendUnavailable("down")), Cause.UNAVAILABLE, id="no engine"
        ),
    ],
)
async def test_what_fails_is_a_failure_in_its_place(engine, cause):
    replies = await expert(engine).ask([ASKED, ASKED])
    assert [type(reply) for reply in replies] == [Failure, Failure]
    assert {reply.cause for reply in replies} == {cause}


async def test_a_group_of_none_asks_nobody():
    engine = ToyEngine()
    assert await expert(engine).ask([]) == []
    assert engine.asked == []


async def test_a_large_group_is_sent_in_slices_and_comes_back_whole():
    engine = ToyEngine(Piece("So.", 1, 1, "stop"))
    replies = await expert(engine).ask([ASKED] * (2 * SLICE + 1))
    assert len(replies) == 2 * SLICE + 1
    assert [len(requests) for requests in engine.asked] == [SLICE, SLICE, 1]


@pytest.mark.parametrize(("prompts", "times"), [(1, 1), (WAVE, 1), (WAVE + 1, 2), (80, 10)])
async def test_one_reply_has_the_cards_seconds_and_a_group_its_share_of_more(prompts, times):
    engine = ToyEngine(Piece("So.", 1, 1, "stop"))
    await expert(engine, seconds=5).ask([ASKED] * prompts)
    assert engine.seconds == [pytest.approx(5 * times, abs=0.5)]


@pytest.mark.parametrize(("asked", "expected"), [(None, 20), (5, 5), (50, 20)])
async def test_a_reply_is_never_longer_than_the_card_allows(asked, expected):
    engine = ToyEngine(Piece("So.", 1, 1, "stop"))
    prompt = Prompt.of("Why?", Sampling(max_tokens=asked))
    await expert(engine, max_tokens=20).ask([prompt])
    assert engine.asked[0][0].max_tokens == expected


async def test_a_stream_ends_with_its_finish_and_usage():
    alice = expert(ToyEngine(Piece("b", 3, 2, "stop")))
    chunks = [chunk async for chunk in alice.stream(ASKED)]
    assert "".join(chunk.text for chunk in chunks) == "a b"
    assert (chunks[-1].finish, chunks[-1].usage) == ("stop", Usage(3, 2))
    assert chunks[0].usage is None


async def test_a_refused_stream_raises():
    with pytest.raises(BackendRejected, match="too long"):
        [
            chunk
            async for chunk in expert(ToyEngine(Refusal(Cause.REJECTED, "too long"))).stream(ASKED)
        ]


async def test_a_stream_without_text_raises():
    class Silent(ToyEngine):
        async def stream(self, request, deadline):
            yield Piece(" ", 3, 1, "stop")

    with pytest.raises(EmptyReply):
        [chunk async for chunk in expert(Silent()).stream(ASKED)]


async def test_statuses_name_each_engine_once():
    engine = ToyEngine()
    pool = EnginePool([engine])
    card = VllmCard(kind="vllm", model="someone/model")
    two = [VllmExpert(name, card, pool) for name in ("alice", "bob")]
    assert await engine_statuses(two) == ["well"]


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
        "import sys, experts.engines.expert, experts.engines.cluster, experts.engines.actor;"
        "print([name for name in ('ray', 'vllm', 'torch', 'transformers') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"
