"""A backend against a real server that misbehaves in every way seen of real ones."""

import asyncio
import gzip
import json
import logging

import pytest

from experts.calls import extended
from experts.cards import HostedCard
from experts.errors import BackendRejected, BackendTimeout, BackendUnavailable, EmptyReply
from experts.hosted.openai_backend import LONGEST_REPLY, OpenAIBackend, session
from experts.hosted.retrying import Deadlines, Retries, RetryingBackend
from experts.types import Chunk, Prompt, Usage
from tests.openai_server import (
    answers,
    event,
    hangs,
    refuses,
    says,
    sends,
    serving,
    streams,
)
from tests.streams import gathered
from tests.tools import PARIS
from tests.waiting import until

PROMPT = Prompt.of("Why?")
KEY = "sk-canary-0123456789"


@pytest.fixture
async def server():
    async with serving() as server:
        yield server


@pytest.fixture
async def backend(server):
    async with session() as shared:
        yield OpenAIBackend("ada", card(server.url), shared)


def card(url, **values):
    return HostedCard(kind="hosted", model="m", base_url=url, api_key=KEY, **values)


async def asked(backend):
    return (await backend.reply(PROMPT)).text


async def streamed(backend):
    return "".join([chunk.text for chunk in await gathered(backend.stream(PROMPT))])


ways = pytest.mark.parametrize("way", [asked, streamed])


@ways
async def test_the_server_is_asked_with_the_key_and_its_reply_comes_back(server, backend, way):
    assert await way(backend) == "You asked: Why?"
    [call] = server.calls
    assert call.headers["Authorization"] == f"Bearer {KEY}"
    assert call.body["model"] == "m"


async def test_without_a_key_none_is_sent(server):
    plain = HostedCard(kind="hosted", model="m", base_url=server.url + "/")
    async with session() as shared:
        await asked(OpenAIBackend("ada", plain, shared))
    assert "Authorization" not in server.calls[0].headers


@ways
async def test_usage_comes_with_the_reply(server, backend, way):
    server.default = says("one two three")
    if way is asked:
        assert (await backend.reply(PROMPT)).usage == Usage(1, 3)
    else:
        assert (await gathered(backend.stream(PROMPT)))[-1].usage == Usage(1, 3)


@ways
@pytest.mark.parametrize(
    ("behaviour", "kind", "message"),
    [
        pytest.param(refuses(401, "bad key"), BackendRejected, "HTTP 401 .*: bad key", id="401"),
        pytest.param(refuses(403, "not you"), BackendRejected, "HTTP 403 .*: not you", id="403"),
        pytest.param(refuses(404, "no m"), BackendRejected, "HTTP 404 .*: no m", id="404"),
        pytest.param(refuses(400, "too long"), BackendRejected, "HTTP 400 .*: too long", id="400"),
        pytest.param(refuses(413, "too big"), BackendRejected, "HTTP 413 .*: too big", id="413"),
        pytest.param(refuses(422, "what"), BackendRejected, "HTTP 422 .*: what", id="422"),
        pytest.param(refuses(429, "slow"), BackendUnavailable, "HTTP 429 .*: slow", id="429"),
        pytest.param(refuses(500, "oops"), BackendUnavailable, "HTTP 500 .*: oops", id="500"),
        pytest.param(refuses(503, "busy"), BackendUnavailable, "HTTP 503 .*: busy", id="503"),
        pytest.param(
            sends(b"<html>nginx</html>", 502), BackendUnavailable, "502 Bad Gateway$", id="HTML"
        ),
        pytest.param(
            sends(gzip.compress(b"upstream down"), 503, "text/plain", Content_Encoding="gzip"),
            BackendUnavailable,
            "503 Service Unavailable: upstream down",
            id="gzip",
        ),
        pytest.param(
            answers({"error": {"message": "zipped"}}, 400), BackendRejected, "zipped", id="JSON"
        ),
        pytest.param(
            answers({}, 307, Location="https://elsewhere/v1"),
            BackendRejected,
            "HTTP 307: the server redirects elsewhere; the service's log says where$",
            id="a redirect",
        ),
        pytest.param(
            sends(b"x" * (LONGEST_REPLY + 1), 200, "application/json"),
            BackendRejected,
            "longer than",
            id="endless",
        ),
        pytest.param(
            sends(b"not gzip", 200, "application/json", Content_Encoding="gzip"),
            BackendUnavailable,
            "its server broke off the connection$",
            id="broken gzip",
        ),
        pytest.param(
            sends(b"not gzip", 401, "application/json", Content_Encoding="gzip"),
            BackendRejected,
            "HTTP 401 Unauthorized$",
            id="broken gzip of a refusal",
        ),
        pytest.param(
            answers({"choices": []}), EmptyReply, "the reply had no choices", id="no choices"
        ),
    ],
)
async def test_what_goes_wrong_is_told_with_the_servers_words(
    server, backend, way, behaviour, kind, message
):
    server.default = behaviour
    with pytest.raises(kind, match=message) as raised:
        await way(backend)
    assert "127.0.0.1" not in str(raised.value)
    assert raised.value.detail.startswith(server.url.split("/")[2])


