from api.telemetry.observers import Observers
from tests.finished import finished


def test_an_observer_that_breaks_costs_the_others_nothing(caplog):
    def breaks(_event):
        raise ValueError("a bug")

    told = []
    Observers(more=(breaks, told.append))(finished())
    assert told == [finished()]
    assert "an observer failed" in caplog.text
