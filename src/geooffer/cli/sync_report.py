"""What `import --sync` tells: the refused rows, the difference id by id as far as it is short, the counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the feed of one kind. `objection`: why nothing was applied; '' = no reason."""

    difference: Difference
    report: Report[Any]
    applied: bool
    dry_run: bool
    objection: str

    @property
    def has_findings(self) -> bool:
        """Something that a person should look at, though the feed was applied."""
        return bool(self.report.refused or self.difference.of("stale"))


def print_outcomes(outcomes: Sequence[Outcome], *, show_all: bool, several_files: bool) -> None:
    """Write the results to stdout, each kind under its name where there are several."""
    limit = None if show_all else SHOWN_COUNT
    for outcome in outcomes:
        if len(outcomes) > 1:
            print(f"{outcome.difference.kind}:")
        _print_one(outcome, limit, several_files)


def print_outcomes_json(outcomes: Sequence[Outcome]) -> None:
    """One object, or an object of objects by kind; every id but those that stay as they are."""
    if len(outcomes) == 1:
        print_json(_object(outcomes[0]))
    else:
        print_json({"kinds": {outcome.difference.kind: _object(outcome) for outcome in outcomes}})


def refuse_together(outcomes: Sequence[Outcome]) -> None:
    """Raises FeedRefusedError where a feed is objected to; it names the kind where there are several."""
    objections = [
        f"{outcome.difference.kind}: {outcome.objection}" if len(outcomes) > 1 else outcome.objection
        for outcome in outcomes
        if outcome.objection
    ]
    if objections:
        raise FeedRefusedError(f"nothing applied: {'; '.join(objections)}")


def _object(outcome: Outcome) -> dict[str, Any]:
    difference = outcome.difference
    changes = {
        happens: [{"id": identifier, "note": note} for identifier, note in difference.of(happens).items()]
        for happens in _order(difference)
    }
    return {
        "kind": difference.kind,
        "sync": True,
        "dry_run": outcome.dry_run,
        "applied": outcome.applied,
        "objection": outcome.objection,
        "counts": _counts(outcome),
        "changes": changes,
        "rows": outcome.report.row_objects(),
    }


def _print_one(outcome: Outcome, limit: int | None, several_files: bool) -> None:
    refused = outcome.report.refused
    for path, refusal in islice(refused, limit):
        print(f"refused    {place_text(path, refusal.place, several_files)}: {refusal.reason}")
    _print_rest("refused", len(refused), limit)
    for happens in _order(outcome.difference):
        rows = outcome.difference.of(happens)
        for identifier, note in islice(rows.items(), limit):
            print(f"{happens:<10} {identifier}" + (f": {note}" if note else ""))
        _print_rest(happens, len(rows), limit)
    print("  ".join(f"{name} {count}" for name, count in _counts(outcome).items()))


def _print_rest(happens: str, count: int, limit: int | None) -> None:
    if limit is not None and count > limit:
        print(f"{happens:<10} … and {count - limit:,} more (--all names them)")


def _order(difference: Difference) -> tuple[str, ...]:
    return _ORDER.get(difference.kind, _NOUN_ORDER)


def _counts(outcome: Outcome) -> dict[str, int]:
    difference = outcome.difference
    counts = {"held": difference.held_count}
    names = [*_order(difference), *(name for name in COUNTED_ONLY if name == "unchanged" or difference.kind == "stock")]
    counts.update({name: len(difference.of(name)) for name in names})
    counts["refused"] = len(outcome.report.refused)
    return counts
