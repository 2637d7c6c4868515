"""The rehearsal: honest about each question, and believing what a deliberation would."""

from dataclasses import replace

import numpy as np
import pytest

from experts.types import Answer
from orchestrator.ballots import Ballots
from orchestrator.calibration import AS_IS
from orchestrator.deliberation import Deliberation
from orchestrator.grading import as_evidence
from orchestrator.lessons import Lessons
from orchestrator.policies import Policy
from orchestrator.rehearsal import FEWEST, Rehearsal, heard, learned, prefixes, voted, what_is_said
from orchestrator.voting import NAIVE
from routing.profile import Graded, Profile
from routing.router import Recruiting
from routing.types import Candidate, Ranking, Route
from tests.encoders import BagOfWords
from tests.recordings import scored
from tests.worlds import everywhere, rehearsed, world

SKILLED = {
    "ada": {"colours": 0.9, "sums": 0.4, "words": 0.5},
    "ben": {"colours": 0.3, "sums": 0.9, "words": 0.5},
    "cleo": {"colours": 0.5, "sums": 0.5, "words": 0.8},
}


def told_otherwise(recording, expert="ada"):
    """The same question, its answer by this expert turned from right to wrong or back."""
    now = recording.replies[expert]
    other = "ABCD"[("ABCD".index(recording.gold) + 1) % 4]
    said = other if now.answer == recording.gold else recording.gold
    return replace(recording, replies={**recording.replies, expert: replace(now, answer=said)})


async def test_what_is_believed_of_a_question_does_not_depend_on_its_own_outcome():
    questions = list(world(SKILLED, 120))
    before = await rehearsed(questions)
    for row in (0, 57, 119):
        turned = [told_otherwise(q) if i == row else q for i, q in enumerate(questions)]
        after = await rehearsed(turned)
        assert (after.competence[row] == before.competence[row]).all()
        assert (after.overall[row] == before.overall[row]).all()
        assert (after.shares[row] == before.shares[row]).all()
        assert (after.competence != before.competence).any()  # of others it says something


async def test_the_same_evidence_gives_the_same_rehearsal():
    first, again = [await rehearsed(list(world(SKILLED, 80))) for _ in range(2)]
    for name in ("competence", "overall", "shares", "scores"):
        assert (getattr(first, name) == getattr(again, name)).all()
    lessons, same = Lessons.taught(first), Lessons.taught(again)
    assert (lessons.votes.spread == same.votes.spread).all()
    assert lessons.votes.scale == same.votes.scale
    assert (lessons.calibration, lessons.plans) == (same.calibration, same.plans)


async def test_planted_skills_are_believed():
    found = await rehearsed(list(world(SKILLED, 300)))
    best = found.competence.argmax(axis=1)
    skill = found.shares.argmax(axis=1)
    assert found.skills == ("colours", "sums", "words")
    assert (best == skill).mean() > 0.95


@pytest.mark.parametrize("count", range(11))
async def test_a_few_questions_teach_nothing_and_break_nothing(count):
    found = await rehearsed(list(world(SKILLED, count)))
    assert found.competence.shape == (count, 3 if count else 0)
    assert np.isfinite(found.competence).all()
    assert (learned(found), heard(found)) == (NAIVE, None)
    assert Lessons.taught(found).calibration == AS_IS


async def test_fewer_than_the_fewest_are_too_few():
    enough = list(world(SKILLED, FEWEST))
    assert learned(await rehearsed(enough[1:])) is NAIVE
    assert learned(await rehearsed(enough)) is not NAIVE


async def test_scores_alone_teach_nothing_of_votes():
    questions = [scored(f"sum {i}", "validation", "sums", ada=1.0, ben=0.0) for i in range(60)]
    found = await rehearsed(questions)
    assert (learned(found), heard(found)) == (NAIVE, None)
    assert (found.competence[:, 0] > found.competence[:, 1]).all()


