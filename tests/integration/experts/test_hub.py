"""The real client of a hub, in a process of its own: it reads its settings when it is imported."""

import json
import os
import subprocess
import sys

import pytest

from tests import hub_server
from tests.tiny_models import sketch

NAMES = ["org/model", "org/gated", "org/none", "org/plain"]
ASK = """
import json, sys
from experts.engines.hub import HuggingFace
hub = HuggingFace(seconds=60)
found = hub.described(sys.argv[1:])
print(json.dumps({
    name: {
        "files": sorted(path.name for path in remote.folder.iterdir()) if remote.folder else None,
        "tensors": remote.tensors,
        "problem": remote.problem,
        "note": remote.note,
        "cached": str(hub.cached(name)),
    }
    for name, remote in found.items()
}))
"""


@pytest.fixture
def ask(tmp_path):
    for name in ("model", "gated"):
        folder = sketch(tmp_path / "org" / name, {}, tensors={"w": [2, 3]}, dtype="BF16")
        (folder / "tokenizer.json").write_text("{}")
    sketch(tmp_path / "org" / "plain", {})

    def ask(address, **environment):
        ended = subprocess.run(
            [sys.executable, "-c", ASK, *NAMES],
            env=os.environ
            | {"HF_ENDPOINT": address, "HF_HUB_CACHE": str(tmp_path / "cache")}
            | {"HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1", **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        return json.loads(ended.stdout), ended.stderr

    return ask


def test_a_hub_describes_models_without_giving_their_weights(tmp_path, ask):
    with hub_server.serving(tmp_path) as address:
        found, errors = ask(address)
    model, gated, none, plain = (found[name] for name in NAMES)
    assert model["files"] == ["config.json", "tokenizer.json"]
    assert model["tensors"] == {"w": ["BF16", [2, 3]]}
    assert (model["problem"], model["cached"]) == (None, "None")
    assert "org/gated is gated" in gated["problem"]
    assert "the hub has no org/none" in none["problem"]
    assert "no safetensors weights" in plain["note"]
    assert errors == ""


def test_a_hub_that_cannot_be_reached_is_a_remark(ask):
    found, _ = ask("http://127.0.0.1:1")
    assert {remote["problem"] for remote in found.values()} == {None}
    assert all("cannot be reached" in remote["note"] for remote in found.values())


def test_a_hub_is_not_asked_where_that_is_forbidden(tmp_path, ask):
    with hub_server.serving(tmp_path) as address:
        found, _ = ask(address, HF_HUB_OFFLINE="1")
    assert all("HF_HUB_OFFLINE" in remote["note"] for remote in found.values())
