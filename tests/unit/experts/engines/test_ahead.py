from experts.engines.ahead import Ahead
from experts.engines.pace import Mean
from tests.unit.experts.engines.test_switching import people, scene


class Reader:
    def __init__(self, read=()):
        self.told, self.read = [], set(read)

    def expect(self, bases):
        self.told.append(tuple(bases))

    def ready(self, base):
        return base in self.read


def looked(engine, *looks):
    ahead = Ahead(engine, Mean(5.0))
    for now, waiting in looks:
        ahead.look(scene({base: people(0) for base in waiting}, now=now))
    return ahead


def test_an_engine_is_told_only_when_other_bases_wait():
    engine = Reader()
    looked(engine, (1, "a"), (2, "ab"), (3, "b"), (4, "bc"), (5, "abc"), (6, "a"), (7, ""))
    assert engine.told == [("b",), ("b", "c"), ()]


def test_the_time_that_reading_takes_is_learned():
    engine = Reader()
    ahead = looked(engine, (1, "b"), (2, "b"))
    engine.read.add("b")
    ahead.look(scene({"b": people(0)}, now=4))
    ahead.look(scene({"b": people(0)}, now=9))
    assert ahead.read.value == 3.0


def test_what_is_there_already_says_nothing_about_reading():
    assert looked(Reader("bc"), (1, "b"), (2, "bc"), (3, "")).read.value == 5.0


def test_reading_that_is_given_up_is_not_counted():
    engine = Reader()
    ahead = looked(engine, (1, "b"), (2, ""))
    engine.read.add("b")
    ahead.look(scene({}, now=9))
    assert ahead.read.value == 5.0
