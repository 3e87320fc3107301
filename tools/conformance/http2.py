"""h2spec against the data port: what of RFC 9113 and RFC 7541 a server has to do, case by case.

What is known to fail stands in `h2spec_known.json`, by plane and reason: anything else that fails is a fault, and
so is a known failure that does not fail any more, because its reason is then told in vain.
"""

from __future__ import annotations

import json
import tempfile
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

from outside import run
from served import Served

KNOWN = Path(__file__).with_name("h2spec_known.json")
PATH = "/geooffer.v1.PingService/IngestPings"
ANSWER_S = 2


@dataclass(frozen=True, slots=True)
class Specified:
    """What came of all cases."""

    passed: frozenset[str]
    failed: dict[str, str]
    """Case → what was seen."""
    skipped: frozenset[str]


def specified(served: Served) -> Specified:
    """Run every case once. Raises RuntimeError where h2spec itself fails."""
    tls = ("-t", "-k") if served.root else ()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        done = run(
            "h2spec", "-h", "127.0.0.1", "-p", served.port, "-P", PATH, "-o", str(ANSWER_S), "-j", str(report), *tls
        )
        if not report.exists():
            raise RuntimeError(f"h2spec ended with {done.returncode}: {done.stderr[-500:]}")
        return _read(ET.parse(report).getroot())


def _read(root: ET.Element) -> Specified:
    passed, failed, skipped = set(), {}, set()
    for suite in root.iter("testsuite"):
        for number, case in enumerate(suite.iter("testcase"), 1):
            name = f"{case.get('package')}/{number}"
            wrong = case.find("failure")
            if wrong is None:
                wrong = case.find("error")
            if wrong is not None:
                failed[name] = " ".join((wrong.text or "").split())
            elif case.find("skipped") is not None:
                skipped.add(name)
            else:
                passed.add(name)
    return Specified(frozenset(passed), failed, frozenset(skipped))


def faults_of(found: Specified, plane: str) -> list[str]:
    """What is not as `h2spec_known.json` has it."""
    reasons: dict[str, list[str]] = json.loads(KNOWN.read_text(encoding="utf-8"))[plane]
    known = {name: reason for reason, names in reasons.items() for name in names}
    faults = [f"h2spec {name}: {seen}" for name, seen in found.failed.items() if name not in known]
    # a case of timing may pass on one machine and fail on another: its reason says so
    steady = {name for name, reason in known.items() if not reason.startswith("now and then:")}
    return faults + [
        f"h2spec {name} does not fail any more: {KNOWN.name} says it does" for name in steady & found.passed
    ]
