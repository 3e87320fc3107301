//! `geooffer.v1.PingBatch`, as sent: its columns are left where they lie in the message.

use super::ping::Timestamp;
use super::reader::{Corrupt, Reader};
use crate::limits::PING_BATCH_ROW_COUNT_MAX;
use crate::refusal::Refusal;

/// The columns, in the order of their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    DeviceKeys,
    SessionIds,
    Sequences,
    Latitudes,
    Longitudes,
    Accuracies,
    FixAges,
    FixOffsets,
    Speeds,
}

const COLUMN_COUNT: usize = 9;

impl Column {
    /// Bytes of one value.
    pub(super) const fn width(self) -> usize {
        match self {
            Self::Latitudes | Self::Longitudes | Self::Accuracies | Self::Speeds => 4,
            _ => 8,
        }
    }
}

/// Those that may be empty, in the order in which they are checked.
const OPTIONAL: [(Column, &str); 7] = [
    (Column::DeviceKeys, "batch.device_keys"),
    (Column::SessionIds, "batch.session_ids"),
    (Column::Sequences, "batch.sequences"),
    (Column::Accuracies, "batch.accuracies_cm"),
    (Column::FixAges, "batch.fix_ages_millis"),
    (Column::FixOffsets, "batch.fix_offsets_millis"),
    (Column::Speeds, "batch.speeds_cm_per_s"),
];

/// Columns that came in several pieces, put together; kept and used again.
#[derive(Debug, Default)]
pub(super) struct Pieces([Vec<u8>; COLUMN_COUNT]);

/// A batch as sent.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Batch<'a> {
    /// The only piece of each column, little endian.
    whole: [&'a [u8]; COLUMN_COUNT],
    /// Its pieces are put together in `Pieces`.
    is_pieced: [bool; COLUMN_COUNT],
    pub(super) base_time: Option<Timestamp>,
    pub(super) budget_ms: i32,
    pub(super) wants_next_ping: bool,
}

impl<'a> Batch<'a> {
    /// Merge the PingBatch that stands here into this one.
    pub(super) fn merge(&mut self, mut reader: Reader<'a>, pieces: &mut Pieces) -> Result<(), Corrupt> {
        while let Some(tag) = reader.tag()? {
            // packed, or one value alone
            let (column, is_packed) = match tag {
                0x0a | 0x09 => (Column::DeviceKeys, tag == 0x0a),
                0x12 | 0x11 => (Column::SessionIds, tag == 0x12),
                0x1a | 0x19 => (Column::Sequences, tag == 0x1a),
                0x22 | 0x25 => (Column::Latitudes, tag == 0x22),
                0x2a | 0x2d => (Column::Longitudes, tag == 0x2a),
                0x32 | 0x35 => (Column::Accuracies, tag == 0x32),
                0x3a | 0x39 => (Column::FixAges, tag == 0x3a),
                0x4a | 0x49 => (Column::FixOffsets, tag == 0x4a),
                0x5a | 0x5d => (Column::Speeds, tag == 0x5a),
                0x42 => {
                    self.base_time.get_or_insert_default().merge(reader.message()?)?;
                    continue;
                }
                0x50 => {
                    self.budget_ms = reader.zigzag32()?;
                    continue;
                }
                0x60 => {
                    self.wants_next_ping = reader.varint()? != 0;
                    continue;
                }
                _ => {
                    reader.skip(tag)?;
                    continue;
                }
            };
            let piece = if is_packed { reader.delimited()? } else { reader.bytes(column.width())? };
            if piece.len() % column.width() != 0 {
                return Err(Corrupt);
            }
            self.add(column, piece, pieces);
        }
        Ok(())
    }

    fn add(&mut self, column: Column, piece: &'a [u8], pieces: &mut Pieces) {
        let index = column as usize;
        if self.is_pieced[index] {
            pieces.0[index].extend_from_slice(piece);
        } else if self.whole[index].is_empty() {
            self.whole[index] = piece;
        } else if !piece.is_empty() {
            let together = &mut pieces.0[index];
            together.clear();
            together.extend_from_slice(self.whole[index]);
            together.extend_from_slice(piece);
            self.is_pieced[index] = true;
        }
    }

    /// Its columns, however they came.
    pub(super) fn columns<'b>(&self, pieces: &'b Pieces) -> BatchColumns<'b>
    where
        'a: 'b,
    {
        let mut columns = BatchColumns { bytes: self.whole, row_count: 0 };
        for (index, bytes) in columns.bytes.iter_mut().enumerate() {
            if self.is_pieced[index] {
                *bytes = &pieces.0[index];
            }
        }
        columns.row_count = columns.length(Column::Latitudes);
        columns
    }
}

/// The columns of a batch, each little endian and without gaps.
#[derive(Clone, Copy, Debug)]
pub(super) struct BatchColumns<'a> {
    bytes: [&'a [u8]; COLUMN_COUNT],
    /// Latitudes.
    pub(super) row_count: usize,
}

impl<'a> BatchColumns<'a> {
    /// How many values a column has.
    pub(super) fn length(&self, column: Column) -> usize {
        self.bytes[column as usize].len() / column.width()
    }

    /// Refuses ragged columns, and too many rows.
    pub(super) fn check_lengths(&self) -> Result<(), Refusal> {
        if !(1..=PING_BATCH_ROW_COUNT_MAX).contains(&self.row_count) {
            let text = format!("a batch has 1..{PING_BATCH_ROW_COUNT_MAX} rows");
            return Err(Refusal::invalid("batch.latitudes_e7", text));
        }
        if self.length(Column::Longitudes) != self.row_count {
            return Err(Refusal::invalid("batch.longitudes_e7", "must be as long as latitudes_e7"));
        }
        for (column, field) in OPTIONAL {
            let length = self.length(column);
            if length != 0 && length != self.row_count {
                return Err(Refusal::invalid(field, "must be empty or as long as latitudes_e7"));
            }
        }
        Ok(())
    }

    /// A column of 64-bit values.
    pub(super) fn longs(&self, column: Column) -> Longs<'a> {
        Longs(self.bytes[column as usize])
    }

    /// A column of 32-bit values.
    pub(super) fn ints(&self, column: Column) -> Ints<'a> {
        Ints(self.bytes[column as usize])
    }
}

/// Values of 64 bits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Longs<'a>(&'a [u8]);

impl Longs<'_> {
    /// The value of a row; `default` where the column is empty.
    #[inline]
    pub(super) fn get(self, row: usize, default: i64) -> i64 {
        let bytes = self.0.get(8 * row..).and_then(|rest| rest.first_chunk());
        bytes.map_or(default, |bytes| i64::from_le_bytes(*bytes))
    }
}

/// Values of 32 bits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ints<'a>(&'a [u8]);

impl Ints<'_> {
    /// The value of a row; `default` where the column is empty.
    #[inline]
    pub(super) fn get(self, row: usize, default: i32) -> i32 {
        let bytes = self.0.get(4 * row..).and_then(|rest| rest.first_chunk());
        bytes.map_or(default, |bytes| i32::from_le_bytes(*bytes))
    }
}
