"""An expert whose card is known but which was not opened: it can be routed to, not asked."""

from collections.abc import AsyncIterator, Sequence

from experts.errors import BackendRejected
from experts.types import Ability, Chunk, Prompt, Reply


class Unopened:
    """Stands in a dry run for an expert whose engine or key would cost something."""

    def __init__(self, name: str, abilities: frozenset[Ability] = frozenset()) -> None:
        self.name = name
        self.abilities = abilities

    async def ask(self, prompts: Sequence[Prompt]) -> list[Reply]:
        return [self._refusal().failure(self.name, 0.0) for _ in prompts]

    async def stream(self, prompt: Prompt) -> AsyncIterator[Sequence[Chunk]]:
        raise self._refusal()
        yield  # makes this a generator

    def _refusal(self) -> BackendRejected:
        return BackendRejected(f"{self.name} was not opened: this is a dry run")
