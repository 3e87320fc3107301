"""Section 5 of the semantics, slow and obvious: over the nouns and signals as they came in. Not a test file.

It reads no table of the engine and imports nothing of it but nouns, policy and verdicts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from zoneinfo import ZoneInfo

from obvious_hours import is_open_at

from geooffer.model.catalog import Offer, Price, Product, StockFigure, Store
from geooffer.model.policy import DAY_MS, HOUR_MS, Policy
from geooffer.model.signals import Touchpoint
from geooffer.model.verdicts import OfferTrigger, OfferVerdict, Purpose, TouchpointKind

V = OfferVerdict
K = TouchpointKind
STANDING = {Purpose.PRECISE_LOCATION_FOR_OFFERS, Purpose.SEARCH_INTENT_USE, Purpose.PERSONALISED_OFFERS}


@dataclass
class Person:
    purposes: int
    signals: list[Touchpoint]
    contacts: list[tuple[int, str, str]] = field(default_factory=list)
    """(time, store id, offer id)."""


@dataclass
class Market:
    """What the stores registered, in the order it came."""

    policy: Policy
    products: dict[str, Product]
    offers: dict[str, Offer]
    prices: list[Price]
    stock: list[StockFigure]

    def attempt(
        self, store: Store, person: Person, triggers: set[OfferTrigger], now_ms: int
    ) -> tuple[OfferVerdict, str]:
        """(verdict of the try, winning offer id or ''); the winner is added to her contacts."""
        if not self.is_open(store, now_ms):
            return V.STORE_CLOSED, ""
        if any(not person.purposes & purpose.bit for purpose in STANDING):
            return V.PURPOSE_NOT_CONSENTED, ""
        found: list[OfferVerdict] = []  # of the candidates that match an intent
        best: tuple[int, str] = (-1, "")
        for _, offer in sorted(self.offers.items()):  # at a tie the lower id wins
            points = self.interest(self.products[offer.product_id], person, now_ms)
            if points < 0:
                continue
            verdict, score = self.judge(offer, store, person, triggers, points, now_ms)
            found.append(verdict)
            if verdict is V.OFFERED and score > best[0]:
                best = (score, offer.offer_id)
        if best[1]:
            person.contacts.append((now_ms, store.store_id, best[1]))
        return max(found, default=V.NO_INTENT), best[1]

    def judge(
        self, offer: Offer, store: Store, person: Person, triggers: set[OfferTrigger], points: int, now_ms: int
    ) -> tuple[OfferVerdict, int]:
        product = self.products[offer.product_id]
        if offer.required_purposes & ~person.purposes:
            return V.PURPOSE_NOT_CONSENTED, 0
        is_for_store = not offer.store_ids or store.store_id in offer.store_ids
        is_valid = offer.valid_from_ms <= now_ms < offer.valid_until_ms
        if offer.paused or not is_for_store or not is_valid or offer.trigger not in triggers:
            return V.OFFER_INACTIVE, 0
        if product.stock_tracked:
            size = None
            if product.sizes:
                told = [s for s in person.signals if s.size and self.category_of(s) == product.category_id]
                if not told:
                    return V.SIZE_MISMATCH, 0
                size = max(told, key=lambda s: s.time_ms).size
            figures = [
                figure
                for figure in self.stock
                if (figure.store_id, figure.product_id, figure.size) == (store.store_id, product.product_id, size)
            ]
            if not figures:
                return (V.SIZE_MISMATCH if product.sizes else V.OUT_OF_STOCK), 0
            if max(figures, key=lambda f: f.as_of_ms).available_count - self.policy.safety_stock_count < 1:
                return V.OUT_OF_STOCK, 0
        amount, reference = self.price(product.product_id, store.store_id, now_ms)
        if reference is None or (reference - amount) * 100 < offer.minimum_price_cut_percent * reference:
            return V.NO_PRICE_ADVANTAGE, 0
        capped = self.capped(offer, store, person, now_ms)
        if capped is not None:
            return capped, 0
        return V.OFFERED, points + 10 * max((reference - amount) * 100 // reference, 0)

    def category_of(self, signal: Touchpoint) -> str:
        return signal.category_id or self.products[signal.product_id].category_id

    def interest(self, product: Product, person: Person, now_ms: int) -> int:
        best = -1
        for signal in person.signals:
            if signal.kind not in (K.SEARCH, K.VIEW, K.WISH) or self.category_of(signal) != product.category_id:
                continue
            if signal.product_id not in ("", product.product_id):
                continue
            if now_ms - signal.time_ms > self.policy.intent_max_age_ms:
                continue
            if any(
                other.kind is K.PURCHASE
                and self.category_of(other) == product.category_id
                and other.time_ms >= signal.time_ms
                for other in person.signals
            ):
                continue
            hours = (now_ms - signal.time_ms) // HOUR_MS
            strength = int(65_536 * 2 ** (-hours / 72) + 0.5)
            best = max(best, (2_000 if signal.product_id else 1_000) * strength // 65_536)
        return best

    def price(self, product_id: str, store_id: str, now_ms: int) -> tuple[int, int | None]:
        """(amount in force, lowest of the 30 days before it took effect)."""
        own = sorted((p for p in self.prices if (p.product_id, p.store_id) == (product_id, store_id)), key=_start)
        chain = sorted((p for p in self.prices if (p.product_id, p.store_id) == (product_id, "")), key=_start)
        if own:
            chain = [p for p in chain if p.valid_from_ms < own[0].valid_from_ms]
        steps = [p for p in [*chain, *own] if p.valid_from_ms <= now_ms]
        if not steps:
            return 0, None
        index = len(steps) - 1
        while index and steps[index - 1].amount_minor == steps[index].amount_minor:
            index -= 1
        opens_ms = steps[index].valid_from_ms - 30 * DAY_MS
        seen = [before.amount_minor for before, after in pairwise(steps[: index + 1]) if after.valid_from_ms > opens_ms]
        return steps[index].amount_minor, min(seen, default=None)

    def capped(self, offer: Offer, store: Store, person: Person, now_ms: int) -> OfferVerdict | None:
        def within(window_ms: int) -> list[tuple[int, str, str]]:
            return [contact for contact in person.contacts if now_ms - contact[0] < window_ms]

        if offer.offer_id in [contact[2] for contact in within(self.policy.same_offer_after_ms)]:
            return V.ALREADY_OFFERED
        if within(self.policy.cooldown_ms):
            return V.COOLDOWN
        here = [contact for contact in within(DAY_MS) if contact[1] == store.store_id]
        if (
            len(within(DAY_MS)) >= self.policy.cap_day_count
            or len(within(7 * DAY_MS)) >= self.policy.cap_week_count
            or len(here) >= self.policy.cap_store_day_count
        ):
            return V.FREQUENCY_CAP
        return None

    def is_open(self, store: Store, now_ms: int) -> bool:
        """Minute by minute from now through the margin: every one of them must be open."""
        zone = ZoneInfo(store.time_zone)
        margin_ms = self.policy.closing_margin_ms
        moments = [0, *range(60_000, margin_ms, 60_000), max(margin_ms - 1, 0)]
        return all(is_open_at(store.opening_hours, zone, now_ms + ahead_ms) for ahead_ms in moments)


def _start(price: Price) -> int:
    return price.valid_from_ms
