"""Worlds follow one another: what is the same stays open, what left is closed once it is idle."""

import asyncio

import pytest

from api.roster.errors import BadCard, Needed, RosterAway, Taken, UnknownExpert
from api.roster.live import described
from api.roster.posted import Posted, checked
from experts.errors import RegistryError
from experts.types import Prompt
from orchestrator.errors import UnknownModel
from orchestrator.types import Request
from tests.rosters import Roster, Shop, live, scripted, settings
from tests.waiting import until

ZOE = Posted("zoe", scripted("The answer is 6."), 1.0)
THREE = {"ada": scripted(), "ben": scripted("The answer is 5."), "cleo": scripted()}


def ask(running, model="ada"):
    return running.service.answer(Request(Prompt.of("2 + 2?"), model))


def expert(shop, name):
    (found,) = [each for each in shop.open if each.name == name]
    return found


async def test_experts_whose_cards_are_the_same_stay_open_and_the_others_do_not():
    shop = Shop()
    async with live(shop) as here:
        ada = expert(shop, "ada")
        await here.change(
            settings({"ada": scripted(), "ben": scripted("Changed."), "new": ZOE.fields})
        )
        assert expert(shop, "ada") is ada
        assert (await ask(here.running, "ben")).text == "Changed."
        await until(lambda: not here.ending)
        assert shop.names == ["ada", "ben", "ben", "new"]  # ben shared what ada still needs
        await here.change(settings({"ada": scripted("Changed."), "new": ZOE.fields}))
        await until(lambda: shop.names == ["ada", "ben", "new"])
    assert not shop.open


async def test_what_is_in_flight_ends_in_the_world_it_began_in():
    shop = Shop()
    slow = {"ada": scripted(), "slow": scripted("At last.", delay=0.05)}
    async with live(shop, settings(slow)) as here:
        old = here.running
        asking = asyncio.create_task(ask(old, "slow"))
        await until(lambda: expert(shop, "slow").running == 1)
        await here.change(settings())
        assert list(here.draining) == ["slow"]
        with pytest.raises(UnknownModel):
            await ask(here.running, "slow")
        assert (await asking).text == "At last."
        await until(lambda: not here.draining)
        assert old.now is here.running


async def test_who_does_not_finish_is_waited_for_no_longer_than_the_bound():
    shop = Shop()
    stuck = {"ada": scripted(), "stuck": scripted(delay=1000)}
    async with live(shop, settings(stuck), drain=0.02) as here:
        asking = asyncio.create_task(ask(here.running, "stuck"))
        await until(lambda: expert(shop, "stuck").running == 1)
        await here.change(settings({"ada": scripted("Other.")}))
        await until(lambda: shop.names == ["ada"])
        asking.cancel()


@pytest.mark.parametrize("wrong", ["cannot be opened", "does not go together"])
async def test_what_is_wrong_changes_nothing(wrong):
    shop = Shop(refuses="bad")
    cards = {"ada": scripted("Changed."), "bad": scripted()}
    async with live(shop) as here:
        before, names = here.world, shop.names
        if wrong == "cannot be opened":
            with pytest.raises(RegistryError):
                await here.change(settings(cards))
        else:
            local = {"kind": "vllm", "model": "m"}
            with pytest.raises(BadCard):
                await here.change(settings({"ada": scripted(), "loc": local}, aggregator="loc"))
        assert (here.world, here.file, shop.names) == (before, settings(), names)


async def test_what_an_assembly_that_fails_had_opened_is_closed():
    class Broken(Shop):
        async def assembled(self, wanted, experts, knowledge):
            if "cleo" in wanted.experts:
                raise RegistryError("no")
            return await super().assembled(wanted, experts, knowledge)

    shop = Broken()
    async with live(shop) as here:
        with pytest.raises(RegistryError):
            await here.change(settings(THREE))
        assert shop.names == ["ada", "ben"]


async def test_a_posted_expert_is_asked_at_once_and_let_go_when_it_is_dismissed():
    shop, roster = Shop(), Roster()
    async with live(shop, roster=roster) as here:
        await here.admit(ZOE)
        assert (await ask(here.running, "zoe")).text == "The answer is 6."
        assert set((await ask(here.running, "everyone")).route.panel) == {"ada", "ben", "zoe"}
        with pytest.raises(Taken):
            await here.admit(ZOE)
        await here.dismiss("zoe")
        with pytest.raises(UnknownModel):
            await ask(here.running, "zoe")
        await until(lambda: shop.names == ["ada", "ben"])
        with pytest.raises(UnknownExpert):
            await here.dismiss("zoe")


async def test_another_worker_and_the_next_start_have_what_was_posted():
    roster = Roster()
    async with live(Shop(), roster=roster) as one, live(Shop(), roster=roster) as other:
        await one.admit(ZOE)
        await other.change()
        assert "zoe" in other.running.service.experts
    async with live(Shop(), roster=roster) as again:
        assert "zoe" in again.running.service.experts


@pytest.mark.parametrize(
    ("posted", "error"),
    [
        (Posted("ada", scripted(), 1.0), Taken),
        (Posted("vote", scripted(), 1.0), BadCard),
        (Posted("bad", scripted(), 1.0), BadCard),
        (Posted("zoe", {"kind": "vllm", "model": "m"}, 1.0), BadCard),
    ],
    ids=["taken", "a policy's name", "cannot be opened", "a local engine"],
)
async def test_an_expert_that_cannot_be_is_not_kept(posted, error):
    roster = Roster()
    async with live(Shop(refuses="bad"), roster=roster) as here:
        before = here.world
        with pytest.raises(error):
            await here.admit(posted)
        assert here.world is before
    assert not roster.posted


async def test_without_redis_nobody_comes_or_goes():
    roster = Roster()
    async with live(Shop(), roster=roster) as here:
        roster.there = False
        before = here.world
        with pytest.raises(RosterAway):
            await here.admit(ZOE)
        assert here.world is before


async def test_a_profile_is_studied_again_only_where_it_or_what_cards_claim_changed():
    shop = Shop()
    async with live(shop) as here:
        await here.change(settings(panel={"size": 2}))
        await here.admit(ZOE)
        assert shop.learned == 0
        claims = {"ada": scripted(skills=["law"]), "ben": scripted("The answer is 5.")}
        await here.change(settings(claims))
        assert shop.learned == 1


async def test_observers_are_told_of_what_changed_and_of_nothing_else():
    heard = []
    async with live(Shop(), observer=heard.append) as here:
        await here.change(settings())
        assert heard == []
        await here.change(settings(service={"port": 1}))
        await here.admit(ZOE)
    assert [event.outcome for event in heard] == ["partly", "applied"]
    assert heard[1].experts == ("ada", "ben", "zoe")


def test_what_is_told_of_a_card_holds_no_key():
    card = {"kind": "hosted", "model": "m", "base_url": "http://h/v1", "api_key": "sk-secret"}
    told = described(checked("zoe", card))
    assert told == {"kind": "hosted", "model": "m", "base_url": "http://h/v1"}


async def test_who_stands_in_for_another_stays_until_that_one_is_dismissed():
    shop = Shop()
    async with live(shop) as here:
        await here.admit(ZOE)
        await here.admit(Posted("yan", {**scripted(), "fallback": ["zoe"]}, 2.0))
        with pytest.raises(Needed, match="'zoe' stands in for yan"):
            await here.dismiss("zoe")
        await here.dismiss("yan")
        await here.dismiss("zoe")
        assert list(here.world.settings.experts) == ["ada", "ben"]
