import pytest

from api.embedders.errors import NotEmbedded
from api.embedders.local import LocalModel
from api.embedders.model import Terms, Wanted
from api.errors import Unfit
from tests.encoders import LONGEST, BagOfWords


class Absent:
    """An encoder whose model is not there."""

    async def encode(self, texts):
        raise AssertionError

    async def extents(self, texts):
        raise OSError("no such folder")


def model(encoder):
    return LocalModel("here", encoder, Terms())


async def test_it_tells_what_was_read_and_what_was_cut():
    found = await model(BagOfWords()).embed(Wanted(["the sea", "long " * (LONGEST + 1)]))
    assert (len(found.vectors), found.tokens, found.cut) == (2, 2 + LONGEST, (1,))


async def test_tokens_are_refused():
    with pytest.raises(Unfit, match="here reads texts"):
        await model(BagOfWords()).embed(Wanted([[1, 2]]))


async def test_of_a_model_that_cannot_be_loaded_only_the_log_says_why(caplog):
    with pytest.raises(NotEmbedded, match="cannot be loaded; the service's log says why"):
        await model(Absent()).embed(Wanted(["the sea"]))
    assert "cannot be loaded: no such folder" in caplog.text
