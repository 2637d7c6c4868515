"""From a registry to experts."""

import asyncio
import json

from experts.build import opened
from experts.cards import Registry
from experts.types import Prompt


async def test_experts_of_all_kinds_are_opened_in_the_registrys_order(tmp_path):
    file = tmp_path / "recorded.jsonl"
    file.write_text(json.dumps({"question": "Why?", "replies": {"bob": {"text": "recorded"}}}))
    cards = {
        "ada": {"kind": "scripted", "default": "scripted"},
        "bob": {"kind": "recorded", "file": file},
        "cyd": {"kind": "scripted", "default": "scripted too"},
        "dan": {"kind": "hosted", "model": "m", "base_url": "http://127.0.0.1:9/v1"},
    }
    registry = await asyncio.to_thread(Registry.model_validate, {"experts": cards})
    async with opened(registry) as experts:
        assert list(experts) == ["ada", "bob", "cyd", "dan"]
        assert all(name == expert.name for name, expert in experts.items())
        replies = [await experts[name].ask([Prompt.of("Why?")]) for name in ("ada", "bob", "cyd")]
    assert [reply.text for [reply] in replies] == ["scripted", "recorded", "scripted too"]
