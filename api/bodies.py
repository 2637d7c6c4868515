"""The bodies of requests, and what they mean to the orchestrator."""

from typing import Annotated, Any, ClassVar, Self

from pydantic import Discriminator, Field, Tag, model_validator

from api.conversation import LONGEST_TEXT, check
from api.formats import AsText, Format, wanted
from api.fusion import Fusion, asked_of
from api.running import Service
from api.steering import Steering
from api.strict import WHOLE, Body, problem
from api.tools import Offered, Only, Tooled
from api.turns import Turn, check_calls, shape
from experts.types import Prompt, Sampling
from orchestrator.types import Request

INT64 = 2**63 - 1
GREEDY = Sampling()

Stop = Annotated[str, Field(min_length=1, max_length=1000), WHOLE]
Stops = Annotated[
    Annotated[Stop, Tag("<text>")] | Annotated[list[Stop], Field(max_length=4), Tag("<list>")],
    Discriminator(shape),
]


class ChatStreamOptions(Body):
    neutral: ClassVar[dict[str, tuple[Any, ...]]] = {"include_obfuscation": (False,)}
    include_usage: bool = False


Question = Annotated[
    str, Field(min_length=1, max_length=LONGEST_TEXT, pattern=r"\S"), WHOLE
]  # as a text of its own


class Answerable(Body):
    """What every way of asking has in common."""

    model: Annotated[str, Field(min_length=1, max_length=256), WHOLE] = "auto"
    convene: Steering = Steering()

    @property
    def tries(self) -> int:
        """How often an expert is asked for JSON: what may be spent pays for no second try."""
        return 1 if self.convene.budget.dollars else 2


class Drawn(Answerable):
    """With a say in how replies are drawn."""

    temperature: Annotated[float | None, Field(ge=0, le=2)] = None
    top_p: Annotated[float | None, Field(gt=0, le=1)] = None

    @property
    def drawing(self) -> Sampling:
        return Sampling(
            temperature=GREEDY.temperature if self.temperature is None else self.temperature,
            top_p=GREEDY.top_p if self.top_p is None else self.top_p,
        )


class ChatBody(Tooled[Offered, Only], Drawn):
    """OpenAI's chat completion request, as far as a panel can honour it."""

    neutral: ClassVar[dict[str, tuple[Any, ...]]] = {
        "audio": (),
        "frequency_penalty": (0,),
        "function_call": ("none", "auto"),
        "functions": ([],),
        "logit_bias": ({},),
        "modalities": (["text"],),
        "moderation": (),
        "prediction": (),
        "presence_penalty": (0,),
        "reasoning_effort": (),
        "service_tier": ("auto", "default"),
        "store": (False,),
        "verbosity": ("medium",),
        "web_search_options": (),
    }
    model: Annotated[str, Field(min_length=1, max_length=256), WHOLE]
    messages: Annotated[list[Turn], Field(min_length=1, max_length=1000)]
    max_tokens: Annotated[int | None, Field(ge=1, le=1_000_000)] = None
    max_completion_tokens: Annotated[int | None, Field(ge=1, le=1_000_000)] = None
    seed: Annotated[int | None, Field(ge=-INT64 - 1, le=INT64)] = None
    stop: Stops | None = None
    n: Annotated[int, Field(ge=1, le=16)] = 1
    logprobs: bool = False
    top_logprobs: Annotated[int, Field(ge=0, le=20)] = 0
    response_format: Format = AsText(type="text")
    plugins: Annotated[list[Fusion], Field(max_length=1)] = Field(default_factory=list)
    stream: bool = False
    stream_options: ChatStreamOptions | None = None
    user: Any = None  # this and the following are hints to somebody else's service
    metadata: Any = None
    safety_identifier: Any = None
    prompt_cache_key: Any = None
    prompt_cache_retention: Any = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        check(self.messages)
        check_calls(self.messages)
        if self.top_logprobs and not self.logprobs:
            raise problem("invalid_value", "is only for 'logprobs': true", "top_logprobs")
        if self.stream_options is not None and not self.stream:
            raise problem("invalid_value", "is only for 'stream': true", "stream_options")
        if self.stream and self.n > 1:
            raise problem("invalid_value", "several samples cannot be streamed", "n")
        return self

    @property
    def include_usage(self) -> bool:
        return self.stream_options is not None and self.stream_options.include_usage

    def request(self, service: Service) -> Request:
        messages = tuple(turn.message for turn in self.messages)
        model, control = asked_of(self.model, self.plugins, self.convene, service)
        prompt = Prompt(messages, self._sampling(), toolbox=self.toolbox)
        return Request(prompt, model, control=control)

    def _sampling(self) -> Sampling:
        stop = [self.stop] if isinstance(self.stop, str) else self.stop or ()
        drawing = self.drawing
        return Sampling(
            max_tokens=self.max_completion_tokens or self.max_tokens,
            temperature=drawing.temperature,
            top_p=drawing.top_p,
            seed=self.seed,
            stop=tuple(stop),
            format=wanted(self.response_format, self.tries),
            logprobs=self.top_logprobs if self.logprobs else None,
        )


class QuestionBody(Answerable):
    """A bare question, for a dry run of the routing."""

    question: Question
    options: list[Annotated[str, Field(max_length=10_000), WHOLE]] = Field([], max_length=26)

    def request(self, service: Service) -> Request:
        model, control = asked_of(self.model, (), self.convene, service)
        return Request(Prompt.of(self.question), model, tuple(self.options), control)


def _kind(value: Any) -> str:
    return "<question>" if isinstance(value, dict) and "question" in value else "<chat>"


RouteBody = Annotated[
    Annotated[ChatBody, Tag("<chat>")] | Annotated[QuestionBody, Tag("<question>")],
    Discriminator(_kind),
]
