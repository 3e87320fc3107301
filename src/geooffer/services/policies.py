"""What stands behind PolicyService and the policy file: the engine's policies, the key that signs them, the log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import perf_counter_ns
from typing import Literal

import structlog

from geooffer.engine.engine import Engine
from geooffer.engine.policy_book import PolicyVersion
from geooffer.engine.shadow import Shadow
from geooffer.errors import (
    ConfigurationError,
    GeoofferError,
    InvalidArgumentError,
    LimitExceededError,
    StaleEtagError,
)
from geooffer.model import limits
from geooffer.model.policy_difference import NOTICE_FIELD
from geooffer.model.policy_document import PolicyDocument, check_line
from geooffer.model.policy_text import parse_policy
from geooffer.rpc.policy_signing import PolicySigner

FileOutcome = Literal["applied", "waiting", "unchanged", "refused"]
FIRST_AUTHOR = "geooffer"

log = structlog.get_logger(__name__)


class Policies:
    """One for each server. To be called on the loop's thread."""

    def __init__(self, engine: Engine, signer: PolicySigner, now_ms: Callable[[], int]) -> None:
        self.engine = engine
        self._signer = signer
        self._now_ms = now_ms
        self.refused_file_count = 0
        """Policy files that were not taken since the start."""

    def start(self) -> None:
        """Check what was recovered, and publish the first policy where there is none.

        Raises ConfigurationError where the policy in force is not signed by this service's key or does not read: nobody
        is served by rules that nobody vouches for.
        """
        held = self.engine.state.policies.in_force
        if held is not None and not self._signer.is_good(held.text, held.signature):
            rule = f"version {held.version} of the policy is not signed by this service's key (docs/policy.md)"
            raise ConfigurationError(rule, field="state_dir")
        self.engine.first_policy(author=FIRST_AUTHOR, now_ms=self._now_ms(), sign=self._signer.sign)

    def propose(self, document: PolicyDocument, author: str) -> PolicyVersion:
        """As the engine does it; logged."""
        name, now_ms = self._name_of(author), self._now_ms()
        return self._told(self.engine.propose_policy(document, author=name, now_ms=now_ms, sign=self._signer.sign))

    def approve(self, version: int, officer: str) -> PolicyVersion:
        """As the engine does it; logged."""
        name, now_ms = self._name_of(officer), self._now_ms()
        return self._told(self.engine.approve_policy(version, officer=name, now_ms=now_ms, sign=self._signer.sign))

    def roll_back(self, version: int, author: str, reason: str) -> PolicyVersion:
        """As the engine does it; logged."""
        held = self.engine.roll_back_policy(
            version, author=self._name_of(author), reason=reason, now_ms=self._now_ms(), sign=self._signer.sign
        )
        return self._told(held)

    def switch_offers(self, *, is_stopped: bool, author: str, reason: str) -> None:
        """As the engine does it; logged."""
        name, was_stopped = self._name_of(author), self.engine.policy.offers_stopped
        self.engine.switch_offers(is_stopped=is_stopped, author=name, reason=reason, now_ms=self._now_ms())
        if is_stopped:
            log.warning("offers_stopped")
        elif was_stopped:
            log.warning("offers_resumed")

    def missing_approvals(self, held: PolicyVersion) -> int:
        """How many more officers a version needs; 0 where it waits for none."""
        if not self.engine.state.policies.is_waiting(held):
            return 0
        return self.engine.policy_document.approvals_needed - len(held.approvals)

    def start_trial(self, candidate: PolicyDocument) -> None:
        """Try a candidate beside what is in force; another one's trial ends. Raises InvalidArgumentError where more
        consents would count by its notices: trying it would use what nobody may use yet.
        """
        for change in self.engine.policy_changes(candidate):
            if change.field.startswith(NOTICE_FIELD) and not change.is_tightening:
                rule = "is not known to be newer than what is in force: consent is missing to try it on live pings"
                raise InvalidArgumentError(f"{change.field} {rule}", field=change.field)
        self.engine.shadow = Shadow(candidate, self.engine.policy.version, now_ns=perf_counter_ns)
        log.warning("policy_trial_started", version=self.engine.policy.version)

    # -- edited as a file ------------------------------------------------------------------------------------

    def take_file(self, sealed: str) -> FileOutcome:
        """Propose what a signed file says, by its author. What cannot be trusted, or cannot wait beside so many others,
        changes nothing: it is logged as `policy_file_refused` and counted, and the policy in force stays. Raises
        JournalError.
        """
        try:
            return self._take_file(sealed)
        except (InvalidArgumentError, LimitExceededError, StaleEtagError) as error:
            self.refuse_file(error)
            return "refused"

    def refuse_file(self, error: GeoofferError) -> None:
        """Count and log a file that is not taken."""
        self.refused_file_count += 1
        log.error("policy_file_refused", reason=error.message, version=self.engine.policy.version)

    def check_file(self, sealed: str) -> PolicyDocument:
        """What a signed file says. Raises InvalidArgumentError: another key's, changed since, by nobody, or it does not
        read.
        """
        document = parse_policy(self._signer.unseal(sealed))
        check_line(document.author, "author", limits.ID_LENGTH_MAX, required=True)
        return document

    def _take_file(self, sealed: str) -> FileOutcome:
        document = self.check_file(sealed)
        book = self.engine.state.policies
        if document.rules() == self.engine.policy_document.rules():
            return "unchanged"
        if document.version != book.active:
            rule = f"the file was made from version {document.version}, in force is {book.active}"
            raise StaleEtagError(rule, field="version")
        for held in book.versions.values():
            if book.is_waiting(held) and held.document().rules() == document.rules():
                return "waiting"
        held = self.propose(replace(document, version=0), document.author)
        return "applied" if held.is_published else "waiting"

    def _name_of(self, subject: str) -> str:
        """How an officer is called in records: by the subject of her token, which says who is accountable. No e-mail
        address enters the engine (privacy M8): of one that is, a keyed hash.
        """
        if "@" not in subject:
            return subject
        return f"officer-{self.engine.keyed_hash(b'officer', subject.encode()).hex()[:16]}"

    def _told(self, held: PolicyVersion) -> PolicyVersion:
        state = "in force" if held.is_published else "waiting"
        log.warning("policy_moved", version=held.version, state=state, loosening=held.is_loosening)
        return held
