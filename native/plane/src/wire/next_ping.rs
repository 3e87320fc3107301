//! `geooffer.v1.NextPing`, as `next_ping` of `geooffer/rpc/answers.py` writes it.

use bytes::BytesMut;

use super::writer::{put_integer, put_message, put_varint};
use crate::rows::{HINT_NO_RIM, HintRow};

/// The whole field `next_pings` of a PingAnswer, tag and length included.
pub(super) fn put_next_ping(hint: &HintRow, message_sequence: i64, row: i32, out: &mut BytesMut) {
    put_message(0x42, out, |out| {
        put_integer(0x08, message_sequence, out);
        put_integer(0x10, i64::from(row), out);
        put_integer(0x18, hint.distance_m, out);
        if hint.leave_distance_m != HINT_NO_RIM {
            // optional: 0 is said, too
            out.extend_from_slice(&[0x20]);
            put_varint(zigzag(hint.leave_distance_m), out);
        }
        put_integer(0x28, hint.leave_accuracy_m, out);
        put_integer(0x30, hint.enter_accuracy_m, out);
        if hint.dwell_ms[0] != 0 {
            put_message(0x3a, out, |out| {
                let waits_ms = hint.dwell_ms.iter().take_while(|&&wait_ms| wait_ms != 0);
                waits_ms.for_each(|&wait_ms| put_varint(bits(wait_ms), out));
            });
        }
        put_integer(0x40, hint.latest_ms, out);
        put_integer(0x48, hint.earliest_ms, out);
        put_integer(0x50, hint.speed_cm_per_s, out);
        put_integer(0x58, hint.enter_count, out);
        put_integer(0x60, hint.leave_count, out);
        put_integer(0x68, hint.fences_generation, out);
        put_integer(0x70, hint.assumed_accuracy_m, out);
    });
}

fn zigzag(value: i64) -> u64 {
    bits((value << 1) ^ (value >> 63))
}

fn bits(value: i64) -> u64 {
    u64::from_ne_bytes(value.to_ne_bytes())
}
