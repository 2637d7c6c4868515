"""LiteLLM for real, against a local server. Slow only because LiteLLM is slow to import."""

import asyncio

import pytest

from experts.calls import extended
from experts.cards import Cluster, HostedCard, Price
from experts.errors import BackendRejected, BackendTimeout, BackendUnavailable, ExpertError
from experts.hosted.expert import opened
from experts.hosted.litellm_backend import COUNTERPARTS, LiteLLMBackend, library
from experts.types import Answer, Cause, Prompt, Sampling
from tests.openai_server import answers, calls_tools, event, hangs, refuses, says, serving, streams
from tests.streams import gathered
from tests.tools import PARIS, TOOLBOX
from tests.waiting import until

# LiteLLM's types make pydantic warn, and as an error that would look like a failed call.
pytestmark = pytest.mark.filterwarnings("ignore:.*`ReadOnly` qualifier.*:UserWarning")

PROMPT = Prompt.of("Why?")
KEY = "sk-canary-0123456789"


@pytest.fixture(scope="module")
def litellm():
    return library()


@pytest.fixture
async def server(monkeypatch, litellm):
    async with serving() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)  # where LiteLLM looks for it
        monkeypatch.setenv("OPENAI_API_BASE", server.url)
        yield server


def card(**values):
    return HostedCard(kind="hosted", **({"model": "openai/m", "api_key": KEY} | values))


def backend(**values):
    return LiteLLMBackend("ada", card(**values))


async def asked(backend):
    return (await backend.reply(PROMPT)).text


async def streamed(backend):
    return "".join([chunk.text for chunk in await gathered(backend.stream(PROMPT))])


ways = pytest.mark.parametrize("way", [asked, streamed])


async def test_tools_are_offered_and_their_calls_come_back(server):
    server.next += [calls_tools(("call_1", "weather", PARIS.arguments))] * 2
    prompt = Prompt(PROMPT.messages, toolbox=TOOLBOX)
    reply = await backend().reply(prompt)
    chunks = await gathered(backend().stream(prompt))
    assert (reply.calls, reply.finish) == ((PARIS,), "tool_calls")
    assert extended((), [piece for chunk in chunks for piece in chunk.calls]) == (PARIS,)
    assert chunks[-1].finish == "tool_calls"
    assert [call.body["tools"][0]["function"]["name"] for call in server.calls] == ["weather"] * 2


def test_each_of_litellms_exceptions_has_a_counterpart(litellm):
    names = {kind.__name__ for kind in litellm.exceptions.LITELLM_EXCEPTION_TYPES}
    assert names <= set(COUNTERPARTS)


def test_it_is_kept_from_calling_home(litellm):
    assert litellm.telemetry is False


@ways
async def test_a_model_is_asked_by_litellms_name_for_it(server, way):
    server.default = says("one two  three\n")
    assert await way(backend(prompt="Be brief.")) == "one two  three\n"
    [call] = server.calls
    assert call.body["model"] == "m"
    assert call.body["messages"][0] == {"role": "system", "content": "Be brief."}
    assert call.body["max_tokens"] == 512
    assert call.headers["Authorization"] == f"Bearer {KEY}"


async def test_sampling_is_passed_on(server):
    sampling = Sampling(max_tokens=5, temperature=0.5, top_p=0.9, seed=3, stop=("x",))
    await backend().reply(Prompt.of("Why?", sampling))
    wanted = {"max_tokens": 5, "temperature": 0.5, "top_p": 0.9, "seed": 3, "stop": ["x"]}
    assert wanted.items() <= server.calls[0].body.items()


async def test_a_cards_price_goes_before_litellms_own(server):
    server.default = says("one two three")
    known = (await backend(model="openai/gpt-4o").reply(PROMPT)).usage
    assert (known.prompt_tokens, known.completion_tokens) == (1, 3)
    assert known.cost_usd is not None
    assert 0 < known.cost_usd < 0.001
    own = Price(input=1e6, output=1e6)
    assert (await backend(model="openai/gpt-4o", price=own).reply(PROMPT)).usage.cost_usd == 4.0
    assert (await backend().reply(PROMPT)).usage.cost_usd is None
    chunks = await gathered(backend(model="openai/gpt-4o").stream(PROMPT))
    assert chunks[-1].usage == known


