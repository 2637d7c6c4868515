"""Opens the service for one command, with a spinner while it starts."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from api.cli import terminal
from api.running import Service

if TYPE_CHECKING:
    from api.settings import Settings


@asynccontextmanager
async def started(settings: "Settings", *, dry: bool = False) -> AsyncIterator[Service]:
    """The service, until the context ends; in a dry run without its experts."""
    from api.build import opened

    async with AsyncExitStack() as stack:
        with terminal.working("reading what is known" if dry else "starting the experts"):
            running = await stack.enter_async_context(opened(settings, dry=dry))
        yield running.service
