"""The bodies of requests, and what they mean to the orchestrator."""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)
from pydantic_core import PydanticCustomError

from api.running import Service, named
from experts.types import Message, Prompt, Sampling
from orchestrator.types import Request

LONGEST_TEXT = 100_000  # characters over all messages
INT64 = 2**63 - 1


def problem(kind: Any, message: str, at: str) -> PydanticCustomError:
    """A complaint about the key `at` of the object being checked."""
    return PydanticCustomError(kind, message.replace("{", "{{").replace("}", "}}"), {"at": at})


class Body(BaseModel):
    """Strict, and closed; null means not given. `neutral` lists parameters of OpenAI's API that
    cannot be honoured, each with the values that ask for nothing and are dropped."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
    neutral: ClassVar[dict[str, tuple[Any, ...]]] = {}

    @model_validator(mode="before")
    @classmethod
    def _only_what_can_be_honoured(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        given = {name: item for name, item in value.items() if item is not None}
        for name, neutral in cls.neutral.items():
            if name in given and given.pop(name) not in neutral:
                raise problem("unsupported_parameter", "is not supported; leave it out", name)
        return given


def _whole(value: str) -> str:
    """JSON can carry half an emoji, which no tokenizer, log or database takes."""
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise PydanticCustomError("invalid_value", "is not valid Unicode text") from error
    return value


def _text_only(value: Any) -> Any:
    if isinstance(value, str) and value != "text":
        raise PydanticCustomError(
            "unsupported_parameter", "experts read text only; send parts of type 'text'"
        )
    return value


WHOLE = AfterValidator(_whole)


def _shape(value: Any) -> str:
    return "<list>" if isinstance(value, list) else "<text>"


class Part(BaseModel):
    """A piece of a message's content; hints such as `cache_control` beside it are ignored."""

    model_config = ConfigDict(frozen=True, strict=True)
    type: Annotated[Literal["text"], BeforeValidator(_text_only)]
    text: Annotated[str, WHOLE]


Content = Annotated[
    Annotated[str, WHOLE, Tag("<text>")] | Annotated[list[Part], Tag("<list>")],
    Discriminator(_shape),
]
Stop = Annotated[str, Field(min_length=1, max_length=1000), WHOLE]
Stops = Annotated[
    Annotated[Stop, Tag("<text>")] | Annotated[list[Stop], Field(max_length=4), Tag("<list>")],
    Discriminator(_shape),
]


class Turn(Body):
    """A message. What a client's library echoes of an assistant's turn is dropped."""

    neutral = {
        "tool_calls": ([],),
        "function_call": (),
        "refusal": (),
        "audio": (),
        "annotations": ([],),
    }
    role: Literal["system", "developer", "user", "assistant"]
    content: Content
    name: str | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, str):
            return self.content
        return "\n".join(part.text for part in self.content)  # parts are paragraphs, not syllables


class StreamOptions(Body):
    neutral = {"include_obfuscation": (False,)}
    include_usage: bool = False


class Answerable(Body):
    """What every way of asking has in common."""

    model: Annotated[str, Field(min_length=1, max_length=256), WHOLE] = "auto"


class ChatBody(Answerable):
    """OpenAI's chat completion request, as far as a panel can honour it."""

    neutral = {
        "audio": (),
        "frequency_penalty": (0,),
        "function_call": ("none", "auto"),
        "functions": ([],),
        "logit_bias": ({},),
        "logprobs": (False,),
        "modalities": (["text"],),
        "moderation": (),
        "parallel_tool_calls": (True, False),  # there are no tools to call
        "prediction": (),
        "presence_penalty": (0,),
        "reasoning_effort": (),
        "response_format": ({"type": "text"},),
        "service_tier": ("auto", "default"),
        "store": (False,),
        "tool_choice": ("none", "auto"),
        "tools": ([],),
        "top_logprobs": (0,),
        "verbosity": ("medium",),
        "web_search_options": (),
    }
    model: Annotated[str, Field(min_length=1, max_length=256), WHOLE]
    messages: Annotated[list[Turn], Field(min_length=1, max_length=1000)]
    temperature: Annotated[float | None, Field(ge=0, le=2)] = None
    top_p: Annotated[float | None, Field(gt=0, le=1)] = None
    max_tokens: Annotated[int | None, Field(ge=1, le=1_000_000)] = None
    max_completion_tokens: Annotated[int | None, Field(ge=1, le=1_000_000)] = None
    seed: Annotated[int | None, Field(ge=-INT64 - 1, le=INT64)] = None
    stop: Stops | None = None
    n: Literal[1] = 1
    stream: bool = False
    stream_options: StreamOptions | None = None
    user: Any = None  # this and the following are hints to somebody else's service
    metadata: Any = None
    safety_identifier: Any = None
    prompt_cache_key: Any = None
    prompt_cache_retention: Any = None

    @model_validator(mode="after")
    def _ends_with_a_question(self) -> Self:
        last = len(self.messages) - 1
        if all(turn.role != "user" for turn in self.messages):
            raise problem(
                "invalid_value", "has no message of role 'user'; ask something", "messages"
            )
        if self.messages[last].role != "user":
            at = f"messages.{last}.role"
            raise problem("invalid_value", "the last message must be the user's question", at)
        if not self.messages[last].text.strip():
            at = f"messages.{last}.content"
            raise problem("invalid_value", "the question is empty; ask something", at)
        return self

    @model_validator(mode="after")
    def _within_limits(self) -> Self:
        length = sum(len(turn.text) for turn in self.messages)
        if length > LONGEST_TEXT:
            message = f"{length} characters of text; at most {LONGEST_TEXT} are taken"
            raise problem("string_above_max_length", message, "messages")
        if self.stream_options is not None and not self.stream:
            raise problem("invalid_value", "is only for 'stream': true", "stream_options")
        return self

    @property
    def include_usage(self) -> bool:
        return self.stream_options is not None and self.stream_options.include_usage

    def request(self, service: Service) -> Request:
        messages = tuple(_message(turn) for turn in self.messages)
        return Request(Prompt(messages, self._sampling()), named(self.model, service))

    def _sampling(self) -> Sampling:
        stop = [self.stop] if isinstance(self.stop, str) else self.stop or []
        return Sampling(
            max_tokens=self.max_completion_tokens or self.max_tokens,
            temperature=Sampling().temperature if self.temperature is None else self.temperature,
            top_p=Sampling().top_p if self.top_p is None else self.top_p,
            seed=self.seed,
            stop=tuple(stop),
        )


class QuestionBody(Answerable):
    """A bare question, for a dry run of the routing."""

    question: Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT, pattern=r"\S"), WHOLE]
    options: Annotated[
        list[Annotated[str, Field(max_length=10_000), WHOLE]], Field(max_length=26)
    ] = []

    def request(self, service: Service) -> Request:
        return Request(Prompt.of(self.question), named(self.model, service), tuple(self.options))


def _message(turn: Turn) -> Message:
    return Message("system" if turn.role == "developer" else turn.role, turn.text)


def _kind(value: Any) -> str:
    return "<question>" if isinstance(value, dict) and "question" in value else "<chat>"


RouteBody = Annotated[
    Annotated[ChatBody, Tag("<chat>")] | Annotated[QuestionBody, Tag("<question>")],
    Discriminator(_kind),
]
