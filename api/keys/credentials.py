"""A key's secret: made once, shown once, kept as a salted hash."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

ID = r"[0-9a-f]{12}"
TOKEN = re.compile(rf"convene_(?P<id>{ID})_(?P<secret>[A-Za-z0-9_-]{{43}})")
SECRET_BYTES = 32  # too many to guess, so that a fast hash is a safe one
SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Sealed:
    """A secret that can be recognised and not be read. `until` is when it stops to count."""

    salt: str  # hex
    hash: str  # hex
    until: float | None = None  # seconds since 1970; None: as long as the key


def new_id() -> str:
    return secrets.token_hex(6)


def new_token(id: str) -> str:
    return f"convene_{id}_{secrets.token_urlsafe(SECRET_BYTES)}"


def parsed(token: str) -> tuple[str, str] | None:
    """(id, secret) of what looks like a token."""
    found = TOKEN.fullmatch(token)
    return (found["id"], found["secret"]) if found else None


def sealed(token: str, until: float | None = None) -> Sealed:
    """What is kept of a token."""
    salt = secrets.token_hex(SALT_BYTES)
    return Sealed(salt, _hash(salt, token), until)


def opens(token: str, seals: Sequence[Sealed], now: float) -> bool:
    """Whether the token is one of these. Takes as long for a wrong one as for a right one."""
    found = False
    for seal in seals or (NOBODYS,):
        same = hmac.compare_digest(_hash(seal.salt, token), seal.hash)
        found |= same and (seal.until is None or now < seal.until)
    return found and bool(seals)


def digest(token: str) -> bytes:
    """Names a token in a cache without holding it."""
    return hashlib.sha256(token.encode()).digest()


def _hash(salt: str, token: str) -> str:
    return hmac.new(bytes.fromhex(salt), token.encode(), hashlib.sha256).hexdigest()


NOBODYS = Sealed("00" * SALT_BYTES, "00" * 32)
