"""The replay driver: recorded answers instead of engines, through the same deliberation."""

from experts.recordings import Recording
from experts.types import Answer, Cause, Failure, Reply, Usage
from orchestrator.agreement import Likeness, representatives
from orchestrator.deliberation import Ask, Compare, Deliberation, Done
from orchestrator.lessons import UNTAUGHT, Lessons
from orchestrator.policies import Policy, voting
from orchestrator.types import Verdict
from routing.types import Route

UNKNOWN = Likeness()


def replay(
    recording: Recording,
    route: Route,
    policy: Policy,
    lessons: Lessons = UNTAUGHT,
    likeness: Likeness = UNKNOWN,
) -> Verdict:
    """The verdict these recorded replies lead to. Raises `PanelFailed` where none is recorded.

    `likeness` is what a comparer found out about the recording's `open_answers`; without it,
    answers are the same by what is written alone. Nobody can write from recorded replies, so
    where an aggregator would, the vote decides."""
    deliberation = Deliberation(route, voting(policy), recording.options, lessons)
    while True:
        match deliberation.step():
            case Ask(experts):
                for expert in experts:
                    deliberation.tell(_reply(recording, expert))
            case Compare(answers):
                deliberation.tell_alike(representatives(answers, likeness))
            case Done(verdict):
                return verdict


def _reply(recording: Recording, expert: str) -> Reply:
    recorded = recording.replies.get(expert)
    if recorded is None:
        return Failure(expert, Cause.REJECTED, "the file holds no reply of this expert")
    if recorded.answer is None and recorded.text is None and recorded.score is not None:
        text = f"(a reply of {expert})"  # only its score is known: it agrees with no other
    else:
        text = recorded.answer or recorded.text or ""
    return Answer(expert, text, Usage(cost_usd=recorded.cost_usd))
