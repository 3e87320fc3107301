"""`geooffer store …`: close and reopen stores, pause and resume their offers, and see which need looking after.

What is switched here is in force with the next ping.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from geooffer.cli.ask import asked
from geooffer.cli.errors import EXIT_FINDINGS
from geooffer.cli.options import CONTROL_SERVER_DEFAULT, CaFile, JsonOutput, Server, Token, TokenFile, access_from
from geooffer.cli.output import print_json

if TYPE_CHECKING:
    from geooffer.client.closures import StoreSelection
    from geooffer.model.kinds import SwitchKind
    from geooffer.v1.store_service_pb2 import Closure

Stores = Annotated[list[str] | None, typer.Option("--store", help="A store id; may be given several times.")]
Region = Annotated[str, typer.Option("--region", help="All stores of a region, such as DE-BE.")]
Tag = Annotated[str, typer.Option("--tag", help="All stores with a tag.")]
From = Annotated[str, typer.Option("--from", help="When it begins (RFC 3339); without it now.")]
Until = Annotated[str, typer.Option("--until", help="When it ends (RFC 3339); without it when it is ended by hand.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; shown by `store closures`, never to customers.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="Close stores, pause their offers, see closures and old stock.")
    app.add_typer(group, name="store")
    _register_switch(group, "close", "CLOSED", "Close stores, whatever their opening hours say.", "closed")
    _register_restore(group, "reopen", "CLOSED", "End closures, also those to come.", "open")
    _register_switch(group, "pause", "OFFERS_PAUSED", "Make no offers at stores that are open.", "paused")
    _register_restore(group, "resume", "OFFERS_PAUSED", "End pauses, also those to come.", "resumed")
    group.command("closures")(closures_command)
    group.command("stale-stock")(stale_stock_command)


def _register_switch(group: typer.Typer, name: str, kind: str, text: str, done: str) -> None:
    @group.command(name, help=text)
    def switch_command(
        store: Stores = None,
        region: Region = "",
        tag: Tag = "",
        from_time: From = "",
        until: Until = "",
        reason: Reason = "",
        server: Server = CONTROL_SERVER_DEFAULT,
        token: Token = "",
        token_file: TokenFile = None,
        ca_file: CaFile = None,
        json_output: JsonOutput = False,
    ) -> None:
        from geooffer.client.closures import switch_stores
        from geooffer.importers.values import time_ms

        selection, switch = _selection(store, region, tag), _kind(kind)
        from_ms = time_ms(from_time, "--from") if from_time else None
        until_ms = time_ms(until, "--until") if until else None
        access = access_from(token, token_file, ca_file, role="operator")
        answer = asked(
            server,
            access,
            lambda control: switch_stores(
                control, switch, selection, from_ms=from_ms, until_ms=until_ms, reason=reason
            ),
        )
        _tell_stores(answer, done, json_output)


def _register_restore(group: typer.Typer, name: str, kind: str, text: str, done: str) -> None:
    @group.command(name, help=text)
    def restore_command(
        store: Stores = None,
        region: Region = "",
        tag: Tag = "",
        server: Server = CONTROL_SERVER_DEFAULT,
        token: Token = "",
        token_file: TokenFile = None,
        ca_file: CaFile = None,
        json_output: JsonOutput = False,
    ) -> None:
        from geooffer.client.closures import restore_stores

        selection, switch = _selection(store, region, tag), _kind(kind)
        access = access_from(token, token_file, ca_file, role="operator")
        answer = asked(server, access, lambda control: restore_stores(control, switch, selection))
        _tell_stores(answer, done, json_output)


def closures_command(
    store: Annotated[str, typer.Option("--store", help="Of this store; without it of all.")] = "",
    server: Server = CONTROL_SERVER_DEFAULT,
    token: Token = "",
    token_file: TokenFile = None,
    ca_file: CaFile = None,
    json_output: JsonOutput = False,
) -> None:
    """Closures and pauses in force or to come."""
    from geooffer.client.closures import list_closures

    access = access_from(token, token_file, ca_file, role="operator")
    rows = [_closure_object(row) for row in asked(server, access, lambda control: list_closures(control, store))]
    if json_output:
        print_json({"closures": rows})
        return
    for row in rows:
        until = row["until_time"] or ("reopened" if row["kind"] == "closed" else "resumed")
        reason = f"  ({row['reason']})" if row["reason"] else ""
        print(f"{row['kind']:<7} {row['store_id']}  {row['from_time']} until {until}{reason}")
    if not rows:
        print("no store is closed or paused, now or later")


def stale_stock_command(
    server: Server = CONTROL_SERVER_DEFAULT,
    token: Token = "",
    token_file: TokenFile = None,
    ca_file: CaFile = None,
    json_output: JsonOutput = False,
) -> None:
    """Stores whose newest stock figure is too old, so that nothing is offered there.

    Exit code 1 where there are any.
    """
    from geooffer.client.closures import list_stale_stock
    from geooffer.model.units import format_time_ms

    found = asked(server, access_from(token, token_file, ca_file, role="operator"), list_stale_stock)
    if json_output:
        rows = [{"store_id": store_id, "newest_as_of_time": format_time_ms(ms)} for store_id, ms in found.items()]
        print_json({"stale": rows})
    else:
        for store_id, newest_ms in found.items():
            print(f"stale   {store_id}  newest figure of {format_time_ms(newest_ms)}")
        if not found:
            print("no store's stock is too old")
    if found:
        raise typer.Exit(EXIT_FINDINGS)


def _selection(stores: list[str] | None, region: str, tag: str) -> StoreSelection:
    """Raises BadParameter unless exactly one way is given."""
    from geooffer.client.closures import StoreSelection

    if sum((bool(stores), bool(region), bool(tag))) != 1:
        raise typer.BadParameter("give --store (once or more), --region or --tag")
    return StoreSelection(stores or (), region, tag)


def _kind(name: str) -> SwitchKind:
    from geooffer.model.kinds import SwitchKind

    return SwitchKind[name]


def _tell_stores(answer: Any, done: str, json_output: bool) -> None:
    if json_output:
        print_json({"store_count": answer.store_count, "store_ids": list(answer.store_ids)})
        return
    for store_id in answer.store_ids:
        print(f"{done:<7} {store_id}")
    more = answer.store_count - len(answer.store_ids)
    if more:
        print(f"{done:<7} {more:,} more")


def _closure_object(closure: Closure) -> dict[str, str]:
    from geooffer.model.kinds import SwitchKind
    from geooffer.model.units import format_time_ms

    is_open_ended = not closure.HasField("until_time")
    return {
        "store_id": closure.store_id,
        "kind": "closed" if SwitchKind(int(closure.kind)) is SwitchKind.CLOSED else "paused",
        "from_time": format_time_ms(closure.from_time.ToMilliseconds()),
        "until_time": "" if is_open_ended else format_time_ms(closure.until_time.ToMilliseconds()),
        "reason": closure.reason,
    }
