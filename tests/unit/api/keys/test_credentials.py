import pytest

from api.keys.credentials import Sealed, digest, new_id, new_token, opens, parsed, sealed

NOW = 1000.0
ID = new_id()
TOKEN = new_token(ID)


def test_a_token_opens_what_was_sealed_of_it_and_no_other_does():
    seals = (sealed(TOKEN),)
    assert opens(TOKEN, seals, NOW)
    assert not opens(new_token(ID), seals, NOW)
    assert not opens(TOKEN, (), NOW)


def test_a_token_tells_its_id():
    assert parsed(TOKEN)[0] == ID


@pytest.mark.parametrize(
    "odd",
    [
        "",
        "none",
        TOKEN + "x",
        TOKEN[:-1],
        " " + TOKEN,
        TOKEN + "\n",
        TOKEN.upper(),
        "convene__",
        ID,
    ],
)
def test_what_is_no_token_is_not_looked_up(odd):
    assert parsed(odd) is None


def test_what_is_kept_is_no_credential():
    seal = sealed(TOKEN)
    for kept in (
        seal.hash,
        seal.salt,
        f"convene_{ID}_{seal.hash}",
        f"convene_{ID}_{seal.hash:.43}",
    ):
        assert not opens(kept, (seal,), NOW)
        assert kept not in TOKEN


def test_the_same_token_is_never_sealed_the_same_way():
    assert sealed(TOKEN).hash != sealed(TOKEN).hash


def test_an_old_seal_counts_until_its_time():
    seals = (sealed(new_token(ID)), sealed(TOKEN, until=NOW))
    assert opens(TOKEN, seals, NOW - 1)
    assert not opens(TOKEN, seals, NOW)


def test_a_seal_that_anyone_could_write_opens_nothing():
    assert not opens(TOKEN, (Sealed("00" * 16, "00" * 32),), NOW)


def test_a_digest_names_all_of_a_token():
    assert digest(TOKEN) != digest(TOKEN[:-1] + ("A" if TOKEN[-1] != "A" else "B"))
    assert len(digest(TOKEN)) == 32
