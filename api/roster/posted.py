"""Cards that came by the API: checked as the registry file is, and closed to what is the machine's.

A posted card names no environment variable, no file and no local engine, and reaches a model only
at the address it says itself.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from api.roster.errors import BadCard
from api.settings import Settings
from experts.cards import Card, HostedCard, Name
from experts.complaints import Key, complaint
from experts.strict import Strict

KINDS = ("hosted", "scripted")
ELSEWHERE = {
    "vllm": "engines are laid out when the service starts: list it in the registry file, restart",
    "recorded": "reads a file of this machine: list it in the registry file",
}


class Alone(Strict):
    """A card before it is looked at beside the others."""

    experts: dict[Name, Card]


@dataclass(frozen=True, slots=True)
class Posted:
    """A card as it was posted, and when."""

    name: str
    fields: Mapping[str, Any]
    at: float  # seconds since 1970

    @property
    def card(self) -> Card:
        """Raises `BadCard`."""
        return checked(self.name, self.fields)


def packed(posted: Posted) -> str:
    return json.dumps({"card": dict(posted.fields), "at": posted.at})


def unpacked(name: str, text: str | bytes) -> Posted:
    kept = json.loads(text)
    return Posted(name, kept["card"], kept["at"])


def checked(name: str, fields: Mapping[str, Any]) -> Card:
    """The card, or `BadCard` with all complaints that the registry file would give."""
    kind = fields.get("kind")
    if isinstance(kind, str) and kind in ELSEWHERE:
        raise BadCard("card.kind", ELSEWHERE[kind])
    if any("${" in text for text in _texts(fields)):
        raise BadCard("card", "variables (${NAME}) are read in the registry file alone")
    data = {"experts": {name: dict(fields)}}
    try:
        card = Alone.model_validate(data).experts[name]
    except ValidationError as error:
        raise _bad(error, data) from error
    if isinstance(card, HostedCard) and card.base_url is None:
        raise BadCard(
            "card.base_url",
            "is required here: models that are reached with keys of this machine's environment are "
            "listed in the registry file",
        )
    return card


def with_posted(file: Settings, posted: Iterable[Posted]) -> tuple[Settings, dict[str, str]]:
    """The registry file's settings with these experts too, and why some are left out."""
    cards: dict[str, Card] = dict(file.experts)
    left_out: dict[str, str] = {}
    for each in posted:
        if each.name in file.experts:
            left_out[each.name] = "the registry file has an expert of this name"
            continue
        try:
            joined = amended(file, {**cards, each.name: each.card})
        except BadCard as error:
            left_out[each.name] = str(error)
        else:
            cards = dict(joined.experts)
    return amended(file, cards), left_out


def amended(settings: Settings, cards: Mapping[str, Card]) -> Settings:
    """The settings with these experts; raises `BadCard` where they do not go together."""
    fields = {name: getattr(settings, name) for name in type(settings).model_fields}
    try:
        return Settings.model_validate({**fields, "experts": dict(cards)})
    except ValidationError as error:
        problem = error.errors()[0]
        raise BadCard(_posted_key(problem["loc"]), problem["msg"]) from error


def _bad(error: ValidationError, data: Mapping[str, Any]) -> BadCard:
    schema = Alone.model_json_schema()
    complaints = [complaint(problem, data, schema) for problem in error.errors()]
    named = [(_posted_key(key), words) for key, words in complaints]
    (param, words), *others = named
    return BadCard(param, "; ".join([words, *(f"{at}: {told}" for at, told in others)]))


def _posted_key(key: Key) -> str:
    """What of `{"name", "card"}` a key of the settings is; experts.NAME is the name's fault."""
    inside, posted = key[2:], key[:1] == ("experts",)
    if not posted:
        return ".".join(map(str, key))
    return ".".join(map(str, ("card", *inside))) if inside else "name"


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield str(key)
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
