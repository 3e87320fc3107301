"""What `import --sync` tells: the refused rows, the difference id by id as far as it is short, the counts."""

from __future__ import annotations

from itertools import islice
from typing import Any

from geooffer.cli.import_report import Report, place_text
from geooffer.cli.output import print_json
from geooffer.cli.sync_difference import Difference
from geooffer.errors import GeoofferError

SHOWN_COUNT = 20
"""Lines of each kind of change, without --all."""

COUNTED_ONLY = ("unchanged", "confirmed")
_ORDER = {
    "prices": ("created", "changed", "missing", "kept"),
    "stock": ("created", "changed", "zeroed", "superseded", "kept", "stale"),
}
_NOUN_ORDER = ("created", "changed", "deleted", "kept")


class FeedRefusedError(GeoofferError):
    """A full feed that is not believed; nothing of it was applied."""

    reason = "FEED_REFUSED"


def print_sync(
    difference: Difference,
    report: Report[Any],
    *,
    applied: bool,
    dry_run: bool,
    objection: str,
    show_all: bool,
    as_json: bool,
    several_files: bool,
) -> None:
    """Write the result to stdout. With JSON every id but those that stay as they are."""
    order = _ORDER.get(difference.kind, _NOUN_ORDER)
    if as_json:
        changes = {
            happens: [{"id": identifier, "note": note} for identifier, note in difference.of(happens).items()]
            for happens in order
        }
        head = {"kind": difference.kind, "sync": True, "dry_run": dry_run, "applied": applied, "objection": objection}
        counts = _counts(difference, report, order)
        print_json(head | {"counts": counts, "changes": changes, "rows": report.row_objects()})
        return
    limit = None if show_all else SHOWN_COUNT
    for path, refusal in islice(report.refused, limit):
        print(f"refused    {place_text(path, refusal.place, several_files)}: {refusal.reason}")
    _print_rest("refused", len(report.refused), limit)
    for happens in order:
        rows = difference.of(happens)
        for identifier, note in islice(rows.items(), limit):
            print(f"{happens:<10} {identifier}" + (f": {note}" if note else ""))
        _print_rest(happens, len(rows), limit)
    print("  ".join(f"{name} {count}" for name, count in _counts(difference, report, order).items()))


def _print_rest(happens: str, count: int, limit: int | None) -> None:
    if limit is not None and count > limit:
        print(f"{happens:<10} … and {count - limit:,} more (--all names them)")


def _counts(difference: Difference, report: Report[Any], order: tuple[str, ...]) -> dict[str, int]:
    counts = {"held": difference.held_count}
    names = [*order, *(name for name in COUNTED_ONLY if name == "unchanged" or difference.kind == "stock")]
    counts.update({name: len(difference.of(name)) for name in names})
    counts["refused"] = len(report.refused)
    return counts
