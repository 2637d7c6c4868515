"""Salts of the prefix cache: one for each tenant, on every prompt that is made for it."""

import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from experts.scripted import ScriptedExpert
from experts.types import Prompt
from orchestrator.salting import salt_of
from orchestrator.types import Request
from routing.tagger import LlmTagger
from tests.encoders import BagOfWords
from tests.routes import service_of


@given(st.text(min_size=1), st.text(min_size=1))
def test_tenants_have_salts_of_their_own_that_do_not_show_their_names(one, other):
    assert (salt_of(one) == salt_of(other)) == (one == other)
    assert re.fullmatch(r"[0-9a-f]{64}", salt_of(one))


def test_without_tenants_there_is_no_salt():
    assert salt_of("") == ""
    assert Request(Prompt.of("Why?")).for_experts.salt == ""


async def test_everybody_who_reads_a_question_is_given_its_tenants_salt():
    ada, ben = ScriptedExpert("ada", default="A"), ScriptedExpert("ben", default="B")
    zoe, tagger = ScriptedExpert("zoe", default="A"), ScriptedExpert("tagger", default="Keywords:")
    request = Request(Prompt.of("Why?"), "synthesize", ("yes", "no"), tenant="acme")
    service = service_of({"ada": ada, "ben": ben}, zoe)
    await service.answer(request)
    async for _ in service.answer_all([request]):
        pass
    await LlmTagger(tagger, BagOfWords(), ["algebra"]).needs([request.question])
    for expert in (ada, ben, zoe, tagger):
        assert len(expert.asked) >= 2
        assert {prompt.salt for prompt in expert.asked} == {salt_of("acme")}


async def test_a_salt_in_a_request_is_not_the_askers_to_choose():
    ada = ScriptedExpert("ada", default="yes")
    forged = Request(replace(Prompt.of("Why?"), salt=salt_of("victim")), "ada", tenant="acme")
    await service_of({"ada": ada}).answer(forged)
    assert ada.asked[0].salt == salt_of("acme")
