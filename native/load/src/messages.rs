//! `StreamPingsRequest`s as bytes, gRPC's five in front: from the tables, into a buffer that is used again.
//!
//! Written by hand for this one message: a hundred rows take a microsecond, and sequences are new in every one.

use crate::world::{Step, World};

/// Tags of `Ping`, `PingBatch` and `StreamPingsRequest` (`proto/geooffer/v1/ping_service.proto`).
const PING: u8 = 0x0a;
const BATCH: u8 = 0x12;

/// What is the same in all messages of a run.
#[derive(Clone, Copy, Debug)]
pub struct Common {
    /// Scope of the sequences.
    pub session_id: i64,
    /// Whether pings name their device.
    pub names_devices: bool,
    /// Of every ping.
    pub accuracy_cm: i32,
    /// Of every ping.
    pub speed_cm_per_s: i32,
    /// How long an answer is of use; 0 = what the server takes by default.
    pub decision_budget_ms: i32,
}

impl Common {
    /// Of a run in `world`.
    #[must_use]
    pub fn of(world: &World, session_id: i64, decision_budget_ms: i32) -> Self {
        Self {
            session_id,
            names_devices: world.names_devices,
            accuracy_cm: world.accuracy_cm,
            speed_cm_per_s: world.speed_cm_per_s,
            decision_budget_ms,
        }
    }
}

/// Append a message with one ping whose fix is `age_ms` old.
pub fn put_ping(out: &mut Vec<u8>, common: &Common, step: &Step, age_ms: i64) {
    let start = out.len();
    // gRPC's five, then tag and length: a ping is shorter than 128 bytes
    out.extend_from_slice(&[0, 0, 0, 0, 0, PING, 0]);
    let body = out.len();
    put_signed(out, 0x08, step.sequence);
    put_fixed(out, 0x11, common.session_id);
    put_signed(out, 0x18, step.latitude_e7.into());
    put_signed(out, 0x20, step.longitude_e7.into());
    put_signed(out, 0x28, common.accuracy_cm.into());
    put_signed(out, 0x30, age_ms);
    if common.decision_budget_ms != 0 {
        put_signed(out, 0x40, common.decision_budget_ms.into());
    }
    if common.names_devices {
        put_fixed(out, 0x49, step.device_key);
    }
    put_signed(out, 0x50, common.speed_cm_per_s.into());
    out[body - 1] = length_byte(out.len() - body);
    put_length(out, start);
}

/// Append a message with a row for each step. Ages are not sent: the fixes are new.
pub fn put_batch(out: &mut Vec<u8>, common: &Common, steps: &[Step]) {
    let start = out.len();
    let count = steps.len();
    let (wide, narrow) = (count * 8, count * 4);
    let column = |size: usize| 1 + varint_size(size) + size;
    let mut budget = Vec::new();
    if common.decision_budget_ms != 0 {
        put_signed(&mut budget, 0x50, common.decision_budget_ms.into());
    }
    let size = 3 * column(wide) + 4 * column(narrow) + budget.len();
    out.reserve(size + 16);
    out.extend_from_slice(&[0, 0, 0, 0, 0, BATCH]);
    put_varint(out, size as u64);
    put_column(out, 0x0a, wide, steps, |step| step.device_key.to_le_bytes());
    put_column(out, 0x12, wide, steps, |_| common.session_id.to_le_bytes());
    put_column(out, 0x1a, wide, steps, |step| step.sequence.to_le_bytes());
    put_column(out, 0x22, narrow, steps, |step| step.latitude_e7.to_le_bytes());
    put_column(out, 0x2a, narrow, steps, |step| step.longitude_e7.to_le_bytes());
    put_column(out, 0x32, narrow, steps, |_| common.accuracy_cm.to_le_bytes());
    out.extend_from_slice(&budget);
    put_column(out, 0x5a, narrow, steps, |_| common.speed_cm_per_s.to_le_bytes());
    put_length(out, start);
}

fn put_column<const N: usize>(
    out: &mut Vec<u8>,
    tag: u8,
    size: usize,
    steps: &[Step],
    bytes_of: impl Fn(&Step) -> [u8; N],
) {
    out.push(tag);
    put_varint(out, size as u64);
    let start = out.len();
    out.resize(start + size, 0);
    for (place, step) in out[start..].chunks_exact_mut(N).zip(steps) {
        place.copy_from_slice(&bytes_of(step));
    }
}

