"""Profiling: what the experts answer becomes evidence."""

from experts.recordings import Recording
from experts.scripted import ScriptedExpert
from experts.types import Cause
from orchestrator.grading import as_evidence
from orchestrator.profiling import profile
from tests.routes import service_of

SUM = Recording("sum", "3 + 4?", {}, category="arithmetic", gold="7", split="validation")
CAPITAL = Recording(
    "capital", "Of Peru?", {}, ("Lima", "Quito"), "geography", gold="A", split="validation"
)
SAID = {
    "ada": {"3 + 4?": "The answer is 7."},
    "ben": {"3 + 4?": "The answer is 8."},
}


def experts():
    return {
        name: ScriptedExpert(name, replies=replies, default="The answer is Lima.")
        for name, replies in SAID.items()
    }


async def test_answers_are_scored_against_gold_also_by_the_words_of_a_choice():
    service = service_of(experts())
    done = []
    found = await profile(service, [SUM, CAPITAL], service.experts, lambda *n: done.append(n))
    scores = {(q.id, e): r.score for q in found for e, r in q.replies.items()}
    assert scores == {
        ("sum", "ada"): 1,
        ("sum", "ben"): 0,
        ("capital", "ada"): 1,
        ("capital", "ben"): 1,
    }
    assert done[-1] == (4, 4)


async def test_a_failure_says_nothing_about_skill():
    both = {**experts(), "cleo": ScriptedExpert("cleo", default=Cause.UNAVAILABLE)}
    service = service_of(both)
    (found,) = await profile(service, [SUM], service.experts)
    assert set(found.replies) == {"ada", "ben"}
    assert dict(as_evidence(found).scores) == {"ada": 1.0, "ben": 0.0}


async def test_nobody_is_graded_by_what_a_stand_in_said():
    service = service_of({**experts(), "cleo": ScriptedExpert("cleo", default=Cause.UNAVAILABLE)})
    service._panel.fallbacks = {"cleo": ("ada",)}
    (found,) = await profile(service, [SUM], service.experts)
    assert set(found.replies) == {"ada", "ben"}
