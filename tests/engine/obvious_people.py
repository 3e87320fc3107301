"""What signals leave of a person, read off the list of signals as they came in (semantics S-1). Not a test.

The slow explanation reads the engine's tables of people; this says what those must hold, without any of its code.
"""

from __future__ import annotations

from collections import Counter

from random_market import RandomMarket

from geooffer.engine.explain_shopper import Shopper
from geooffer.engine.registry import size_code
from geooffer.model.kinds import AccountKind, FulfilmentPreference
from geooffer.model.limits import CONTACT_RETENTION_MS
from geooffer.model.signals import Touchpoint
from geooffer.model.sizes import canonical_size
from geooffer.model.verdicts import TouchpointKind

K = TouchpointKind
INTERESTS = (K.SEARCH, K.VIEW, K.WISH, K.CART)


class ObviousPerson:
    """One person's signals, and who is on which list."""

    def __init__(self, market: RandomMarket, name: str) -> None:
        self._market = market
        self._name = name
        self._signals = [signal for signal in market.signals if signal.customer_id == name]

    def check(self, shopper: Shopper, now_ms: int) -> None:
        """Assert that the tables hold what the signals say; others' messages may be gone after 32 days."""
        assert {(i.category_id, i.product_id, i.kind): i.time_ms for i in shopper.interests} == self._interests()
        assert len(shopper.interests) == len(self._interests())
        assert shopper.bought_ms == self._latest(K.PURCHASE)
        assert shopper.returned_ms == self._latest(K.RETURN)
        assert shopper.liked_ms == self._latest(K.SOCIAL_LIKE)
        assert shopper.surveys == self._surveys()
        assert shopper.size_codes == self._sizes()
        assert shopper.tier == (self._stated("tier") or 0)
        assert shopper.account_kind == (self._stated("account_kind") or AccountKind.CONSUMER)
        assert shopper.fulfilment == self._fulfilment()
        assert (shopper.channel or 0) == (self._stated("channel") or 0)
        assert shopper.audience_ids == {
            audience_id
            for (audience_id, name), (_, is_member) in self._market.members.items()
            if name == self._name and is_member
        }
        messages = {(s.time_ms, s.source): self._category(s) for s in self._signals if s.kind is K.CONTACTED}
        expected = [(time_ms, category_id) for (time_ms, _), category_id in messages.items()]
        told = [(contact.decided_ms, contact.category_id) for contact in shopper.contacts if not contact.is_offer]
        assert not Counter(told) - Counter(expected)
        kept = [message for message in expected if now_ms - message[0] <= CONTACT_RETENTION_MS]
        assert not Counter(kept) - Counter(told)

    def _category(self, signal: Touchpoint) -> str:
        if signal.product_id:
            return self._market.engine.registry.products[signal.product_id].category_id
        return signal.category_id

    def _interests(self) -> dict[tuple[str, str, TouchpointKind], int]:
        found: dict[tuple[str, str, TouchpointKind], int] = {}
        for signal in self._signals:
            if signal.kind in INTERESTS:
                key = self._category(signal), signal.product_id, signal.kind
                found[key] = max(found.get(key, 0), signal.time_ms)
        return found

    def _latest(self, kind: TouchpointKind) -> dict[str, int]:
        found: dict[str, int] = {}
        for signal in self._signals:
            if signal.kind is kind:
                found[self._category(signal)] = max(found.get(self._category(signal), 0), signal.time_ms)
        return found

    def _surveys(self) -> dict[str, tuple[int, bool]]:
        found: dict[str, tuple[int, bool]] = {}
        for signal in self._signals:
            if signal.kind is K.SURVEY_ANSWER:
                answer = signal.time_ms, bool(signal.is_interested)
                found[self._category(signal)] = max(found.get(self._category(signal), answer), answer)
        return found

    def _sizes(self) -> dict[str, int]:
        found: dict[str, tuple[int, int]] = {}
        for signal in self._signals:
            if signal.size is not None:
                category_id = self._category(signal)
                chart = self._market.engine.registry.categories[category_id].size_chart
                told = signal.time_ms, size_code(canonical_size(chart, signal.size))
                found[category_id] = max(found.get(category_id, told), told)
        return {category_id: code for category_id, (_, code) in found.items()}

    def _stated(self, field: str) -> int | None:
        told = [(s.time_ms, int(getattr(s, field))) for s in self._signals if getattr(s, field) is not None]
        return max(told)[1] if told else None

    def _fulfilment(self) -> FulfilmentPreference | None:
        stated = self._stated("fulfilment")
        return FulfilmentPreference(stated) if stated else None
