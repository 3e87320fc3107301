"""A pytest plug-in, the control of gate 7: a stream takes whatever is sent, however much of it waits to be read."""

from __future__ import annotations

from geooffer.dataplane.stream import PingStream

PingStream._check_room = lambda self: self._room.set()  # type: ignore[method-assign]
