import pytest

from experts.engines.placement import DOWN_COST, SWAP_COST, Load, place


def load(bases, prompts=0, *, up=True, here=False):
    return Load(frozenset(bases), prompts, up, here)


@pytest.mark.parametrize(
    ("loads", "expected"),
    [
        pytest.param([load("b"), load("a")], 1, id="where it is resident"),
        pytest.param([load("b", 3), load("", 2)], 1, id="else the least loaded"),
        pytest.param([load("b"), load("c")], 0, id="the first of equals"),
        pytest.param([load("b"), load("a", SWAP_COST - 1)], 1, id="busy, but cheaper than a swap"),
        pytest.param([load("b"), load("a", SWAP_COST + 1)], 0, id="so busy that a swap is cheaper"),
        pytest.param([load("a"), load("a", here=True)], 1, id="here rather than elsewhere"),
        pytest.param([load("a"), load("a", 9, here=True)], 0, id="elsewhere if here is busy"),
        pytest.param([load("a", up=False), load("b", 99)], 1, id="not one that restarts"),
        pytest.param([load("a", up=False)], 0, id="unless there is no other"),
        pytest.param([load("a", up=False), load("b", DOWN_COST)], 0, id="or it is overwhelmed"),
    ],
)
def test_place(loads, expected):
    assert place(loads, "a") == expected
