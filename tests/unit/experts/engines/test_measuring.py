from experts.engines.costs import Ran, Read, Replied, Slept, Started, Swapped
from experts.engines.generation import Piece
from experts.engines.loading import Swap
from experts.engines.measuring import MOST_UNTOLD, WINDOW_SECONDS, Measuring


def test_what_was_told_is_not_told_again():
    measuring = Measuring()
    measuring.happened(Started(3.0))
    assert measuring.told() == [Started(3.0)]
    assert measuring.told() == []


def test_forward_passes_are_summed_over_a_while():
    measuring = Measuring()
    for _ in range(5):
        measuring.stepped(1, 10, WINDOW_SECONDS / 4)
    assert measuring.told() == [Ran(4, 40, WINDOW_SECONDS), Ran(1, 10, WINDOW_SECONDS / 4)]


def test_the_time_of_a_turn_without_a_forward_pass_is_not_counted():
    measuring = Measuring()
    measuring.stepped(0, 0, 30.0)
    measuring.stepped(1, 10, 0.5)
    assert measuring.told() == [Ran(1, 10, 0.5)]


def test_replies_are_summed_by_base():
    measuring = Measuring()
    for base, tokens in (("a", 5), ("b", 7), ("a", 9)):
        measuring.replied(base, Piece("", 2, tokens, "stop"))
    assert measuring.told() == [Replied("a", 2, 4, 14), Replied("b", 1, 2, 7)]
    assert measuring.told() == []


def test_a_swap_that_waited_for_the_disk_tells_both_times_apart():
    measuring = Measuring()
    measuring.swapped(Swap("a", "disk", 100, 5.0, read_seconds=4.0))
    assert measuring.told() == [Read(100, 4.0), Swapped(100, 1.0)]


def test_a_swap_of_what_was_read_ahead_took_its_own_time():
    measuring = Measuring()
    measuring.swapped(Swap("a", "read ahead", 100, 1.0, read_seconds=4.0))
    assert measuring.told() == [Read(100, 4.0), Swapped(100, 1.0)]


def test_a_swap_from_host_memory_tells_nothing_of_the_disk():
    measuring = Measuring()
    measuring.swapped(Swap("a", "held", 100, 1.0))
    assert measuring.told() == [Swapped(100, 1.0)]


def test_when_nobody_asks_the_oldest_is_forgotten():
    measuring = Measuring()
    measuring.happened(Started(3.0))
    for n in range(MOST_UNTOLD):
        measuring.happened(Slept(n))
    assert measuring.told() == [Slept(n) for n in range(MOST_UNTOLD)]
