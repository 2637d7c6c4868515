"""Opens the service for one command, with a spinner while it starts."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from api.cli import terminal
from api.running import Service

if TYPE_CHECKING:
    from api.settings import Settings


@asynccontextmanager
async def started(settings: "Settings") -> AsyncIterator[Service]:
    """The service, until the context ends."""
    from api.build import opened

    async with AsyncExitStack() as stack:
        with terminal.working("starting the experts"):
            running = await stack.enter_async_context(opened(settings))
        yield running.service
