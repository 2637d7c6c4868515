import io
import json

import pytest
from rich.console import Console

from api.cli.ask import answer, document, shown, summary
from api.cli.route import candidates, skills
from experts.types import Chunk
from orchestrator.errors import PanelFailed, UnknownModel
from orchestrator.types import Working
from tests.unit.api.scripted import ROUTE, ScriptedService, verdict


def rendered(part):
    console = Console(width=100, file=io.StringIO())
    console.print(part)
    return console.file.getvalue()


async def test_everything_said_is_shown_and_the_verdict_returned():
    service, seen = ScriptedService(), []

    async def listener(events):
        seen.extend(events)

    assert await answer(service, "why?", "convene/vote", listener) == verdict()
    assert (*seen, verdict()) == service.script
    assert service.asked[0].model == "vote"


@pytest.mark.parametrize(
    ("service", "model", "error"),
    [
        (ScriptedService((PanelFailed([]),)), "auto", PanelFailed),
        (ScriptedService(), "zed", UnknownModel),
    ],
    ids=["failed panel", "unknown model"],
)
async def test_what_goes_wrong_is_raised_for_main_to_tell(service, model, error):
    with pytest.raises(error):
        await answer(service, "why?", model, None)


@pytest.mark.parametrize("live", [True, False])
async def test_text_is_written_as_it_comes_only_if_live(capsys, live):
    with Console(quiet=True).status("starting") as status:
        show = shown(status, live=live)
        await show([Working("asking"), Chunk("half \ud83d")])
    assert capsys.readouterr().out == ("half ?" if live else "")


def test_a_verdict_is_summed_up_in_a_line_and_told_whole_as_json():
    assert "auto: ada, bob; by ada (vote), agreement 100%" in summary(verdict())
    assert json.loads(json.dumps(document(verdict())))["text"] == verdict().text


def test_a_route_says_who_and_why():
    assert "algebra 100%" in rendered(skills(ROUTE))
    table = rendered(candidates(ROUTE))
    assert "ada" in table
    assert "skill +0.900" in table
