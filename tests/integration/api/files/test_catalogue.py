"""Records in a real Redis: each tenant's own, in pages, changed by many at once."""

import asyncio
import time
from dataclasses import replace

import pytest

from api.files.catalogue import Catalogue, Wanted
from api.files.commands import together
from api.files.errors import NoSuch
from api.files.file import File, new_id


@pytest.fixture
def catalogue(redis):
    return Catalogue(redis, "files", File)


def file(n, tenant="acme", **more):
    fields = {"purpose": "batch", "bytes": 1, "expires": 4e9, "content": "x", **more}
    return File(id=new_id(), tenant=tenant, name=f"{n}", created=1000.0 + n, **fields)


async def kept(redis, catalogue, *items):
    await together(redis, [command for item in items for command in catalogue.put(item)])
    return items


async def names(catalogue, **wanted):
    page = await catalogue.page("acme", Wanted(**wanted))
    return [item.name for item in page.items], page.more


async def test_pages_join_to_the_whole_list_in_either_order(redis, catalogue):
    items = await kept(redis, catalogue, *map(file, range(250)))
    for newest_first in (True, False):
        seen, after, more = [], None, True
        while more:
            page = await catalogue.page("acme", Wanted(70, after, newest_first))
            seen += [item.name for item in page.items]
            after, more = page.items[-1].id, page.more
        expected = [item.name for item in items]
        assert seen == (expected[::-1] if newest_first else expected)


async def test_another_tenants_record_is_as_if_there_were_none(redis, catalogue):
    (theirs,) = await kept(redis, catalogue, file(1, "other"))
    for id in (theirs.id, new_id()):
        with pytest.raises(NoSuch, match="is none of your files"):
            await catalogue.find(id, "acme")
        with pytest.raises(NoSuch):
            await catalogue.page("acme", Wanted(after=id))
    assert await catalogue.find(theirs.id, "other") == theirs
    assert await names(catalogue) == ([], False)


async def test_records_that_have_expired_are_in_no_page(redis, catalogue):
    items = await kept(redis, catalogue, *map(file, range(5)))
    await redis.delete(*[f"convene:files:{{{items[n].id}}}:record" for n in (1, 4)])
    assert await names(catalogue, limit=2, newest_first=False) == (["0", "2"], True)
    assert await names(catalogue) == (["3", "2", "0"], False)
    assert await redis.zcard("convene:files:of:acme") == 3


async def test_a_page_may_be_of_those_alone_that_fit(redis, catalogue):
    await kept(redis, catalogue, *map(file, range(300)))
    page = await catalogue.page("acme", Wanted(2), lambda item: item.name.endswith("7"))
    assert ([item.name for item in page.items], page.more) == (["297", "287"], True)


async def test_however_many_change_a_record_at_once_none_is_lost(redis, catalogue):
    (item,) = await kept(redis, catalogue, file(0))

    def counted(before):
        return replace(before, bytes=before.bytes + 1)

    await asyncio.gather(*(catalogue.change(item.id, counted) for _ in range(8)))
    assert (await catalogue.find(item.id, "acme")).bytes == 9


async def test_a_record_expires_when_it_says(redis, catalogue):
    (item,) = await kept(redis, catalogue, file(0, expires=time.time() + 50))
    assert 40 < await redis.ttl(f"convene:files:{{{item.id}}}:record") <= 51
