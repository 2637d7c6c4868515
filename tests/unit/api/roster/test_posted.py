"""Posted cards: the file's complaints, and nothing that is the machine's own."""

import pytest

from api.roster.errors import BadCard
from api.roster.posted import Posted, amended, checked, packed, unpacked, with_posted
from tests.rosters import scripted, settings

HOSTED = {"kind": "hosted", "model": "m", "base_url": "http://127.0.0.1:1/v1"}


@pytest.mark.parametrize(
    ("card", "param", "message"),
    [
        ({}, "card.kind", "is required: one of hosted, recorded, scripted, vllm"),
        ({"kind": "hostd"}, "card.kind", "no such kind; did you mean 'hosted'?"),
        ({**HOSTED, "modl": "m"}, "card.modl", "unknown key; did you mean 'model'?"),
        ({**HOSTED, "base_url": "ftp://x"}, "card.base_url", "must start with http"),
        ({**HOSTED, "concurrency": 0}, "card.concurrency", "must be 1 or more"),
        ({**HOSTED, "price": {"input": "x"}}, "card.price.input", "expected a number"),
        ({"kind": "hosted", "model": "m"}, "card.base_url", "this machine's environment"),
        ({"kind": "vllm", "model": "m"}, "card.kind", "list it in the registry file, restart"),
        ({"kind": "recorded", "file": "/etc/passwd"}, "card.kind", "reads a file"),
        ({**HOSTED, "api_key": "${OPENAI_API_KEY}"}, "card", "in the registry file alone"),
        ({**HOSTED, "price": {"input": ["${HOME}"]}}, "card", "in the registry file alone"),
        ({**HOSTED, "a": 1, "b": 2}, "card.a", "card.b: unknown key"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_card_that_cannot_be_is_told_key_by_key(card, param, message):
    with pytest.raises(BadCard) as refused:
        checked("zoe", card)
    assert refused.value.param == param
    assert message in str(refused.value)


@pytest.mark.parametrize(
    "card", [HOSTED, scripted(), {**HOSTED, "api_key": "sk-1"}, {**HOSTED, "fallback": ["ada"]}]
)
def test_a_right_card_survives_being_kept(card):
    posted = Posted("zoe", card, 12.5)
    kept = unpacked("zoe", packed(posted))
    assert (kept, kept.card) == (posted, checked("zoe", card))


def test_posted_experts_come_after_the_files_own():
    joined, left_out = with_posted(settings(), [Posted("zoe", scripted(), 1.0)])
    assert (list(joined.experts), left_out) == (["ada", "ben", "zoe"], {})
    assert joined.routing == settings().routing


def test_what_does_not_go_with_the_file_is_left_out_and_the_others_are_not():
    posted = [
        Posted("ada", scripted("Another."), 1.0),
        Posted("vote", scripted(), 2.0),
        Posted("old", {"kind": "gone"}, 3.0),
        Posted("zoe", scripted(), 4.0),
    ]
    joined, left_out = with_posted(settings(), posted)
    assert list(joined.experts) == ["ada", "ben", "zoe"]
    assert joined.experts["ada"] == settings().experts["ada"]
    assert left_out.keys() == {"ada", "vote", "old"}
    assert "name of a policy" in left_out["vote"]


def test_a_posted_expert_may_have_stand_ins_among_all_the_others():
    first, second = (
        Posted("zoe", {**HOSTED, "fallback": ["ada"]}, 1.0),
        Posted("yan", {**HOSTED, "fallback": ["zoe"]}, 2.0),
    )
    joined, left_out = with_posted(settings(), [first, second])
    assert (joined.experts["yan"].fallback, left_out) == (("zoe",), {})


@pytest.mark.parametrize(
    ("name", "card", "param"),
    [("zoe", {**HOSTED, "fallback": ["nobody"]}, "card.fallback"), ("vote", HOSTED, "name")],
)
def test_what_does_not_go_with_the_others_names_what_was_posted(name, card, param):
    with pytest.raises(BadCard) as refused:
        amended(settings(), {**settings().experts, name: checked(name, card)})
    assert refused.value.param == param
