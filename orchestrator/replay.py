"""The replay driver: recorded answers instead of engines, through the same deliberation."""

from experts.recordings import Recording
from experts.types import Answer, Cause, Failure, Reply, Usage
from orchestrator.answers import final_answer
from orchestrator.deliberation import Ask, Deliberation, Done
from orchestrator.policies import Policy, voting
from orchestrator.types import Verdict
from routing.profile import Graded
from routing.types import Question, Route


def question_of(recording: Recording) -> Question:
    """The question without its answers."""
    return Question(recording.question, recording.options, recording.id, recording.category)


def replay(recording: Recording, route: Route, policy: Policy) -> Verdict:
    """The verdict these recorded replies lead to. Raises `PanelFailed` where none is recorded.

    Nobody can write from recorded replies, so where an aggregator would, the vote decides."""
    deliberation = Deliberation(route, voting(policy), recording.options)
    while True:
        match deliberation.step():
            case Ask(experts):
                for expert in experts:
                    deliberation.tell(_reply(recording, expert))
            case Done(verdict):
                return verdict


def score_of(recording: Recording, expert: str) -> float | None:
    """How right the expert was, 0..1: the file's own score, else its answer against gold.
    None where the file cannot tell."""
    recorded = recording.replies.get(expert)
    if recorded is None:
        return None if recording.gold is None else 0.0
    if recorded.score is not None:
        return recorded.score
    if recording.gold is None:
        return None
    answer = final_answer(recorded.answer or recorded.text or "", recording.options)
    return float(answer is not None and answer == gold_of(recording))


def gold_of(recording: Recording) -> str | None:
    """The right answer in the form verdicts have."""
    if recording.gold is None:
        return None
    return final_answer(recording.gold, recording.options)


def as_evidence(recording: Recording) -> Graded:
    """The recording as evidence: who was how right."""
    scores = ((expert, score_of(recording, expert)) for expert in recording.replies)
    known = tuple((expert, score) for expert, score in scores if score is not None)
    return Graded(recording.question, recording.category, known)


def _reply(recording: Recording, expert: str) -> Reply:
    recorded = recording.replies.get(expert)
    if recorded is None:
        return Failure(expert, Cause.REJECTED, "the file holds no reply of this expert")
    if recorded.answer is None and recorded.text is None and recorded.score is not None:
        text = f"(a reply of {expert})"  # only its score is known: it agrees with no other
    else:
        text = recorded.answer or recorded.text or ""
    return Answer(expert, text, Usage(cost_usd=recorded.cost_usd))
