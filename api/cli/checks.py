"""Whether experts can work and what they need, told before anything is started."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import assert_never

from pydantic import SecretStr

from api.cli import local_models
from api.cli.local_models import Known, demand_of, looked_up
from experts.cards import Card, HostedCard, RecordedCard, Registry, ScriptedCard, VllmCard
from experts.embedders import EmbedderCard, HostedEmbedderCard
from experts.engines.architectures import Supported, installed
from experts.engines.families import Family, families
from experts.engines.footprint import Footprint, misfit
from experts.engines.hub import Hub, HuggingFace, named
from experts.engines.kinship import NearMiss, near_misses
from experts.errors import RecordingError, RegistryError
from experts.recorded import Shelf


@dataclass(frozen=True, slots=True)
class Finding:
    """What is to be said of one expert. It works unless there are problems."""

    expert: str
    kind: str
    family: str | None = None  # the engine it shares, for a local model
    architecture: str | None = None
    memory: Footprint | None = None
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def works(self) -> bool:
        return not self.problems


@dataclass(frozen=True, slots=True)
class Sharing:
    """What the experts of one family have in common."""

    family: str
    experts: tuple[str, ...]
    bases: tuple[str, ...]
    adapters: int
    engines: int
    gpus: float  # of each engine
    swaps: int  # most that one engine makes in a round that asks all of these experts
    memory: Footprint | None  # of each engine
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a check finds."""

    experts: list[Finding]
    families: list[Sharing]
    near: list[NearMiss]

    @property
    def works(self) -> bool:
        return all(f.works for f in self.experts) and not any(s.problems for s in self.families)


def checked_here(registry: Registry, *, gpu_gib: float | None = None) -> Report:
    """With the vLLM that is installed here and the hub that this machine is set up for."""
    return checked(
        registry.experts,
        HuggingFace(),
        installed(),
        engines=registry.cluster.engines,
        gpu_gib=gpu_gib,
    )


def checked(
    cards: Mapping[str, Card],
    hub: Hub,
    supported: Supported | None,
    *,
    engines: int = 1,
    gpu_gib: float | None = None,  # of one GPU, where it is known
) -> Report:
    """A finding per card, in the order of the file, and how the local ones share engines."""
    local = {name: card for name, card in cards.items() if isinstance(card, VllmCard)}
    models = looked_up(local, hub, supported)
    findings = [_finding(name, card, models) for name, card in cards.items()]
    sound = {f.expert: models.cards[f.expert] for f in findings if f.works and f.expert in local}
    try:
        kinds = families(sound, lambda _: None)
    except RegistryError as error:  # each is right by itself, but not beside the others
        wrong = [replace(f, problems=(str(error),)) if f.expert in sound else f for f in findings]
        return Report(wrong, [], [])
    of = {expert: kind.name for kind in kinds for expert in kind.experts}
    return Report(
        [replace(finding, family=of.get(finding.expert)) for finding in findings],
        [_sharing(kind, models, engines, gpu_gib) for kind in kinds],
        near_misses(kinds, models.described),
    )


def _sharing(family: Family, models: Known, engines: int, gpu_gib: float | None) -> Sharing:
    memory = local_models.memory_of_family(family, models)
    wrong = ""
    if memory is not None:
        demand = demand_of(models.cards[family.experts[0]])
        wrong = misfit(memory, demand, gpu_gib=gpu_gib, cpu_gib=family.memory_gib)
    return Sharing(
        family=family.name,
        experts=family.experts,
        bases=tuple(named(base) for base in family.bases),
        adapters=len(family.adapters),
        engines=family.replicas or engines,
        gpus=family.gpus * family.tensor_parallel,
        swaps=len(family.bases) - 1,
        memory=memory,
        problems=(wrong,) if wrong else (),
    )


def _finding(name: str, card: Card, models: Known) -> Finding:
    if isinstance(card, VllmCard):
        return _local(name, card.kind, models)
    return checked_remote(name, card)


def checked_remote(name: str, card: HostedCard | RecordedCard | ScriptedCard) -> Finding:
    """Of an expert that runs elsewhere or needs no model. Asks nobody."""
    match card:
        case HostedCard():
            problems, notes = tuple(_of_hosted(card)), tuple(_unkeyed(card))
        case RecordedCard():
            problems, notes = tuple(_of_recorded(name, card)), ()
        case ScriptedCard():
            problems, notes = tuple(_of_scripted(card)), ()
        case _:
            assert_never(card)
    return Finding(name, card.kind, problems=problems, notes=notes)


def _local(name: str, kind: str, models: Known) -> Finding:
    return Finding(
        name,
        kind,
        architecture=local_models.architecture_of(name, models),
        memory=local_models.memory_of(name, models),
        problems=tuple(local_models.problems_of(name, models)),
        notes=tuple(local_models.notes_of(name, models)),
    )


def _of_hosted(card: HostedCard) -> Iterator[str]:
    yield from _of_key(card.api_key)
    if card.base_url is None:
        yield from _of_provider(card)


def checked_embedder(card: EmbedderCard) -> Iterator[str]:
    """What keeps an embedding model from working. Asks nobody."""
    if isinstance(card, HostedEmbedderCard):
        yield from _of_key(card.api_key)


def _of_key(api_key: SecretStr | None) -> Iterator[str]:
    if api_key is not None and not api_key.get_secret_value().strip():
        yield "its api_key is empty; set the environment variable it is taken from"


def _of_provider(card: HostedCard) -> Iterator[str]:
    from experts.hosted.litellm_backend import library

    litellm = library()
    try:
        litellm.get_llm_provider(card.model)
    except litellm.exceptions.BadRequestError:
        yield f"LiteLLM knows no provider of {card.model!r}; write provider/model, or a base_url"
        return
    if card.api_key is None:
        missing = litellm.validate_environment(card.model)["missing_keys"]
        yield from (f"{key} is not set" for key in missing if key.endswith("_KEY"))


def _unkeyed(card: HostedCard) -> Iterator[str]:
    if card.base_url is not None and card.api_key is None:
        yield f"no api_key: {card.base_url} must not ask for one"


def _of_recorded(name: str, card: RecordedCard) -> Iterator[str]:
    recorded_as = card.recorded_as or name
    try:
        names = Shelf.of(card.file).names
    except RecordingError as error:
        yield str(error)
        return
    if recorded_as not in names:
        yield f"{card.file} has no replies of {recorded_as!r}; it has {', '.join(sorted(names))}"


def _of_scripted(card: ScriptedCard) -> Iterator[str]:
    if not card.replies and card.default is None:
        yield "it has neither replies nor a default, so it can only fail"
