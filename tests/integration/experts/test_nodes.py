"""A Ray cluster of several nodes, one of which is lost and comes back."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def told(models) -> dict:
    """What `tests.losing_a_node` prints. In a process of its own, because a process can be in one
    Ray cluster at a time."""
    long = {"seconds": 120.0}
    cards = {
        "alice": models.card(models.a, **long),
        "bob": models.card(models.b, **long),
        "bound": models.card(models.c, node="zone=lost", **long),
    }
    given = json.dumps({name: card.model_dump(mode="json") for name, card in cards.items()})

    ran = subprocess.run(
        [sys.executable, "-m", "tests.losing_a_node"],
        input=given,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        # A cluster that this process has started meanwhile is no business of that one.
        env={name: value for name, value in os.environ.items() if not name.startswith("RAY_")},
        timeout=240,
        check=True,
    )
    return json.loads(ran.stdout.splitlines()[-1])


@pytest.mark.parametrize("priority", ["interactive", "batch"])
@pytest.mark.parametrize("name", ["alice", "bob"])
def test_what_a_lost_node_was_asked_is_answered_by_another(told, name, priority):
    assert told["during"][f"{name}, {priority}"] == told["before"][name]
    assert told["after"][name] == told["before"][name]


@pytest.mark.parametrize("priority", ["interactive", "batch"])
def test_an_expert_that_must_be_on_the_lost_node_says_so(told, priority):
    pairs = zip(told["during"][f"bound, {priority}"], told["before"]["bound"], strict=True)
    unanswered = [text for text, before in pairs if text != before]  # others came before the loss
    assert all("its machine was lost, and no node is zone=lost" in text for text in unanswered)
    assert all("no node is zone=lost" in text for text in told["after"]["bound"])


def test_an_expert_is_back_when_its_node_is(told):
    assert told["again"] == told["before"]["bound"]


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ("gpus", "3 replicas x 1 GPU need 3 GPUs; the cluster has 1 node with 1 GPU"),
        ("parallel", "1 replica x 2 GPUs on one node needs 2 GPUs; the cluster has 1 node with 1"),
        ("node", "no node is zone=nowhere; nodes are"),
    ],
)
def test_what_the_cluster_lacks_is_named_before_anything_starts(told, wanted, why):
    assert why in told["refused"][wanted]
