import json

import pytest
from fastapi.exceptions import RequestValidationError

from api.batches.batch import Problem
from api.batches.line import read
from api.errors import Unfit
from experts.types import Cause, Failure
from orchestrator.errors import PanelFailed, UnknownModel
from tests.batches import line
from tests.unit.api.scripted import ScriptedService, verdict


def asked(number=7, *, tenant="acme", seed="batch_1", **more):
    found = read(number, json.dumps(line(number, **more)).encode(), seed, tenant)
    assert not isinstance(found, Problem)
    return found


def test_a_line_is_asked_as_the_endpoint_would_ask_it_for_its_tenant():
    request = asked(model="convene/vote", max_tokens=5).request(ScriptedService())
    assert (request.model, request.tenant, request.prompt.text) == ("vote", "acme", "Is it 7?")
    assert request.prompt.sampling.max_tokens == 5


def test_an_answer_is_told_in_openais_shape_and_counts_who_was_asked():
    found = asked().result(verdict())
    told = json.loads(found.text)
    assert told["custom_id"] == "q7"
    assert told["error"] is None
    assert told["response"]["status_code"] == 200
    assert told["response"]["body"]["choices"][0]["message"]["content"] == verdict().text
    assert (found.failed, found.experts) == (False, {"ada": 1, "bob": 1})
    assert (found.prompt_tokens, found.completion_tokens) == (20, 7)


def test_asking_again_gives_a_line_the_same_ids_and_no_other_line_those():
    def ids(found):
        told = found.result(verdict()).document
        return told["id"], told["response"]["request_id"], told["response"]["body"]["id"]

    assert ids(asked()) == ids(asked())
    others = [ids(asked(8)), ids(asked(seed="batch_2")), ids(asked())]
    assert len({id for three in others for id in three}) == 9


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"stream": True}, Unfit),
        ({"n": 2}, Unfit),
        ({"temperature": 9}, RequestValidationError),
        ({"messages": []}, RequestValidationError),
    ],
    ids=["stream", "n", "temperature", "messages"],
)
def test_a_body_that_cannot_be_honoured_costs_only_its_line(more, error):
    found = asked(**more)
    with pytest.raises(error) as raised:
        found.request(ScriptedService())
    result = found.result(raised.value)
    told = result.document["response"]
    assert result.failed
    assert told["status_code"] == 400
    assert told["body"]["error"]["param"] in more


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UnknownModel("x", ["ada"]), 404),
        (PanelFailed([Failure("ada", Cause.REJECTED, "no")]), 502),
    ],
    ids=["unknown model", "panel failed"],
)
def test_why_there_is_no_verdict_is_told_as_the_endpoint_tells_it(error, status):
    told = asked().result(error).document
    assert told["response"]["status_code"] == status
    assert told["response"]["body"]["error"]["message"] == str(error)


def test_a_line_that_nobody_came_to_says_why():
    told = asked().unanswered("batch_expired", "Too late.").document
    assert told["response"] is None
    assert told["error"] == {"code": "batch_expired", "message": "Too late."}
