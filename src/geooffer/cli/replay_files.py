"""The options of `geooffer replay` that say what is to become of the recordings."""

from __future__ import annotations

from collections.abc import Sequence

from geooffer.errors import InvalidArgumentError
from geooffer.importers.placing import Anchor, parse_place
from geooffer.importers.values import time_ms
from geooffer.importers.walks import Wishes, parse_accuracy


def read_wishes(place: str, anchor: str, start: str, accuracy_m: float | None, select: Sequence[str]) -> Wishes:
    """The options as they were typed; '' and None are not given. Raises InvalidArgumentError naming the option."""
    names = [kind.value for kind in Anchor]
    if anchor and anchor not in names:
        raise InvalidArgumentError(f"--anchor is {' or '.join(names)}", field="anchor")
    if anchor and not place:
        raise InvalidArgumentError("--anchor says what lies at --place, and there is no --place", field="anchor")
    return Wishes(
        place=parse_place(place) if place else None,
        anchor=Anchor(anchor) if anchor else Anchor.FIRST,
        start_ms=time_ms(start, "--start") if start else None,
        accuracy_cm=None if accuracy_m is None else parse_accuracy(accuracy_m),
        select=tuple(select),
    )
