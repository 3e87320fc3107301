//! Ping messages in, PING rows out: `geooffer/rpc/codec.py` over again.
//!
//! A bad row is data: it becomes `malformed = 1` and its batch goes on (semantics T5). What breaks a whole message (not a
//! message at all, ragged columns, foreign devices) refuses it, and then nothing of it is appended.

use super::batch::{Batch, BatchColumns, Column, Pieces};
use super::ping::{Ping, Timestamp};
use super::reader::{Corrupt, Reader};
use crate::identity::Sender;
use crate::limits::{
    ACCURACY_MAX_CM, DECISION_BUDGET_MAX_MS, FIX_AGE_MAX_MS, LATITUDE_MAX_E7, LONGITUDE_MAX_E7, SPEED_MAX_CM_PER_S,
    TIME_MAX_MS, TIME_MIN_MS,
};
use crate::refusal::Refusal;
use crate::rows::{NEVER_MS, PingRow};

const SPEED_UNKNOWN: i32 = -1;
const TAG_PING: u32 = 0x0a;
const TAG_BATCH: u32 = 0x12;

/// Rows to be decided, and the age of each fix in milliseconds; both of shape (n,).
#[derive(Debug, Default)]
pub struct Columns {
    /// In the order they came.
    pub pings: Vec<PingRow>,
    /// 0 where none was given, and of malformed rows.
    pub ages_ms: Vec<i64>,
}

impl Columns {
    /// Rows held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pings.len()
    }

    /// Whether no row is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pings.is_empty()
    }

    /// Forget the rows, keep the room.
    pub fn clear(&mut self) {
        self.truncate(0);
    }

    fn truncate(&mut self, row_count: usize) {
        self.pings.truncate(row_count);
        self.ages_ms.truncate(row_count);
    }
}

/// Which message it is; both have the same fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestKind {
    /// `StreamPingsRequest`.
    Stream,
    /// `IngestPingsRequest`.
    Ingest,
}

impl RequestKind {
    fn name(self) -> &'static str {
        match self {
            Self::Stream => "StreamPingsRequest",
            Self::Ingest => "IngestPingsRequest",
        }
    }
}

/// What a message says apart from its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageHead {
    /// 1 to 1,024.
    pub row_count: usize,
    /// Those of them that were refused.
    pub malformed_count: usize,
    /// 0 = none was named, or it was out of range (then all rows are malformed).
    pub budget_ms: i64,
    /// It asked for `next_ping`.
    pub wants_next_ping: bool,
}

/// Reads messages; one per worker, since it keeps room for columns that come in pieces.
#[derive(Debug, Default)]
pub struct Decoder {
    pieces: Pieces,
}

enum Content<'a> {
    None,
    Ping(Ping),
    Batch(Batch<'a>),
}

impl Decoder {
    /// Append the rows of `data`, a whole message without its gRPC prefix, to `columns`.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` or `PERMISSION_DENIED`, with the texts of the Python plane; `columns` is as it was.
    pub fn decode(
        &mut self,
        kind: RequestKind,
        data: &[u8],
        sender: &Sender,
        stream_number: i32,
        columns: &mut Columns,
    ) -> Result<MessageHead, Refusal> {
        match self.parse(data) {
            Err(Corrupt) => Err(Refusal::invalid("", format!("the message is not a {}", kind.name()))),
            Ok(Content::None) => Err(Refusal::invalid("content", "ping or batch is required")),
            Ok(Content::Ping(ping)) => append_ping(&ping, sender, stream_number, columns),
            Ok(Content::Batch(batch)) => {
                let wire = batch.columns(&self.pieces);
                append_batch(&batch, &wire, sender, stream_number, columns)
            }
        }
    }

    fn parse<'a>(&mut self, data: &'a [u8]) -> Result<Content<'a>, Corrupt> {
        let mut reader = Reader::new(data);
        let mut content = Content::None;
        while let Some(tag) = reader.tag()? {
            match tag {
                TAG_PING => {
                    if !matches!(content, Content::Ping(_)) {
                        content = Content::Ping(Ping::default());
                    }
                    if let Content::Ping(ping) = &mut content {
                        ping.merge(reader.message()?)?;
                    }
                }
                TAG_BATCH => {
                    if !matches!(content, Content::Batch(_)) {
                        content = Content::Batch(Batch::default());
                    }
                    if let Content::Batch(batch) = &mut content {
                        batch.merge(reader.message()?, &mut self.pieces)?;
                    }
                }
                _ => reader.skip(tag)?,
            }
        }
        Ok(content)
    }
}

/// When the fixes of a message were made.
#[derive(Clone, Copy)]
enum FixTime {
    /// The age tells.
    ByAge,
    /// Milliseconds since 1970, of a row, or of what its offset counts from.
    At(i64),
    /// Given, and no time of 1970..2100.
    Bad,
}

impl FixTime {
    fn of(sent: Option<Timestamp>) -> Self {
        match sent.map(Timestamp::milliseconds) {
            None => Self::ByAge,
            Some(Some(time_ms)) => Self::At(time_ms),
            Some(None) => Self::Bad,
        }
    }
}

