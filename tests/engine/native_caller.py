"""Calls the native matcher through its address, as a worker does: own buffers, guard zones, no GIL. Not a test file."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from geooffer.engine.engine import Engine
from geooffer.engine.join import Join, address
from geooffer.model import context as c
from geooffer.model.columns import TRANSITION, TRY, WINNER, Int64Array, Outcome, StructArray

GUARD_BYTES = 4_096
GUARD = 0xA5
_I8 = ctypes.c_int64
_DECIDE = ctypes.CFUNCTYPE(_I8, *[_I8] * 8)
_MAY_SEND = ctypes.CFUNCTYPE(_I8, *[_I8] * 5)
_HINT = ctypes.CFUNCTYPE(_I8, *[_I8] * 6)


class Guarded:
    """An array between two zones nobody may write to."""

    def __init__(self, dtype: Any, length: int) -> None:
        self._size_bytes = np.dtype(dtype).itemsize * length
        self._room = np.full(self._size_bytes + 2 * GUARD_BYTES, GUARD, np.uint8)
        self.rows: Any = self._room[GUARD_BYTES : GUARD_BYTES + self._size_bytes].view(dtype)
        self.rows[:] = np.zeros((), dtype)

    @property
    def is_intact(self) -> bool:
        after = self._room[GUARD_BYTES + self._size_bytes :]
        return bool((self._room[:GUARD_BYTES] == GUARD).all() and (after == GUARD).all())


class NativeCaller:
    """One worker's buffers, and the engine they are for."""

    def __init__(
        self,
        engine: Engine,
        join: Join | None = None,
        *,
        rows: int = 1_024,
        transitions: int = 8_192,
        tries: int = 4_096,
        winners: int = 1_024,
        hits: int = 65_536,
    ) -> None:
        self.engine, self.join = engine, join or Join(engine)
        self.row_count_max = rows
        self.transitions, self.tries = Guarded(TRANSITION, transitions), Guarded(TRY, tries)
        self.winners, self.hits = Guarded(WINNER, winners), Guarded(np.int32, hits)
        self.workspace = Guarded(np.int64, (c.WORKSPACE_BYTES + c.WORKSPACE_BYTES_PER_ROW * rows) // 8)
        self.verdicts, self.ages = Guarded(np.uint8, rows), Guarded(np.int64, rows)
        self.call = Guarded(np.int64, c.CALL_LENGTH)
        for cell, buffer in (
            (c.CALL_TRANSITIONS, self.transitions),
            (c.CALL_TRIES, self.tries),
            (c.CALL_WINNERS, self.winners),
            (c.CALL_HITS, self.hits),
            (c.CALL_WORKSPACE, self.workspace),
        ):
            self.call.rows[cell], self.call.rows[cell + 1] = address(buffer.rows), len(buffer.rows)
        self.call.rows[c.CALL_WORKSPACE + 1] *= 8
        self._decide = _DECIDE(self.join.decide_address)
        self._may_send = _MAY_SEND(self.join.may_send_address)
        self._hint = _HINT(self.join.hint_address)

    @property
    def reason(self) -> int:
        return int(self.call.rows[c.CALL_REASON])

    @property
    def context_number(self) -> int:
        return int(self.call.rows[c.CALL_CONTEXT_NUMBER])

    def decide(
        self, pings: StructArray, ages_ms: Int64Array, real_now_ms: int = 0, winner_count_max: int = 10**6
    ) -> tuple[int, Outcome]:
        """One call; (rows decided, their outcome)."""
        count = len(pings)
        self.ages.rows[:count] = ages_ms
        done = self._decide(
            self.join.context_address,
            address(pings),
            address(self.ages.rows),
            count,
            real_now_ms,
            winner_count_max,
            address(self.verdicts.rows),
            address(self.call.rows),
        )
        counts = self.call.rows[c.CALL_TRANSITION_COUNT : c.CALL_WINNER_COUNT + 1].tolist()
        return done, Outcome(
            self.verdicts.rows[: max(done, 0)].copy(),
            self.transitions.rows[: counts[0]].copy(),
            self.tries.rows[: counts[1]].copy(),
            self.winners.rows[: counts[2]].copy(),
        )

    def may_send(self, person_slot: int, person_key: int, consent_epoch: int, policy_version: int) -> int:
        return int(self._may_send(self.join.context_address, person_slot, person_key, consent_epoch, policy_version))

    def hint(self, pings: StructArray) -> tuple[int, Int64Array]:
        """(what it returned, a row of HINT_LENGTH cells for each ping)."""
        count = len(pings)
        told, workspace = Guarded(np.int64, count * c.HINT_LENGTH), Guarded(np.int64, 10 * count)
        done = self._hint(
            self.join.context_address,
            address(pings),
            count,
            address(told.rows),
            address(workspace.rows),
            c.HINT_WORKSPACE_BYTES_PER_ROW * count,
        )
        assert told.is_intact
        assert workspace.is_intact
        return int(done), told.rows.reshape(count, c.HINT_LENGTH)

    def check(self) -> None:
        """Nothing was written beside a buffer."""
        names = ("transitions", "tries", "winners", "hits", "workspace", "verdicts", "ages", "call")
        assert all(getattr(self, name).is_intact for name in names), [
            name for name in names if not getattr(self, name).is_intact
        ]
