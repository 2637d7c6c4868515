"""A multipart form with a file in it, read as it comes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from api.errors import Unfit

LONGEST = 1000  # bytes of a field's value, and of a file's name


@dataclass(slots=True)
class _Part:
    """A part that is being read."""

    name: str = ""
    file: bool = False
    value: bytearray = field(default_factory=bytearray)
    header: bytearray = field(default_factory=bytearray)
    header_value: bytearray = field(default_factory=bytearray)


class Form:
    """Pure: is fed the body's bytes and gives those of the field `file`. Raises `Unfit`."""

    def __init__(self, content_type: str) -> None:
        kind, options = parse_options_header(content_type)
        if kind != b"multipart/form-data" or not options.get(b"boundary"):
            raise Unfit("file", "send a form of the type multipart/form-data")
        self.fields: dict[str, str] = {}
        self.filename: str | None = None
        self.complete = False
        self._pieces: list[bytes] = []
        self._part = _Part()
        try:
            self._parser = MultipartParser(
                options[b"boundary"],
                {
                    "on_part_begin": self._begun,
                    "on_header_field": self._header,
                    "on_header_value": self._header_value,
                    "on_header_end": self._header_ended,
                    "on_part_data": self._data,
                    "on_part_end": self._ended,
                    "on_end": self._whole,
                },
            )
        except FormParserError as error:
            raise Unfit("file", f"the form cannot be read: {error}") from error

    def feed(self, data: bytes) -> list[bytes]:
        """What of the file came with this."""
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise Unfit("file", f"the form cannot be read: {error}") from error
        pieces, self._pieces = self._pieces, []
        return pieces

    def end(self) -> Mapping[str, str]:
        """The fields beside the file, of a form that is there to its end."""
        if not self.complete:
            raise Unfit("file", "the form ends before its last boundary; send it whole")
        if self.filename is None:
            raise Unfit("file", "is required and missing")
        return self.fields

    def _begun(self) -> None:
        self._part = _Part()

    def _header(self, data: bytes, start: int, end: int) -> None:
        self._part.header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._part.header_value += data[start:end]

    def _header_ended(self) -> None:
        part = self._part
        if bytes(part.header).lower() == b"content-disposition":
            _, options = parse_options_header(bytes(part.header_value))
            part.name = options.get(b"name", b"").decode("utf-8", "replace")
            if part.name == "file":
                if self.filename is not None:
                    raise Unfit("file", "is given twice; send one file")
                part.file = True
                name = options.get(b"filename", b"").decode("utf-8", "replace")
                self.filename = name[:LONGEST] or "file"
        part.header.clear()
        part.header_value.clear()

    def _data(self, data: bytes, start: int, end: int) -> None:
        part = self._part
        if part.file:
            self._pieces.append(data[start:end])
            return
        part.value += data[start:end]
        if len(part.value) > LONGEST:
            raise Unfit(part.name[:100] or "file", f"is longer than {LONGEST} bytes")

    def _ended(self) -> None:
        part = self._part
        if not part.file:
            self.fields[part.name] = part.value.decode("utf-8", "replace")
            if len(self.fields) > 16:
                raise Unfit("file", "the form has more than 16 fields")

    def _whole(self) -> None:
        self.complete = True
