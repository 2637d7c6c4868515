from experts.engines.generation import Piece, Refusal
from experts.engines.mailbox import Mailbox
from experts.engines.serving import Delivery
from experts.types import Cause

DONE = Piece("So.", 1, 1, "stop")
NO = Refusal(Cause.REJECTED, "no")


def test_a_call_has_arrived_when_every_prompt_has():
    box = Mailbox(2, streaming=False)
    box.put(Delivery("call", 1, DONE))
    assert not box.arrived.is_set()
    box.put(Delivery("call", 0, NO))
    assert box.arrived.is_set()
    assert box.outcomes(2, 5.0) == [NO, DONE]


def test_what_is_late_is_refused_and_the_rest_kept():
    box = Mailbox(2, streaming=False)
    box.put(Delivery("call", 1, DONE))
    late, kept = box.outcomes(2, 5.0)
    assert (late.cause, late.message) == (Cause.TIMEOUT, "no reply within 5 s")
    assert kept == DONE
    assert box.left == 1


def test_a_streams_pieces_arrive_one_by_one():
    box = Mailbox(1, streaming=True)
    box.put(Delivery("call", 0, Piece("a", 1, 1)))
    assert box.arrived.is_set()
    assert box.next() == Piece("a", 1, 1)
    assert box.left == 1


def test_pieces_that_came_together_are_one():
    box = Mailbox(1, streaming=True)
    for piece in (Piece("a", 1, 1), Piece("b", 1, 2), Piece("c", 1, 3, "length")):
        box.put(Delivery("call", 0, piece))
    assert box.next() == Piece("abc", 1, 3, "length")
    assert box.left == 0


def test_a_refusal_ends_a_stream_whatever_came_with_it():
    box = Mailbox(1, streaming=True)
    box.put(Delivery("call", 0, Piece("a", 1, 1)))
    box.put(Delivery("call", 0, NO))
    assert box.next() == NO
