"""The engine as the rim sees it: catalog and people changes, pings, explanations. One thread calls everything."""

from __future__ import annotations

from geooffer.engine.asking import Asking
from geooffer.engine.explain import Explanation, explain_ping


class Engine(Asking):
    """core.py holds the state, pipeline.py the pings, *_changes.py what control calls do."""

    def explain(
        self, *, device_key: int, latitude_e7: int, longitude_e7: int, accuracy_cm: int, now_ms: int
    ) -> Explanation:
        """What a hypothetical live ping would give, candidate by candidate; changes nothing (semantics D8)."""
        return explain_ping(
            self,
            device_key=device_key,
            latitude_e7=latitude_e7,
            longitude_e7=longitude_e7,
            accuracy_cm=accuracy_cm,
            now_ms=now_ms,
        )
