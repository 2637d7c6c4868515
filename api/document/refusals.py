"""Every status that refuses a request, and which endpoints may answer with it."""

from typing import Any

from api.document.schemas import STRING, Schema, of

Header = dict[str, Any]
REQUEST_ID = {"x-request-id": {"description": "Ours; the log has it.", "schema": STRING}}
RETRY_AFTER = {
    "retry-after": {
        "description": "Seconds after which asking again may help.",
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
    }
}
SHOULD_RETRY = {
    "x-should-retry": {
        "description": "`false` where asking the same again never helps.",
        "schema": {"const": "false"},
    }
}
CHALLENGE = {"www-authenticate": {"description": "`Bearer`.", "schema": STRING}}

# status: what it means, and the headers that may come with it
MEANINGS: dict[int, tuple[str, dict[str, Header]]] = {
    400: ("A parameter cannot be honoured; `param` names it.", {}),
    401: ("No key, or none that is known, current and whole.", CHALLENGE),
    403: ("The key's role does not reach this far.", {}),
    404: ("There is no such thing, or it is not yours.", {}),
    408: ("The body took too long to arrive.", {}),
    409: ("It is not in a state in which that can be done.", {}),
    413: ("The body is above the limit.", {}),
    415: ("The body is not JSON as it is: of another type, or compressed.", {}),
    421: ("A service on the loopback address was called by another name.", {}),
    429: ("The key's limits leave no room.", {**RETRY_AFTER, **SHOULD_RETRY}),
    500: ("A bug; the log has the reason under this request's id.", {}),
    502: (
        "No expert replied, or no embedding model; `convene.failures` says why.",
        {**RETRY_AFTER, **SHOULD_RETRY},
    ),
    503: (
        "Still starting, too much in flight, or what keys are checked by is away.",
        {**RETRY_AFTER, **SHOULD_RETRY},
    ),
    504: ("`convene.budget.seconds` were over before any reply.", SHOULD_RETRY),
}
ALWAYS = (421, 500)
KEYED = (401, 403, 503)  # of all that a key may be asked for
WITH_BODY = (400, 408, 413, 415)
FOUND = (404,)  # of what names something in its path or body
ASKING = (400, 404, 429, 502, 504)  # of what has experts work
EMBEDDING = (*FOUND, 429, 502)


def refusal(status: int) -> Schema:
    """One of the document's `components.responses`."""
    meaning, headers = MEANINGS[status]
    return {
        "description": meaning,
        "headers": {**REQUEST_ID, **headers},
        "content": {"application/json": {"schema": of("Error")}},
    }


def reference(status: int) -> Schema:
    return {"$ref": f"#/components/responses/Refusal{status}"}


REFUSALS = {f"Refusal{status}": refusal(status) for status in MEANINGS}
