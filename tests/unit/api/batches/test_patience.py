import asyncio

import pytest
from redis.exceptions import ConnectionError as Away
from redis.exceptions import ResponseError

from api.batches.patience import patiently


async def test_what_redis_does_not_answer_is_asked_again():
    said = [Away("gone"), OSError("gone too"), "here"]

    async def question():
        if isinstance(next_ := said.pop(0), Exception):
            raise next_
        return next_

    assert await patiently(question) == "here"


async def test_what_redis_never_answers_is_asked_again():
    asked = []

    async def question():
        asked.append(1)
        if len(asked) == 1:
            await asyncio.Event().wait()
        return "here"

    assert await patiently(question, 0.01) == "here"


@pytest.mark.parametrize("error", [ResponseError("no such command"), ZeroDivisionError()], ids=str)
async def test_what_asking_again_does_not_change_is_raised(error):
    async def question():
        raise error

    with pytest.raises(type(error)):
        await patiently(question)
