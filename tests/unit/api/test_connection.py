import asyncio

import pytest

from api.connection import MOST, Gathering


class Written:
    """A transport that keeps what each call wrote."""

    def __init__(self):
        self.calls = []
        self.closed = False

    def write(self, data):
        assert not self.closed
        self.calls.append(data)

    def close(self):
        self.closed = True

    def is_closing(self):
        return self.closed

    def get_extra_info(self, name):
        return f"the transport's {name}"


@pytest.fixture
async def written():
    return Written()


async def test_what_is_written_in_one_turn_of_the_loop_leaves_with_one_call(written):
    gathering = Gathering(written)
    for piece in (b"head", b"body"):
        gathering.write(piece)
    assert written.calls == []
    await asyncio.sleep(0)
    assert written.calls == [b"headbody"]
    gathering.write(b"more")
    await asyncio.sleep(0)
    assert written.calls == [b"headbody", b"more"]


async def test_nothing_is_lost_by_closing_and_nothing_is_held_without_bound(written):
    gathering = Gathering(written)
    gathering.write(b"x" * (MOST + 1))
    assert len(written.calls) == 1
    gathering.write(b"last")
    gathering.close()
    assert written.calls[1:] == [b"last"]
    assert written.closed


async def test_whoever_has_left_is_written_nothing(written):
    gathering = Gathering(written)
    gathering.write(b"late")
    written.close()
    await asyncio.sleep(0)
    assert written.calls == []


async def test_all_else_is_the_transports_own(written):
    assert Gathering(written).get_extra_info("peername") == "the transport's peername"
