"""How commands reach a service that is running already."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from aiohttp import ClientSession

HERE = "http://127.0.0.1:8000"
Url = Annotated[str, typer.Option("--url", envvar="CONVENE_URL", help="Where the service listens.")]
Key = Annotated[
    str | None,
    typer.Option(
        "--key",
        envvar="CONVENE_KEY",
        show_envvar=True,
        help="A key, where it asks for one. Others on this machine see what a command line says: "
        "prefer the variable.",
        show_default="none",
    ),
]


class Unreachable(Exception):  # noqa: N818 - named for the state it reports
    """The service does not answer, or not as one of ours does."""


class NotAdmitted(Exception):  # noqa: N818 - named for the state it reports
    """The service asks for another key."""

    def __init__(self) -> None:
        super().__init__("the service takes another key; name it by CONVENE_KEY or --key")


@asynccontextmanager
async def session(
    url: str, key: str | None, *, connections: int = 100, seconds: float = 15.0
) -> AsyncIterator["ClientSession"]:
    """A client whose paths start at the service; each request may take `seconds`."""
    from aiohttp import ClientError, ClientSession, ClientTimeout, InvalidURL, TCPConnector

    headers = {"authorization": f"Bearer {key}"} if key else {}
    try:
        async with ClientSession(
            url.rstrip("/").removesuffix("/v1"),
            headers=headers,
            timeout=ClientTimeout(total=seconds),
            connector=TCPConnector(limit=connections),
        ) as client:
            yield client
    except (InvalidURL, ValueError) as error:
        raise Unreachable(f"{url!r} is no address; write http://HOST:PORT") from error
    except (ClientError, TimeoutError) as error:
        raise Unreachable(f"{url} does not answer: {str(error) or 'too late'}") from error
