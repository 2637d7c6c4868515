"""Where the server listens: on this machine only, unless told otherwise."""

import ipaddress
import socket

LOOPBACK = ("localhost", "127.0.0.1", "::1")
BACKLOG = 2048  # connections that may wait to be accepted


class CannotListen(Exception):  # noqa: N818 - named for the state it reports
    """The address cannot be used; says what to do."""


def checked(host: str, *, insecure: bool) -> frozenset[str] | None:
    """The names a client may call us by; None for any. `CannotListen` for a host that others
    can reach, unless that is meant: there are no keys yet, so whoever reaches it can use it."""
    if insecure:
        return None
    if not _loopback(host):
        raise CannotListen(
            f"{host} can be reached from other machines, and this release has no keys to tell "
            "who may ask; use --host 127.0.0.1 behind a proxy that does, or --insecure if "
            "everyone who can reach it may"
        )
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