fn put_length(out: &mut [u8], start: usize) {
    let length = u32::try_from(out.len() - start - 5).unwrap_or(u32::MAX);
    out[start + 1..start + 5].copy_from_slice(&length.to_be_bytes());
}

fn length_byte(length: usize) -> u8 {
    debug_assert!(length < 128);
    u8::try_from(length).unwrap_or(127)
}

fn put_fixed(out: &mut Vec<u8>, tag: u8, value: i64) {
    out.push(tag);
    out.extend_from_slice(&value.to_le_bytes());
}

/// A zigzag field.
#[allow(clippy::cast_sign_loss)] // what zigzag makes is its bits
fn put_signed(out: &mut Vec<u8>, tag: u8, value: i64) {
    out.push(tag);
    put_varint(out, ((value << 1) ^ (value >> 63)) as u64);
}

#[allow(clippy::cast_possible_truncation)] // seven bits at a time
fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn varint_size(value: usize) -> usize {
    (usize::BITS - (value | 1).leading_zeros()).div_ceil(7) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMON: Common =
        Common { session_id: 5, names_devices: true, accuracy_cm: 1_000, speed_cm_per_s: 120, decision_budget_ms: 0 };

    #[test]
    fn a_ping_is_the_bytes_that_pythons_protobuf_makes_of_it() {
        // pb.StreamPingsRequest(ping=pb.Ping(sequence=3, session_id=5, latitude_e7=-7, longitude_e7=84000000,
        //   accuracy_cm=1000, fix_age_millis=2, device_key=9, speed_cm_per_s=120)).SerializeToString().hex()
        let expected = "0a230806110500000000000000180d2080f48d5028d00f300449090000000000000050f001";
        let step = Step { device_key: 9, sequence: 3, latitude_e7: -7, longitude_e7: 84_000_000 };
        let mut out = vec![1];
        put_ping(&mut out, &COMMON, &step, 2);
        let body = &out[6..];
        assert_eq!(out[..6], [1, 0, 0, 0, 0, u8::try_from(body.len()).expect("short")]);
        assert_eq!(hex(body), expected);
    }

    #[test]
    fn a_batch_is_the_bytes_that_pythons_protobuf_makes_of_it() {
        let steps = [
            Step { device_key: 9, sequence: 3, latitude_e7: -7, longitude_e7: 8 },
            Step { device_key: 10, sequence: 4, latitude_e7: 472_000_000, longitude_e7: 84_000_000 },
        ];
        let mut out = Vec::new();
        put_batch(&mut out, &COMMON, &steps);
        // the same of pb.PingBatch(device_keys=[9, 10], session_ids=[5, 5], …)
        let expected = "125e0a1009000000000000000a00000000000000121005000000000000000500000000000000\
                        1a10030000000000000004000000000000002208f9ffffff0026221c2a080800000000bd0105\
                        3208e8030000e80300005a087800000078000000";
        assert_eq!(hex(&out[5..]), expected);
        assert_eq!(out[1..5], u32::try_from(out.len() - 5).expect("short").to_be_bytes());
    }

    #[test]
    fn a_budget_is_told_with_every_message() {
        let common = Common { decision_budget_ms: 5_000, ..COMMON };
        let step = Step { device_key: 9, sequence: 3, latitude_e7: -7, longitude_e7: 8 };
        let mut ping = Vec::new();
        put_ping(&mut ping, &common, &step, 0);
        // sint32 5,000: zigzag 10,000
        assert!(hex(&ping).contains("40904e490900"), "{}", hex(&ping));
        let mut batch = Vec::new();
        put_batch(&mut batch, &common, &[step]);
        assert!(hex(&batch).contains("50904e5a04"), "{}", hex(&batch));
        assert_eq!(usize::from(batch[6]), batch.len() - 7);
    }

    fn hex(bytes: &[u8]) -> String {
        use std::fmt::Write;
        bytes.iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").expect("a string takes all");
            text
        })
    }
}
