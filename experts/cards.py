"""An expert's entry in the registry file, one pydantic model per kind."""

from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    SecretStr,
    StringConstraints,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
    model_validator,
)

from experts.paths import ExistingFile, ModelPath
from experts.patience import Hedge, Timeouts
from experts.strict import Strict, wrong
from experts.types import Ability, Usage

NAME = r"^[a-z0-9][a-z0-9._-]{0,63}$"
Name = Annotated[str, StringConstraints(pattern=NAME)]
# What the patterns of this file mean, for complaints.
PATTERNS = {
    NAME: (
        "a name has up to 64 lower-case letters, digits, '.', '_' and '-', "
        "and starts with a letter or digit"
    ),
    r"^https?://": "must start with http:// or https://",
}


class Price(Strict):
    """What a million tokens cost, in US dollars."""

    input: float = Field(0.0, ge=0, description="Dollars per million prompt tokens.")
    output: float = Field(0.0, ge=0, description="Dollars per million completion tokens.")

    def usage(self, prompt_tokens: int, completion_tokens: int) -> Usage:
        """These tokens with what they cost."""
        dollars = (prompt_tokens * self.input + completion_tokens * self.output) / 1e6
        return Usage(prompt_tokens, completion_tokens, dollars)


class BaseCard(Strict):
    """What every kind of expert says about itself."""

    description: str = Field("", description="What the expert is, in a sentence.")
    skills: tuple[str, ...] = Field((), description="Skills its maker claims; evidence overrules.")
    prompt: str | None = Field(None, description="System prompt that makes a model this expert.")
    max_tokens: int = Field(512, ge=1, description="Longest reply, in tokens.")
    seconds: float = Field(60.0, gt=0, description="Deadline of one reply, in seconds.")
    price: Price | None = Field(None, description="Dollars per million tokens, where known.")
    fallback: tuple[Name, ...] = Field(
        (),
        max_length=4,
        description="Who is asked in its place, in order, when it cannot answer for now.",
    )

    @property
    def abilities(self) -> frozenset[Ability]:
        """What it can do beside writing text."""
        return frozenset()


