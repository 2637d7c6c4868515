"""A batch's end: its results become files, and it becomes what it ends as, in one step."""

from contextlib import aclosing, suppress
from itertools import chain

from api.batches import names
from api.batches.batch import Batch, Status, ended
from api.batches.desk import Desk
from api.batches.jsonl import numbered
from api.batches.lease import Lease
from api.batches.line import ChatLine, read
from api.files.errors import NoSuch
from api.files.file import File
from api.files.store import Draft

PURPOSE = "batch_output"
WHY = {
    Status.EXPIRED: (
        "batch_expired",
        "This request could not be executed before the completion window expired.",
    ),
    Status.CANCELLED: ("batch_cancelled", "The batch was cancelled before this request."),
    Status.FAILED: ("batch_failed", "The batch failed before this request."),
}


async def finish(desk: Desk, batch: Batch, lease: Lease) -> Batch:
    """May be tried again if it fails. Raises `LeaseLost`, or `NotNow` if the batch has ended."""
    counts = await desk.batches.counts(batch.id)
    async with desk.files.draft() as draft:
        await _failures(desk, batch, draft)
        await draft.flush()
        output = _file(desk, batch, "output", names.output(batch.id), counts.bytes)
        failures = _file(desk, batch, "errors", draft.content, draft.bytes)
        ids = [None if file is None else file.id for file in (output, failures)]
        files = [desk.files.put(file) for file in (output, failures) if file is not None]
        now = desk.batches.clock()
        return await desk.batches.change(
            batch.id, lambda b: ended(b, ids[0], ids[1], now), also=list(chain(*files)), lease=lease
        )


def _file(desk: Desk, batch: Batch, what: str, content: str, bytes: int) -> File | None:
    """None where there is nothing in it."""
    name = f"{batch.id}_{what}.jsonl"
    return desk.files.named(content, bytes, batch.tenant, name, PURPOSE) if bytes else None


async def _failures(desk: Desk, batch: Batch, draft: Draft) -> None:
    """The lines that failed, and those that nobody came to."""
    async with aclosing(desk.batches.errors(batch.id)) as errors:
        async for text in errors:
            await draft.write(text)
    if batch.total and (why := WHY.get(batch.ending)) is not None:
        with suppress(NoSuch):  # without the input nobody knows their names
            await _unanswered(desk, batch, draft, why)


async def _unanswered(desk: Desk, batch: Batch, draft: Draft, why: tuple[str, str]) -> None:
    done = await desk.batches.done(batch.id)
    file = await desk.files.catalogue.find(batch.input, batch.tenant)
    async with aclosing(desk.files.content(file)) as blocks:
        async for number, raw in numbered(blocks):
            line = None if number in done else read(number, raw, batch.id)
            if isinstance(line, ChatLine):
                await draft.write(f"{line.unanswered(*why).text}\n".encode())
