"""Who can give what a request needs beside text: calls of tools, log probabilities."""

from collections.abc import Mapping
from dataclasses import replace

from experts.types import Ability
from orchestrator.errors import Unable
from orchestrator.policies import Policy

DOING = {Ability.TOOLS: "call tools", Ability.LOGPROBS: "tell log probabilities"}


def among_able(
    policy: Policy, needs: frozenset[Ability], abilities: Mapping[str, frozenset[Ability]]
) -> Policy:
    """The policy without those, of all who may be asked, who cannot do what is needed. Raises
    `Unable` where nobody can, and for log probabilities that no one expert's would be."""
    unable = sorted(name for name, can in abilities.items() if not needs <= can)
    lacking = [each for each in Ability if any(each in needs - can for can in abilities.values())]
    told = f"{', '.join(unable)} cannot {' and '.join(DOING[each] for each in lacking)}"
    if len(unable) == len(abilities):
        raise Unable(lacking[0], f"{told}; ask an expert that can")
    recruiting = policy.recruiting
    if Ability.LOGPROBS in needs and _asks_several(policy, len(abilities) - len(unable)):
        raise Unable(
            Ability.LOGPROBS,
            f"{policy.name} may ask several experts, whose verdict is no one model's text; "
            "name one expert as the model, or set convene.size to 1",
        )
    if not unable:
        return policy
    barred, notes = recruiting.barred | set(unable), (*recruiting.notes, told)
    return replace(policy, recruiting=replace(recruiting, barred=barred, notes=notes))


def _asks_several(policy: Policy, able: int) -> bool:
    match policy.recruiting.draw:
        case "everyone":
            return able > 1
        case "with_replacement":
            return policy.recruiting.size > 1
        case _:
            return min(policy.recruiting.size, able) > 1
