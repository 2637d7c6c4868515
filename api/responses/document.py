"""The documents of OpenAI's Responses API, made from a verdict."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from api.completion import ended
from api.refusing import document as error_document
from api.refusing import told
from api.responses.body import ResponseBody
from api.responses.items import Item, document, new_id
from experts.types import Usage
from orchestrator.story import brief, spent, story
from orchestrator.types import Verdict

CODES = {429: "rate_limit_exceeded", 400: "invalid_prompt"}  # of the few that clients know


@dataclass(frozen=True, slots=True)
class Draft:
    """One response's identity and what it is asked for, before and after there is a verdict."""

    body: ResponseBody
    id: str = field(default_factory=lambda: new_id("resp"))
    answer: Item = field(default_factory=lambda: Item.new("assistant"))
    created: int = field(default_factory=lambda: int(time.time()))

    def begun(self) -> dict[str, Any]:
        return self._document("in_progress", store=self.body.store)

    def answered(self, verdict: Verdict) -> Item:
        return replace(self.answer, parts=(verdict.text,))

    def finished(self, verdict: Verdict, lost: Sequence[str] = ()) -> dict[str, Any]:
        """`lost` says why it is not kept, although it should be."""
        verdict = replace(verdict, notes=(*verdict.notes, *lost))
        cut = ended(verdict) == "length"
        status = "incomplete" if cut else "completed"
        return {
            **self._document(status, store=self.body.store and not lost),
            "completed_at": None if cut else int(time.time()),
            "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
            "output": [document(self.answered(verdict), status)],
            "usage": counted(verdict),
            "convene": story(verdict) if self.body.convene.explain else brief(verdict),
        }

    def failed(self, error: Exception) -> dict[str, Any]:
        """Of a stream that cannot be finished; such a response is not kept."""
        reason = error_document(error)["error"]
        return {
            **self._document("failed", store=False),
            "error": {
                "code": CODES.get(told(error).status, "server_error"),
                "message": reason["message"],
            },
            "convene": reason.get("convene", {}),
        }

    def _document(self, status: str, *, store: bool) -> dict[str, Any]:
        body, sampling = self.body, self.body.drawing
        return {
            "id": self.id,
            "object": "response",
            "created_at": self.created,
            "completed_at": None,
            "status": status,
            "background": False,
            "error": None,
            "incomplete_details": None,
            "instructions": body.instructions,
            "max_output_tokens": body.max_output_tokens,
            "metadata": body.metadata,
            "model": body.model,
            "output": [],
            "parallel_tool_calls": True,
            "previous_response_id": body.previous_response_id,
            "store": store,
            "temperature": sampling.temperature,
            "text": {"format": body.text.format.model_dump(by_alias=True)},
            "tool_choice": "auto",
            "tools": [],
            "top_p": sampling.top_p,
            "truncation": "disabled",
            "usage": None,
        }


def counted(verdict: Verdict) -> dict[str, Any]:
    """The usage in this API's words, and beside it each expert's part. Nothing is told of caches
    and reasoning, which experts do not tell us of."""
    parts = {name: _tokens(usage) for name, usage in spent(verdict).items()}
    return {
        **_tokens(verdict.usage),
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": 0},
        "experts": parts,
    }


def _tokens(usage: Usage) -> dict[str, int]:
    return {
        "input_tokens": usage.prompt_tokens,
        "output_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
    }
