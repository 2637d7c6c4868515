"""Turns a conversation into tokens, by the chat template of the expert that is asked."""

from collections.abc import Callable
from typing import Any

from experts.engines.generation import Request


class Templates:
    """Loads each tokenizer once. Owned by the engine's thread."""

    def __init__(self, tokenizer: str, load: Callable[[str], Any] | None = None) -> None:
        self._default = tokenizer  # of experts that bring none of their own
        self._load = load or _pretrained
        self._loaded: dict[str, Any] = {}

    def tokens(self, request: Request) -> list[int]:
        """The prompt as the model reads it. ValueError says why there is none."""
        tokenizer = self._tokenizer(request.tokenizer or self._default)
        messages = [{"role": m.role, "content": m.content} for m in request.messages]
        try:
            text = tokenizer.apply_chat_template(
                messages, tokenize=False, add_generation_prompt=True
            )
        except Exception as error:
            # Templates raise their own errors, for instance where they know no system role.
            raise ValueError(f"its chat template says: {error}") from error
        # The template writes the special tokens; a second set would be a different prompt.
        tokens: list[int] = tokenizer.encode(text, add_special_tokens=False)
        return tokens

    def _tokenizer(self, name: str) -> Any:
        if name not in self._loaded:
            self._loaded[name] = self._load(name)
        return self._loaded[name]


def _pretrained(name: str) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(name)
