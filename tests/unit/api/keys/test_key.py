import json
from dataclasses import replace

from api.keys.credentials import new_token, opens, sealed
from api.keys.key import Role, document, packed, unpacked
from tests.keys import NOW, limits, made


def test_a_key_survives_being_kept():
    bound = limits(requests=["5/minute"], dollars=["2.5/day"], concurrent=2)
    key, _ = made(role=Role.ADMIN, limits=bound, expires=NOW + 5)
    assert unpacked(packed(key)) == key


def test_what_is_kept_and_told_holds_no_secret_and_what_is_told_no_hash():
    key, token = made()
    secret = token.removeprefix(f"convene_{key.id}_")
    assert secret not in packed(key)
    told = json.dumps(document(key))
    assert not any(part in told for part in (key.seals[0].hash, key.seals[0].salt, secret))


def test_a_key_is_usable_until_it_expires_or_is_revoked():
    key, _ = made(expires=NOW + 5)
    assert (key.state(NOW), key.state(NOW + 5)) == ("active", "expired")
    revoked = replace(key, revoked=NOW)
    assert (revoked.usable(NOW), revoked.state(NOW + 5)) == (False, "revoked")


def test_a_rotated_key_takes_the_old_secret_for_as_long_as_was_said():
    key, old = made()
    new = new_token(key.id)
    at_once, later = (key.rotated(sealed(new), NOW, overlap) for overlap in (0, 60))
    assert not opens(old, at_once.seals, NOW)
    assert opens(old, later.seals, NOW + 59)
    assert not opens(old, later.seals, NOW + 60)
    assert all(opens(new, rotated.seals, NOW + 99) for rotated in (at_once, later))


def test_a_second_rotation_ends_the_first_secret():
    key, old = made()
    twice = key.rotated(sealed("b"), NOW, 60).rotated(sealed("c"), NOW, 60)
    assert not opens(old, twice.seals, NOW)
    assert len(twice.seals) == 2
