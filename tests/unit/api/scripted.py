"""A service that does as it is told, in the shape the HTTP layer calls."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
from fastapi import FastAPI

from api.app import create_app
from api.embedders.local import LocalModel
from api.embedders.model import ENCODER, Terms
from api.running import Running
from experts.types import Answer, Chunk, Usage
from orchestrator.errors import UnknownModel
from orchestrator.types import Event, Listener, Request, Verdict, Working
from routing.encoder import Embedder
from routing.types import Candidate, Ranking, Route, Term

ROUTE = Route(
    policy="auto",
    skills=(("algebra", 1.0),),
    panel=("ada", "bob"),
    ranking=Ranking.of(
        [
            Candidate("ada", 0.9, 0.9, (Term("skill", 0.9),)),
            Candidate("bob", 0.6, 0.6, (Term("skill", 0.6),)),
        ]
    ),
)
REPLIES = (
    Answer("ada", "It is\n**42**. 🙂", Usage(10, 5), 0.1),
    Answer("bob", "42", Usage(10, 2), 0.2),
)


def verdict(text: str = "It is\n**42**. 🙂", author: str = "ada") -> Verdict:
    return Verdict(
        text=text,
        answer="42",
        confidence=0.9,
        agreement=1.0,
        author=author,
        aggregator="vote",
        calls=len(REPLIES),
        route=ROUTE,
        replies=REPLIES,
        usage=Usage(20, 7),
    )


@dataclass
class ScriptedService:
    """Plays its script: events are told, errors raised, numbers are seconds of silence."""

    script: tuple[Event | Verdict | Exception | float, ...] = (
        Working("asking ada, bob"),
        Chunk("It is\n"),
        Chunk("**42**. 🙂"),
        verdict(),
    )
    policies: tuple[str, ...] = ("auto", "vote")
    experts: tuple[str, ...] = ("ada", "bob")
    writers: tuple[str, ...] = ("ada", "bob", "zoe")
    asked: list[Request] = field(default_factory=list)
    started: asyncio.Event = field(default_factory=asyncio.Event)
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)

    def _known(self, request: Request) -> None:
        self.asked.append(request)
        if request.model not in (*self.policies, *self.experts):
            raise UnknownModel(request.model, [*self.policies, *self.experts])

    async def route(self, request: Request) -> Route:
        self._known(request)
        return ROUTE

    async def answer(self, request: Request, listener: Listener | None = None) -> Verdict:
        self._known(request)
        self.started.set()
        try:
            for line in self.script:
                match line:
                    case Verdict():
                        return line
                    case Exception():
                        raise line
                    case int() | float():
                        await asyncio.sleep(line)
                    case _ if listener:
                        await listener([line])
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        raise AssertionError("the script has no verdict")

    async def answer_each(self, requests: list[Request]) -> list[Verdict]:
        return [await self.answer(request) for request in requests]


async def healthy() -> list[str]:
    return []


def app_of(
    service: ScriptedService, encoder: Embedder | None = None, responses=None, **options
) -> FastAPI:
    @asynccontextmanager
    async def opened() -> AsyncIterator[Running]:
        models = {ENCODER: LocalModel(ENCODER, encoder, Terms())} if encoder else {}
        yield Running(service, healthy, embedders=models, responses=responses)

    return create_app(opened, **options)


@asynccontextmanager
async def client_of(app: FastAPI, *, wait: bool = True) -> AsyncIterator[httpx.AsyncClient]:
    """A client inside this process, once the app is ready."""
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost") as client,
    ):
        async with asyncio.timeout(5):
            while wait and (await client.get("/readyz")).status_code != 200:  # noqa: ASYNC110
                await asyncio.sleep(0)
        yield client


def asking(content="What is 6 x 7?", **more) -> dict:
    """A chat body that is right unless `more` makes it wrong."""
    return {"model": "auto", "messages": [{"role": "user", "content": content}], **more}
