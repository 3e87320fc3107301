"""What a full feed would change: pure functions over what the service holds and what the file says.

A full feed is the whole truth of its kind, so what it does not name is deleted. A row that cannot be read is not
silence, though: what its key names is kept as it is held, and where not even the key can be read, nothing is deleted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

Key = tuple[Any, ...]

DELETED_SHARE_MAX_PERCENT = 10
REMOVING = ("deleted", "zeroed")
"""What counts as deletion: a noun that goes, a variant in stock that becomes 0."""

KEPT_NAMED = "named by a refused row"
KEPT_UNREAD = "may be what an unreadable row names"


@dataclass(slots=True)
class Difference:
    """What a feed changes, by what happens: id → note ('' = nothing to add)."""

    kind: str
    held_count: int
    """Of what the service holds, what this feed could delete: the base of the share that is refused."""
    rows: dict[str, dict[str, str]] = field(default_factory=dict)

    def add(self, happens: str, identifier: str, note: str = "") -> None:
        """Put down what happens to one id."""
        self.rows.setdefault(happens, {})[identifier] = note

    def keep(self, identifier: str, because: str) -> None:
        """What was to go stays."""
        for happens in REMOVING:
            self.of(happens).pop(identifier, None)
        self.add("kept", identifier, because)

    def drop(self, identifiers: Collection[str]) -> None:
        """Nothing happens to these after all."""
        for rows in self.rows.values():
            for identifier in identifiers:
                rows.pop(identifier, None)

    def of(self, happens: str) -> dict[str, str]:
        """The ids to which this happens."""
        return self.rows.get(happens, {})

    @property
    def removed_count(self) -> int:
        """Deletions, as the refusal counts them."""
        return sum(len(self.of(happens)) for happens in REMOVING)

    @property
    def removes_too_much(self) -> bool:
        """More than a tenth of what is held would go."""
        return 100 * self.removed_count > DELETED_SHARE_MAX_PERCENT * self.held_count


def noun_difference(
    kind: str, held: Mapping[str, Any], wanted: Mapping[str, Any], refused: Collection[Key]
) -> Difference:
    """held, wanted: messages of one kind by id, etags cleared. refused: keys of rows that were not taken."""
    difference = Difference(kind, len(held))
    for identifier in sorted(held.keys() | wanted.keys()):
        kept = kept_because((identifier,), refused)
        named = kept == KEPT_NAMED
        if identifier not in held:
            if not named:
                difference.add("created", identifier)
        elif named or (identifier not in wanted and kept):
            difference.add("kept", identifier, kept)
        elif identifier not in wanted:
            difference.add("deleted", identifier)
        elif changed := changed_fields(held[identifier], wanted[identifier]):
            difference.add("changed", identifier, ", ".join(changed))
        else:
            difference.add("unchanged", identifier)
    return difference


def changed_fields(held: Any, wanted: Any) -> tuple[str, ...]:
    """Names of the top-level fields that differ between two messages of one type, in their order."""
    if held == wanted:
        return ()
    before, after = dict(_fields(held)), dict(_fields(wanted))
    names = [entry.name for entry in held.DESCRIPTOR.fields]
    return tuple(name for name in names if before.get(name) != after.get(name))


def _fields(message: Any) -> list[tuple[str, object]]:
    return [(descriptor.name, value) for descriptor, value in message.ListFields()]


def kept_because(key: Key, refused: Collection[Key]) -> str:
    """Why what is held under a key must stay: '' = no refused row can mean it."""
    if key in refused:
        return KEPT_NAMED
    if any(key[:length] in refused for length in range(len(key))):
        return KEPT_UNREAD
    return ""
