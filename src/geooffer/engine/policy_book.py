"""All policy documents that were proposed, which of them is in force, and the kill switch: part of the catalog's state.

Folded from records alone, in the catalog's partition; engine/policies.py checks what becomes a record.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, field, replace
from typing import Any

from geooffer.model.limits import POLICY_VERSION_COUNT_MAX
from geooffer.model.policy_document import PolicyDocument, PolicyStep
from geooffer.model.policy_text import parse_policy
from geooffer.model.records import PolicyMoved, PolicyStopSwitched


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """One document and what became of it."""

    version: int
    author: str
    time_ms: int
    text: str
    is_loosening: bool
    base_version: int
    restores: int
    approvals: tuple[tuple[str, int], ...] = ()
    """(officer, time_ms), in the order they came."""
    published_ms: int = -1
    """−1 = it never was."""
    signature: bytes = b""

    @property
    def is_published(self) -> bool:
        """It is in force, or was."""
        return self.published_ms >= 0

    def document(self) -> PolicyDocument:
        """What the text says. Raises InvalidArgumentError for a text that nobody proposed."""
        return parse_policy(self.text, allow_missing=True)


@dataclass(slots=True)
class PolicyBook:
    """By number; `active` 0 = nothing was ever published, the engine's own policy holds."""

    versions: dict[int, PolicyVersion] = field(default_factory=dict)
    active: int = 0
    retry_count: int = 0
    """Loosenings published and stops ended: after each, visits in progress are tried once more."""
    stop: tuple[bool, int, str, str] = (False, 0, "", "")
    """(whether all offers are stopped, when that was said last, by whom, why)."""

    def move(self, record: PolicyMoved) -> None:
        """Fold one step."""
        if record.step == PolicyStep.PROPOSED:
            self.versions[record.version] = PolicyVersion(
                record.version,
                record.author,
                record.time_ms,
                record.text,
                record.is_loosening,
                record.base_version,
                record.restores,
            )
            self._forget_oldest()
            return
        held = self.versions[record.version]
        if record.step == PolicyStep.APPROVED:
            held = replace(held, approvals=(*held.approvals, (record.author, record.time_ms)))
        else:
            held = replace(held, published_ms=record.time_ms, signature=record.signature)
            self.active = held.version
            self.retry_count += held.is_loosening
        self.versions[record.version] = held

    def switch_stop(self, record: PolicyStopSwitched) -> None:
        """Fold the kill switch."""
        self.retry_count += self.stop[0] and not record.is_stopped
        self.stop = (record.is_stopped, record.time_ms, record.author, record.reason)

    @property
    def in_force(self) -> PolicyVersion | None:
        """The version in force; None = nothing was ever published."""
        return self.versions.get(self.active)

    @property
    def newest_tightening(self) -> int:
        """The last version that came into force as a tightening, or as the first one; 0 = none that is remembered."""
        told = (held.version for held in self.versions.values() if held.is_published and not held.is_loosening)
        return max(told, default=0)

    def is_waiting(self, held: PolicyVersion) -> bool:
        """Proposed against what is in force now, and not published."""
        return not held.is_published and held.base_version == self.active and held.version > self.active

    def take(self) -> list[Any]:
        """All of it as tuples, for parts and digests; empty where nothing ever happened."""
        if not self.versions and self.stop == (False, 0, "", ""):
            return []
        return [(self.active, self.retry_count, self.stop), *map(astuple, self.versions.values())]

    def restore(self, rows: Sequence[Any]) -> None:
        """The inverse of `take`."""
        for row in rows[:1]:
            self.active, self.retry_count, self.stop = row
        self.versions = {held.version: held for held in (PolicyVersion(*row) for row in rows[1:])}

    def _forget_oldest(self) -> None:
        spare = len(self.versions) - POLICY_VERSION_COUNT_MAX
        oldest: Iterable[int] = [version for version in self.versions if version != self.active]
        for version in list(oldest)[: max(spare, 0)]:
            del self.versions[version]
