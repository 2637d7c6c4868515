"""What a store does where Redis does not answer; with one it is tested in integration."""

import pytest
from redis.exceptions import ConnectionError as RedisGone

from api.responses.errors import ResponsesAway, UnknownResponse
from api.responses.items import Said
from api.responses.record import Record
from api.responses.store import Store

ID = "resp_" + "0" * 48


class Gone:
    """A Redis that nothing reaches; counts who asks."""

    def __init__(self):
        self.asked = 0

    def register_script(self, _):
        return self.ping

    async def ping(self, *_):
        self.asked += 1
        raise RedisGone("gone")

    get = ping


async def test_every_call_says_that_redis_is_away_and_only_the_first_waits_for_it():
    redis = Gone()
    store = Store.on(redis, days=1, mib=1)
    record = Record({"id": ID}, (), (Said.new("assistant", "so"),))
    for call in (store.reach(), store.keep(record), store.find(ID), store.forget(ID)):
        with pytest.raises(ResponsesAway, match="'store': false"):
            await call
    assert redis.asked == 1


@pytest.mark.parametrize("id", ["index", "held", "resp_", f"{ID}0", "resp_" + "A" * 48, f"{ID}\n"])
async def test_what_is_no_id_is_not_looked_for(id):
    redis = Gone()
    store = Store.on(redis, days=1, mib=1)
    with pytest.raises(UnknownResponse):
        await store.find(id)
    with pytest.raises(UnknownResponse):
        await store.forget(id)
    assert not redis.asked
