"""Who has which seat of a panel: whoever was recruited, and those who stand in for them."""

from collections.abc import Sequence

from experts.types import Failure, Reply
from routing.types import Route


class Seating:
    """The seats of one route. Nobody has two, and an expert drawn twice has one."""

    def __init__(self, route: Route) -> None:
        self._stand_ins = route.stand_ins
        self._recruited = tuple(dict.fromkeys(route.panel))  # by seat
        self._seats = {expert: seat for seat, expert in enumerate(self._recruited)}
        self._failed: list[Failure] = []  # for now, whose seats nobody has taken yet

    def seat(self, reply: Reply) -> int:
        return self._seats[reply.expert]

    def tell(self, failure: Failure) -> None:
        """An expert failed; if that may pass, its seat can be taken."""
        if failure.cause.retryable:
            self._failed.append(failure)

    def close(self) -> None:
        """Nobody else takes a seat."""
        self._failed.clear()

    def taken(self) -> list[str]:
        """Those who take the seats of whoever failed, in order of seats."""
        others: list[str] = []
        if not self._failed:
            return others
        for failure in sorted(self._failed, key=self.seat):
            seat = self.seat(failure)
            chain = self._stand_ins.get(self._recruited[seat], ())
            other = next((other for other in chain if other not in self._seats), None)
            if other is not None:
                self._seats[other] = seat
                others.append(other)
        self._failed.clear()
        return others

    def replaced(self, replies: Sequence[Reply]) -> tuple[tuple[str, str], ...]:
        """Who failed, and who was asked in its seat, of those who replied."""
        if len(self._seats) == len(self._recruited):
            return ()
        asked = {reply.expert for reply in replies}
        return tuple(
            (self._recruited[seat], other)
            for other, seat in self._seats.items()
            if other != self._recruited[seat] and other in asked
        )

    def next_writer(self, failures: Sequence[Reply]) -> str | None:
        """Who writes a verdict after these could not; None: nobody else, or the last one's failure
        will not pass."""
        if (
            not failures
            or not isinstance(last := failures[-1], Failure)
            or not last.cause.retryable
        ):
            return None
        tried = {failure.expert for failure in failures}
        chain = self._stand_ins.get(failures[0].expert, ())
        return next((other for other in chain if other not in tried), None)
