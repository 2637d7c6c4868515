"""The protocol on its own, between an app and a connection that are both written here."""

import asyncio

import pytest
from uvicorn import Config
from uvicorn.server import ServerState

from api.protocol import MOST_BYTES, Bounded
from tests.waiting import until

HEAD = b"GET / HTTP/1.1\r\nhost: x\r\n"


class Quick(Bounded):
    _seconds = 0.01


class Patient(Bounded):
    _seconds = 3600.0


class Connection(asyncio.Transport):
    """Keeps what is written; says nobody's name."""

    def __init__(self):
        super().__init__()
        self.written = b""
        self.closed = False

    def write(self, data):
        self.written += data

    def close(self):
        self.closed = True

    def is_closing(self):
        return self.closed

    def pause_reading(self):
        """The test is the one who sends."""

    def resume_reading(self):
        """As above."""


async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def connected(kind):
    config = Config(app, http=kind, log_config=None, lifespan="off")
    protocol = kind(config, ServerState(), {}, asyncio.get_running_loop())
    connection = Connection()
    protocol.connection_made(connection)
    return protocol, connection


async def test_a_whole_request_is_answered():
    protocol, connection = connected(Quick)
    protocol.data_received(HEAD + b"\r\n")
    await until(lambda: b"204" in connection.written)
    assert not connection.closed


async def test_a_connection_that_says_nothing_is_closed():
    _, connection = connected(Quick)
    await until(lambda: connection.closed)
    assert connection.written == b""


@pytest.mark.parametrize("before", [b"", HEAD + b"\r\n"], ids=["the first", "the second"])
async def test_a_head_that_trickles_in_is_a_408(before):
    protocol, connection = connected(Quick)
    if before:
        protocol.data_received(before)
        await until(lambda: b"204" in connection.written)
    protocol.data_received(HEAD)
    await until(lambda: connection.closed)
    assert b"408 Request Timeout" in connection.written
    assert b'"error"' in connection.written


async def test_a_head_without_end_is_a_431():
    protocol, connection = connected(Patient)
    protocol.data_received(HEAD)
    for _ in range(MOST_BYTES // 1000 + 1):
        protocol.data_received(b"x: " + b"y" * 995 + b"\r\n")
        if connection.closed:
            break
    assert connection.closed
    assert b" 431 " in connection.written
    protocol.connection_lost(None)


async def test_a_body_is_none_of_its_business():
    protocol, connection = connected(Patient)
    protocol.data_received(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n")
    for _ in range(100):
        protocol.data_received(b"x" * 10_000)
    await until(lambda: b"204" in connection.written)
    assert not connection.closed
    protocol.connection_lost(None)
