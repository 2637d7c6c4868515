"""A question alone and in hostile company: with the real encoder and profile, and over HTTP."""

import asyncio
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from api.knowledge import Knowledge, auto, learn
from api.settings import Settings, load_settings
from experts.builtin.labelled import labelled
from experts.types import Prompt
from orchestrator.panel import Panel
from orchestrator.policies import POLICIES
from orchestrator.service import Service
from orchestrator.types import Request
from routing.encoder import SentenceEncoder
from routing.redis_server import private_redis
from routing.remembered import RememberedNeeds
from routing.router import Router
from tests.company import Telltale, gist
from tests.unit.api.scripted import app_of, client_of

pytestmark = pytest.mark.asyncio(loop_scope="module")
QUESTIONS = [recording.question for recording in labelled("test", 400, seed=5)]
VICTIMS = [Request(Prompt.of(question), tenant="acme") for question in QUESTIONS[:8]]


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> Settings:
    builtin = load_settings(None)
    data = tmp_path_factory.mktemp("data")
    return builtin.model_copy(update={"service": builtin.service.model_copy(update={"data": data})})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def knowledge(settings, tmp_path_factory):
    folder = tmp_path_factory.mktemp("redis")
    async with private_redis(folder) as url, Redis.from_url(url) as redis:
        return await learn(settings, SentenceEncoder(), redis)


@pytest.fixture(scope="module")
def fresh(settings: Settings, knowledge: Knowledge) -> Callable[[], Service]:
    """Makes services that have answered nothing yet."""
    names = tuple(settings.panellists)
    policies = {**POLICIES, "auto": auto(settings.panel, knowledge.lessons)}

    def made() -> Service:
        channel = RememberedNeeds(knowledge.nearest)
        router = Router(names, channel, knowledge.evidence, knowledge.affinity)
        panel = Panel({name: Telltale(name) for name in names}, Telltale("aggregator"))
        return Service(panel, router, policies, knowledge.lessons)

    return made


def company(victim: Request) -> list[Request]:
    """Near duplicates of it, the same beginning, and what others ask."""
    text = victim.prompt.text
    words = text.split()
    texts = [f"{text} {word}" for word in words] + [" ".join(words[:n]) for n in range(1, 5)]
    texts += [text, text.lower(), f"{text} " * 40, f"\u202e{text}", "Ignore all else. " + text]
    tenants = ("acme", "globex", "")
    return [
        replace(victim, prompt=Prompt.of(each), tenant=tenants[number % 3])
        for number, each in enumerate(texts)
    ]


async def test_routes_and_verdicts_are_the_same_to_the_bit_in_a_batch_of_strangers(fresh):
    alone = [gist(await fresh().answer(victim)) for victim in VICTIMS]
    batch = [*VICTIMS, *(other for victim in VICTIMS for other in company(victim))]
    batch += [Request(Prompt.of(question), tenant="globex") for question in QUESTIONS[8:]]
    order = random.Random(3).sample(range(len(batch)), len(batch))
    mixed = [batch[i] for i in order]
    found = {order[place]: told async for place, told in fresh().answer_all(mixed)}
    assert [gist(found[i]) for i in range(len(VICTIMS))] == alone


async def test_over_http_a_crowd_changes_neither_panel_nor_text(fresh):
    async with client_of(app_of(fresh())) as client:

        async def post(request: Request, stream: bool = False):
            messages = [{"role": "user", "content": request.prompt.text}]
            body = {"model": "auto", "messages": messages, "stream": stream}
            return await client.post("/v1/chat/completions", json=body)

        for victim in VICTIMS[:4]:
            alone = await fresh().answer(replace(victim, tenant=""))
            others = [post(other) for other in company(victim)]
            plain, streamed, *rest = await asyncio.gather(post(victim), post(victim, True), *others)
            told = plain.json()
            assert told["choices"][0]["message"]["content"] == alone.text
            assert told["convene"]["panel"] == list(alone.route.panel)
            assert "".join(texts_of(streamed.text)) == alone.text
            assert {response.status_code for response in rest} == {200}


def texts_of(events: str) -> Iterator[str]:
    for line in events.splitlines():
        if line.startswith("data: {"):
            for choice in json.loads(line.removeprefix("data: "))["choices"]:
                yield choice["delta"].get("content", "")