@ways
async def test_the_time_to_wait_comes_with_the_refusal(server, backend, way):
    server.default = refuses(429, "slow down", Retry_After="7")
    with pytest.raises(BackendUnavailable) as raised:
        await way(backend)
    assert raised.value.retry_after == 7.0


@ways
async def test_a_server_that_is_not_there_is_unavailable(way):
    async with session() as shared:
        with pytest.raises(BackendUnavailable, match=r"^its server cannot be reached$") as raised:
            await way(OpenAIBackend("ada", card("http://127.0.0.1:9/v1"), shared))
    assert raised.value.detail.startswith("127.0.0.1:9: ClientConnectorError: Cannot connect")


async def test_a_stream_cut_in_the_middle_is_unavailable(server, backend):
    server.default = streams(event(delta={"content": "half"}), then="cut")
    chunks = backend.stream(PROMPT)
    assert await anext(chunks) == [Chunk("half")]
    with pytest.raises(BackendUnavailable, match=r"^its server broke off the connection$"):
        await anext(chunks)


@pytest.mark.parametrize("place", [0, 260, 270, 280, 290, 10_000])
async def test_a_long_message_is_cut_and_tells_no_part_of_the_key(server, backend, place):
    server.default = answers({"error": {"message": "x" * place + KEY + "x" * 1000}}, 400)
    with pytest.raises(BackendRejected) as raised:
        await asked(backend)
    assert len(str(raised.value)) == 300
    assert KEY[:4] not in str(raised.value)


@ways
async def test_where_a_server_redirects_to_is_for_the_log_alone(server, backend, way):
    server.default = answers({}, 308, Location=f"https://elsewhere/v1?key={KEY}")
    with pytest.raises(BackendRejected) as raised:
        await way(backend)
    assert "elsewhere/v1" not in str(raised.value)
    assert "redirects to https://elsewhere/v1?key=***; put" in raised.value.detail


@ways
async def test_the_detail_holds_no_words_of_the_servers(server, backend, way):
    server.default = refuses(400, "You asked: Why?")
    with pytest.raises(BackendRejected) as raised:
        await way(backend)
    assert raised.value.detail == f"{server.url.split('/')[2]}: HTTP 400"


@ways
async def test_the_detail_holds_nothing_of_what_is_no_http(way):
    async def gibberish(_reader, writer):
        writer.write(b"You asked: Why?\r\n\r\n")
        writer.close()

    listening = await asyncio.start_server(gibberish, "127.0.0.1", 0)
    where = f"127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    async with listening, session() as shared:
        with pytest.raises(BackendUnavailable, match="broke off") as raised:
            await way(OpenAIBackend("ada", card(f"http://{where}/v1"), shared))
    assert raised.value.detail.startswith(f"{where}: ")
    assert "Why" not in raised.value.detail


async def test_a_stream_that_ends_without_finish_is_unavailable(server, backend):
    server.default = streams(event(delta={"content": "half"}))
    with pytest.raises(BackendUnavailable, match="broke off"):
        await streamed(backend)


