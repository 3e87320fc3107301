"""What may become of a stream's messages, as a script: played here by the Python plane's own stream and encoder, over
there by geooffer_native.encode_answer.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
from test_answers import DECISION
from wire_messages import Chance

from geooffer.dataplane.stream import PingStream
from geooffer.engine.hints import NextPing
from geooffer.model.columns import TRANSITION
from geooffer.model.verdicts import OfferVerdict
from geooffer.rpc import answers, roles
from geooffer.rpc.answers import AnswerDraft, OfferDraft, ToldTry
from geooffer.rpc.auth import Identity
from geooffer.rpc.render import OfferRenderer
from geooffer.v1 import ping_service_pb2 as pb

NAMES = ["fence", "", "fence-2", "Straße:" + "x" * 121]
RENDERER = OfferRenderer()
Script = dict[str, Any]


def life(chance: Chance) -> Script:
    """Messages decided, shed, held and settled in any order; ends with nothing held or with something."""
    steps: list[Any] = []
    script: Script = {
        "names": NAMES,
        "location_wanted": chance.random() < 0.8,
        "catalog_generation": chance.choice((0, 1, 300, 2**62)),
        "whole": chance.random() < 0.3,
        "shut": [],
        "steps": steps,
    }
    stream = _stream()
    held: list[int] = []
    for _ in range(chance.between(1, 12)):
        sequence = stream.read(1)
        _tell_rows(chance, sequence, steps)
        if chance.random() < 0.3:
            held.append(sequence)
            stream.hold(sequence)
            steps.append({"limit_acknowledged": stream._tellable})
        elif chance.random() < 0.4:
            steps.append({"next_pings": [sequence, [_hint(chance, row) for row in range(chance.between(0, 3))]]})
        is_held = bool(stream._held)
        stream.decided(sequence, 1)
        steps.append({"update_acknowledged" if is_held else "acknowledge": stream._tellable})
        while held and chance.random() < 0.5:
            settled = held.pop(chance.below(len(held)))
            steps.append({"settle": _settled(chance, settled, script["shut"])})
            stream.settled(settled)
            steps.append({"acknowledge": stream._tellable})
    return script


def _tell_rows(chance: Chance, sequence: int, steps: list[Any]) -> None:
    if chance.random() < 0.15:
        steps.append({"shed": [sequence, chance.choice((1, 2, 127, 128, 129, 256, 1_024))]})
        return
    many = chance.random() < 0.1
    for row in range(chance.between(0, 300 if many else 3)):
        steps.append({"reject": [sequence, row, chance.between(1, 9)]})
    for row in range(chance.between(0, 300 if many else 2)):
        time_ms = chance.choice((0, 1, 999, 1_700_000_000_123, -1, 4_102_444_800_000))
        key = chance.choice((0, 77, -1, 2**63 - 1))
        kind, cause = chance.between(1, 3), chance.between(1, 7)
        place = [0, 0] if chance.random() < 0.1 else [sequence, row]
        fence = chance.below(len(NAMES))
        steps.append({"transition": [*place, key, time_ms, fence, kind, cause, chance.below(2)]})


def _hint(chance: Chance, row: int) -> list[Any]:
    """Row, distance, distance to leave, the numbers of a NextPing from `leave_accuracy_m` on, waits to dwell."""
    number = partial(chance.choice, (0, 1, 127, 128, 50_000, 86_400_000, 2**31 - 1))
    leave_m = None if chance.random() < 0.3 else chance.choice((0, 1, -1, -64, 64, 20_000_000, -(2**31)))
    numbers = [number() for _ in range(7)]
    waits_ms = sorted(chance.between(1, 90_000_000) for _ in range(chance.below(5)))
    return [row, number(), leave_m, [*numbers, chance.choice((0, 1, 2**40)), number()], waits_ms]


def _next_ping(sequence: int, hint: list[Any]) -> pb.NextPing:
    row, distance_m, leave_m, numbers, waits_ms = hint
    leave_accuracy_m, enter_accuracy_m, *others = numbers
    told = NextPing(distance_m, leave_m, leave_accuracy_m, enter_accuracy_m, tuple(waits_ms), *others)
    return answers.next_ping(told, sequence, row)


def _settled(chance: Chance, sequence: int, shut: list[int]) -> Script:
    """Tries by row, some of which won; hints after them."""
    fields, offers, others = b"", [], 0
    rows = sorted(chance.below(4) for _ in range(chance.between(0, 600 if chance.random() < 0.05 else 4)))
    for row in rows:
        offer_try = pb.OfferTry(message_sequence=sequence, row=row, device_key=7, geofence_id=chance.choice(NAMES))
        if len(offers) < 3 and chance.random() < 0.3:
            key = 1_000 * sequence + len(offers)
            if chance.random() < 0.3:
                shut.append(key)
            sees_tries = chance.random() < 0.8
            decision = RENDERER.render(replace(DECISION, decision_key=key, decision_id=f"d{key}"), sequence, row)
            offers.append(
                {
                    "decision_key": key,
                    "tries_before": others,
                    "bytes": list(answers._delimited(b"\x2a", decision)),
                    "bytes_if_sent": list(_try(offer_try, OfferVerdict.OFFERED)) if sees_tries else [],
                    "bytes_if_shut": list(_try(offer_try, OfferVerdict.TOO_LATE)) if sees_tries else [],
                }
            )
        else:
            others += 1
            fields += _try(offer_try, chance.choice(tuple(OfferVerdict)))
    for row in range(chance.between(0, 3)):
        hint = pb.NextPing(message_sequence=sequence, row=row, distance_m=chance.below(50_000), dwell_millis=[5, 300])
        fields += answers._delimited(b"\x42", hint.SerializeToString())
    return {"fields": list(fields), "offers": offers}


def _try(offer_try: pb.OfferTry, verdict: OfferVerdict) -> bytes:
    offer_try.verdict = int(verdict)  # type: ignore[assignment]
    return answers._delimited(b"\x22", offer_try.SerializeToString())


def _stream() -> PingStream:
    ranges = np.zeros((0, 2), np.int64)
    return PingStream(1, Identity(roles.OPERATOR, "o", device_key=None, device_key_ranges=ranges, expires_at=0.0))


def python_answers(script: Script) -> bytes:
    """All that the stream of a script is written by the Python plane, each answer with its gRPC prefix."""
    stream = _stream()
    for step in script["steps"]:
        ((kind, content),) = step.items()
        _play(stream, kind, content)
    parts = []
    while stream._drafts:
        draft = stream.take_whole() if script["whole"] else stream.take_draft()
        assert draft is not None
        parts.append(_encoded(draft, script))
    return b"".join(b"\0" + len(part).to_bytes(4, "big") + part for part in parts)


def _encoded(draft: AnswerDraft, script: Script) -> bytes:
    return answers.encode(
        draft,
        RENDERER,
        lambda item: item.decision.decision_key not in script["shut"],
        location_wanted=script["location_wanted"],
        catalog_generation=script["catalog_generation"],
    )


def _play(stream: PingStream, kind: str, content: Any) -> None:
    if kind == "reject":
        stream.draft().rejected_rows.append(answers.rejected_row(*content))
    elif kind == "shed":
        stream.draft().shed_messages.append(tuple(content))
    elif kind == "transition":
        stream.draft().transitions.append(_transition(content))
    elif kind == "next_pings":
        sequence, hints = content
        if hints:
            stream.draft().next_pings += [_next_ping(sequence, hint) for hint in hints]
    elif kind == "settle":
        _settle(stream, content)
    else:
        # what decided(), hold() and settled() do to the drafts once they have counted
        if kind == "limit_acknowledged":
            for draft in stream._drafts:
                draft.acknowledged = min(draft.acknowledged, content)
            content = min(stream._tellable, content)
        stream._acknowledged = content
        if kind == "acknowledge":
            stream.draft()
        if kind != "limit_acknowledged":
            stream._tell_acknowledged()


def _transition(content: list[int]) -> pb.Transition:
    sequence, row, key, time_ms, fence, kind, cause, historical = content
    item = np.zeros(1, TRANSITION)[0]
    item["device_key"], item["event_time_ms"], item["fence_number"] = key, time_ms, fence
    item["kind"], item["cause"], item["historical"] = kind, cause, historical
    registry: Any = SimpleNamespace(fence_id=NAMES.__getitem__)
    return answers.transition(item, registry, sequence, row)


def _settle(stream: PingStream, content: Script) -> None:
    """Tries, offers with their tries, hints: dataplane/distribution.py for one held message."""
    told = pb.PingAnswer.FromString(bytes(content["fields"]))
    # by place: of the tries in the fields between those of the offers
    for place, offer_try in enumerate(told.tries):
        stream.draft().tries.append(ToldTry(2 * place + 1, offer_try))
    for offer in content["offers"]:
        sent = pb.PingAnswer.FromString(bytes(offer["bytes"])).offers[0]
        said = pb.PingAnswer.FromString(bytes(offer["bytes_if_sent"])).tries
        offer_try = ToldTry(2 * offer["tries_before"], said[0]) if said else None
        key = offer["decision_key"]
        decision = replace(DECISION, decision_key=key, decision_id=sent.decision_id)
        draft = stream.draft()
        draft.offers.append(OfferDraft(decision, sent.message_sequence, sent.row, 0.0, offer_try))
        if offer_try is not None:
            draft.tries.append(offer_try)
    if told.next_pings:
        stream.draft().next_pings += told.next_pings
