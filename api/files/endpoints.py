"""/v1/files: hand in, list, look at, fetch and delete files."""

from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from starlette.requests import ClientDisconnect
from starlette.responses import StreamingResponse

from api.errors import HungUp, Unfit
from api.files.catalogue import Page, Wanted
from api.files.file import document
from api.files.form import Form
from api.files.store import Draft
from api.keys.visitor import tenant
from api.opening import AtDesk
from api.wire import Json

router = APIRouter(prefix="/v1/files")
PURPOSE = "batch"
SHORTEST, LONGEST = 3600, 2_592_000  # seconds that a client may have its file kept
FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file", "purpose"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "purpose": {"type": "string", "enum": [PURPOSE]},
                        "expires_after[anchor]": {"type": "string", "enum": ["created_at"]},
                        "expires_after[seconds]": {
                            "type": "integer",
                            "minimum": SHORTEST,
                            "maximum": LONGEST,
                        },
                    },
                }
            }
        },
    }
}


@router.post("", openapi_extra=FORM)
async def upload(desk: AtDesk, http: Request) -> Response:
    """Takes a file in, piece by piece."""
    form = Form(http.headers.get("content-type", ""))
    files = desk.files
    async with files.draft(files.limits.bytes) as draft:
        await _written(form, http, draft)
        fields = form.end()
        if fields.get("purpose") != PURPOSE:
            raise Unfit("purpose", f"must be {PURPOSE!r}; files are for batches")
        name = form.filename or "file"
        seconds = _kept(fields)
        whose = tenant(http.scope)
        file = files.named(draft.content, draft.bytes, whose, name, PURPOSE, seconds=seconds)
        await files.keep(draft, file)
    return Json(document(file))


@router.get("")
async def listed(
    desk: AtDesk,
    http: Request,
    after: Annotated[str | None, Query(max_length=100)] = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 10_000,
    order: Literal["asc", "desc"] = "desc",
    purpose: Annotated[str | None, Query(max_length=100)] = None,
) -> Response:
    """The tenant's files, those that batches wrote too."""
    wanted = Wanted(limit, after, order == "desc")
    page = await desk.files.catalogue.page(
        tenant(http.scope), wanted, lambda file: purpose in (None, file.purpose)
    )
    return Json(paged(page, [document(file) for file in page.items]))


@router.get("/{id}")
async def one(id: str, desk: AtDesk, http: Request) -> Response:
    """A file's name, size and purpose."""
    return Json(document(await desk.files.catalogue.find(id, tenant(http.scope))))


@router.delete("/{id}")
async def delete(id: str, desk: AtDesk, http: Request) -> Response:
    """Deletes a file and its bytes, for good."""
    file = await desk.files.catalogue.find(id, tenant(http.scope))
    await desk.files.delete(file)
    return Json({"id": id, "object": "file", "deleted": True})


@router.get("/{id}/content")
async def content(id: str, desk: AtDesk, http: Request) -> Response:
    """A file's bytes."""
    file = await desk.files.catalogue.find(id, tenant(http.scope))
    headers = {"content-length": str(file.bytes)}
    return StreamingResponse(
        desk.files.content(file), headers=headers, media_type="application/octet-stream"
    )


def paged(page: Page[Any], documents: list[dict[str, Any]]) -> dict[str, Any]:
    """A page in OpenAI's shape."""
    ids = [document["id"] for document in documents] or [None]
    return {
        "object": "list",
        "data": documents,
        "first_id": ids[0],
        "last_id": ids[-1],
        "has_more": page.more,
    }


async def _written(form: Form, http: Request, draft: Draft) -> None:
    try:
        chunks: AsyncIterator[bytes] = http.stream()
        async for chunk in chunks:
            for piece in form.feed(chunk):
                await draft.write(piece)
    except ClientDisconnect as error:
        raise HungUp("the client hung up while it sent a file") from error


def _kept(fields: Mapping[str, str]) -> float | None:
    """Seconds, where the client says so."""
    written = fields.get("expires_after[seconds]")
    if written is None:
        return None
    if fields.get("expires_after[anchor]") != "created_at":
        raise Unfit("expires_after[anchor]", "must be 'created_at'")
    if not (written.isdecimal() and SHORTEST <= int(written) <= LONGEST):
        raise Unfit("expires_after[seconds]", f"must be from {SHORTEST} to {LONGEST}")
    return float(written)
