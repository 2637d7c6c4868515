import asyncio

import pytest
import ray  # noqa: F401 - here, because importing it blocks, and within a test that fails
from ray.exceptions import (
    ActorDiedError,
    ActorUnavailableError,
    PendingCallsLimitExceeded,
    RayTaskError,
    RuntimeEnvSetupError,
)

from experts.engines.client import (
    GRACE_SECONDS,
    STATUS_SECONDS,
    EngineDied,
    NotStarted,
    RemoteEngine,
)
from experts.engines.costs import Slept
from experts.engines.generation import EngineStatus, Piece
from experts.engines.workday import Learned
from experts.errors import BackendTimeout, BackendUnavailable
from tests.engines import request
from tests.virtual_time import in_virtual_time

STATUS = EngineStatus("f", 1, "a", 0, {}, 0, 0.0, 0.0, 3.0, held=("b",))
ASKED = request("a")


class ToyMethod:
    """Gives a result, raises it if it is an error, or takes for ever; a list is a stream."""

    def __init__(self, result=None, hangs=False):
        self.result, self.hangs, self.calls = result, hangs, []

    def remote(self, *arguments):
        self.calls.append(arguments)
        return self._pieces() if type(self.result) is tuple else self._ref(self.result)

    async def _ref(self, result):
        if self.hangs:
            await asyncio.Event().wait()
        if isinstance(result, Exception):
            raise result
        return result

    async def _pieces(self):
        for piece in self.result:
            yield self._ref(piece)


class NoEnding:
    """Of calls and processes that are toys, whether a Ray runs beside them or not."""

    def cancel(self, call):
        pass

    def kill(self, actor):
        pass


class ToyActor:
    def __init__(self, **methods):
        self.start = ToyMethod(STATUS)
        self.__dict__.update(methods)


async def started(**methods):
    engine = RemoteEngine(ToyActor(**methods), NoEnding())
    await engine.start(None, 1.0)
    return engine


def raised_inside(error):
    return RayTaskError("ask", f"Traceback ...\n{type(error).__name__}: {error}", error)


def now():
    return asyncio.get_running_loop().time()


@in_virtual_time
async def test_what_it_holds_is_known_once_it_has_started():
    engine = RemoteEngine(ToyActor(), NoEnding())
    assert (engine.resident, engine.held) == (None, frozenset())
    assert await engine.start(None, 1.0) == STATUS
    assert (engine.resident, engine.held) == ("a", {"b"})


@pytest.mark.parametrize(
    ("error", "why", "died"),
    [
        pytest.param(raised_inside(ValueError("no weights")), "no weights", False, id="raised"),
        pytest.param(ActorDiedError(), "its process ended: ", True, id="died"),
        pytest.param(RuntimeEnvSetupError("no environment"), "no environment", False, id="no env"),
    ],
)
@pytest.mark.parametrize("move", ["start", "warm", "sleep", "wake"])
@in_virtual_time
async def test_a_move_that_fails_says_why(move, error, why, died):
    engine = RemoteEngine(ToyActor(**{move: ToyMethod(error)}), NoEnding())
    moves = {
        "start": lambda: engine.start(None, 1.0),
        "warm": lambda: engine.warm(1.0),
        "sleep": lambda: engine.sleep(1),
        "wake": lambda: engine.wake("a"),
    }
    with pytest.raises(NotStarted, match=why):
        await moves[move]()
    assert engine.died.is_set() is died


@in_virtual_time
async def test_a_start_takes_no_longer_than_it_may():
    engine = RemoteEngine(ToyActor(start=ToyMethod(hangs=True)), NoEnding())
    with pytest.raises(NotStarted, match="no engine within 900 s"):
        await engine.start(None, 900.0)


@in_virtual_time
async def test_what_is_asked_has_its_outcomes_and_counts_as_sent_meanwhile():
    ask = ToyMethod([Piece("So.")] * 2)
    engine = await started(ask=ask)
    asking = asyncio.create_task(engine.ask([ASKED] * 2, now() + 5.0))
    assert await asking == [Piece("So.")] * 2
    [(requests, seconds)] = ask.calls
    assert (requests, seconds) == ([ASKED] * 2, pytest.approx(5.0))
    assert not engine.sent.total()


