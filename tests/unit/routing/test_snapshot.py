"""Snapshots: a router frozen into a table, and how far two of them differ."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.codebook import Codebook
from routing.evidence import Evidence, Outcome
from routing.router import Recruiting, Router
from routing.skills import NearestSkills
from routing.snapshot import Snapshot, SnapshotError, changed
from routing.types import Question
from tests.encoders import BagOfWords

EXPERTS = ("ada", "ben", "cleo")
SKILLS = ("algebra", "law", "logic")
RECRUITING = Recruiting("auto", size=2)


def unit(random, count, dimension=24):
    drawn = random.normal(size=(count, dimension))
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)


CODES = unit(np.random.default_rng(0), 30)
CHANNEL = NearestSkills(
    BagOfWords(), Codebook.of(CODES, [SKILLS[i % 3] for i in range(30)]), neighbours=1
)


def router(good=EXPERTS):
    """Each skill has an expert that is good at it."""
    outcomes = [
        Outcome(expert, skill, float(expert == best))
        for skill, best in zip(SKILLS, good, strict=True)
        for expert in EXPERTS
        for _ in range(20)
    ]
    return Router(EXPERTS, CHANNEL, Evidence.of(outcomes))


def snapshot(good=EXPERTS, recruiting=RECRUITING):
    return Snapshot.of(router(good), CHANNEL, recruiting)


def test_a_code_gets_the_panel_its_router_recruits():
    frozen, live = snapshot(), router()
    for vector, needs in zip(CODES, CHANNEL.of_vectors(CODES), strict=True):
        assert frozen.panel(vector) == live.recruit(Question("any"), needs, RECRUITING).panel


@given(st.integers(0, 2**32 - 1), st.integers(1, 20))
def test_a_question_gets_the_panel_of_its_nearest_code_in_any_company(seed, count):
    frozen, vectors = snapshot(), unit(np.random.default_rng(seed), count)
    together = frozen.places(vectors)
    cosines = vectors @ CODES.T
    for vector, place, own in zip(vectors, together.tolist(), cosines, strict=True):
        assert frozen.panel(vector) == frozen.panels[place]
        if place < len(CODES):
            assert own[place] == pytest.approx(own.max(), abs=1e-3)


def test_a_question_like_none_seen_gets_the_panel_without_skills():
    [route] = router().recruit_all([Question("?")], CHANNEL.of_vectors(0 * CODES[:1]), RECRUITING)
    assert route.skills == ()
    assert snapshot().panel(0 * CODES[0]) == route.panel


def test_without_labelled_questions_there_is_one_panel():
    nothing = NearestSkills(BagOfWords(), Codebook.of(np.zeros((0, 0), np.float32), []))
    frozen = Snapshot.of(Router(EXPERTS, nothing, Evidence.none(EXPERTS)), nothing, RECRUITING)
    assert frozen.panels == (("ada", "ben"),)
    assert frozen.panel(CODES[0]) == ("ada", "ben")


def test_what_is_saved_is_loaded(tmp_path):
    frozen = snapshot()
    frozen.save(tmp_path / "auto.snapshot")
    again = Snapshot.load(tmp_path / "auto.snapshot")
    assert (again.policy, again.panels, again.floor) == ("auto", frozen.panels, frozen.floor)
    assert np.array_equal(again.codes, frozen.codes)
    assert changed(frozen, again, CODES) == 0


def test_panels_of_different_sizes_and_of_nobody_are_saved(tmp_path):
    frozen = Snapshot("any", CODES[:0], (("ada",), ("ben", "ada", "ben"), ()), 0.1)
    frozen.save(tmp_path / "any.snapshot")
    assert Snapshot.load(tmp_path / "any.snapshot").panels == frozen.panels


def test_of_a_router_that_learned_nothing_no_route_changed():
    assert changed(snapshot(), snapshot(), CODES) == 0.0


def test_of_skills_that_changed_hands_the_share_of_changed_routes_is_told():
    one = snapshot(recruiting=Recruiting("single", size=1))
    swapped = snapshot(("ben", "ada", "cleo"), Recruiting("single", size=1))
    assert changed(one, swapped, CODES) == pytest.approx(2 / 3)
    assert changed(one, swapped, CODES[:0]) == 0.0


def test_a_file_that_is_no_snapshot_is_refused(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("hello")
    with pytest.raises(SnapshotError, match="is no snapshot"):
        Snapshot.load(path)


@pytest.mark.parametrize("held", [{"version": np.array(99)}, {}], ids=["newer", "another file"])
def test_a_snapshot_of_another_version_is_refused(tmp_path, held):
    path = tmp_path / "auto.npz"
    np.savez(path, **held)
    with pytest.raises(SnapshotError, match="this Convene reads 1: make it anew"):
        Snapshot.load(path)
