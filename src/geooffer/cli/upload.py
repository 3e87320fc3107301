"""Sending what `geooffer import` read, in batches, and taking back which rows the server refused."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from geooffer.cli.output import progress
from geooffer.errors import NotFoundError, OverloadedError

if TYPE_CHECKING:
    from geooffer.cli.import_report import Report
    from geooffer.cli.options import Access
    from geooffer.client import BatchResult, GeoofferControl
    from geooffer.importers.campaign_lines import AudienceMember

BATCH_ROW_COUNT = 500
"""Rows per call of progress; the client cuts further where shapes are large."""

_CATALOG_KINDS = frozenset(("stores", "fences", "categories", "products", "prices", "audiences", "campaigns", "offers"))


async def upload(report: Report[Any], server: str, access: Access, *, clip_to_zones: bool = False) -> None:
    """Send the good rows of `report`; those the server refuses become its refused ones.

    Returns once a changed catalog is live. Raises what stops the whole: no server, no right.
    """
    from geooffer.cli.reach import reached

    async with reached(server, access) as control:
        await upload_with(control, report, clip_to_zones=clip_to_zones)


async def upload_with(control: GeoofferControl, report: Report[Any], *, clip_to_zones: bool = False) -> None:
    """`upload` over a connection that is there already. `clip_to_zones`: of fences, as GeoofferControl has it."""
    items = [source.row.item for source in report.good]
    problems: dict[int, str] = {}
    notes: dict[int, str] = {}
    generation = 0
    with progress(f"import {report.kind}", len(items), report.kind) as advance:
        for first, batch in _batches(items):
            if clip_to_zones:
                result = await control.upsert_geofences(batch, clip_to_zones=True)
                notes |= {first + row: note for row, note in result.repairs.items()}
            else:
                result = await send(control, report.kind, batch)
            for refused in result.refused:
                problems[first + refused.row] = f"{refused.message} [{refused.reason}]"
            generation = max(generation, result.catalog_generation)
            advance(len(batch))
    report.note(notes)
    report.refuse(problems)
    if report.kind in _CATALOG_KINDS and report.good:
        await wait_live(control, generation)


async def wait_live(control: GeoofferControl, generation: int) -> None:
    """Return once pings are decided by `generation`."""
    try:
        await control.wait_live(generation)
    except TimeoutError:
        raise OverloadedError("the rows are saved, but the server has not put them into force yet") from None


async def send(control: GeoofferControl, kind: str, items: Sequence[Any]) -> BatchResult:
    """One list of nouns of `kind` to the server, good rows applied, refused ones told."""
    send_kind: dict[str, Callable[[Sequence[Any]], Awaitable[BatchResult]]] = {
        "stores": control.upsert_stores,
        "fences": control.upsert_geofences,
        "categories": control.upsert_categories,
        "products": control.upsert_products,
        "prices": control.upsert_prices,
        "audiences": control.upsert_audiences,
        "campaigns": control.upsert_campaigns,
        "offers": control.upsert_offers,
        "audience_members": partial(_send_members, control),
        "stock": control.report_stock,
        "customers": control.upsert_customers,
        "identities": control.link_identities,
        "touchpoints": control.record_touchpoints,
        "consents": control.record_consents,
        "notices": control.register_notices,
    }
    return await send_kind[kind](items)


async def _send_members(control: GeoofferControl, members: Sequence[AudienceMember]) -> BatchResult:
    """List by list; rows are told by their place among all."""
    from geooffer.client import BatchResult
    from geooffer.client.batches import RefusedRow

    rows_of: dict[str, list[int]] = {}
    for row, member in enumerate(members):
        rows_of.setdefault(member.audience_id, []).append(row)
    result = BatchResult()
    for audience_id, rows in rows_of.items():
        try:
            part = await control.add_audience_members(audience_id, [members[row].customer_id for row in rows])
        except NotFoundError as error:
            result.refused += [RefusedRow(row, error.reason, error.message, error.field) for row in rows]
            continue
        result.accepted_count += part.accepted_count
        result.refused += [replace(refused, row=rows[refused.row]) for refused in part.refused]
    return result


def _batches(items: Sequence[Any]) -> Iterator[tuple[int, Sequence[Any]]]:
    for first in range(0, len(items), BATCH_ROW_COUNT):
        yield first, items[first : first + BATCH_ROW_COUNT]


def run(report: Report[Any], server: str, access: Access, *, clip_to_zones: bool = False) -> None:
    """`upload` for callers without a loop."""
    asyncio.run(upload(report, server, access, clip_to_zones=clip_to_zones))
