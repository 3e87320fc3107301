"""The options of full feeds, and which of them fit together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from geooffer.errors import InvalidArgumentError

if TYPE_CHECKING:
    from geooffer.cli.sync import SyncChoices

Sync = Annotated[bool, typer.Option("--sync", help="The files are the whole truth: also delete what they do not name.")]
Force = Annotated[bool, typer.Option("--force", help="With --sync: delete more than 10 % of what is held.")]
KeepRefused = Annotated[
    bool, typer.Option("--keep-refused", help="With --sync: apply the good rows; what refused ones name stays.")
]
ShowAll = Annotated[bool, typer.Option("--all", help="With --sync: name every change, not 20 of each kind.")]
AsOf = Annotated[
    str, typer.Option("--as-of", help="With --sync: when the figures were taken, such as 2026-03-02T03:00:00Z.")
]

_NO_SYNC = {
    "audience_members": "who left a list is taken off it by RemoveAudienceMembers, or its audience is deleted",
    "customers": "people are not deleted because a file does not name them; erase each of them by her id",
    "touchpoints": "touchpoints are events; what happened is not undone by a file that does not name it",
    "consents": "consents are events; only a withdrawal takes one back",
}
_TIMED = ("prices", "stock")


class SyncFlags(NamedTuple):
    """The options as they were given."""

    sync: bool
    force: bool
    keep_refused: bool
    show_all: bool
    as_of: str = ""


def choices_from(kind: str, flags: SyncFlags, *, dry_run: bool, as_json: bool) -> SyncChoices | None:
    """What the user decided; None without --sync. Raises InvalidArgumentError for options that do not fit."""
    sync, force, keep_refused, show_all, as_of = flags
    if not sync:
        given = {"--force": force, "--keep-refused": keep_refused, "--all": show_all, "--as-of": as_of}
        alone = [name for name, value in given.items() if value]
        if alone:
            raise InvalidArgumentError(f"{', '.join(alone)}: only with --sync")
        return None
    if kind in _NO_SYNC:
        raise InvalidArgumentError(f"--sync is not for {kind}: {_NO_SYNC[kind]}")
    if kind in _TIMED and not as_of:
        raise InvalidArgumentError(f"--sync of {kind} needs --as-of: the moment at which the feed was true")
    if as_of and kind not in _TIMED:
        raise InvalidArgumentError(f"--as-of: only for {' and '.join(_TIMED)}")
    from geooffer.cli.sync import SyncChoices
    from geooffer.importers.values import time_ms

    return SyncChoices(
        dry_run=dry_run,
        force=force,
        keep_refused=keep_refused,
        show_all=show_all,
        as_json=as_json,
        as_of_ms=time_ms(as_of, "--as-of") if as_of else 0,
    )