async def test_an_error_in_the_stream_is_raised(server, backend):
    wrong = {"error": {"message": "out of memory", "code": 500}}
    server.default = streams(event(delta={"content": "half"}), wrong)
    with pytest.raises(BackendUnavailable, match="out of memory"):
        await streamed(backend)


async def test_characters_split_over_packets_arrive_whole(server, backend):
    raw = 'data: {"choices": [{"delta": {"content": "Å三"}}]}\r\n\r\ndata: [DONE]\r\n\r\n'
    server.default = streams(*(bytes([byte]) for byte in raw.encode()))
    assert await streamed(backend) == "Å三"


async def test_what_comes_in_one_packet_is_given_together_and_not_held_back(server, backend):
    raw = [f"data: {json.dumps(event(delta={'content': text}))}\n\n" for text in "ab"]
    server.default = streams("".join(raw).encode(), then="hangs")
    chunks = backend.stream(PROMPT)
    assert await anext(chunks) == [Chunk("a"), Chunk("b")]
    await chunks.aclose()


async def test_a_server_that_cannot_stream_is_read_all_the_same(server, backend):
    server.default = answers(
        {"choices": [{"message": {"content": "yes"}, "finish_reason": "length"}]}
    )
    chunks = await gathered(backend.stream(PROMPT))
    assert [(chunk.text, chunk.finish) for chunk in chunks] == [("yes", None), ("", "length")]


async def test_a_server_that_cannot_stream_calls_tools_all_the_same(server, backend):
    raw = {"id": PARIS.id, "function": {"name": PARIS.name, "arguments": PARIS.arguments}}
    server.default = answers({"choices": [{"message": {"content": None, "tool_calls": [raw]}}]})
    chunks = await gathered(backend.stream(PROMPT))
    assert extended((), chunks[0].calls) == (PARIS,)
    assert chunks[-1].finish == "tool_calls"


async def test_keep_alives_do_not_put_off_the_first_token(server, backend):
    server.next.append(streams(then="keep-alives"))
    retrying = RetryingBackend(backend, Deadlines(0.5), Retries(pause=0.001))
    assert await streamed(retrying) == "You asked: Why?"
    assert len(server.calls) == 2
    server.default = streams(then="keep-alives")
    with pytest.raises(BackendTimeout, match="no first token"):
        await streamed(RetryingBackend(backend, Deadlines(0.05), Retries(pause=0.001)))


@ways
@pytest.mark.parametrize(
    "behaviour",
    [hangs(), streams(event(delta={"content": "half"}), then="hangs")],
    ids=["before headers", "in the middle"],
)
async def test_a_server_that_hangs_is_left_at_the_deadline(server, backend, way, behaviour):
    server.default = behaviour
    with pytest.raises(BackendTimeout):
        await way(RetryingBackend(backend, Deadlines(0.1)))
    await until(lambda: server.running == 0)


async def test_closing_a_stream_closes_the_connection(server, backend):
    server.default = streams(event(delta={"content": "half"}), then="hangs")
    chunks = backend.stream(PROMPT)
    await anext(chunks)
    assert server.running == 1
    await chunks.aclose()
    await until(lambda: server.running == 0)


async def test_a_read_stream_leaves_its_connection_for_the_next(server, backend):
    for _ in range(3):
        await streamed(backend)
    assert len({call.port for call in server.calls}) == 1


@ways
async def test_the_key_is_in_no_message_log_or_repr(server, backend, way, caplog):
    caplog.set_level(logging.DEBUG)
    server.default = refuses(401, f"Incorrect API key provided: {KEY}")
    with pytest.raises(BackendRejected, match=r"provided: \*\*\*") as raised:
        await way(backend)
    assert KEY not in repr(raised.value)
    assert KEY not in repr(backend) + repr(card(server.url)) + caplog.text


async def test_the_environments_proxy_is_used(server, monkeypatch):
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("http_proxy", server.url.removesuffix("/v1"))
    async with session() as shared:
        backend = OpenAIBackend("ada", card("http://model.invalid/v1"), shared)
        assert await asked(backend) == "You asked: Why?"
    assert server.calls[0].headers["Host"] == "model.invalid"
