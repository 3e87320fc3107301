"""What `geooffer bench hostile` sends is what it says, read by a library that nobody here wrote."""

from __future__ import annotations

import itertools

import pytest
from hpack import Decoder
from hyperframe.frame import Frame, HeadersFrame

from geooffer.bench.attacks import FLOODS


def frames_of(data: bytes) -> list[Frame]:
    found = []
    while data:
        frame, length = Frame.parse_frame_header(memoryview(data[:9]))
        frame.parse_body(memoryview(data[9 : 9 + length]))
        found.append(frame)
        data = data[9 + length :]
    return found


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("PING flood", "PingFrame"), ("SETTINGS flood", "SettingsFrame"), ("WINDOW_UPDATE flood", "WindowUpdateFrame"),
        ("PRIORITY flood", "PriorityFrame"), ("CONTINUATION flood", "ContinuationFrame"), ("empty DATA", "DataFrame"),
        ("rapid reset", "RstStreamFrame"), ("oversized messages", "DataFrame"), ("slow reader", "DataFrame"),
    ],
)  # fmt: skip
def test_floods_are_made_of_frames_with_the_callers_token(kind: str, name: str) -> None:
    token = "t" * 300
    frames = frames_of(b"".join(itertools.islice(FLOODS[kind](token), 3)))
    assert type(frames[-1]).__name__ == name
    for opened in (frame for frame in frames if isinstance(frame, HeadersFrame)):
        headers = dict(Decoder().decode(opened.data))
        assert headers["authorization"] == f"Bearer {token}"
        assert headers[":path"] == "/geooffer.v1.PingService/StreamPings"
