"""Server-sent events out of the bytes of a response, as the HTML standard parses them."""

import re

_LINE_END = re.compile(rb"\r\n|\n|\r")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
LONGEST_LINE = 1 << 20  # bytes


class Decoder:
    """Fed with bytes in any portions; gives the data of each event once it is complete.

    Comments, which servers send to keep a connection alive, give nothing. An event that the end
    of the stream cuts off gives nothing either.
    """

    def __init__(self) -> None:
        self._rest = b""  # of a line whose end has not come yet
        self._after_cr = False  # a line feed now belongs to a line that has ended already
        self._started = False
        self._data: list[str] = []

    def feed(self, portion: bytes) -> list[str]:
        """The data of the events that end in this portion. ValueError: a line without end."""
        if not portion:
            return []
        if self._after_cr:
            portion = portion.removeprefix(b"\n")
        self._after_cr = portion.endswith(b"\r")
        held = self._rest + portion
        *lines, self._rest = _LINE_END.split(held) if b"\r" in held else held.split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            raise ValueError(f"a line of more than {LONGEST_LINE} bytes")
        if lines and not self._started:
            self._started = True
            lines[0] = lines[0].removeprefix(_BYTE_ORDER_MARK)
        return self._ended(lines)

    def _ended(self, lines: list[bytes]) -> list[str]:
        """The data of the events that end in these lines."""
        events = []
        for line in lines:
            if line:
                name, _, value = line.partition(b":")
                if name == b"data":
                    self._data.append(value.removeprefix(b" ").decode(errors="replace"))
            elif self._data:
                events.append("\n".join(self._data))
                self._data.clear()
        return events
