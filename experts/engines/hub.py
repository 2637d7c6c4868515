"""Models that are named by a hub: what of them lies in the local cache, and what the hub says."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from experts.cards import Merge, VllmCard
from experts.engines.weights import TOKENIZER_FILES, Tensor, Tensors, weight_files

SECONDS = 20.0  # for everything a check asks of a hub
AT_ONCE = 8  # models asked for at the same time
DESCRIBING = (
    *("config.json", "generation_config.json", "tokenizer_config.json", "adapter_config.json"),
    *TOKENIZER_FILES,
)
UNREACHED = "is not in the local cache, and its hub cannot be reached now"

Find = Callable[[str], Path | None]  # a hub's name -> the folder of its files


@dataclass(frozen=True, slots=True)
class Remote:
    """What a hub says of a model without its weights being fetched."""

    folder: Path | None = None  # with its configs and its tokenizer
    tensors: Tensors | None = None
    problem: str | None = None  # why it cannot be fetched, ever
    note: str | None = None  # why nothing is known of it now


class Hub(Protocol):
    """Where models come from."""

    def cached(self, name: str) -> Path | None:
        """The folder of a model whose weights are all here."""

    def described(self, names: Iterable[str]) -> Mapping[str, Remote]:
        """What can be told within a deadline of models that are not here."""


def cached(name: str, cache: Path | None = None) -> Path | None:
    """The local snapshot of a hub's model, if all its weights are in it.

    The cache is the one that huggingface_hub uses by itself, if no other is named.
    """
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    for file in ("config.json", "adapter_config.json"):
        try:
            found = try_to_load_from_cache(name, file, cache_dir=cache)
        except HFValidationError:  # no name that a hub could have
            return None
        if isinstance(found, str) and whole(folder := Path(found).parent):
            return folder
    return None


def whole(folder: Path) -> bool:
    """Whether a model's or an adapter's weights are all in its folder."""
    files = weight_files(folder)
    return bool(files) and all(path.is_file() for path in files)


def located(cards: Mapping[str, VllmCard], find: Find = cached) -> dict[str, VllmCard]:
    """The same cards, with folders in place of hub names wherever the files are here."""
    known: dict[str, str] = {}

    def place(name: str) -> str:
        if name not in known:
            known[name] = name if Path(name).is_dir() else str(find(name) or name)
        return known[name]

    return {name: _placed(card, place) for name, card in cards.items()}


def _placed(card: VllmCard, place: Callable[[str], str]) -> VllmCard:
    update: dict[str, Any] = {"model": place(card.model)}
    for key in ("tokenizer", "adapter"):
        if (value := getattr(card, key)) is not None:
            update[key] = place(value)
    if isinstance(merge := card.merge, Merge):
        adapters = {place(name): weight for name, weight in merge.adapters.items()}
        update["merge"] = merge.model_copy(update={"adapters": adapters})
    return card.model_copy(update=update)


def named(model: str) -> str:
    """A model's name for people: a snapshot's folder is called by a hash."""
    path = Path(model)
    if path.parent.name == "snapshots" and path.parts[-3].startswith("models--"):
        return path.parts[-3].removeprefix("models--").replace("--", "/")
    return model


class HuggingFace:
    """The hub that `huggingface_hub` is set up for. Unreachable is a remark, never an error."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds

    def cached(self, name: str) -> Path | None:
        return cached(name)

    def described(self, names: Iterable[str]) -> Mapping[str, Remote]:
        from huggingface_hub import constants

        wanted = list(dict.fromkeys(names))
        if constants.HF_HUB_OFFLINE:
            return dict.fromkeys(wanted, Remote(note="is not in the local cache (HF_HUB_OFFLINE)"))
        return described(wanted, _ask, self._seconds)


def described(
    names: list[str], ask: Callable[[str], Remote], seconds: float
) -> Mapping[str, Remote]:
    """Asks about each, some at a time; what has no answer by the deadline is said so."""
    late = Remote(note=f"is not in the local cache, and its hub did not tell all in {seconds:g} s")
    found: dict[str, Remote] = {}
    left = iter(names)
    turn = threading.Lock()

    def work() -> None:
        while True:
            with turn:
                name = next(left, None)
            if name is None:
                return
            found[name] = ask(name)

    # Daemons, because a library's call that hangs must not keep the command from ending.
    threads = [
        threading.Thread(target=work, name="ask the hub", daemon=True)
        for _ in range(min(AT_ONCE, len(names)))
    ]
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return {name: found.get(name, late) for name in names}


def _ask(name: str) -> Remote:
    from huggingface_hub import errors, snapshot_download
    from huggingface_hub.utils import disable_progress_bars

    disable_progress_bars()
    try:
        folder = Path(snapshot_download(name, allow_patterns=list(DESCRIBING)))
    except errors.GatedRepoError:
        return Remote(problem=f"{name} is gated: accept its licence on its hub and log in to it")
    except (errors.RepositoryNotFoundError, errors.HFValidationError):
        return Remote(problem=f"the hub has no {name}, or not for you: check its name, log in")
    except (errors.HTTPError, OSError, ValueError):
        return Remote(note=UNREACHED)
    return replace(_measured(name), folder=folder)


def _measured(name: str) -> Remote:
    from huggingface_hub import errors, get_safetensors_metadata

    try:
        files = get_safetensors_metadata(name).files_metadata.values()
    except errors.NotASafetensorsRepoError:
        return Remote(note="has no safetensors weights, so its memory cannot be told")
    except errors.SafetensorsParsingError as error:
        return Remote(problem=f"the weights of {name} on its hub cannot be read: {error}")
    except (errors.HTTPError, OSError, ValueError):
        return Remote(note="has weights on its hub that could not be asked about just now")
    return Remote(
        tensors={
            tensor: Tensor(str(info.dtype), tuple(info.shape))
            for file in files
            for tensor, info in file.tensors.items()
        }
    )
