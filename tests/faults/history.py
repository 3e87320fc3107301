"""What the clients know: everything they sent, what was acknowledged, every offer they were told. Written before the
call leaves and again when its answer has come, so it knows at any moment what the service has promised. Not a test.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

Key = tuple[str, ...]


@dataclass
class Register:
    """A thing with one writer: its value may be the last acknowledged, or one sent after it."""

    possible: list[Any]

    def sent(self, value: Any) -> None:
        self.possible.append(value)

    def acknowledged(self, value: Any) -> None:
        self.possible = [value]

    def seen(self, value: Any) -> bool:
        """Whether it may be this; what was seen after a restart is durable from then on."""
        if value not in self.possible:
            return False
        self.possible = [value]
        return True


@dataclass
class Batch:
    """Several things sent as one call: all of them are there, or none is."""

    keys: tuple[Key, ...]
    acknowledged: bool = False


@dataclass(frozen=True)
class ToldOffer:
    """An offer somebody received."""

    decision_id: str
    customer_id: str
    offer_id: str
    store_id: str
    time_ms: int
    campaign_id: str


@dataclass
class History:
    """Of one state directory."""

    registers: dict[Key, Register] = field(default_factory=dict)
    batches: list[Batch] = field(default_factory=list)
    """Of touchpoints: keys (customer, category, time)."""
    offers: dict[str, ToldOffer] = field(default_factory=dict)
    repeated: list[str] = field(default_factory=list)
    """Decision ids that were told twice for different calls."""
    generation: int = 0
    """The greatest catalog generation that an answer named."""
    acknowledged_count: int = 0
    sent_count: int = 0
    unseen: set[str] = field(default_factory=set)
    """Decision ids not looked up since they were told."""

    def send(self, values: dict[Key, Any]) -> None:
        """Before the call."""
        self.sent_count += 1
        for key, value in values.items():
            self.registers.setdefault(key, Register([None])).sent(value)

    def acknowledge(self, values: dict[Key, Any], generation: int = 0) -> None:
        """After its answer."""
        self.acknowledged_count += 1
        self.generation = max(self.generation, generation)
        for key, value in values.items():
            self.registers[key].acknowledged(value)

    def send_batch(self, keys: Iterable[Key]) -> Batch:
        """Before a call whose rows each are there once."""
        self.sent_count += 1
        batch = Batch(tuple(keys))
        self.batches.append(batch)
        return batch

    def acknowledge_batch(self, batch: Batch) -> None:
        """After its answer."""
        self.acknowledged_count += 1
        batch.acknowledged = True

    def told(self, offer: ToldOffer) -> None:
        """An offer was received."""
        if offer.decision_id in self.offers:
            self.repeated.append(offer.decision_id)
        self.offers[offer.decision_id] = offer
        self.unseen.add(offer.decision_id)

    def of_kind(self, kind: str) -> dict[Key, Register]:
        """Registers whose key begins with `kind`."""
        return {key: register for key, register in self.registers.items() if key[0] == kind}
