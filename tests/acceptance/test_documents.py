"""What README and examples show works as shown."""

import asyncio
import contextlib
import re
import shlex
import sys
import textwrap
from itertools import takewhile
from pathlib import Path

import pytest
import typer
import yaml

from api.cli import app
from api.settings import Settings
from experts.registry import load
from tests.acceptance.commands import ROOT, Ran, convene, serving

README = (ROOT / "README.md").read_text("utf-8")
KEYS = {"OPENAI_API_KEY": "none", "ANTHROPIC_API_KEY": "none"}
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))


PAGES = [ROOT / "README.md", ROOT / "deploy" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
GUIDES = [ROOT / "docs" / f"{task}.md" for task in ("hosted", "local", "adapters", "production")]


def blocks(language: str, text: str = README) -> list[str]:
    found = re.findall(rf"^ *```{language}\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)
    return [textwrap.dedent(block) for block in found]


def commands(text: str) -> list[str]:
    """The commands of ours in its shell blocks, each on one line."""
    lines = "\n".join(blocks("sh", text)).replace("\\\n", " ").splitlines()
    return [line for line in lines if re.match(r"(\w+=\S* )*convene ", line)]


def parse(command: str) -> None:
    """Parses it as the shell and we would, and runs nothing."""
    words = shlex.split(command, comments=True)
    words = [*takewhile(lambda word: word not in ("|", ">", "&", "&&"), words)]
    ours, words = typer.main.get_command(app), words[words.index("convene") + 1 :]
    while hasattr(ours, "commands"):
        name, *words = words
        ours = ours.commands[name]
    ours.make_context("convene", words)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_registry_is_a_valid_one(path: Path):
    assert load(path, Settings, KEYS).experts


@pytest.mark.parametrize("text", blocks("yaml"), ids=["registry"])
def test_the_registry_in_the_readme_is_a_valid_one(text: str, tmp_path: Path):
    path = tmp_path / "convene.yaml"
    path.write_text(text, "utf-8")
    assert load(path, Settings, KEYS).aggregator == "remote"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_that_a_page_shows_is_one_of_ours(page: Path, tmp_path: Path):
    shown = commands(page.read_text("utf-8"))
    assert shown or page not in (ROOT / "README.md", *GUIDES)
    with contextlib.chdir(tmp_path):  # parsing looks at the files that would be written
        for command in shown:
            parse(command)


def test_a_command_with_a_word_too_many_is_found_out():
    with pytest.raises(Exception, match="unexpected"):
        parse("convene status now")


@pytest.mark.parametrize(
    "text",
    [block for guide in GUIDES for block in blocks("yaml", guide.read_text("utf-8"))],
    ids=lambda text: text.split()[1],
)
def test_a_registry_in_a_guide_is_a_valid_one(text: str, tmp_path: Path):
    for folder in re.findall(r"\./[a-z/]+", text):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    path = tmp_path / "convene.yaml"
    path.write_text(text, "utf-8")
    assert load(path, Settings, KEYS).experts


def test_every_page_is_listed_and_every_link_leads_somewhere():
    index = (ROOT / "docs" / "README.md").read_text("utf-8")
    listed = set(re.findall(r"\]\(([\w.]+)\)", index))
    assert {page.name for page in (ROOT / "docs").glob("*.md")} - {"README.md"} <= listed
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


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
