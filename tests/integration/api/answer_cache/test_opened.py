"""A registry file that has answers kept: what one process kept another finds."""

from api.build import opened
from api.settings import load_settings
from experts.types import Prompt
from orchestrator.types import Request

FILE = """
experts:
  ada: {kind: scripted, default: "The answer is 42."}
  ben: {kind: scripted, default: "The answer is 42, by far."}
service:
  data: data
  answer_cache: {seconds: 600}
"""
ASKED = Request(Prompt.of("What is 6 x 7?"), "vote", tenant="acme")


async def test_answers_outlive_the_service_until_its_experts_change(tmp_path):
    path, ages = tmp_path / "convene.yaml", []
    for text in (FILE, FILE, FILE.replace("by far", "nearly")):
        path.write_text(text)
        async with opened(load_settings(path)) as running:
            ages.append((await running.service.answer(ASKED)).age)
            ages.append((await running.service.answer(ASKED)).age)
    assert [age is None for age in ages] == [True, False, False, False, True, False]


async def test_without_the_setting_nothing_is_kept(tmp_path):
    path = tmp_path / "convene.yaml"
    path.write_text(FILE.replace("  answer_cache: {seconds: 600}\n", ""))
    async with opened(load_settings(path)) as running:
        for _ in range(2):
            assert (await running.service.answer(ASKED)).age is None
