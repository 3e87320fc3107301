"""Policy documents: proposed, approved, published, taken over between two batches; and the kill switch (privacy A3).

    propose ── tightening ───────────────────────────────► published, in force
        └───── loosening (with a reason) ── approved by as many other officers as the one in force demands ──┘

The engine is called by one thread: no batch sees two versions, and every decision carries the one it was taken by.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from geooffer.engine.campaigns import with_policy
from geooffer.engine.decisions import Decision
from geooffer.engine.policy_book import PolicyVersion
from geooffer.engine.rights import Rights
from geooffer.errors import (
    InvalidArgumentError,
    LimitExceededError,
    NotFoundError,
    PermissionDeniedError,
    StaleEtagError,
)
from geooffer.model import limits
from geooffer.model.catalog import Campaign
from geooffer.model.policy_difference import Change, difference, is_loosening
from geooffer.model.policy_document import PolicyDocument, PolicyStep, check_line
from geooffer.model.records import PolicyMoved, PolicyStopSwitched
from geooffer.model.verdicts import OfferVerdict, Purpose

Sign = Callable[[bytes], bytes]
"""The service's Ed25519 signature over the bytes of a canonical text."""


class Policies(Rights):
    """What an officer does, after every check and before the record."""

    _taken_version = 0

    def __init__(self, **options: Any) -> None:
        """Options of Core; what the state holds of policies goes before `policy` and `cap_rules`."""
        super().__init__(**options)
        self._take_policy()

    @property
    def policy_document(self) -> PolicyDocument:
        """What is in force, with version, author and time."""
        held = self.state.policies.in_force
        if held is not None:
            return held.document()
        return PolicyDocument(numbers=self.policy, cap_rules=self.cap_rules)

    def policy_changes(self, document: PolicyDocument) -> tuple[Change, ...]:
        """What `document` would change of what is in force."""
        return difference(self.policy_document, document, self._is_newer_notice)

    def first_policy(self, *, author: str, now_ms: int, sign: Sign) -> None:
        """Publish the engine's own policy as version 1, where nothing was ever published."""
        if not self.state.policies.active:
            document = PolicyDocument(numbers=self.policy, cap_rules=self.cap_rules, reason="first start: the defaults")
            self._propose(document, author=author, now_ms=now_ms, sign=sign, is_loosening=False, restores=0)

    def propose_policy(
        self, document: PolicyDocument, *, author: str, now_ms: int, sign: Sign, restores: int = 0
    ) -> PolicyVersion:
        """Take a document: a tightening is in force when this returns, a loosening waits for approvals.

        Version, author and time are set here. Raises InvalidArgumentError (out of bounds, no change, a loosening
        without a reason), LimitExceededError (too many wait).
        """
        document.validate()
        changes = self.policy_changes(document)
        if not changes:
            raise InvalidArgumentError("it says what is in force already", field="policy")
        loosens = is_loosening(changes)
        if loosens and not document.reason.strip():
            raise InvalidArgumentError("a loosening needs a reason", field="reason")
        book = self.state.policies
        if loosens and sum(map(book.is_waiting, book.versions.values())) >= limits.POLICY_WAITING_COUNT_MAX:
            raise LimitExceededError(f"{limits.POLICY_WAITING_COUNT_MAX} proposals wait already", field="policy")
        return self._propose(document, author=author, now_ms=now_ms, sign=sign, is_loosening=loosens, restores=restores)

    def roll_back_policy(self, version: int, *, author: str, reason: str, now_ms: int, sign: Sign) -> PolicyVersion:
        """Propose the rules of an earlier version again, under a new number; classed like every change.

        Raises NotFoundError for a version that was never in force, and as `propose_policy`.
        """
        held = self.state.policies.versions.get(version)
        if held is None or not held.is_published:
            raise NotFoundError("no such version was ever in force", field="version")
        document = replace(held.document(), reason=reason)
        return self.propose_policy(document, author=author, now_ms=now_ms, sign=sign, restores=version)

    def approve_policy(self, version: int, *, officer: str, now_ms: int, sign: Sign) -> PolicyVersion:
        """One officer's approval of a loosening; the last one needed publishes it.

        Raises NotFoundError; StaleEtagError where another version came into force since it was proposed;
        PermissionDeniedError for its author, and for who approved it already.
        """
        check_line(officer, "officer", limits.ID_LENGTH_MAX, required=True)
        book = self.state.policies
        held = book.versions.get(version)
        if held is None or held.is_published:
            raise NotFoundError("no such proposal", field="version")
        if not book.is_waiting(held):
            rule = f"it was proposed against version {held.base_version}; in force is {book.active}: propose it again"
            raise StaleEtagError(rule, field="version")
        if officer == held.author or officer in dict(held.approvals):
            raise PermissionDeniedError("approved by its author or twice by one officer, it would be one person's word")
        needed = self.policy_document.approvals_needed
        moves = [PolicyMoved(int(PolicyStep.APPROVED), version, now_ms, officer)]
        if len(held.approvals) + 1 >= needed:
            moves.append(self._published(version, now_ms, officer, sign(held.text.encode())))
        self.append(moves)
        self._take_policy()
        return book.versions[version]

    def switch_offers(self, *, is_stopped: bool, author: str, reason: str, now_ms: int) -> None:
        """The kill switch: no decision is taken, and none taken before leaves, from now on; or the end of that, which
        changes nothing where they are not stopped.
        """
        check_line(reason, "reason", limits.TEXT_LENGTH_MAX, required=True)
        check_line(author, "author", limits.ID_LENGTH_MAX, required=True)
        if not is_stopped and not self.policy.offers_stopped:
            return
        self.append([PolicyStopSwitched(is_stopped, now_ms, author, reason)])
        self._take_policy()

    def gate_verdict(self, decision: Decision, now_ms: int | None = None) -> OfferVerdict | None:
        """Why a decision does not leave, None = it may: all offers are stopped, a tightening came into force after it,
        or her consent changed (semantics D3). Raises JournalError.
        """
        if self.policy.offers_stopped:
            return OfferVerdict.OFFERS_STOPPED
        if decision.policy_version < self.gate_version:
            return OfferVerdict.TOO_LATE
        return None if super().may_send(decision, now_ms) else OfferVerdict.PURPOSE_NOT_CONSENTED

    def may_send(self, decision: Decision, now_ms: int | None = None) -> bool:
        """The send gate, by all of these. Raises JournalError."""
        return self.gate_verdict(decision, now_ms) is None

    def _propose(
        self, document: PolicyDocument, *, author: str, now_ms: int, sign: Sign, is_loosening: bool, restores: int
    ) -> PolicyVersion:
        book = self.state.policies
        version = max(book.versions, default=0) + 1
        document = replace(document, version=version, author=author, time_ms=now_ms)
        document.validate()  # whoever reads the record again does, too
        text = document.text()
        proposed = PolicyMoved(
            int(PolicyStep.PROPOSED), version, now_ms, author, text, is_loosening, book.active, restores
        )
        moves = [proposed]
        if not is_loosening:
            moves.append(self._published(version, now_ms, author, sign(text.encode())))
        self.append(moves)
        self._take_policy()
        return book.versions[version]

    def _published(self, version: int, now_ms: int, author: str, signature: bytes) -> PolicyMoved:
        return PolicyMoved(int(PolicyStep.PUBLISHED), version, now_ms, author, signature=signature)

    def _take_policy(self) -> None:
        """Decide by what the state says from the next batch on."""
        with self.lock:
            notices = self._take_book()
        if notices is not None:
            self.set_minimum_notices(notices)

    def _take_book(self) -> dict[Purpose, str] | None:
        """Rules, caps and totals at once; returns the notices of a new version, None where there is none."""
        book = self.state.policies
        version, numbers = self.policy.version, self.policy
        is_new = book.active != self._taken_version
        if is_new:
            document = self.policy_document
            version, numbers, self.cap_rules = book.active, document.numbers, document.cap_rules
            self._taken_version = version
            self.gate_version = book.newest_tightening
            self.shadow = None  # it was compared with what is in force no more
        stopped = int(book.stop[0])
        self.policy = numbers._replace(version=version, retry_count=book.retry_count, offers_stopped=stopped)
        if is_new:
            commerce = with_policy(self._snapshot.commerce, self.cap_rules, self.policy)
            self._snapshot = self._snapshot._replace(commerce=commerce)
            self._refresh_totals(range(self.registry.count(Campaign)), self._totals_ms)
            return dict(document.minimum_notices)
        return None

    def _is_newer_notice(self, before: str, after: str) -> bool:
        notices = self.registry.notices
        held, wanted = notices.get(before), notices.get(after)
        return held is not None and wanted is not None and wanted.effective_ms >= held.effective_ms
