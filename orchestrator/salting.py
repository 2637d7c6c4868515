"""What keeps tenants apart in an engine's prefix cache: a salt for each, which tells nobody whose.

Whoever finds work on a prefix done already learns from the time it takes that somebody asked with
the same beginning (Song et al. 2024, "The Early Bird Catches the Leak"). An engine keeps what it
read under the salt that came with it, and finds it under no other.
"""

import hashlib
import hmac
import secrets
from functools import lru_cache

_SECRET = secrets.token_bytes(32)  # of this process, as its engines are


@lru_cache(maxsize=4096)
def salt_of(tenant: str) -> str:
    """64 hexadecimal digits, whatever the tenant is called; "" where nobody is told apart."""
    if not tenant:
        return ""
    return hmac.new(_SECRET, tenant.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
