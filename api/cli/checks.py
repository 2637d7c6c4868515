"""Whether an expert can work, told from its card and its files, before anything is started."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import assert_never

from experts.cards import Card, HostedCard, RecordedCard, ScriptedCard, VllmCard
from experts.engines.families import families, tokenizer_of
from experts.engines.weights import TOKENIZER_FILES, cut_off, read_json, shapes
from experts.errors import RecordingError, RegistryError
from experts.recorded import Shelf


@dataclass(frozen=True, slots=True)
class Finding:
    """What is to be said of one expert. It works unless there are problems."""

    expert: str
    kind: str
    family: str | None = None  # the engine it shares, for a local model
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def works(self) -> bool:
        return not self.problems


def checked(cards: Mapping[str, Card]) -> list[Finding]:
    """A finding per card, in the order of the file."""
    findings = [_finding(name, card) for name, card in cards.items()]
    sound = {
        finding.expert: card
        for finding in findings
        if finding.works and isinstance(card := cards[finding.expert], VllmCard)
    }
    try:
        of = {expert: group.name for group in families(sound) for expert in group.experts}
    except RegistryError as error:  # each is right by itself, but not beside the others
        return [replace(f, problems=(str(error),)) if f.expert in sound else f for f in findings]
    return [replace(finding, family=of.get(finding.expert)) for finding in findings]


def _finding(name: str, card: Card) -> Finding:
    match card:
        case VllmCard():
            problems, notes = tuple(_of_local(name, card)), tuple(_fetched(card))
        case HostedCard():
            problems, notes = tuple(_of_hosted(card)), tuple(_unkeyed(card))
        case RecordedCard():
            problems, notes = tuple(_of_recorded(name, card)), ()
        case ScriptedCard():
            problems, notes = tuple(_of_scripted(card)), ()
        case _:
            assert_never(card)
    return Finding(name, card.kind, problems=problems, notes=notes)


def _of_local(name: str, card: VllmCard) -> Iterator[str]:
    folder = Path(card.model)
    try:
        if folder.is_dir():
            yield from _incomplete(folder)
        tokenizer = Path(tokenizer_of(card))
        if tokenizer.is_dir() and not any((tokenizer / file).is_file() for file in TOKENIZER_FILES):
            yield f"{tokenizer} has no tokenizer: none of {', '.join(TOKENIZER_FILES)}"
        families({name: card})
    except (ValueError, RegistryError) as error:
        yield str(error)


def _incomplete(folder: Path) -> Iterator[str]:
    if read_json(folder / "config.json") is None:
        yield f"{folder} has no config.json; is it a model's folder?"
    index = read_json(folder / "model.safetensors.index.json") or {}
    files = sorted(set(index.get("weight_map", {}).values()))
    yield from (f"{folder} lacks {file}" for file in files if not (folder / file).is_file())
    if shapes(folder) is None:
        yield f"{folder} has no weights: no *.safetensors"
    yield from (f"{path} is cut off" for path in folder.glob("*.safetensors") if cut_off(path))


def _fetched(card: VllmCard) -> Iterator[str]:
    for name in dict.fromkeys((card.model, tokenizer_of(card), card.adapter)):
        if name is not None and not Path(name).is_dir():
            yield f"{name} is not a folder here; it is fetched from its hub when first started"


def _of_hosted(card: HostedCard) -> Iterator[str]:
    if card.api_key is not None and not card.api_key.get_secret_value().strip():
        yield "its api_key is empty; set the environment variable it is taken from"
    if card.base_url is None:
        yield from _of_provider(card)


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
