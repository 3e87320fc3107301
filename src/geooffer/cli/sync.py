"""`geooffer import KIND FILE… --sync`: the files are the whole truth of a kind; `import catalog DIR --sync`: of many.

1. read what the service holds, and compare (cli/sync_plan.py);
2. object to a feed that looks broken: rows refused, or more than a tenth deleted; nothing is applied then;
3. send what is new or changed, the kinds that others refer to first; then delete what is gone, in the other order;
4. tell it (cli/sync_report.py).

This is many calls, not one commit: pings meanwhile see part of it, and a run that is cut off is finished by running
the same feed again, because the difference is computed anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import typer

from geooffer.cli.errors import EXIT_FINDINGS
from geooffer.cli.import_report import NO_FILE, Report
from geooffer.cli.options import Access
from geooffer.cli.output import progress, remark
from geooffer.cli.reach import reached
from geooffer.cli.sync_difference import DELETED_SHARE_MAX_PERCENT
from geooffer.cli.sync_plan import Plan, plan_of
from geooffer.cli.sync_report import Outcome, print_outcomes, print_outcomes_json, refuse_together
from geooffer.cli.upload import upload_with, wait_live
from geooffer.client import GeoofferControl
from geooffer.client.holdings import NOUN_KINDS, delete_noun
from geooffer.errors import InUseError, NotFoundError, StaleEtagError
from geooffer.importers.rows import Refusal


@dataclass(frozen=True, slots=True)
class SyncChoices:
    """What the user decided about a full feed."""

    dry_run: bool = False
    force: bool = False
    """Delete more than a tenth."""
    keep_refused: bool = False
    """Apply the good rows; what refused ones name stays as it is held."""
    show_all: bool = False
    as_json: bool = False
    as_of_ms: int = 0
    """Moment of a price or stock feed, ms since 1970."""


def run_and_tell(
    reports: Sequence[Report[Any]], server: str, access: Access, choices: SyncChoices, *, several_files: bool
) -> None:
    """`run`, told on stdout. Raises FeedRefusedError where nothing was applied, typer.Exit where there are findings."""
    outcomes = run(reports, server, access, choices)
    if choices.as_json:
        print_outcomes_json(outcomes)
    else:
        if choices.dry_run:
            remark("dry run: compared with what the service holds; nothing changed")
        print_outcomes(outcomes, show_all=choices.show_all, several_files=several_files)
    refuse_together(outcomes)
    if any(outcome.has_findings for outcome in outcomes):
        raise typer.Exit(EXIT_FINDINGS)


def run(reports: Sequence[Report[Any]], server: str, access: Access, choices: SyncChoices) -> list[Outcome]:
    """Compare all kinds, then apply all or, where one is objected to, none. The reports stand in the order of
    NOUN_KINDS. Raises what stops the whole: no server, no right.
    """
    return asyncio.run(_run(reports, server, access, choices))


async def _run(reports: Sequence[Report[Any]], server: str, access: Access, choices: SyncChoices) -> list[Outcome]:
    async with reached(server, access) as control:
        plans = [await plan_of(control, report, choices.as_of_ms) for report in reports]
        objections = [objection_to(plan, choices) for plan in plans]
        applied = not any(objections) and not choices.dry_run
        if applied:
            await apply(control, plans, keep_refused=choices.keep_refused)
    return [
        Outcome(plan.difference, plan.report, applied, choices.dry_run, objection)
        for plan, objection in zip(plans, objections, strict=True)
    ]


def objection_to(plan: Plan, choices: SyncChoices) -> str:
    """Why the feed is not applied; '' = it is."""
    report, difference = plan.report, plan.difference
    if not report.good:
        return "no row of the feed can be used"
    faults = []
    if report.refused and not choices.keep_refused:
        count = len(report.refused)
        rows = "1 row is" if count == 1 else f"{count:,} rows are"
        faults.append(f"{rows} refused (--keep-refused applies the others and leaves what these name as it is)")
    if difference.removes_too_much and not choices.force:
        faults.append(
            f"{difference.removed_count:,} of {difference.held_count:,} would be deleted or become 0, more than "
            f"{DELETED_SHARE_MAX_PERCENT} % (--force does it all the same)"
        )
    return "; ".join(faults)


async def apply(control: GeoofferControl, plans: Sequence[Plan], *, keep_refused: bool) -> None:
    """Send, then delete; what the service refuses becomes refused rows and leaves the difference.

    Where it refuses a row, nothing is deleted unless `keep_refused`: the feed was not fit to be believed. Raises what
    stops the whole, after saying that part of the feed is in force.
    """
    try:
        await _apply(control, plans, keep_refused)
    except BaseException:
        remark("cut off while the feed was applied: part of it is in force; the same feed again does the rest")
        raise


async def _apply(control: GeoofferControl, plans: Sequence[Plan], keep_refused: bool) -> None:
    refused = False
    for plan in plans:
        refused |= await _send(control, plan)
    for plan in reversed(plans):
        if refused and not keep_refused:
            for identifier in plan.deletions:
                plan.difference.keep(identifier, "not deleted, because the service refused rows")
        elif plan.deletions:
            await _delete(control, plan)


async def _send(control: GeoofferControl, plan: Plan) -> bool:
    """Create and change; returns whether the service refused any row."""
    if not plan.rows:
        return False
    changes: Report[Any] = Report(plan.report.kind, good=list(plan.rows.values()))
    await upload_with(control, changes)
    taken = {id(source) for source in changes.good}
    plan.difference.drop([identifier for identifier, source in plan.rows.items() if id(source) not in taken])
    plan.report.refused += changes.refused
    return bool(changes.refused)


async def _delete(control: GeoofferControl, plan: Plan) -> None:
    report = plan.report
    kind = NOUN_KINDS[report.kind]
    generation = 0
    with progress(f"delete {report.kind}", len(plan.deletions), report.kind) as advance:
        for number, (identifier, etag) in enumerate(plan.deletions.items(), start=1):
            try:
                generation = await delete_noun(control, kind, identifier, etag)
            except NotFoundError:
                remark(f"{identifier} was deleted meanwhile")
            except (InUseError, StaleEtagError) as error:
                reason = f"{error.message} [{error.reason}]"
                report.refused.append((NO_FILE, Refusal(f"deletion {number} ({identifier})", reason)))
                plan.difference.keep(identifier, reason)
            advance(1)
    await wait_live(control, generation)
