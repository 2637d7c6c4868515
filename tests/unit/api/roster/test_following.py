"""The registry file is followed while it is right, and what other workers were posted."""

import asyncio
from contextlib import asynccontextmanager

import pytest
import yaml

from api.roster.following import Follower, Source, following
from api.roster.posted import Posted
from api.settings import load_settings
from tests.rosters import Roster, Shop, live, scripted
from tests.waiting import until

CARDS = {"ada": scripted(), "ben": scripted()}


class File:
    """A registry file that is written anew."""

    def __init__(self, path):
        self.path = path

    async def write(self, experts=None, text=None):
        text = text if text is not None else yaml.safe_dump({"experts": experts})
        await asyncio.to_thread(self.path.write_text, text)


@pytest.fixture
async def file(tmp_path):
    made = File(tmp_path / "convene.yaml")
    await made.write(CARDS)
    return made


@asynccontextmanager
async def followed(file, **options):
    """A live service, one that follows for it, and what it told."""
    heard = []
    settings = await asyncio.to_thread(load_settings, file.path)
    async with live(Shop(), settings, observer=heard.append, **options) as here:
        follower = Follower(here, Source(file.path), heard.append)
        yield here, follower, heard


def outcomes(heard):
    return [event.outcome for event in heard]


async def test_what_is_written_is_taken_over(file):
    async with followed(file) as (here, follower, heard):
        await file.write({**CARDS, "cleo": scripted()})
        await follower.look()
        await follower.look()
        assert here.running.service.experts == ("ada", "ben", "cleo")
        assert outcomes(heard) == ["applied"]


@pytest.mark.parametrize("text", ["experts: {}", "experts: [", "", "\xff", None])
async def test_what_is_wrong_is_told_once_and_what_runs_stays(file, text, caplog):
    async with followed(file) as (here, follower, heard):
        before = here.world
        if text is None:
            await asyncio.to_thread(file.path.unlink)
        else:
            await file.write(text=text)
        await follower.look()
        await follower.look()
        assert here.world is before
        assert outcomes(heard) == ["refused"]
        assert "convene.yaml" in caplog.text
        await file.write({**CARDS, "cleo": scripted()})
        await follower.look()
        assert "cleo" in here.running.service.experts


async def test_what_was_written_while_the_service_opened_is_found(file):
    settings = await asyncio.to_thread(load_settings, file.path)
    await file.write({"ada": scripted()})
    roster = Roster()
    async with live(Shop(), settings, roster) as here:
        await roster.add(Posted("zoe", scripted(), 1.0))
        await Follower(here, Source(file.path)).look()
        assert here.running.service.experts == ("ada", "zoe")


async def test_who_hurries_hears_again_what_is_wrong(file):
    async with followed(file) as (_, follower, heard):
        await file.write(text="experts: {}")
        await follower.look()
        await follower.look(forced=True)
        assert outcomes(heard) == ["refused", "refused"]


async def test_what_was_posted_to_another_worker_is_taken_over(file):
    roster = Roster()
    async with followed(file, roster=roster) as (here, follower, _):
        await roster.add(Posted("zoe", scripted(), 1.0))
        await follower.look()
        assert "zoe" in here.running.service.experts
        roster.there = False
        await file.write({"ada": scripted()})
        await follower.look()
        assert "ben" in here.running.service.experts  # nothing is known of what was posted
        roster.there = True
        await follower.look()
        assert here.running.service.experts == ("ada", "zoe")


async def test_a_hurry_is_not_kept_waiting(file):
    source = Source(file.path)
    settings = await asyncio.to_thread(load_settings, file.path)
    async with live(Shop(), settings) as here, following(here, source, lambda _: None):
        await file.write({"ada": scripted()})
        source.hurry.set()
        await until(lambda: here.running.service.experts == ("ada",))


async def test_the_built_in_specialists_never_change():
    source = Source()
    assert await asyncio.to_thread(source.digest) == await asyncio.to_thread(source.digest)
