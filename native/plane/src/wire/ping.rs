//! `geooffer.v1.Ping` and `google.protobuf.Timestamp`, as sent.

use super::reader::{Corrupt, Reader};
use crate::limits::{TIME_MAX_MS, TIME_MIN_MS};

/// A time as sent; 1970 where nothing was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Timestamp {
    seconds: i64,
    nanos: i32,
}

impl Timestamp {
    /// Merge the Timestamp that stands here into this one.
    pub(super) fn merge(&mut self, mut reader: Reader) -> Result<(), Corrupt> {
        while let Some(tag) = reader.tag()? {
            match tag {
                0x08 => self.seconds = reader.int64()?,
                0x10 => self.nanos = reader.int32()?,
                _ => reader.skip(tag)?,
            }
        }
        Ok(())
    }

    /// Milliseconds since 1970, rounded down; None where it is no time of 1970..2100.
    pub(super) fn milliseconds(self) -> Option<i64> {
        if !(0..1_000_000_000).contains(&self.nanos) {
            return None;
        }
        let value_ms = self.seconds.checked_mul(1_000)?.checked_add(i64::from(self.nanos / 1_000_000))?;
        (TIME_MIN_MS..=TIME_MAX_MS).contains(&value_ms).then_some(value_ms)
    }
}

/// A phone's single fix, as sent.
#[expect(clippy::struct_field_names, reason = "named as in the proto")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Ping {
    pub(super) sequence: i64,
    pub(super) session_id: i64,
    pub(super) latitude_e7: i32,
    pub(super) longitude_e7: i32,
    pub(super) accuracy_cm: i32,
    pub(super) fix_age_ms: i64,
    pub(super) fix_time: Option<Timestamp>,
    pub(super) budget_ms: i32,
    pub(super) device_key: i64,
    pub(super) speed_cm_per_s: Option<i32>,
    pub(super) wants_next_ping: bool,
}

impl Ping {
    /// Merge the Ping that stands here into this one.
    pub(super) fn merge(&mut self, mut reader: Reader) -> Result<(), Corrupt> {
        while let Some(tag) = reader.tag()? {
            match tag {
                0x08 => self.sequence = reader.zigzag64()?,
                0x11 => self.session_id = reader.sfixed64()?,
                0x18 => self.latitude_e7 = reader.zigzag32()?,
                0x20 => self.longitude_e7 = reader.zigzag32()?,
                0x28 => self.accuracy_cm = reader.zigzag32()?,
                0x30 => self.fix_age_ms = reader.zigzag64()?,
                0x3a => self.fix_time.get_or_insert_default().merge(reader.message()?)?,
                0x40 => self.budget_ms = reader.zigzag32()?,
                0x49 => self.device_key = reader.sfixed64()?,
                0x50 => self.speed_cm_per_s = Some(reader.zigzag32()?),
                0x58 => self.wants_next_ping = reader.varint()? != 0,
                _ => reader.skip(tag)?,
            }
        }
        Ok(())
    }
}