@ways
@pytest.mark.parametrize(
    ("behaviour", "kind"),
    [
        pytest.param(refuses(401, "bad key"), BackendRejected, id="401"),
        pytest.param(refuses(403, "bad key"), BackendRejected, id="403"),
        pytest.param(refuses(404, "bad key"), BackendRejected, id="404"),
        pytest.param(refuses(400, "bad key"), BackendRejected, id="400"),
        pytest.param(refuses(429, "bad key"), BackendUnavailable, id="429"),
        pytest.param(refuses(500, "bad key"), BackendUnavailable, id="500"),
        pytest.param(refuses(503, "bad key"), BackendUnavailable, id="503"),
    ],
)
async def test_what_goes_wrong_is_translated_with_the_servers_words(server, way, behaviour, kind):
    server.default = behaviour
    with pytest.raises(kind, match="bad key"):
        await way(backend())
    assert len(server.calls) == 1  # trying again is ours to decide


async def test_the_time_to_wait_is_found(server):
    server.default = refuses(429, "slow down", Retry_After="7")
    with pytest.raises(BackendUnavailable) as raised:
        await asked(backend())
    assert raised.value.retry_after == 7.0


async def test_a_provider_it_does_not_know_is_rejected(litellm):
    with pytest.raises(BackendRejected, match=r"[Pp]rovider"):
        await asked(backend(model="nobody-knows-this"))


async def test_a_stream_cut_in_the_middle_is_unavailable(server):
    server.default = streams(event(delta={"content": "half"}), then="cut")
    with pytest.raises(BackendUnavailable):
        await streamed(backend())


async def test_its_own_timeout_is_a_timeout(server):
    server.default = hangs()
    with pytest.raises(BackendTimeout, match="the service's log says why"):
        await asked(backend(seconds=0.1))


@ways
@pytest.mark.parametrize("provider", ["openai", "ollama_chat"])
async def test_where_nobody_answers_is_for_the_log_alone(monkeypatch, litellm, way, provider):
    for name in ("OPENAI_BASE_URL", "OPENAI_API_BASE", "OLLAMA_API_BASE"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with pytest.raises(BackendUnavailable) as raised:
        await way(backend(model=f"{provider}/m"))
    assert str(raised.value) == "the call failed; the service's log says why"
    assert raised.value.detail.startswith(f"{provider}/m by LiteLLM: ")
    assert "Cannot connect to host 127.0.0.1:9" in raised.value.detail


@ways
async def test_the_log_is_told_nothing_that_the_provider_said(server, way):
    server.default = refuses(400, "You asked: Why?")
    with pytest.raises(BackendRejected, match="You asked") as raised:
        await way(backend())
    assert raised.value.detail == "openai/m by LiteLLM: BadRequestError"


@ways
async def test_cancelling_closes_the_connection(server, way):
    server.default = hangs()
    asking = asyncio.create_task(way(backend()))
    await until(lambda: server.running == 1)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await until(lambda: server.running == 0)


async def test_closing_a_stream_closes_the_connection(server):
    server.default = streams(
        event(delta={"content": "a"}), event(delta={"content": "b"}), then="hangs"
    )
    chunks = backend().stream(PROMPT)
    await anext(chunks)
    await chunks.aclose()
    await until(lambda: server.running == 0)


async def test_the_key_is_in_no_message(server):
    server.default = refuses(401, f"Incorrect API key provided: {KEY}")
    with pytest.raises(BackendRejected, match=r"\*\*\*") as raised:
        await asked(backend())
    assert KEY not in repr(raised.value)


@ways
@pytest.mark.parametrize("status", [200, 400, 503])
async def test_a_long_message_is_cut_and_tells_no_part_of_the_key(server, way, status):
    error = {"message": "x" * 290 + KEY + "x" * 1000, "type": "error", "code": None}
    whole = answers({"error": error, "choices": []}, status)
    server.default = streams({"error": error}) if way is streamed and status == 200 else whole
    with pytest.raises(ExpertError) as raised:
        await way(backend())
    assert len(str(raised.value)) <= 300
    assert KEY[:4] not in str(raised.value)


async def test_a_card_without_base_url_is_such_an_expert(server):
    async with opened({"ada": card()}, Cluster()) as experts:
        [reply] = await experts["ada"].ask([PROMPT])
        server.default = refuses(400, "no")
        [failure] = await experts["ada"].ask([PROMPT])
    assert isinstance(reply, Answer)
    assert reply.text == "You asked: Why?"
    assert failure.cause is Cause.REJECTED
