"""Whether the address and the key of a card can be used at all, told before anything is sent."""

from pydantic import SecretStr
from yarl import URL

from experts.errors import RegistryError


def check(card: str, base_url: str | None, api_key: SecretStr | None) -> None:
    """Raises `RegistryError`; `card` is the card's place in the registry file."""
    url = URL(base_url or "https://without")
    if not url.host:
        raise RegistryError(f"{card}.base_url: has no host; write https://HOST/v1")
    if url.user is not None or url.password is not None:
        raise RegistryError(f"{card}.base_url: names a user; write the key under api_key")
    key = api_key.get_secret_value().strip() if api_key else ""
    if not (key.isascii() and (key.isprintable() or not key)):
        raise RegistryError(f"{card}.api_key: holds characters that no key has; check the variable")
