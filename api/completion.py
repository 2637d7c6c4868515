"""The documents of OpenAI's chat completion API, made from a verdict."""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from experts.types import Answer, FinishReason, Usage
from orchestrator.story import brief, spent, story
from orchestrator.types import Verdict


@dataclass(frozen=True, slots=True)
class Completion:
    """One completion's identity, and the documents that carry it. `model` is as asked for."""

    model: str
    include_usage: bool = False
    explain: bool = True
    id: str = field(default_factory=lambda: f"chatcmpl-{secrets.token_hex(16)}")
    created: int = field(default_factory=lambda: int(time.time()))

    def whole(self, verdict: Verdict, choices: Sequence[Verdict] = ()) -> dict[str, Any]:
        """Of a verdict or, where there are several `choices`, of what they are together."""
        return {
            **self._head("chat.completion"),
            "choices": [choice(index, each) for index, each in enumerate(choices or [verdict])],
            "usage": counted(verdict),
            "convene": self._story(verdict),
        }

    def first(self) -> dict[str, Any]:
        return self._chunk({"role": "assistant", "content": ""})

    def text(self, text: str) -> dict[str, Any]:
        return self._chunk({"content": text})

    def last(self, verdict: Verdict) -> dict[str, Any]:
        return {**self._chunk({}, ended(verdict)), "convene": self._story(verdict)}

    def usage(self, verdict: Verdict) -> dict[str, Any]:
        head = self._head("chat.completion.chunk")
        return {**head, "choices": [], "usage": counted(verdict)}

    def _story(self, verdict: Verdict) -> dict[str, Any]:
        return story(verdict) if self.explain else brief(verdict)

    def _chunk(self, delta: dict[str, Any], finish: FinishReason | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        usage = {"usage": None} if self.include_usage else {}
        return {**self._head("chat.completion.chunk"), "choices": [choice], **usage}

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}


def ended(verdict: Verdict) -> FinishReason:
    """Why the text ends: as the reply did whose text it is. A synthesis is nobody's reply."""
    replies = (reply for reply in verdict.replies if isinstance(reply, Answer))
    text = (verdict.author, verdict.text)
    return next((r.finish for r in replies if (r.expert, r.text) == text), "stop")


def choice(index: int, verdict: Verdict) -> dict[str, Any]:
    message = {"role": "assistant", "content": verdict.text, "refusal": None}
    ending = {"logprobs": None, "finish_reason": ended(verdict)}
    return {"index": index, "message": message, **ending}


def counted(verdict: Verdict) -> dict[str, Any]:
    """OpenAI's usage, and beside it each expert's part."""
    parts = {name: _tokens(usage) for name, usage in spent(verdict).items()}
    return {**_tokens(verdict.usage), "experts": parts}


def _tokens(usage: Usage) -> dict[str, int]:
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
    }
