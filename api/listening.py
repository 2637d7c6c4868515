"""Where the server listens, and whether whoever reaches it there needs a key."""

import ipaddress
import socket
from enum import StrEnum

LOOPBACK = ("localhost", "127.0.0.1", "::1")
BACKLOG = 2048  # connections that may wait to be accepted


class CannotListen(Exception):  # noqa: N818 - named for the state it reports
    """The address cannot be used; says what to do."""


class Demand(StrEnum):
    """Who needs a key."""

    ALWAYS = "always"
    IF_ANY = "if any"  # everybody, once there is a key
    NEVER = "never"


def demand(host: str, *, insecure: bool) -> Demand:
    """Loopback does without keys while there are none; a host that others can reach does not,
    unless that is meant."""
    if insecure:
        return Demand.NEVER
    return Demand.IF_ANY if _loopback(host) else Demand.ALWAYS


def names(host: str, *, insecure: bool) -> frozenset[str] | None:
    """The names a client may call us by; None for any. On loopback there may be no keys, and a
    web page whose name points at us could ask."""
    if demand(host, insecure=insecure) is not Demand.IF_ANY:
        return None
    return frozenset({*LOOPBACK, host.lower()})


def listening(host: str, port: int) -> socket.socket:
    """A socket bound before anything is started, so that a taken port costs no start."""
    if not 0 <= port <= 65535:
        raise CannotListen(f"{port} is no port; choose a --port from 0 (any free one) to 65535")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named TCP, as event loops turn Nagle's delay (40 ms a reply) off only where they read that.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen(BACKLOG)
    except OSError as error:
        bound.close()
        raise CannotListen(
            f"cannot listen on {host}:{port}: {error.strerror}; choose another --port or --host"
        ) from error
    return bound


def url(bound: socket.socket) -> str:
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
