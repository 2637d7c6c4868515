"""The page says what the report says, and stands alone."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from api.report import tables
from api.report.page import finding, images, page
from orchestrator.evaluation.outcomes import Kind
from tests.reports import priced, small_report

PARTS = ("policies", "reliability", "gaps", "heatmap", "similarity")


@pytest.fixture(scope="module")
def reports():
    import asyncio

    async def made():
        return {
            "plain": await small_report(),
            "frontier": await small_report(with_frontier=True),
            "priced": await small_report(recordings=priced(), with_frontier=True),
            "held out": await small_report("single", hold_out=["each"]),
        }

    return asyncio.run(made())


class Parts(HTMLParser):
    """Collects ids of sections, and whatever would be fetched."""

    def __init__(self):
        super().__init__()
        self.sections, self.fetched = [], []

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        if tag == "section":
            self.sections.append(named["id"])
        if tag in ("script", "link", "img", "iframe"):
            self.fetched.append(tag)


def parts(text):
    parser = Parts()
    parser.feed(text)
    return parser


@pytest.mark.parametrize("name", ["plain", "frontier", "priced", "held out"])
def test_the_page_has_its_parts_and_fetches_nothing(reports, name):
    found = parts(page(reports[name], "a title & more"))
    assert set(PARTS) <= set(found.sections)
    assert ("frontier-calls" in found.sections) == (name in ("frontier", "priced"))
    assert ("frontier-dollars" in found.sections) == (name == "priced")
    assert not found.fetched


def test_the_ids_of_charts_do_not_clash(reports):
    ids = re.findall(r'<(?:clipPath|path|g|use)[^>]* id="([mp][0-9a-f]{8,})"', page(
        reports["priced"], "x"))  # fmt: skip
    assert len(ids) == len(set(ids))


def test_the_title_is_text_not_markup(reports):
    assert "a &lt;b&gt; title" in page(reports["plain"], "a <b> title")


def test_the_page_is_the_same_again(reports):
    assert page(reports["frontier"], "x") == page(reports["frontier"], "x")


def test_every_method_and_budget_is_in_the_table(reports):
    text = page(reports["frontier"], "x")
    for method in reports["frontier"].frontier.methods:
        assert f"<td>{method.name}</td>" in text


def test_the_finding_says_who_is_above(reports):
    report = reports["frontier"]
    calls = report.frontier.calls
    first = calls.matches[0]
    worse = replace(first, kind=Kind.BASELINE, ours=replace(first.ours, difference=-0.1))
    ahead = tuple(replace(m, ours=replace(m.ours, difference=0.1)) for m in calls.matches)
    for matches, said in ((ahead, "no baseline is above it"), ((worse, *ahead), first.name)):
        turned = replace(report, frontier=replace(
            report.frontier, calls=replace(calls, matches=matches)))  # fmt: skip
        assert said in finding(turned, "auto")


def test_charts_can_be_shown_elsewhere(reports):
    assert set(images(reports["frontier"])) == {"frontier.svg", "heatmap.svg", "reliability.svg"}
    assert set(images(reports["plain"])) == {"heatmap.svg", "reliability.svg"}
    assert all(image.startswith("<svg") for image in images(reports["priced"]).values())


def test_the_terminal_has_a_table_for_policies_and_for_each_unit(reports):
    assert len(list(tables.of(reports["plain"]))) == 1
    assert len(list(tables.of(reports["frontier"]))) == 2
    assert len(list(tables.of(reports["priced"]))) == 3


def test_what_is_not_at_equal_calls_is_said_so(reports):
    results = reports["plain"].policies
    assert "more calls" in tables.over(results["everyone"])
    assert "calls" not in tables.over(results["single"])


def test_the_caption_tells_what_was_left_out(reports):
    assert "held out" in tables.caption(reports["held out"])
    assert "2 could not be graded" in tables.caption(replace(reports["plain"], skipped=2))
    assert "1 reported" in tables.caption(replace(reports["plain"], overlap=1))