@in_virtual_time
async def test_what_was_sent_counts_until_it_is_answered_or_given_up():
    engine = await started(ask=ToyMethod(hangs=True))
    asking = asyncio.create_task(engine.ask([ASKED] * 2, now() + 5.0))
    await asyncio.sleep(1)
    assert engine.sent == {"a": 2}
    asking.cancel()
    await asyncio.wait([asking])
    assert not engine.sent.total()


@in_virtual_time
async def test_an_engine_that_does_not_answer_is_given_up_soon_after_the_deadline():
    engine = await started(ask=ToyMethod(hangs=True))
    came = now()
    with pytest.raises(BackendTimeout):
        await engine.ask([ASKED], came + 5.0)
    assert now() == pytest.approx(came + 5.0 + GRACE_SECONDS)


@pytest.mark.parametrize(
    ("error", "ours", "died"),
    [
        pytest.param(ActorDiedError(), EngineDied, True, id="died"),
        pytest.param(ActorUnavailableError("gone", None), EngineDied, True, id="out of reach"),
        pytest.param(
            PendingCallsLimitExceeded("too many"), BackendUnavailable, False, id="too many calls"
        ),
    ],
)
@in_virtual_time
async def test_what_ray_says_is_told_in_our_words(error, ours, died):
    engine = await started(ask=ToyMethod(error), stream=ToyMethod((error,)))
    with pytest.raises(ours):
        await engine.ask([ASKED], now() + 5.0)
    assert engine.died.is_set() is died
    with pytest.raises(ours):
        await anext(engine.stream(ASKED, now() + 5.0))


@in_virtual_time
async def test_a_bug_in_the_engines_process_is_shown_as_it_is():
    engine = await started(ask=ToyMethod(raised_inside(KeyError("x"))))
    with pytest.raises(RayTaskError, match="KeyError"):
        await engine.ask([ASKED], now() + 5.0)


@in_virtual_time
async def test_a_stream_gives_its_pieces():
    engine = await started(stream=ToyMethod((Piece("a"), Piece("b"))))
    assert [piece.text async for piece in engine.stream(ASKED, now() + 5.0)] == ["a", "b"]
    assert not engine.sent.total()


@in_virtual_time
async def test_a_stream_ends_with_its_deadline():
    engine = await started(stream=ToyMethod((Piece("a"),), hangs=True))
    with pytest.raises(BackendTimeout):
        await anext(engine.stream(ASKED, now() + 5.0))
    assert not engine.sent.total()


@pytest.mark.parametrize(
    "status", [ToyMethod(hangs=True), ToyMethod(ActorDiedError())], ids=["silent", "dead"]
)
@in_virtual_time
async def test_the_status_of_an_engine_that_does_not_answer_is_what_was_known(status):
    engine = await started(status=status)
    came = now()
    told = await engine.status()
    assert (told.up, told.resident) == (False, "a")
    assert now() - came <= STATUS_SECONDS


@in_virtual_time
async def test_the_status_of_an_engine_that_is_known_to_be_dead_is_not_asked_for():
    status = ToyMethod(STATUS)
    engine = await started(status=status)
    engine.kill()
    assert not (await engine.status()).up
    assert not status.calls


@in_virtual_time
async def test_what_an_engine_learned_comes_with_its_estimates():
    engine = await started(learned=ToyMethod(Learned([Slept(1.0)], {"a": 2.0})))
    assert await engine.learned() == [Slept(1.0)]
    assert engine.estimates == {"a": 2.0}


@pytest.mark.parametrize(
    "learned", [ToyMethod(hangs=True), ToyMethod(ActorDiedError())], ids=["busy", "dead"]
)
@in_virtual_time
async def test_an_engine_that_does_not_answer_has_learned_nothing(learned):
    engine = await started(learned=learned)
    assert await engine.learned() == []
