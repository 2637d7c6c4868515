"""A file as it is kept, and as clients are told of it."""

import secrets
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class File:
    """Everything about a file but its bytes, which are the Redis list `content`."""

    id: str
    tenant: str
    name: str
    purpose: str
    bytes: int
    created: float  # seconds since 1970
    expires: float  # seconds since 1970
    content: str

    def packed(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def unpacked(cls, fields: dict[str, Any]) -> "File":
        return cls(**fields)


def new_id() -> str:
    """Too long to guess."""
    return f"file-{secrets.token_hex(16)}"


def document(file: File) -> dict[str, Any]:
    """The file in OpenAI's shape."""
    return {
        "id": file.id,
        "object": "file",
        "bytes": file.bytes,
        "created_at": int(file.created),
        "expires_at": int(file.expires),
        "filename": file.name,
        "purpose": file.purpose,
        "status": "processed",
    }
