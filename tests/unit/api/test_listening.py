import socket

import pytest

from api.listening import CannotListen, Demand, demand, listening, names, url


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.8.8"])
def test_loopback_answers_to_its_own_names_only(host):
    assert {"localhost", "127.0.0.1", "::1", host} == names(host, insecure=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.5", "example.org", "127.0.0.1.x", ""])
def test_a_host_that_others_reach_answers_to_any_name_and_needs_keys_always(host):
    assert names(host, insecure=False) is None
    assert demand(host, insecure=False) is Demand.ALWAYS


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "LOCALHOST"])
def test_loopback_needs_keys_once_there_are_any(host):
    assert demand(host, insecure=False) is Demand.IF_ANY


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_whoever_means_it_needs_no_keys(host):
    assert demand(host, insecure=True) is Demand.NEVER
    assert names(host, insecure=True) is None


def test_a_taken_port_is_told_before_anything_starts():
    with listening("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        assert url(first) == f"http://127.0.0.1:{port}"
        with pytest.raises(CannotListen, match="choose another --port"):
            listening("127.0.0.1", port)


def test_a_reply_is_sent_without_delay():
    with listening("127.0.0.1", 0) as bound:
        assert bound.proto == socket.IPPROTO_TCP  # what asyncio and uvloop look at


@pytest.mark.parametrize("port", [-1, 70_000])
def test_an_impossible_port_is_told(port):
    with pytest.raises(CannotListen):
        listening("127.0.0.1", port)
