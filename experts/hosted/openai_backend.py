"""A model behind an OpenAI-compatible server, straight over HTTP."""

import asyncio
import contextlib
import urllib.request
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import aiohttp
from pydantic import SecretStr
from yarl import URL

from experts.calls import pieces
from experts.cards import HostedCard
from experts.errors import BackendRejected, BackendUnavailable, ExpertError
from experts.hosted.masking import masked, told
from experts.hosted.openai_stream import StreamReader
from experts.hosted.openai_wire import (
    answer,
    encoded,
    error_of_status,
    error_payload,
    request,
    retry_after,
)
from experts.hosted.roots import root
from experts.types import Answer, Chunk, Prompt

LONGEST_REPLY = 16 << 20  # bytes
LONGEST_ERROR = 64 << 10  # bytes
CONNECT_SECONDS = 10.0
REST_SECONDS = 0.2
UNREACHED = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)


def session() -> aiohttp.ClientSession:
    """The connections of all hosted experts. Slots and deadlines are the experts' own."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
    )


class OpenAIBackend:
    """One card's server."""

    def __init__(self, name: str, card: HostedCard, session: aiohttp.ClientSession) -> None:
        self._name = name
        self._card = card
        url = f"{(card.base_url or '').rstrip('/')}/chat/completions"
        self._endpoint = Endpoint(url, card.api_key, session)

    async def reply(self, prompt: Prompt) -> Answer:
        async with self._endpoint.called(request(self._card, prompt, stream=False)) as response:
            return await self._whole(response)

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Sequence[Chunk], None]:
        async with self._endpoint.called(request(self._card, prompt, stream=True)) as response:
            if response.content_type == "application/json":  # a server that cannot stream
                whole = await self._whole(response)
                said = Chunk(whole.text, calls=pieces(whole.calls), logprobs=whole.logprobs)
                yield [said, Chunk("", whole.finish, whole.usage)]
                return
            reader = StreamReader(self._card.price)
            async for portion in response.content.iter_any():
                if chunks := reader.feed(portion):
                    yield chunks
                if reader.over:
                    break
            yield [reader.end()]
            await _rest(response)

    async def _whole(self, response: aiohttp.ClientResponse) -> Answer:
        body = await body_of(response, LONGEST_REPLY)
        return answer(self._name, error_payload(body), self._card.price)


class Endpoint:
    """One address of a server, and the key to it. Leaving a call early closes its connection, so
    the server stops too."""

    def __init__(self, url: str, api_key: SecretStr | None, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._url = URL(url)
        self._key = api_key.get_secret_value().strip() if api_key else ""
        self._headers = {"Content-Type": "application/json"}
        if self._key:
            self._headers["Authorization"] = f"Bearer {self._key}"
        self._proxy = _proxy(self._url)

    @contextlib.asynccontextmanager
    async def called(self, body: dict[str, Any]) -> AsyncGenerator[aiohttp.ClientResponse, None]:
        try:
            async with self._session.post(
                self._url,
                data=encoded(body),
                headers=self._headers,
                proxy=self._proxy,
                allow_redirects=False,
            ) as response:
                if response.status != 200:
                    raise await _error(response)
                yield response
        except aiohttp.ClientError as error:
            unreached = isinstance(error, UNREACHED)
            message = "cannot be reached" if unreached else "broke off the connection"
            raise BackendUnavailable(
                f"its server {message}", detail=self._located(root(error))
            ) from error
        except ExpertError as error:
            error.args = (told(str(error), self._key),)
            error.detail = self._located(error.detail)
            raise

    def _located(self, detail: str) -> str:
        """Says which server it is about."""
        where = self._url.host_port_subcomponent
        return masked(f"{where}: {detail}" if detail else f"{where}", self._key)


async def _error(response: aiohttp.ClientResponse) -> ExpertError:
    if location := response.headers.get("Location"):
        to = " ".join(location.split())
        return BackendRejected(
            f"HTTP {response.status}: the server redirects elsewhere; the service's log says where",
            detail=f"it redirects to {to}; put the address it wants into base_url",
        )
    try:
        payload = error_payload(await body_of(response, LONGEST_ERROR))
    except aiohttp.ClientError:
        payload = ""  # the status says enough, and it decides whether asking again may help
    wait = retry_after(response.headers)
    return error_of_status(response.status, payload, wait, response.reason or "")


async def body_of(response: aiohttp.ClientResponse, longest: int) -> bytes:
    """A reply of at most so many bytes."""
    body = bytearray()
    while not response.content.at_eof():
        body += await response.content.readany()
        if len(body) > longest:
            raise BackendRejected(f"the server's reply is longer than {longest} bytes")
    return bytes(body)


async def _rest(response: aiohttp.ClientResponse) -> None:
    """Reads what follows the reply, normally nothing, so that the connection can be used again."""
    if response.content.is_eof():
        return
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(REST_SECONDS):
            await response.content.read(LONGEST_ERROR)


def _proxy(url: URL) -> str | None:
    """The environment's proxy. Not left to aiohttp, which would also read passwords from a
    netrc file, and send them in place of the key."""
    if urllib.request.proxy_bypass(url.host or ""):
        return None
    return urllib.request.getproxies().get(url.scheme)
