"""What of a changed file can be had at once, and what needs a restart."""

import pytest

from api.roster.changes import merged
from api.roster.errors import BadCard
from tests.rosters import scripted, settings

LOCAL = {"kind": "vllm", "model": "some/model"}


@pytest.mark.parametrize(
    "wanted",
    [
        settings({"ada": scripted(), "zoe": scripted()}),
        settings({"ada": scripted("Another."), "ben": scripted()}),
        settings(aggregator="ben", panel={"size": 2}, routing={"seed": 3, "tagger": "ben"}),
    ],
    ids=["experts come and go", "a card changes", "how questions are answered"],
)
def test_what_can_change_while_it_runs_is_as_wanted(wanted):
    found = merged(settings(), wanted)
    assert (found.settings, found.restart) == (wanted, ())


def test_what_is_read_once_stays_until_a_restart_and_is_named():
    wanted = settings(
        service={"port": 9999, "key_grace": 1},
        cluster={"engines": 2},
        feedback={"weight": 1.0},
        routing={"encoder": "some/encoder", "seed": 5},
    )
    found = merged(settings(), wanted)
    assert found.restart == (
        *("service.port", "service.key_grace", "cluster.engines", "feedback.weight"),
        "routing.encoder",
    )
    assert found.settings == settings(routing={"seed": 5})


def test_local_experts_stay_as_they_were_laid_out():
    running = settings({"ada": scripted(), "loc": LOCAL, "gone": LOCAL})
    wanted = settings({"ada": scripted(), "loc": {**LOCAL, "max_tokens": 9}, "new": LOCAL})
    found = merged(running, wanted)
    assert found.settings.experts == running.experts
    assert found.restart == ("experts.gone", "experts.loc", "experts.new")


def test_what_does_not_go_together_for_now_is_refused():
    wanted = settings({"ada": scripted(), "ben": scripted(), "new": LOCAL}, aggregator="new")
    with pytest.raises(BadCard, match="'new' is not among the experts"):
        merged(settings(), wanted)


def test_embedding_models_stay_until_a_restart_and_no_expert_takes_their_names():
    small = {"small": {"kind": "hosted", "model": "m", "base_url": "http://x/v1"}}
    near = {"near": {"kind": "local", "model": "some/encoder"}}
    found = merged(settings(embedders=small), settings(embedders=near))
    assert found.restart == ("embedders.near", "embedders.small")
    assert found.settings == settings(embedders=small)
    with pytest.raises(BadCard, match=r"embedders\.small"):
        merged(settings(embedders=small), settings({"small": scripted()}))
