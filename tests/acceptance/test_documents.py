"""What README and examples show works as shown."""

import asyncio
import re
import sys
from pathlib import Path

import pytest
import yaml

from api.settings import Settings
from experts.registry import load
from tests.acceptance.commands import ROOT, Ran, convene, serving

README = (ROOT / "README.md").read_text("utf-8")
KEYS = {"OPENAI_API_KEY": "none", "ANTHROPIC_API_KEY": "none"}
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))


def blocks(language: str, text: str = README) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_registry_is_a_valid_one(path: Path):
    assert load(path, Settings, KEYS).experts


@pytest.mark.parametrize("text", blocks("yaml"), ids=["registry"])
def test_the_registry_in_the_readme_is_a_valid_one(text: str, tmp_path: Path):
    path = tmp_path / "convene.yaml"
    path.write_text(text, "utf-8")
    assert load(path, Settings, KEYS).aggregator == "remote"


def test_every_command_in_the_readme_is_one_of_ours():
    shown = set(re.findall(r"^convene ([a-z]+)", "\n".join(blocks("sh")), re.MULTILINE))
    assert shown >= {"serve", "ask", "route", "batch", "profile"}
    from api.cli import app

    named = {c.name or c.callback.__name__ for c in app.registered_commands if c.callback}
    assert shown <= named | {group.name for group in app.registered_groups}


def test_every_make_target_in_the_documents_exists():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    texts = README + (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    for target in set(re.findall(r"`?make ([a-z]+)", texts)) - {"and"}:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_the_tree_in_the_readme_is_the_tree():
    for folder in re.findall(r"^(\w+)/ ", README, re.MULTILINE):
        assert (ROOT / folder).is_dir(), folder


async def test_the_scripted_example_is_answered_by_command_line():
    ran = await convene("ask", "What is two and two?", "-c", "scripted.yaml", "--json")
    assert ran.code == 0, ran.err
    assert '"answer": "4"' in ran.out


async def test_the_client_example_talks_to_a_served_registry():
    async with serving("-c", "scripted.yaml") as address:
        ran = await client(f"{address}/v1")
    assert ran.code == 0, ran.err
    whole, _, streamed = ran.out.strip().splitlines()
    assert whole == streamed
    assert "The answer is 4." in whole


@pytest.mark.parametrize("name", ["api.md", "batches.md"])
async def test_the_api_works_as_its_document_shows(name: str, tmp_path: Path):
    shown = "\n".join(blocks("python", (ROOT / "docs" / name).read_text("utf-8")))
    script = tmp_path / "shown.py"
    async with serving("-c", "scripted.yaml") as address:
        script.write_text(shown.replace("http://127.0.0.1:8000", address), "utf-8")
        ran = await python(script)
    assert ran.code == 0, ran.err


async def test_the_labelled_example_can_be_profiled_and_then_evaluated(tmp_path: Path):
    profile = tmp_path / "profile.jsonl.gz"
    ran = await convene("profile", "labelled.jsonl", "-o", profile, "-c", "scripted.yaml")
    assert ran.code == 0, ran.err
    registry = yaml.safe_load((ROOT / "examples/scripted.yaml").read_text("utf-8"))
    registry["routing"] = {"profile": str(profile)}
    path = tmp_path / "convene.yaml"
    path.write_text(yaml.safe_dump(registry), "utf-8")
    routed = await convene("route", "What is 3 plus 4?", "-c", path, "--json")
    assert routed.code == 0, routed.err
    assert '"panel"' in routed.out


async def client(base_url: str) -> Ran:
    return await python(ROOT / "examples/client.py", base_url)


async def python(*arguments: str | Path) -> Ran:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *map(str, arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    return Ran(process.returncode or 0, out.decode(), err.decode())


async def test_the_published_schema_is_the_one_that_is_checked():
    ran = await convene("schema")
    published = (ROOT / "docs/convene.schema.json").read_text("utf-8")
    assert ran.out == published, "run `make schema`"
