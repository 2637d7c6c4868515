"""The body of a request for a response, and what it means to the orchestrator."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)
from pydantic_core import PydanticCustomError

from api.bodies import Drawn, Question
from api.conversation import LONGEST_TEXT, check
from api.errors import Unfit
from api.formats import BY_KIND, AsJson, AsText, Schema, wanted
from api.fusion import asked_of
from api.responses.examples import ASKED
from api.responses.items import Item, Role, joined
from api.running import Service
from api.strict import WHOLE, Body
from api.turns import shape
from experts.types import Message, Prompt
from orchestrator.types import Request

MOST_ITEMS = 1000  # of a conversation
NOTHING_TO_INCLUDE = (  # of parts that our answers do not have
    "web_search_call.action.sources",
    "web_search_call.results",
    "code_interpreter_call.outputs",
    "computer_call_output.output.image_url",
    "file_search_call.results",
    "message.input_image.image_url",
    "reasoning.encrypted_content",
)


def _only(kinds: Sequence[str], otherwise: str) -> BeforeValidator:
    def checked(value: Any) -> Any:
        if isinstance(value, str) and value not in kinds:
            raise PydanticCustomError("unsupported_parameter", "{reason}", {"reason": otherwise})
        return value

    return BeforeValidator(checked)


class Part(BaseModel):
    """A piece of a message's content; what an answer's part has beside its text is ignored."""

    model_config = ConfigDict(frozen=True, strict=True)
    type: Annotated[
        Literal["input_text", "output_text"],
        _only(
            ("input_text", "output_text"),
            "experts read text only; send parts of type 'input_text'",
        ),
    ]
    text: Annotated[str, WHOLE]


class InputItem(Body):
    """A message. What is echoed of an earlier output may have an id, which is not looked at."""

    type: Annotated[
        Literal["message"],
        _only(("message",), "only messages are taken; send items of type 'message'"),
    ] = "message"
    role: Role
    content: Annotated[
        Annotated[str, WHOLE, Tag("<text>")]
        | Annotated[list[Part], Field(max_length=MOST_ITEMS), Tag("<list>")],
        Discriminator(shape),
    ]
    id: Any = None
    status: Any = None
    phase: Any = None

    @property
    def parts(self) -> tuple[str, ...]:
        if isinstance(self.content, str):
            return (self.content,)
        return tuple(part.text for part in self.content)

    @property
    def text(self) -> str:
        return joined(self.parts)

    @property
    def length(self) -> int:
        return len(self.text)


class BySchema(Schema):
    """As `response_format` has it, without its inner object."""

    type: Literal["json_schema"]


class TextConfig(Body):
    neutral: ClassVar[dict[str, tuple[Any, ...]]] = {"verbosity": ("medium",)}
    format: Annotated[
        Annotated[AsText, Tag("<text>")]
        | Annotated[AsJson, Tag("<json_object>")]
        | Annotated[BySchema, Tag("<json_schema>")],
        BY_KIND,
    ] = Field(default_factory=lambda: AsText(type="text"))


class StreamOptions(Body):
    neutral: ClassVar[dict[str, tuple[Any, ...]]] = {"include_obfuscation": (False,)}


Label = Annotated[str, Field(max_length=64), WHOLE]
Note = Annotated[str, Field(max_length=512), WHOLE]


class ResponseBody(Drawn):
    """OpenAI's request for a response, as far as a panel can honour it."""

    model_config = ConfigDict(json_schema_extra={"examples": [ASKED]})

    neutral: ClassVar[dict[str, tuple[Any, ...]]] = {
        "background": (False,),
        "context_management": ([],),
        "conversation": (),
        "moderation": (),
        "parallel_tool_calls": (True, False),  # there are no tools to call
        "prompt": (),
        "reasoning": ({}, {"effort": None}, {"effort": None, "summary": None}),
        "service_tier": ("auto", "default"),
        "tool_choice": ("none", "auto"),
        "tools": ([],),
        "top_logprobs": (0,),
        "truncation": ("disabled",),
    }
    input: Annotated[
        Annotated[Question, Tag("<text>")]
        | Annotated[list[InputItem], Field(min_length=1, max_length=MOST_ITEMS), Tag("<list>")],
        Discriminator(shape),
    ]
    instructions: Annotated[str | None, WHOLE] = None
    previous_response_id: Annotated[str | None, Field(min_length=1, max_length=256), WHOLE] = None
    text: TextConfig = Field(default_factory=TextConfig)
    max_output_tokens: Annotated[int | None, Field(ge=1, le=1_000_000)] = None
    metadata: Annotated[dict[Label, Note], Field(max_length=16)] = Field(default_factory=dict)
    store: bool = True
    stream: bool = False
    stream_options: StreamOptions | None = None
    include: list[Annotated[str, _only(NOTHING_TO_INCLUDE, "cannot be included")]] = Field(
        default_factory=list
    )
    user: Any = None  # this and the following are hints to somebody else's service
    safety_identifier: Any = None
    prompt_cache_key: Any = None
    prompt_cache_options: Any = None
    prompt_cache_retention: Any = None
    max_tool_calls: Any = None

    @model_validator(mode="after")
    def _ends_with_a_question(self) -> Self:
        if not isinstance(self.input, str):
            check(self.input, "input")
        return self

    @property
    def items(self) -> tuple[Item, ...]:
        """The input, as it will be kept."""
        if isinstance(self.input, str):
            return (Item.new("user", self.input),)
        return tuple(Item.new(item.role, *item.parts) for item in self.input)

    def request(self, conversation: Sequence[Item], service: Service) -> Request:
        """To answer a whole conversation, with these instructions. Raises `Unfit` if that is too
        long, and what chat raises."""
        length = len(self.instructions or "") + sum(len(item.text) for item in conversation)
        if length > LONGEST_TEXT or len(conversation) > MOST_ITEMS:
            at = "previous_response_id" if self.previous_response_id else "instructions"
            most = f"at most {LONGEST_TEXT} characters and {MOST_ITEMS} messages are taken"
            raise Unfit(at, f"the whole conversation is too long; {most}, instructions included")
        messages = [item.message for item in conversation]
        if self.instructions:
            messages.insert(0, Message("system", self.instructions))
        format_ = wanted(self.text.format, self.tries)
        sampling = replace(self.drawing, max_tokens=self.max_output_tokens, format=format_)
        model, control = asked_of(self.model, (), self.convene, service)
        return Request(Prompt(tuple(messages), sampling), model, control=control)
