"""The plugin `fusion`, in OpenRouter's words: these models answer, that one writes the verdict."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field

from api.errors import Unfit
from api.running import Service, named
from api.steering import Name, Steering
from api.strict import Body
from orchestrator.errors import UnknownModel
from orchestrator.types import Control

FUSION = "convene/fusion"
POLICY = "synthesize"  # what it is in our own words


class Fusion(Body):
    """Who answers and who writes. What is left out the router and the registry say."""

    id: Literal["fusion"]
    enabled: bool = True
    analysis_models: Annotated[list[Name], Field(min_length=1, max_length=8)] | None = None
    model: Name | None = None


def asked_of(
    model: str, plugins: Sequence[Fusion], steering: Steering, service: Service
) -> tuple[str, Control]:
    """The service's name for what is to answer, and what is asked of it. A fusion whose model is
    an expert has it write. Raises `UnknownModel`, `Unfit` or `Refused`."""
    plugin = next((plugin for plugin in plugins if plugin.enabled), None)
    fused = model in (FUSION, "fusion")
    if plugin is None and not fused:
        return steering.chosen(model, service), steering.control
    plugin = plugin or Fusion(id="fusion")
    if not fused and model not in service.experts:
        if named(model, service) not in service.policies:
            raise UnknownModel(model, [FUSION, *service.experts])
        raise Unfit("plugins.0", f"goes with the model {FUSION}, or an expert that writes")
    if steering.policy is not None:
        raise Unfit("convene.policy", "fusion is a way to answer itself; leave out one of them")
    if plugin.analysis_models and (steering.allow or steering.size):
        raise Unfit("plugins.0.analysis_models", "leave out `convene.allow` and `convene.size`")
    writer = plugin.model or (None if fused else model)
    return POLICY, _panel(plugin, _writing(writer, service), steering.control, service)


def _panel(plugin: Fusion, writer: str, control: Control, service: Service) -> Control:
    control = replace(control, writer=writer)
    models = plugin.analysis_models
    if models is None:
        return control
    for place, model in enumerate(models):
        _known(model, service.experts, f"plugins.0.analysis_models.{place}", service)
    if (most := Counter(models).most_common(1)[0])[1] > 1:
        raise Unfit("plugins.0.analysis_models", f"{most[0]} is named twice; name it once")
    return replace(control, allow=frozenset(models), size=len(models))


def _writing(writer: str | None, service: Service) -> str:
    """Who writes: the one that is named, else the aggregator, be it on the panel or not."""
    at = "plugins.0.model"
    if writer is not None:
        _known(writer, service.writers, at, service)
        return writer
    for name in service.writers:
        if name not in service.experts:
            return name
    raise Unfit(at, "no aggregator is registered; name the expert that is to write")


def _known(model: str, known: Sequence[str], at: str, service: Service) -> None:
    if model in (FUSION, "fusion") or named(model, service) in service.policies:
        raise Unfit(at, f"{model} asks experts itself; name an expert")
    if model not in known:
        raise UnknownModel(model, known, at)
