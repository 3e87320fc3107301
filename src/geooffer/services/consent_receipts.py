"""What a consent receipt says: one event with all fields of ISO/IEC TS 27560, in the retailer's own ids."""

from __future__ import annotations

from typing import Any

from geooffer.engine.consent_changes import ConsentChanges
from geooffer.engine.export_consents import event_row, notice_row
from geooffer.model.units import format_time_ms
from geooffer.rpc.receipts import FORMAT


def receipt_of(engine: ConsentChanges, customer_id: str, event_id: str, *, now_ms: int) -> dict[str, Any]:
    """The receipt, unsigned. Raises NotFoundError."""
    event = engine.find_consent_event(customer_id, event_id)
    return {
        "format": FORMAT,
        "event_id": event_id,
        "customer_id": customer_id,
        "issued_time": format_time_ms(now_ms),
        **event_row(event),
        **notice_row(engine.registry.notices.get(event.notice_version)),
    }
