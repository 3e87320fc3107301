"""Step 1 of a ping: who is it, may her location be used at all, is the row well-formed and accurate enough.

Runs over the whole batch before any look-up in space (privacy C2): a row without location consent is forgotten here.
"""

from __future__ import annotations

from numba import types

from geooffer.kernels.compile import entry, kernel
from geooffer.kernels.hashing import find_value
from geooffer.kernels.types import I4, PEOPLE, PINGS, POLICY, U1
from geooffer.model import limits
from geooffer.model.columns import Int32Array, StructArray, UInt8Array
from geooffer.model.policy import Policy
from geooffer.model.tables import PeopleTables
from geooffer.model.verdicts import PingVerdict, Purpose

MALFORMED = int(PingVerdict.MALFORMED)
NO_CONSENT = int(PingVerdict.NO_CONSENT)
ACCURACY_TOO_COARSE = int(PingVerdict.ACCURACY_TOO_COARSE)
LOCATION_BIT = Purpose.PRECISE_LOCATION_FOR_OFFERS.bit
LATITUDE_MAX_E7 = limits.LATITUDE_MAX_E7
LONGITUDE_MAX_E7 = limits.LONGITUDE_MAX_E7
ACCURACY_MAX_CM = limits.ACCURACY_MAX_CM
TIME_MIN_MS = limits.TIME_MIN_MS
TIME_MAX_MS = limits.TIME_MAX_MS


@kernel
def may_use_location(people: PeopleTables, device_slot: int) -> bool:
    """The one flags word of the device's person."""
    person_slot = people.devices[device_slot].person_slot
    return (people.persons[person_slot].consent_bits & LOCATION_BIT) != 0


@entry(lambda: types.void(PEOPLE, POLICY, PINGS, U1, I4, U1, I4, I4))
def admit_rows(
    people: PeopleTables,
    policy: Policy,
    pings: StructArray,
    verdicts: UInt8Array,
    device_slots: Int32Array,
    wanted: UInt8Array,
    latitudes_e7: Int32Array,
    longitudes_e7: Int32Array,
) -> None:
    """For n rows: verdicts[i] = MALFORMED | NO_CONSENT | ACCURACY_TOO_COARSE, or 0 with wanted[i] = 1.

    device_slots[i] and the position columns are filled for wanted rows only. All arrays have length ≥ n.
    """
    for row in range(len(pings)):
        ping = pings[row]
        wanted[row] = 0
        device_slots[row] = -1
        if (
            ping.malformed
            or ping.latitude_e7 > LATITUDE_MAX_E7
            or ping.latitude_e7 < -LATITUDE_MAX_E7
            or ping.longitude_e7 > LONGITUDE_MAX_E7
            or ping.longitude_e7 < -LONGITUDE_MAX_E7
            or ping.accuracy_cm < 0
            or ping.accuracy_cm > ACCURACY_MAX_CM
            or ping.sequence < 0
            or ping.fix_time_ms < TIME_MIN_MS
            or ping.fix_time_ms > TIME_MAX_MS
        ):
            verdicts[row] = MALFORMED
            continue
        device_slot = -1
        if ping.device_key != 0:
            device_slot = find_value(people.device_hash_keys, people.device_hash_slots, ping.device_key)
        if device_slot < 0 or not may_use_location(people, device_slot):
            verdicts[row] = NO_CONSENT
            continue
        if ping.accuracy_cm > policy.accuracy_max_cm:
            verdicts[row] = ACCURACY_TOO_COARSE
            continue
        verdicts[row] = 0
        wanted[row] = 1
        device_slots[row] = device_slot
        latitudes_e7[row] = ping.latitude_e7
        longitudes_e7[row] = ping.longitude_e7
