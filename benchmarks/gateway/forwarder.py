"""The least a Python gateway can be: FastAPI, pydantic, aiohttp and orjson, nothing in between.

    UPSTREAM=http://127.0.0.1:9000 uvicorn benchmarks.gateway.forwarder:app

A model's name says how slow the upstream is to be; `vote` asks three at once, `synthesize` a fourth
after them.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson
from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

UPSTREAM = os.environ["UPSTREAM"]
JSON = {"content-type": "application/json"}
SEATS = 3


class Message(BaseModel):
    """One turn."""

    role: str
    content: str


class Body(BaseModel):
    """A chat completion request."""

    model: str
    messages: list[Message]
    stream: bool = False
    max_tokens: int | None = None
    temperature: float | None = None


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        app.state.session = session
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/v1/chat/completions")
async def chat(body: Body, http: Request) -> Response:
    session: aiohttp.ClientSession = http.app.state.session
    ways = {"slow": "50/0", "paced": "0/10"}
    url = f"{UPSTREAM}/{ways.get(body.model, '0/0')}/v1/chat/completions"
    payload = orjson.dumps(body.model_dump(exclude_none=True))
    if body.stream:
        return StreamingResponse(relayed(session, url, payload), media_type="text/event-stream")
    if body.model in ("vote", "synthesize"):
        replies = await asyncio.gather(*(asked(session, url, payload) for _ in range(SEATS)))
        if body.model == "vote":
            return Response(orjson.dumps(replies[0]), headers=JSON)
        texts = [reply["choices"][0]["message"]["content"] for reply in replies]
        question = Message(role="user", content=body.messages[-1].content + "\n\n".join(texts))
        payload = orjson.dumps({"model": body.model, "messages": [question.model_dump()]})
    return Response(orjson.dumps(await asked(session, url, payload)), headers=JSON)


async def asked(session: aiohttp.ClientSession, url: str, payload: bytes) -> Any:
    async with session.post(url, data=payload, headers=JSON) as response:
        return orjson.loads(await response.read())


async def relayed(session: aiohttp.ClientSession, url: str, payload: bytes) -> AsyncIterator[bytes]:
    async with session.post(url, data=payload, headers=JSON) as response:
        async for portion in response.content.iter_any():
            yield portion
