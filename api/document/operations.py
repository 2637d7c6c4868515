"""Every endpoint that there is, as the document tells of it."""

from collections.abc import Mapping

from api.document import asking, batching, running
from api.document.operation import Operation

OPERATIONS: Mapping[tuple[str, str], Operation] = {
    **asking.OPERATIONS,
    **batching.OPERATIONS,
    **running.OPERATIONS,
}
