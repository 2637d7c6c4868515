"""Experts that call tools, and the calls that they make."""

from collections.abc import AsyncIterator, Sequence

from experts.scripted import ScriptedExpert
from experts.types import Ability, Answer, CallPiece, Chunk, Prompt, Token, Tool, Toolbox, ToolCall

WEATHER = Tool("weather", "What it is like there.", '{"type": "object"}')
TOOLBOX = Toolbox((WEATHER,))
PARIS = ToolCall("call_1", "weather", '{"city": "Paris"}')
LIMA = ToolCall("call_2", "weather", '{"city": "Lima"}')


class ToolUser(ScriptedExpert):
    """Gives its replies one after the other, the last of them for good; in pieces where it is
    streamed, tool arguments a character at a time."""

    abilities = frozenset(Ability)

    def __init__(self, name: str, *replies: str | tuple[ToolCall, ...], delay: float = 0.0) -> None:
        super().__init__(name, default="", delay=delay)
        self._left = list(replies)

    async def _said(self, prompt: Prompt) -> Answer:
        said = self._left.pop(0) if len(self._left) > 1 else self._left[0]
        if not isinstance(said, str):
            return Answer(self.name, "", finish="tool_calls", calls=said)
        wanted = prompt.sampling.logprobs is not None
        return Answer(self.name, said, logprobs=tuple(tokens(said)) if wanted else ())

    async def stream(self, prompt: Prompt) -> AsyncIterator[Sequence[Chunk]]:
        answer = await self._answer(prompt)
        for token in tokens(answer.text):
            yield [Chunk(token.text, logprobs=(token,) if answer.logprobs else ())]
        for index, call in enumerate(answer.calls):
            yield [Chunk("", calls=(CallPiece(index, "", call.id, call.name),))]
            for character in call.arguments:
                yield [Chunk("", calls=(CallPiece(index, character),))]
        yield [Chunk("", answer.finish, answer.usage)]


def tokens(text: str) -> list[Token]:
    """A token for each word."""
    return [Token(f"{word} ", -0.5, f"{word} ".encode()) for word in text.split()]


class Forecaster(ToolUser):
    """Says a word and asks for the weather of two places; with the results it says how it is."""

    def __init__(self, name: str, *, says: str = "I ask. ") -> None:
        super().__init__(name, says)
        self._says = says

    async def _said(self, prompt: Prompt) -> Answer:
        if prompt.messages[-1].role == "tool":
            return Answer(self.name, "It is mild. ")
        return Answer(self.name, self._says, finish="tool_calls", calls=(PARIS, LIMA))