class Merge(Strict):
    """LoRA adapters that are added up into one, ahead of time."""

    adapters: dict[ModelPath, Annotated[float, Field(allow_inf_nan=False)]] = Field(
        min_length=1, description="Folder of a LoRA adapter on `model` -> its weight in the sum."
    )
    method: Literal["linear", "ties", "dare_linear"] = Field(
        "linear", description="The exact sum, or one from which conflicts or chance parts are cut."
    )
    density: float = Field(
        0.5, gt=0, lt=1, description="Share of each update that `ties` and `dare_linear` keep."
    )

    @field_validator("adapters", mode="wrap")
    @classmethod
    def _each_once(cls, value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        found = handler(value)
        if len(found) != len(value):
            raise ValueError("an adapter is named twice; keep one of them")
        return found


class VllmCard(BaseCard):
    """A local model on vLLM, served by an engine in a Ray actor."""

    kind: Literal["vllm"]
    model: ModelPath = Field(description="Folder (./, ../ or /) or hub name of the weights.")
    tokenizer: ModelPath | None = Field(None, description="Where it is not beside the weights.")
    adapter: ModelPath | None = Field(None, description="Folder of a LoRA adapter on `model`.")
    merge: Merge | None = Field(None, description="Adapters on `model` that are made into one.")
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    max_model_len: int | None = Field(None, ge=16, description="Context, in tokens.")
    gpus: float = Field(0, ge=0, description="GPUs per engine; 0 runs on CPU.")
    tensor_parallel: int = Field(1, ge=1, description="GPUs that share one copy of the model.")
    memory_gib: float = Field(1.0, gt=0, description="KV cache on CPU, in GiB.")
    replicas: int | None = Field(
        None, ge=1, description="Engines of its family; none: `cluster.engines`."
    )
    pinned: bool = Field(
        False, description="Keeps an engine to itself, whose weights never leave the device."
    )
    node: str | None = Field(
        None, description="Only there: a Ray node's id or address, or a label as key=value."
    )

    @field_validator("merge")
    @classmethod
    def _one_kind_of_adapter(cls, value: Merge | None, info: ValidationInfo) -> Merge | None:
        if value is not None and info.data.get("adapter") is not None:
            raise ValueError("beside `adapter`: keep one of them, or list that adapter in here")
        return value

    @property
    def abilities(self) -> frozenset[Ability]:
        return frozenset({Ability.LOGPROBS})


class HostedCard(BaseCard):
    """A model behind somebody's HTTP API."""

    kind: Literal["hosted"]
    model: str = Field(description="The model's name there; LiteLLM's name without base_url.")
    base_url: str | None = Field(
        None,
        pattern=r"^https?://",
        description="An OpenAI-compatible server, up to and with /v1. Without it LiteLLM is used.",
    )
    api_key: SecretStr | None = Field(None, description="Write ${NAME}, never the key itself.")
    concurrency: int = Field(32, ge=1, description="Most calls at once.")
    tools: bool = Field(True, description="Whether the model calls tools.")
    logprobs: bool = Field(True, description="Whether it tells how likely its tokens were.")
    timeouts: Timeouts = Field(
        default_factory=Timeouts, description="Deadlines of a streamed reply, within `seconds`."
    )
    hedge: Hedge | None = Field(
        None, description="A second call where one is slow to begin; none: no second call."
    )

    @property
    def abilities(self) -> frozenset[Ability]:
        has = {Ability.TOOLS: self.tools, Ability.LOGPROBS: self.logprobs}
        return frozenset(ability for ability, can in has.items() if can)


def calls_at_most(card: BaseCard) -> int:
    """Calls that are made at the same time for one reply."""
    return 2 if isinstance(card, HostedCard) and card.hedge is not None else 1


class RecordedCard(BaseCard):
    """Answers from a file of recorded replies."""

    kind: Literal["recorded"]
    file: ExistingFile = Field(description="JSON lines, plain or .gz: `question` and `replies`.")
    recorded_as: str | None = Field(None, description="Its name in the file, if another.")


class ScriptedCard(BaseCard):
    """Fixed answers, for tests and for trying things out."""

    kind: Literal["scripted"]
    replies: dict[str, str] = Field(default_factory=dict, description="Question -> reply.")
    default: str | None = Field(None, description="Reply to any other question; none: it fails.")
    delay: float = Field(0.0, ge=0, description="Seconds before each reply.")


Card = Annotated[VllmCard | HostedCard | RecordedCard | ScriptedCard, Field(discriminator="kind")]


class Cluster(Strict):
    """Where engines run."""

    address: str | None = Field(
        None, description="A running Ray cluster ('auto' or host:port); none: one on this machine."
    )
    engines: int = Field(1, ge=1, description="Engine processes per family of vllm experts.")
    max_wait: float = Field(
        2.0, gt=0, description="Seconds after which a waiting expert's weights are swapped in."
    )
    memory_gib: float | None = Field(
        None,
        gt=0,
        description="Memory of each node's engines that run on CPU, in GiB: weights and KV caches. "
        "Where not all fit, they take turns. None: no limit. GPUs limit themselves.",
    )
    host_memory_gib: float | None = Field(
        None,
        ge=0,
        description="Host memory of each node for weights that are not in use, in GiB; "
        "none: half of what is free, 0: weights are read from disk each time.",
    )


class Registry(Strict):
    """The experts of a registry file."""

    experts: dict[Name, Card] = Field(min_length=1, description="Name -> card.")
    cluster: Cluster = Field(default_factory=Cluster, description="Where engines run.")
    aggregator: Name | None = Field(
        None, description="The expert that writes verdicts; it is not recruited as a panellist."
    )

    @field_validator("aggregator")
    @classmethod
    def _aggregator_is_listed(cls, value: str | None, info: ValidationInfo) -> str | None:
        experts = info.data.get("experts")  # None: they are wrong themselves
        if value is not None and experts is not None and value not in experts:
            listed = ", ".join(sorted(experts))
            raise ValueError(f"{value!r} is not among the experts: {listed}")
        if value is not None and experts is not None and len(experts) == 1:
            raise ValueError(f"{value!r} is the only expert; list those whose replies it reads")
        return value

    @model_validator(mode="after")
    def _fallbacks_are_listed(self) -> "Registry":
        for name, card in self.experts.items():
            others = self.panellists.keys() - {name}
            for other in card.fallback:
                if other not in others:
                    listed = ", ".join(sorted(others)) or "nobody"
                    message = f"{other!r} cannot stand in; use some of {listed}"
                    raise wrong(("experts", name, "fallback"), message)
            if len(set(card.fallback)) != len(card.fallback):
                raise wrong(("experts", name, "fallback"), "names somebody twice; keep one")
        return self

    @property
    def panellists(self) -> dict[str, Any]:
        """The cards that may be recruited: all but the aggregator's."""
        return {name: card for name, card in self.experts.items() if name != self.aggregator}