/// Append a row, malformed where a value lies outside its stated range. Returns whether it is malformed.
#[expect(clippy::needless_bitwise_bool, reason = "no branch per check: nearly all rows are good")]
#[inline]
fn append_row(mut row: PingRow, age_ms: i64, time: FixTime, rest_good: bool, columns: &mut Columns) -> bool {
    let (time_ms, time_good) = match time {
        FixTime::ByAge => (NEVER_MS, true),
        FixTime::At(time_ms) => (time_ms, (TIME_MIN_MS..=TIME_MAX_MS).contains(&time_ms)),
        FixTime::Bad => (NEVER_MS, false),
    };
    let good = rest_good
        & time_good
        & (row.device_key != 0)
        & (row.sequence >= 0)
        & (-LATITUDE_MAX_E7..=LATITUDE_MAX_E7).contains(&row.latitude_e7)
        & (-LONGITUDE_MAX_E7..=LONGITUDE_MAX_E7).contains(&row.longitude_e7)
        & (0..=ACCURACY_MAX_CM).contains(&row.accuracy_cm)
        & (SPEED_UNKNOWN..=SPEED_MAX_CM_PER_S).contains(&row.speed_cm_per_s)
        & (0..=FIX_AGE_MAX_MS).contains(&age_ms);
    row.fix_time_ms = if good { time_ms } else { NEVER_MS };
    row.malformed = u8::from(!good);
    columns.pings.push(row);
    columns.ages_ms.push(if good { age_ms } else { 0 });
    !good
}

fn append_ping(
    ping: &Ping,
    sender: &Sender,
    stream_number: i32,
    columns: &mut Columns,
) -> Result<MessageHead, Refusal> {
    let budget_ms = budget(ping.budget_ms);
    let row = PingRow {
        device_key: admit(ping.device_key, sender, "ping.device_key")?,
        session_id: ping.session_id,
        sequence: ping.sequence,
        latitude_e7: ping.latitude_e7,
        longitude_e7: ping.longitude_e7,
        accuracy_cm: ping.accuracy_cm,
        stream_number,
        speed_cm_per_s: ping.speed_cm_per_s.unwrap_or(SPEED_UNKNOWN),
        ..PingRow::default()
    };
    // in a single ping "not reported" is said by leaving the field out, not by −1
    let rest_good = budget_ms.is_some() && ping.speed_cm_per_s.is_none_or(|speed| speed >= 0);
    let is_malformed = append_row(row, ping.fix_age_ms, FixTime::of(ping.fix_time), rest_good, columns);
    Ok(MessageHead {
        row_count: 1,
        malformed_count: usize::from(is_malformed),
        budget_ms: budget_ms.unwrap_or(0),
        wants_next_ping: ping.wants_next_ping,
    })
}

fn append_batch(
    batch: &Batch,
    wire: &BatchColumns,
    sender: &Sender,
    stream_number: i32,
    columns: &mut Columns,
) -> Result<MessageHead, Refusal> {
    wire.check_lengths()?;
    if wire.length(Column::DeviceKeys) == 0 && sender.own_key == 0 {
        return Err(Refusal::invalid("batch.device_keys", "a gateway names the device of each row"));
    }
    let budget_ms = budget(batch.budget_ms);
    let base = FixTime::of(batch.base_time);
    let before = columns.len();
    columns.pings.reserve(wire.row_count);
    columns.ages_ms.reserve(wire.row_count);
    let (keys, sessions, sequences) =
        (wire.longs(Column::DeviceKeys), wire.longs(Column::SessionIds), wire.longs(Column::Sequences));
    let (latitudes, longitudes) = (wire.ints(Column::Latitudes), wire.ints(Column::Longitudes));
    let (accuracies, speeds) = (wire.ints(Column::Accuracies), wire.ints(Column::Speeds));
    let (ages, offsets) = (wire.longs(Column::FixAges), wire.longs(Column::FixOffsets));
    let mut malformed_count = 0;
    for row in 0..wire.row_count {
        let device_key = match admit(keys.get(row, 0), sender, "batch.device_keys") {
            Ok(key) => key,
            Err(refusal) => {
                columns.truncate(before);
                return Err(refusal);
            }
        };
        let ping = PingRow {
            device_key,
            session_id: sessions.get(row, 0),
            sequence: sequences.get(row, 0),
            latitude_e7: latitudes.get(row, 0),
            longitude_e7: longitudes.get(row, 0),
            accuracy_cm: accuracies.get(row, 0),
            stream_number,
            speed_cm_per_s: speeds.get(row, SPEED_UNKNOWN),
            ..PingRow::default()
        };
        let time = match base {
            // what does not fit 64 bits is no time of 1970..2100 either
            FixTime::At(base_ms) => FixTime::At(base_ms.saturating_add(offsets.get(row, 0))),
            other => other,
        };
        malformed_count += usize::from(append_row(ping, ages.get(row, 0), time, budget_ms.is_some(), columns));
    }
    Ok(MessageHead {
        row_count: wire.row_count,
        malformed_count,
        budget_ms: budget_ms.unwrap_or(0),
        wants_next_ping: batch.wants_next_ping,
    })
}

/// The device a row speaks for; a gateway's missing key stays 0 and makes its row malformed.
#[inline]
fn admit(key: i64, sender: &Sender, field: &'static str) -> Result<i64, Refusal> {
    if sender.own_key != 0 {
        if key != 0 && key != sender.own_key {
            return Err(Refusal::denied(field, "the token is of another device"));
        }
        return Ok(sender.own_key);
    }
    if key != 0 && !sender.owns(key) {
        return Err(Refusal::denied(field, "the token does not cover this device"));
    }
    Ok(key)
}

/// None where it is out of range.
fn budget(sent_ms: i32) -> Option<i64> {
    let budget_ms = i64::from(sent_ms);
    (0..=DECISION_BUDGET_MAX_MS).contains(&budget_ms).then_some(budget_ms)
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
