from api.keys.headers import headers as written
from api.keys.limits import Level, Limit, Standing, Unit

NOW = 1000.0


def level(unit, text, used, seconds=30.2):
    return Level(Limit.written(unit, text), used, NOW + seconds)


def headers(standing, now):
    return {name.decode(): value.decode() for name, value in written(standing, now)}


def test_each_limited_unit_tells_limit_rest_and_reset():
    levels = (level(Unit.TOKENS, "100/day", 30), level(Unit.DOLLARS, "2.5/day", 1_000_000_000))
    assert headers(Standing(levels), NOW) == {
        "x-ratelimit-limit-tokens": "100",
        "x-ratelimit-remaining-tokens": "70",
        "x-ratelimit-reset-tokens": "31s",
        "x-ratelimit-limit-dollars": "2.5",
        "x-ratelimit-remaining-dollars": "1.5",
        "x-ratelimit-reset-dollars": "31s",
    }


def test_of_two_limits_the_one_nearer_to_its_end_is_told():
    minute = level(Unit.REQUESTS, "10/minute", 1)
    day = level(Unit.REQUESTS, "100/day", 99)
    told = headers(Standing((minute, day)), NOW)
    assert (told["x-ratelimit-limit-requests"], told["x-ratelimit-remaining-requests"]) == (
        "100",
        "1",
    )


def test_what_is_overdrawn_has_nothing_left():
    told = headers(Standing((level(Unit.TOKENS, "100/day", 130),)), NOW)
    assert told["x-ratelimit-remaining-tokens"] == "0"


def test_who_has_no_limits_is_told_none():
    assert headers(Standing(), NOW) == {}
