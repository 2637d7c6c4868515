"""The real verifier: formulas by math-verify in a process of its own, hostile ones included."""

import asyncio
from time import perf_counter

import pytest

from orchestrator.agreement import Mathematics

EQUAL = [
    ("x+1", "1+x"),
    (r"\sqrt{8}", r"2\sqrt{2}"),
    ("(x+1)^2", "x^2+2x+1"),
    ("y=2x+1", "y=1+2x"),
    ("{1, 2}", "{2, 1}"),
    (r"\frac{\pi}{4}", "π/4"),
    ("2^10", "1024"),
    ("sqrt(2)", "2^(1/2)"),
    ("x^-1", r"\frac{1}{x}"),
    ("x<5", "5>x"),
]
DIFFERENT = [
    ("x+1", "x+2"),
    ("x", "y"),
    ("(0, 1)", "(0, 2)"),
    ("x<5", "x>5"),
    ("}{", "x+"),
    ("", "("),
]
HOSTILE = [
    ("(((9^99)^99)^99)^99", "2x"),
    (r"9^{9^{9^{9}}}", "x^2"),
    (r"\tan(\sin(x)+\cos(y)^12)/\sin(x+y)^12", r"\cos(\tan(x)^12)+\sin(y)"),
]


def pair(one, other):
    return frozenset((one, other))


@pytest.fixture
async def mathematics():
    async with Mathematics() as found:
        yield found


async def test_formulas_are_equal_where_algebra_says_so(mathematics):
    found = await mathematics.equal([[pair(*both)] for both in EQUAL + DIFFERENT])
    assert found == {pair(*both) for both in EQUAL}


async def test_a_hostile_formula_ends_in_time_and_the_next_is_compared(mathematics):
    await mathematics.equal([[pair("x+1", "1+x")]])  # started
    for both in HOSTILE:
        started = perf_counter()
        assert await mathematics.equal([[pair(*both)]]) == frozenset()
        assert perf_counter() - started < 10  # seconds; one of processor time
    assert await mathematics.equal([[pair("x+2", "2+x")]])


async def test_a_hostile_question_costs_the_others_of_its_batch_nothing(mathematics):
    hostile = [pair(HOSTILE[0][0], f"{n}x") for n in range(2, 9)]
    honest = pair("x+1", "1+x")
    started = perf_counter()
    assert await mathematics.equal([hostile, [honest]]) == {honest}
    assert perf_counter() - started < 20  # seconds; two are given up on, a second each


async def test_the_loop_goes_on_while_algebra_works(mathematics):
    ticks = 0

    async def tick():
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0.01)

    ticking = asyncio.create_task(tick(), name="tick")
    await mathematics.equal([[pair(*HOSTILE[0])]])
    ticking.cancel()
    assert ticks > 20


async def test_a_question_whose_asker_left_does_not_answer_the_next(mathematics):
    await mathematics.equal([[pair("x+1", "1+x")]])
    asking = asyncio.create_task(mathematics.equal([[pair(*HOSTILE[0])]]), name="ask")
    await asyncio.sleep(0.05)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert await mathematics.equal([[pair("x+2", "2+x"), pair("x+2", "x+3")]]) == {
        pair("x+2", "2+x")
    }


async def test_the_verifier_ends_with_its_context():
    async with Mathematics() as mathematics:
        await mathematics.equal([[pair("x+1", "1+x")]])
        assert mathematics.started
    assert not mathematics.started
