"""What the document says of the app. That it is true the tests with random requests say."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from jsonschema import Draft202012Validator

from api.document.operations import OPERATIONS
from api.document.refusals import MEANINGS
from api.errors import TABLE
from orchestrator.story import brief, story
from tests.encoders import BagOfWords
from tests.unit.api.scripted import ScriptedService, app_of, client_of, verdict

DOCUMENT = app_of(ScriptedService()).openapi()
GUIDE = Path(__file__).parents[4] / "docs" / "api.md"
METHODS = {"get", "put", "post", "delete", "patch"}
HIDDEN = {"HEAD"}  # of health checks, which answer it as they do GET


def operations():
    for path, methods in DOCUMENT["paths"].items():
        for method, entry in methods.items():
            if method in METHODS:
                yield pytest.param(path, entry, id=f"{method} {path}")


def test_every_route_is_in_it():
    app = app_of(ScriptedService())
    served = {
        (method.lower(), route.path_format)
        for route in app.routes
        if isinstance(route, APIRoute)
        for method in route.methods - HIDDEN
    }
    listed = {(m, path) for path, methods in DOCUMENT["paths"].items() for m in methods}
    assert served == listed


def test_nothing_is_described_that_is_not_there():
    assert {path for _, path in OPERATIONS} <= DOCUMENT["paths"].keys()


@pytest.mark.parametrize(("path", "entry"), [*operations()])
def test_an_endpoint_has_a_tag_a_summary_and_an_answer_with_an_example(path, entry):
    assert set(entry["tags"]) <= {tag["name"] for tag in DOCUMENT["tags"]}
    assert entry["summary"]
    (good,) = [response for status, response in entry["responses"].items() if status < "3"]
    for kind, content in good["content"].items():
        assert "schema" in content or "itemSchema" in content
        assert "example" in content or kind in ("text/plain", "application/octet-stream")


@pytest.mark.parametrize(("path", "entry"), [*operations()])
def test_an_answers_example_is_as_its_schema_has_it(path, entry):
    for response in entry["responses"].values():
        for content in response.get("content", {}).values():
            if "schema" in content and "example" in content:
                schema = {**content["schema"], "components": DOCUMENT["components"]}
                Draft202012Validator(schema).validate(content["example"])


def test_the_document_and_the_guide_know_every_field_of_a_story():
    kept = replace(verdict(), age=1.0)
    described = DOCUMENT["components"]["schemas"]["Story"]
    assert {*story(kept)} == {*described["properties"]}
    assert {*brief(verdict())} == {*described["required"]}
    guide = GUIDE.read_text().partition("\n## The story\n")[2].partition("\n## ")[0]
    assert {*story(kept)} <= {*re.findall(r"`(\w+)`", guide)}


def test_no_schema_is_named_after_a_module():
    assert [name for name in DOCUMENT["components"]["schemas"] if "__" in name] == []


def test_every_status_of_an_error_is_explained():
    assert {entry.status for entry in TABLE.values()} - {499} <= MEANINGS.keys()


@pytest.mark.parametrize(("path", "entry"), [*operations()])
def test_an_endpoint_tells_its_refusals_and_who_may_ask(path, entry):
    keyed = path not in ("/healthz", "/readyz")
    assert entry["security"] == ([{"key": []}] if keyed else [])
    assert ("401" in entry["responses"]) == keyed
    assert "422" not in entry["responses"]
    if "requestBody" in entry:
        assert {"400", "408", "413", "415"} <= entry["responses"].keys()
    for response in entry["responses"].values():
        assert "$ref" in response or "x-request-id" in response["headers"]


def test_what_is_taken_beside_the_documented_fields_is_told():
    chat = DOCUMENT["components"]["schemas"]["ChatBody"]
    assert chat["additionalProperties"] == {"type": "null"}
    assert chat["properties"]["presence_penalty"] == {"enum": [0, None]}
    assert {"type": "null"} in chat["properties"]["n"]["anyOf"]
    assert "anyOf" not in chat["properties"]["messages"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        pytest.param(path, body, id=f"{path} {name}")
        for (_, path), operation in OPERATIONS.items()
        for name, body in operation.examples.items()
    ],
)
async def test_every_example_is_taken(path, body):
    service = ScriptedService(policies=("auto", "everyone"))
    async with client_of(app_of(service, encoder=BagOfWords())) as client:
        assert (await client.post(path, json=body)).status_code == 200
