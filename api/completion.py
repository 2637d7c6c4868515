"""The documents of OpenAI's chat completion API, made from a verdict."""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from api.logprobs import logprobs
from experts.calls import written
from experts.types import Answer, CallPiece, Chunk, FinishReason, Token, Usage
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

    def piece(self, piece: Chunk) -> dict[str, Any]:
        """Of a verdict: of its text, of its calls of tools, or of both."""
        if not (piece.calls or piece.logprobs):
            return self.text(piece.text)
        said = {"content": piece.text} if piece.text or not piece.calls else {}
        called = {"tool_calls": [*map(delta, piece.calls)]} if piece.calls else {}
        return self._chunk({**said, **called}, tokens=piece.logprobs)

    def last(self, verdict: Verdict) -> dict[str, Any]:
        return {**self._chunk({}, ended(verdict)), "convene": self._story(verdict)}

    def usage(self, verdict: Verdict) -> dict[str, Any]:
        head = self._head("chat.completion.chunk")
        return {**head, "choices": [], "usage": counted(verdict)}

    def _story(self, verdict: Verdict) -> dict[str, Any]:
        return story(verdict) if self.explain else brief(verdict)

    def _chunk(
        self,
        delta: dict[str, Any],
        finish: FinishReason | None = None,
        tokens: Sequence[Token] = (),
    ) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": logprobs(tokens), "finish_reason": finish}
        usage = {"usage": None} if self.include_usage else {}
        return {**self._head("chat.completion.chunk"), "choices": [choice], **usage}

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}


def ended(verdict: Verdict) -> FinishReason:
    """Why the text ends: as the reply did whose text it is. A synthesis is nobody's reply."""
    replies = (reply for reply in verdict.replies if isinstance(reply, Answer))
    its = (verdict.author, verdict.text, verdict.tool_calls)
    return next((r.finish for r in replies if (r.expert, r.text, r.calls) == its), "stop")


def choice(index: int, verdict: Verdict) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": verdict.text, "refusal": None}
    if verdict.tool_calls:
        message |= {"content": verdict.text or None, "tool_calls": called(verdict)}
    ending = {"logprobs": logprobs(verdict.logprobs), "finish_reason": ended(verdict)}
    return {"index": index, "message": message, **ending}


def called(verdict: Verdict) -> list[dict[str, Any]]:
    """The calls of tools that a verdict asks for."""
    return [*map(written, verdict.tool_calls)]


def delta(piece: CallPiece) -> dict[str, Any]:
    """A piece of a call, as streams have it: the first has the call's id and its type."""
    named = {} if piece.name is None else {"name": piece.name}
    begun = {} if piece.id is None else {"id": piece.id, "type": "function"}
    return {"index": piece.index, **begun, "function": {**named, "arguments": piece.arguments}}


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
