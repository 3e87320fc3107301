"""What `cargo test` holds the native codec to is what the Python codec does today."""

from __future__ import annotations

import golden_wire


def test_the_golden_bytes_are_those_of_the_python_codec() -> None:
    made = golden_wire.text()
    assert golden_wire.PATH.read_text(encoding="utf-8") == made, "run python tests/rpc/golden_wire.py"
    assert sum("rows" in entry for entry in golden_wire.golden()["messages"]) > 50
