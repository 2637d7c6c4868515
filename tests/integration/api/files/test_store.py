"""Files in a real Redis: whole or not at all, in pieces, within limits."""

import os

import pytest

from api.files.errors import Full, NoSuch, TooLarge
from api.files.store import MIB, PIECE, FileLimits, Files


@pytest.fixture
def files(redis):
    return Files(redis)


async def kept(files, *blocks, tenant="acme", **more):
    async with files.draft(files.limits.bytes) as draft:
        for block in blocks:
            await draft.write(block)
        file = files.named(draft.content, draft.bytes, tenant, "in.jsonl", "batch", **more)
        await files.keep(draft, file)
    return file


async def read(files, file):
    return b"".join([block async for block in files.content(file)])


async def test_what_is_written_in_any_blocks_is_read_as_it_was(files, redis):
    blocks = [os.urandom(n) for n in (1, 0, PIECE - 1, PIECE + 1, 3 * PIECE, 7)]
    file = await kept(files, *blocks)
    assert file.bytes == sum(map(len, blocks))
    assert await read(files, file) == b"".join(blocks)
    pieces = await redis.lrange(file.content, 0, -1)
    assert max(map(len, pieces)) == PIECE


async def test_an_empty_file_is_a_file(files):
    assert await read(files, await kept(files)) == b""


async def test_a_file_that_is_too_large_is_found_as_it_comes_and_leaves_nothing(redis):
    files = Files(redis, FileLimits(bytes=2 * PIECE))
    with pytest.raises(TooLarge, match="split it"):
        await kept(files, b"x" * PIECE, b"x" * PIECE, b"x")
    assert [key async for key in redis.scan_iter("convene:*")] == []


async def test_what_is_deleted_is_gone_with_its_bytes(files, redis):
    file = await kept(files, b"x" * PIECE)
    await files.delete(file)
    with pytest.raises(NoSuch):
        await files.catalogue.find(file.id, "acme")
    with pytest.raises(NoSuch):
        await read(files, file)
    assert [key async for key in redis.scan_iter("convene:*")] == []


async def test_a_tenant_keeps_no_more_than_it_may_and_others_are_not_in_its_way(redis):
    files = Files(redis, FileLimits(tenant_bytes=MIB))
    first = await kept(files, b"x" * (MIB // 2))
    with pytest.raises(Full, match="delete some"):
        await kept(files, b"x" * (MIB // 2))
    await kept(files, b"x" * (MIB // 2), tenant="other")
    await files.delete(first)
    await kept(files, b"x" * (MIB // 2))


async def test_files_and_what_nobody_finished_do_not_stay_for_ever(files, redis):
    file = await kept(files, b"x", seconds=3600)
    assert 3590 < await redis.ttl(file.content) <= 3601
    async with files.draft() as draft:
        await draft.write(b"x" * PIECE)
    assert 0 < await redis.ttl(draft.content) <= 3600


async def test_a_piece_that_is_sent_twice_is_there_once(files, redis):
    async with files.draft() as draft:
        await draft.write(b"x" * PIECE)
        draft._pieces = 0  # the answer was lost, and the client asks again
        await draft._push(b"x" * PIECE)
    assert await redis.llen(draft.content) == 1
