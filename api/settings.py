"""The registry file as a whole: experts, and how this service uses them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from api.feedback.settings import FeedbackSettings
from experts import builtin
from experts.cards import Name, Registry
from experts.embedders import EmbedderCard
from experts.paths import FilePath, ModelPath
from experts.registry import load
from experts.strict import Strict, wrong
from orchestrator.plan import MOST_CALLS, MOST_EXPERTS
from orchestrator.policies import POLICIES

HOME = Path("~/.convene").expanduser()


class Routing(Strict):
    """Who should answer."""

    profile: FilePath | None = Field(
        None, description="What `convene profile` wrote: graded questions to route by."
    )
    encoder: ModelPath | None = Field(
        None,
        description="A sentence-transformers model; none: the all-MiniLM-L6-v2 installed here.",
    )
    tagger: Name | None = Field(
        None, description="An expert that names skills by keyword; none: by nearest questions."
    )
    seed: int = Field(0, description="Of policies that draw at random.")


class PanelSettings(Strict):
    """How the policy `auto` answers."""

    calls: float = Field(
        MOST_CALLS,
        ge=1,
        description="Most experts asked per question on average; chosen on evidence.",
    )
    size: int = Field(
        MOST_EXPERTS, ge=1, le=16, description="Most experts asked about one question."
    )
    confidence: float | None = Field(
        None,
        ge=0,
        le=1,
        description="Belief at which no further expert is asked; none: chosen on evidence.",
    )
    aggregator: Literal["vote", "synthesize", "none"] = Field(
        "vote", description="Who settles disagreement: a weighted vote, or the aggregator LLM."
    )
    exchange: float = Field(
        0.0,
        ge=0,
        le=1,
        description="Competence that a seat may lose to an expert whose weights are loaded already."
        " Above 0, a route depends on what is loaded and on who else asks: the same question may"
        " be answered by others another time.",
    )


class BatchSettings(Strict):
    """What files and batches may take."""

    file_mib: int = Field(200, ge=1, le=200, description="Largest file that may be handed in.")
    tenant_mib: int = Field(
        1024, ge=1, description="Memory of Redis that the files of one tenant may take."
    )
    days: int = Field(30, ge=1, le=365, description="How long files and results are kept.")
    at_once: int = Field(4, ge=0, le=100, description="Batches that one process works on.")


class AnswerCache(Strict):
    """Answers that are kept, each tenant's for itself."""

    seconds: float = Field(gt=0, le=30 * 24 * 3600, description="How long an answer is kept.")
    most: int = Field(
        10_000, ge=1, le=1_000_000, description="Most answers kept of one tenant; the oldest go."
    )


class ServiceSettings(Strict):
    """Where the service listens and keeps its state."""

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    redis: str | None = Field(
        None,
        pattern=r"^(redis|rediss|unix)://",
        description="A Redis server's address; none: a private one in `data`.",
    )
    data: FilePath = Field(Path(".convene"), description="Folder for state and caches.")
    key_grace: float = Field(
        60.0,
        ge=0,
        description="Seconds that a key which was verified is believed while Redis is away.",
    )
    response_days: float = Field(
        30.0, gt=0, le=3650, description="How long /v1/responses keeps a response."
    )
    response_mib: int = Field(
        256,
        ge=1,
        description="Most that it keeps of one tenant, in MiB; beyond that the oldest go.",
    )
    batches: BatchSettings = Field(
        default_factory=BatchSettings, description="What files and batches may take."
    )
    answer_cache: AnswerCache | None = Field(
        None,
        description="Gives who asks exactly the same again the answer from before; none: never.",
    )


class Settings(Registry):
    """Everything in `convene.yaml`."""

    embedders: dict[Name, EmbedderCard] = Field(
        default_factory=dict, description="Name -> embedding model, for POST /v1/embeddings."
    )
    routing: Routing = Field(default_factory=Routing, description="Who should answer.")
    panel: PanelSettings = Field(default_factory=PanelSettings, description="How `auto` answers.")
    feedback: FeedbackSettings = Field(
        default_factory=FeedbackSettings, description="What users' feedback teaches."
    )
    service: ServiceSettings = Field(
        default_factory=ServiceSettings, description="Where it listens and keeps state."
    )

    @model_validator(mode="after")
    def _named_experts_exist(self) -> "Settings":
        if shadowed := self.experts.keys() & POLICIES.keys():
            message = "is the name of a policy; give the expert another"
            raise wrong(("experts", min(shadowed)), message)
        if doubled := self.embedders.keys() & {*self.experts, *POLICIES, "encoder"}:
            message = "an expert, a policy or the router's encoder has this name; choose another"
            raise wrong(("embedders", min(doubled)), message)
        if self.routing.tagger is not None and self.routing.tagger not in self.experts:
            listed = ", ".join(sorted(self.experts))
            message = f"{self.routing.tagger!r} is not among the experts: {listed}"
            raise wrong(("routing", "tagger"), message)
        if self.panel.aggregator == "synthesize" and self.aggregator is None:
            message = "'synthesize' needs an LLM: name one under 'aggregator:'"
            raise wrong(("panel", "aggregator"), message)
        return self


def load_settings(path: Path | None, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of a registry file, or of the built-in specialists for None.

    Raises `RegistryError`, which names file, line and key.
    """
    if path is not None:
        return load(path, Settings) if environ is None else load(path, Settings, environ)
    settings = load(builtin.REGISTRY, Settings)
    service = settings.service.model_copy(update={"data": HOME})  # the package may be read-only
    return settings.model_copy(update={"service": service})
