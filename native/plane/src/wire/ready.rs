//! Fields of a PingAnswer that Python wrote: taken apart, so that they stand in the order of their rows.

use super::reader::{Corrupt, Reader};

const TAG_TRANSITION: u32 = 0x1a;
const TAG_TRY: u32 = 0x22;
const TAG_NEXT_PING: u32 = 0x42;

/// Which field it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReadyKind {
    Transition,
    Try,
    NextPing,
}

/// One field, tag and length included.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReadyField<'a> {
    pub(super) kind: ReadyKind,
    /// Of the message it is about; 0 where it says none. Of transitions nobody asks.
    pub(super) message_sequence: i64,
    pub(super) row: i32,
    pub(super) bytes: &'a [u8],
}

/// All of `fields`, in their order.
pub(super) fn parse(mut fields: &[u8]) -> Result<Vec<ReadyField<'_>>, Corrupt> {
    let mut parsed = Vec::new();
    while !fields.is_empty() {
        let mut reader = Reader::new(fields);
        let kind = match reader.tag()? {
            Some(TAG_TRANSITION) => ReadyKind::Transition,
            Some(TAG_TRY) => ReadyKind::Try,
            Some(TAG_NEXT_PING) => ReadyKind::NextPing,
            _ => return Err(Corrupt),
        };
        let content = reader.message()?;
        let (bytes, rest) = fields.split_at(fields.len() - reader.left());
        let (message_sequence, row) = if kind == ReadyKind::Transition { (0, 0) } else { place(content)? };
        parsed.push(ReadyField { kind, message_sequence, row, bytes });
        fields = rest;
    }
    Ok(parsed)
}

/// Message and row, which an OfferTry and a NextPing begin with.
fn place(mut reader: Reader) -> Result<(i64, i32), Corrupt> {
    let (mut message_sequence, mut row) = (0, 0);
    while let Some(tag) = reader.tag()? {
        match tag {
            0x08 => message_sequence = reader.int64()?,
            0x10 => row = reader.int32()?,
            _ => reader.skip(tag)?,
        }
    }
    Ok((message_sequence, row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_with_their_places() {
        let fields = b"\x22\x06\x08\x05\x10\x02\x30\x07\x42\x02\x08\x05\x1a\x00\x22\x00";
        let found = parse(fields).unwrap();
        let places = found.iter().map(|field| (field.kind, field.message_sequence, field.row)).collect::<Vec<_>>();
        let (try_kind, next, transition) = (ReadyKind::Try, ReadyKind::NextPing, ReadyKind::Transition);
        assert_eq!(places, [(try_kind, 5, 2), (next, 5, 0), (transition, 0, 0), (try_kind, 0, 0)]);
        assert_eq!(found.iter().flat_map(|field| field.bytes).copied().collect::<Vec<_>>(), fields);
    }

    #[test]
    fn other_fields_and_halves_are_not_taken() {
        for fields in [&b"\x12\x00"[..], b"\x08\x01", b"\x22\x05\x08", b"\x22", b"\x22\x02\x08\x80"] {
            assert_eq!(parse(fields).unwrap_err(), Corrupt, "{fields:x?}");
        }
    }
}
