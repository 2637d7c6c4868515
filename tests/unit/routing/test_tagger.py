"""Skills as an LLM names them, by Symbolic-MoE's rules."""

from collections.abc import Sequence

import numpy as np
import pytest

from experts.scripted import ScriptedExpert
from experts.types import Answer, Cause, Failure, Prompt, Reply
from routing.tagger import LlmTagger, agreed_keywords
from routing.types import Question
from tests.encoders import BagOfWords

KNOWN = ("linear algebra", "contract law", "world history")


class Saying:
    """An expert whose samples of one question are told in turn; None fails."""

    name = "tagger"

    def __init__(self, *samples: str | None) -> None:
        self.samples = samples
        self.asked: list[Prompt] = []

    async def ask(self, prompts: Sequence[Prompt]) -> list[Reply]:
        self.asked += prompts
        said = [self.samples[i % len(self.samples)] for i in range(len(prompts))]
        return [
            Failure("tagger", Cause.TIMEOUT, "away") if text is None else Answer("tagger", text)
            for text in said
        ]


def tagger(*samples, **rest):
    return LlmTagger(Saying(*samples), BagOfWords(), KNOWN, samples=len(samples), **rest)


async def skills(*samples, **rest):
    [found] = await tagger(*samples, **rest).needs([Question("Who owns it?")])
    assert found.vector is None  # keywords say nothing about where the question lies
    return found.skills


KEYWORDS = {
    "named once is dropped": (["Keywords: algebra, law", "Keywords: algebra"], ["algebra"]),
    "most named first": (["law, logic", "law, logic", "logic"], ["logic", "law"]),
    "twice in one sample is once": (["Keywords: law, law", "Keywords: logic"], []),
    "case and marks do not matter": (["Keywords: **Law**.", "keywords\nKeywords: law"], ["law"]),
    "a list of lines": (["Keywords:\n- law\n- logic", "logic; law"], ["law", "logic"]),
    "20 characters are a keyword": (["a" * 20] * 2, ["a" * 20]),
    "21 characters are a sentence": (["a" * 21] * 2, []),
    "one sample agrees with itself": (["law, logic"], ["law", "logic"]),
    "what comes before is talk": (["law is hard. Keywords: logic"] * 2, ["logic"]),
    "nothing": ([], []),
}


@pytest.mark.parametrize(("samples", "kept"), KEYWORDS.values(), ids=KEYWORDS)
def test_keywords_are_kept_that_samples_agree_on(samples, kept):
    assert agreed_keywords(samples) == kept


async def test_each_keyword_maps_to_the_nearest_known_skill():
    assert await skills("Keywords: algebra, law", "Keywords: law, algebra") == {
        "linear algebra": 0.5,
        "contract law": 0.5,
    }


async def test_two_keywords_on_one_skill_count_twice():
    found = await skills(*["Keywords: algebra, linear maps, law"] * 5)
    assert found == {"linear algebra": pytest.approx(2 / 3), "contract law": pytest.approx(1 / 3)}


async def test_an_unknown_keyword_still_maps_somewhere_as_in_the_paper():
    assert len(await skills(*["Keywords: zebra"] * 2)) == 1


async def test_above_a_threshold_an_unknown_keyword_maps_nowhere():
    assert await skills(*["Keywords: zebra"] * 2, threshold=0.3) == {}


async def test_five_samples_are_drawn_each_with_a_seed_of_its_own():
    expert = Saying("Keywords: law")
    await LlmTagger(expert, BagOfWords(), KNOWN).needs([Question("a"), Question("b")])
    assert [prompt.sampling.seed for prompt in expert.asked] == [0, 1, 2, 3, 4] * 2
    assert {prompt.sampling.temperature for prompt in expert.asked} == {0.7}
    assert ["Problem: a" in prompt.text for prompt in expert.asked] == [True] * 5 + [False] * 5


async def test_failed_samples_are_samples_without_keywords():
    assert await skills(None, "law", None, "law") == {"contract law": 1.0}
    assert await skills(None, "law", None) == {}


async def test_a_tagger_that_always_fails_names_no_skills():
    away = LlmTagger(ScriptedExpert("tagger", default=Cause.UNAVAILABLE), BagOfWords(), KNOWN)
    assert [n.skills for n in await away.needs([Question("a"), Question("b")])] == [{}, {}]


async def test_a_tagger_that_answers_nonsense_names_no_skills():
    assert await skills(*["I am sorry but I cannot help with that request"] * 5) == {}


async def test_without_known_skills_nobody_is_asked():
    expert = Saying("Keywords: law")
    [found] = await LlmTagger(expert, BagOfWords(), ()).needs([Question("a")])
    assert found.skills == {}
    assert expert.asked == []


async def test_known_skills_are_encoded_once():
    encoder = BagOfWords()
    one = LlmTagger(Saying("Keywords: law"), encoder, KNOWN)
    await one.needs([Question("a"), Question("b")])
    await one.needs([Question("c")])
    assert encoder.encoded.count(list(KNOWN)) == 1


async def test_weights_sum_to_one():
    found = await skills(*["Keywords: algebra, law, history, maps, court"] * 2)
    assert np.isclose(sum(found.values()), 1)
