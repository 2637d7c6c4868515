"""Sees to it that a reply is the JSON asked for: checked, asked for once more, or a failure."""

from collections.abc import Sequence
from dataclasses import replace

from experts.base import Expert
from experts.prompts import corrected
from experts.types import Answer, Cause, Failure, Prompt, Reply
from orchestrator.answers.structured import complaint, unfenced

QUOTED = 2000  # characters of a wrong reply that its expert is shown again


async def ask_shaped(expert: Expert, prompts: Sequence[Prompt]) -> list[Reply]:
    """The expert's replies. Where a format is asked for, an answer's text is JSON of that format,
    and its usage that of every try."""
    replies = await expert.ask(prompts)
    if all(prompt.sampling.format is None for prompt in prompts):
        return replies
    replies = list(replies)
    wrong = {
        place: told
        for place, (prompt, reply) in enumerate(zip(prompts, replies, strict=True))
        if (told := wrong_with(prompt, reply))
    }
    again = [place for place in wrong if _may_try_again(prompts[place])]
    if again:
        asked = [_again(prompts[place], replies[place], wrong[place]) for place in again]
        for place, second in zip(again, await expert.ask(asked), strict=True):
            replies[place] = _both(replies[place], second)
            wrong[place] = wrong_with(prompts[place], second)
    return [
        _settled(prompt, reply, wrong.get(place, ""))
        for place, (prompt, reply) in enumerate(zip(prompts, replies, strict=True))
    ]


def wrong_with(prompt: Prompt, reply: Reply) -> str:
    """What keeps a reply from being the JSON asked for; "" if nothing does that another try, or
    another way to ask, could mend."""
    wanted = prompt.sampling.format
    if wanted is None or _calls(reply):
        return ""
    if isinstance(reply, Answer):
        return complaint(reply.text, wanted)
    refused = reply.cause is Cause.REJECTED and "response_format" in reply.message
    return reply.message if refused else ""


def _calls(reply: Reply) -> bool:
    """Whether it asks for tools to be called: the JSON comes after their results."""
    return isinstance(reply, Answer) and bool(reply.calls)


def _may_try_again(prompt: Prompt) -> bool:
    wanted = prompt.sampling.format
    return wanted is not None and wanted.tries > 1


def _again(prompt: Prompt, reply: Reply, told: str) -> Prompt:
    """Told what is wrong; a backend that takes no such parameter is asked in words alone."""
    if isinstance(reply, Answer):
        return corrected(prompt, reply.text[:QUOTED], told)
    return replace(prompt, sampling=replace(prompt.sampling, format=None))


def _both(first: Reply, second: Reply) -> Reply:
    if not isinstance(second, Answer) or not isinstance(first, Answer):
        return second
    usage, seconds = first.usage + second.usage, first.seconds + second.seconds
    return replace(second, usage=usage, seconds=seconds)


def _settled(prompt: Prompt, reply: Reply, told: str) -> Reply:
    if prompt.sampling.format is None or not isinstance(reply, Answer) or reply.calls:
        return reply
    if told:
        cut = "; it was cut, permit more tokens" if reply.finish == "length" else ""
        message = f"the reply is not the JSON asked for: {told}{cut}"
        return Failure(reply.expert, Cause.REJECTED, message, reply.seconds)
    return replace(reply, text=unfenced(reply.text))
