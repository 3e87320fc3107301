"""The attack list of the privacy contract, and that every line of it is tried by tests there are (docs/security.md)."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "security.md"
LINES = (
    "rapid reset 3,000 streams",
    "HTTP/2 PING, SETTINGS, CONTINUATION, HPACK floods",
    "slow reader/writer, half-open",
    "5 MB message, gzip bomb, 20 KB metadata",
    "plaintext to TLS port, wrong/expired certificate",
    "path tricks (missing slash, `//`, case, `%2f`)",
    "reflection/admin from a device",
    "JWT: `none`, HS256 with the public key, `kid` injection, `jku`, missing `exp`, wrong aud/iss, 1 MB token",
    "token expiring or consent withdrawn mid-stream",
    "another customer's device key on the n-th message",
    "replay of captured messages",
    "NaN/∞/poles/antimeridian/negative/2⁶³",
    "garbage protobuf",
    "10⁶ repeated fields, invalid UTF-8, control characters, CSV/log injection",
    "10⁵ overlapping fences at one point",
    "10⁷ invented device ids",
    "grid-walk scraping of offers/stock",
    "throttle bypass by devices, reconnects, clock skew, restart",
    "withdraw and erase races; restore of an old backup",
    "policy file corrupted, unsigned or older",
    "disk full",
    "officer abuse (export without reason, loosening alone)",
)
"""Word for word; what is expected stands in the contract, what was seen on the page."""
OWN_COUNT_MIN = 9
"""Rows of the page beyond them."""


def rows() -> list[tuple[str, list[str]]]:
    """(line, tests) of both tables of the page."""
    told = PAGE.read_text(encoding="utf-8").partition("## Attack list")[2]
    cells = [line.strip("|").split(" | ") for line in told.splitlines() if line.startswith("| ") and "::" in line]
    return [(row[0].strip(), re.findall(r"`([\w/.]+::\w+)`", row[1])) for row in cells]


def test_every_line_is_on_the_page() -> None:
    told = [line for line, _ in rows()]
    assert tuple(told[: len(LINES)]) == LINES
    assert len(told) >= len(LINES) + OWN_COUNT_MIN
    assert len(set(told)) == len(told)


@pytest.mark.parametrize(("line", "tests"), rows(), ids=lambda value: value[:40] if isinstance(value, str) else "")
def test_its_tests_are_there(line: str, tests: list[str]) -> None:
    assert tests, line
    for name in tests:
        file, _, function = name.partition("::")
        path = ROOT / file if "/" in file else Path(__file__).parent / file
        found = [
            node
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == function
        ]
        assert len(found) == 1, name
        assert not any("skip" in ast.unparse(mark) for mark in found[0].decorator_list), name


def test_the_number_of_forged_tokens_is_what_is_told() -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from forged_tokens import forged_tokens

    count = len(forged_tokens(Ed25519PrivateKey.generate()))
    assert f"{count} forged tokens" in PAGE.read_text(encoding="utf-8")
