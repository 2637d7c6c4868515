from dataclasses import replace

from openai.types import Batch as OpenAIBatch

from api.batches.batch import Problem, Status, validated
from api.batches.progress import Counts, document, left, news
from tests.batches import batch
from tests.keys import NOW

AT_WORK = validated(batch(), 10, (), NOW)


def test_openais_client_reads_what_is_told():
    counts = Counts(completed=3, failed=1, prompt_tokens=20, completion_tokens=7)
    told = OpenAIBatch.model_validate(document(AT_WORK, counts), strict=True)
    assert (told.status, told.in_progress_at) == ("in_progress", int(NOW))
    assert told.expires_at == int(NOW) + 86_400
    assert told.request_counts.total == 10
    assert (told.request_counts.completed, told.request_counts.failed) == (3, 1)
    assert told.usage.total_tokens == 27


def test_what_is_wrong_with_a_file_is_told_line_by_line():
    found = validated(batch(), 0, (Problem("invalid_json_line", "no JSON", 3),), NOW)
    told = OpenAIBatch.model_validate(document(found, Counts()))
    assert (told.status, told.errors.data[0].line) == ("failed", 3)


def test_counts_are_read_with_who_was_asked():
    fields = {"completed": 2, "bytes": 9, "expert:ada": 3, "expert:failed": 1}
    assert Counts.of(fields) == Counts(2, 0, 9, experts={"ada": 3, "failed": 1})


def test_what_is_left_is_told_by_the_pace_since_the_batch_was_taken_up():
    counts = Counts(completed=5, failed=1)
    assert left(AT_WORK, counts, NOW + 30) == 20.0
    assert left(replace(AT_WORK, before=4), counts, NOW + 30) == 60.0
    assert left(AT_WORK, Counts(), NOW + 30) is None
    assert left(replace(AT_WORK, status=Status.CANCELLING), counts, NOW + 30) is None


def test_who_watches_is_told_who_was_asked():
    told = news(AT_WORK, Counts(completed=5, experts={"bob": 2, "ada": 5}), NOW + 30)
    assert told["convene"] == {"experts": {"ada": 5, "bob": 2}, "seconds_left": 30.0}