async def test_claims_behind_the_graded_questions_are_not_rehearsed():
    questions = list(world(SKILLED, 60))
    graded = [*map(as_evidence, questions), Graded("sums", "sums", (("zoe", 1.0),))]
    profile = await Profile.of(graded, BagOfWords())
    ballots = Ballots.of(questions, ("ada", "ben", "cleo", "zoe"))
    claimed, plain = Rehearsal.of(profile, ballots), await rehearsed(questions)
    assert claimed.experts == plain.experts == ("ada", "ben", "cleo")
    assert (claimed.competence == plain.competence).all()


async def test_one_that_was_not_asked_everything_is_judged_by_what_it_was_asked():
    questions = list(world(SKILLED, 120))
    for i, question in enumerate(questions):
        if i % 2:
            kept = {name: reply for name, reply in question.replies.items() if name != "ben"}
            questions[i] = replace(question, replies=kept)
    found = await rehearsed(questions)
    lessons = Lessons.taught(found)
    model, calibration = lessons.votes, lessons.calibration
    assert np.isnan(found.scores[1::2, 1]).all()
    assert np.isfinite(found.competence).all()
    assert 0 < calibration(0.8, 2) < 1
    assert all(np.isfinite(model.weights(("ada", "ben", "cleo"))))


def route_at(rehearsal, row, panel):
    names = rehearsal.experts
    believed = [Candidate(n, c, c) for n, c in zip(names, rehearsal.competence[row], strict=True)]
    skills = zip(rehearsal.skills, rehearsal.shares[row].tolist(), strict=True)
    known = tuple((skill, weight) for skill, weight in skills if weight)
    return Route("test", known, panel, Ranking.of(believed))


@pytest.mark.parametrize("rates", [SKILLED, everywhere(a=0.6, b=0.5, c=0.4, d=0.3)])
async def test_every_prefix_believes_what_a_deliberation_told_the_same_believes(rates):
    questions = list(world(rates, 60, options=3))
    name = next(iter(rates))
    questions[3] = replace(
        questions[3],
        replies={**questions[3].replies, name: replace(questions[3].replies[name], answer="?")},
    )
    rehearsal = await rehearsed(questions)
    model = learned(rehearsal)
    ballots, said = what_is_said(rehearsal, np.arange(60), model.habits)
    order = np.argsort(-rehearsal.competence, axis=1, kind="stable")
    beliefs, right = prefixes(model, ballots, said, order)
    for row, recording in enumerate(questions):
        for asked in range(1, order.shape[1] + 1):
            panel = tuple(rehearsal.experts[i] for i in order[row, :asked])
            policy = Policy(Recruiting("test", size=asked))
            route = route_at(rehearsal, row, panel)
            deliberation = Deliberation(route, policy, recording.options, Lessons(model))
            for expert in panel:
                deliberation.tell(Answer(expert, recording.replies[expert].answer))
            verdict = deliberation.step().verdict
            assert verdict.confidence == pytest.approx(beliefs[row, asked - 1], abs=1e-9)
            assert (verdict.answer == recording.gold) == right[row, asked - 1]


async def test_votes_are_counted_as_they_come_in():
    questions = list(world(everywhere(a=0.6, b=0.5, c=0.4), 30))
    silent = {**questions[0].replies, "b": replace(questions[0].replies["b"], answer="?")}
    ballots = Ballots.of([replace(questions[0], replies=silent), *questions[1:]], "abc")
    counted = voted(ballots, np.tile([0, 1, 2], (30, 1)))
    assert counted[0].tolist() == [1, 1, 2]
    assert counted[1].tolist() == [1, 2, 3]


async def test_beliefs_that_are_taught_come_true_as_often_as_they_say():
    taught, fresh = [await rehearsed(list(world(SKILLED, 500, seed=s))) for s in (0, 1)]
    lessons = Lessons.taught(taught)
    model, calibration = lessons.votes, lessons.calibration
    ballots, said = what_is_said(fresh, np.arange(500), model.habits)
    order = np.argsort(-fresh.competence, axis=1, kind="stable")
    beliefs, right = prefixes(model, ballots, said, order)
    confidence = calibration.of(beliefs, voted(ballots, order))
    assert confidence.mean() == pytest.approx(right.mean(), abs=0.03)
    firm = confidence > 0.9
    assert confidence[firm].mean() == pytest.approx(right[firm].mean(), abs=0.05)
