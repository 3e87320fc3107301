"""What became of decisions, and what was decided (semantics D3, D8): outcomes reported, decisions read back."""

from __future__ import annotations

from dataclasses import dataclass

from geooffer.engine.decisions import decision_id
from geooffer.engine.linking import Linking
from geooffer.errors import InvalidArgumentError, NotFoundError
from geooffer.model.catalog import Campaign, Category, Offer, Product, Store
from geooffer.model.columns import FACTORS
from geooffer.model.kinds import Channel, Fulfilment, OutcomeKind
from geooffer.model.records import DecisionRecord, DecisionReleased, OutcomeRecord
from geooffer.model.verdicts import TouchpointKind


@dataclass(frozen=True, slots=True)
class DecisionView:
    """A decision as kept, in the network's own ids; `points` by factor."""

    decision_id: str
    customer_id: str
    time_ms: int
    store_id: str
    supply_store_id: str
    offer_id: str
    product_id: str
    category_id: str
    campaign_id: str
    size_system: str
    size_value: str
    amount_minor: int
    reference_amount_minor: int
    score: int
    points: dict[str, int]
    reason_kind: TouchpointKind
    fulfilment: Fulfilment
    channel: Channel
    is_shadow: bool
    catalog_generation: int
    policy_version: int
    outcomes: dict[OutcomeKind, int]


class Outcomes(Linking):
    """Reports about decisions."""

    def report_outcome(
        self, name: str, kind: OutcomeKind, *, time_ms: int, now_ms: int, device_key: int | None = None
    ) -> None:
        """Take what a channel or app reports. Any order and repeats give the same state.

        FAILED gives the caps back, unless it is also reported delivered, displayed or more, before or after.
        `device_key`: only a decision of this device's person may be named; else NotFoundError, as for one that does not
        exist.
        """
        key, record = self._decision(name, or_released=True)
        person_key = self.state.resolve(record.person_key)
        if device_key is not None and self.person_of_device(device_key) != person_key:
            raise NotFoundError("no such decision", field="decision_id")
        if time_ms > now_ms + self.policy.future_tolerance_ms:
            raise InvalidArgumentError("the outcome lies in the future", field="event_time")
        known = set(self.state.outcomes.get(key, ()))
        if kind is not OutcomeKind.FAILED:
            counts_again = key in self.state.released
            # nothing becomes of an offer before it was decided, whatever a phone's clock says
            told_ms = max(min(time_ms, now_ms), record.time_ms)
            self.append([OutcomeRecord(person_key, key, int(kind), told_ms)])
            self.statistics.outcomes[kind] += kind not in known
            if counts_again and record.campaign_number >= 0:
                self._refresh_total(record.campaign_number, now_ms)
        elif not known and key in self.state.decisions:
            self.append([DecisionReleased(person_key, key, record.time_ms)])
            self.statistics.outcomes[kind] += 1
            if record.campaign_number >= 0:
                self._refresh_total(record.campaign_number, now_ms)

    def _decision(self, name: str, *, or_released: bool = False) -> tuple[int, DecisionRecord]:
        key = self._decision_keys.get(name, -1)
        record = self.state.decisions.get(key)
        if record is None and or_released:
            record = self.state.released.get(key)
        if record is None:
            raise NotFoundError("no such decision", field="decision_id")
        return key, record

    def decision(self, name: str) -> DecisionView:
        """One decision of the last 32 days. Raises NotFoundError, also for one that was taken back."""
        return self.decision_view(*self._decision(name))

    def decision_name(self, key: int) -> str:
        """The public id of a decision."""
        return decision_id(self._decision_key, key)

    def decision_view(self, key: int, record: DecisionRecord) -> DecisionView:
        """A decision that is kept, or was taken back, in the network's own ids."""
        registry = self.registry
        size = registry.size(record.size_code)
        campaign = registry.identifier(Campaign, record.campaign_number) if record.campaign_number >= 0 else ""
        return DecisionView(
            decision_id=self.decision_name(key),
            customer_id=self.state.people.customers[self.state.resolve(record.person_key)].customer_id,
            time_ms=record.time_ms,
            store_id=registry.identifier(Store, record.store_number),
            supply_store_id=registry.identifier(Store, record.supply_store_number),
            offer_id=registry.identifier(Offer, record.offer_number),
            product_id=registry.identifier(Product, record.product_number),
            category_id=registry.identifier(Category, record.category_number),
            campaign_id=campaign,
            size_system=size.system if size else "",
            size_value=size.value if size else "",
            amount_minor=record.amount_minor,
            reference_amount_minor=record.reference_amount_minor,
            score=record.score,
            points=dict(zip(FACTORS, record.points, strict=True)),
            reason_kind=TouchpointKind(record.reason_kind),
            fulfilment=Fulfilment(record.fulfilment),
            channel=Channel(record.channel),
            is_shadow=record.is_shadow,
            catalog_generation=record.catalog_generation,
            policy_version=record.policy_version,
            outcomes=dict(self.state.outcomes.get(key, {})),
        )
