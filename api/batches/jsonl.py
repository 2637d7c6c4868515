"""JSON lines out of blocks of bytes, however the blocks are cut."""

from collections.abc import AsyncGenerator, AsyncIterator

from api.files.errors import TooLarge


async def numbered(
    blocks: AsyncIterator[bytes], most: float = float("inf")
) -> AsyncGenerator[tuple[int, bytes], None]:
    """(number, line) of every line that is not blank; the first line is 1. A line longer than
    `most` bytes raises `TooLarge`: it would have to be held in memory."""
    number = held = 0
    pieces: list[bytes] = []  # of a line whose end has not come
    async for block in blocks:
        first, *others = block.split(b"\n")  # JSON may hold other line ends
        pieces.append(first)
        held += len(first)
        if others:
            for raw in (b"".join(pieces), *others[:-1]):
                number += 1
                if raw.strip():
                    yield number, raw
            pieces, held = others[-1:], len(others[-1])
        if held > most:
            raise TooLarge(int(most))
    if (raw := b"".join(pieces)).strip():
        yield number + 1, raw
