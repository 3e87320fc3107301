//! Protobuf's wire format, read as upb reads it, which is what parses messages for Python.
//!
//! What upb lets pass passes: overlong varints of sizes and tags up to 5 bytes, of values up to 10, whose bits beyond 64
//! are dropped; groups nobody knows, up to 100 deep, with fields numbered 0 inside. All else is [`Corrupt`].

/// Not a protobuf message, or cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Corrupt;

/// Of a tag and of a size.
const SHORT_VARINT_LENGTH_MAX: usize = 5;
const VARINT_LENGTH_MAX: usize = 10;
/// Messages and groups within one another, the outermost not counted.
const DEPTH_MAX: usize = 100;

const WIRE_VARINT: u32 = 0;
const WIRE_FIXED64: u32 = 1;
const WIRE_DELIMITED: u32 = 2;
const WIRE_GROUP: u32 = 3;
const WIRE_GROUP_END: u32 = 4;
const WIRE_FIXED32: u32 = 5;

/// What is left of a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    /// How many groups may stand within one another here.
    depth_left: usize,
}

impl<'a> Reader<'a> {
    /// Of an outermost message.
    pub(super) fn new(message: &'a [u8]) -> Self {
        Self { rest: message, depth_left: DEPTH_MAX }
    }

    /// Of the message that stands here as a field.
    pub(super) fn message(&mut self) -> Result<Self, Corrupt> {
        let rest = self.delimited()?;
        Ok(Self { rest, depth_left: self.depth_left.saturating_sub(1) })
    }

    /// Bytes not read yet.
    pub(super) fn left(&self) -> usize {
        self.rest.len()
    }

    /// The next field's number and wire type; None at the end.
    #[inline]
    pub(super) fn tag(&mut self) -> Result<Option<u32>, Corrupt> {
        match self.rest {
            [] => Ok(None),
            [byte, rest @ ..] if *byte < 0x80 => {
                self.rest = rest;
                Ok(Some(u32::from(*byte)))
            }
            _ => {
                let tag = self.long_varint(SHORT_VARINT_LENGTH_MAX)?;
                u32::try_from(tag).map(Some).map_err(|_| Corrupt)
            }
        }
    }

    /// A varint, of whose bits only the lowest 64 count.
    #[inline]
    pub(super) fn varint(&mut self) -> Result<u64, Corrupt> {
        match self.rest {
            [byte, rest @ ..] if *byte < 0x80 => {
                self.rest = rest;
                Ok(u64::from(*byte))
            }
            _ => self.long_varint(VARINT_LENGTH_MAX),
        }
    }

    /// An `sint64`.
    #[inline]
    pub(super) fn zigzag64(&mut self) -> Result<i64, Corrupt> {
        let value = self.varint()?;
        Ok(signed64(value >> 1) ^ -signed64(value & 1))
    }

    /// An `sint32`, of whose bits only the lowest 32 count.
    #[inline]
    pub(super) fn zigzag32(&mut self) -> Result<i32, Corrupt> {
        let value = low32(self.varint()?);
        Ok(signed32(value >> 1) ^ -signed32(value & 1))
    }

    /// An `int64`.
    pub(super) fn int64(&mut self) -> Result<i64, Corrupt> {
        Ok(signed64(self.varint()?))
    }

    /// An `int32`, of whose bits only the lowest 32 count.
    pub(super) fn int32(&mut self) -> Result<i32, Corrupt> {
        Ok(signed32(low32(self.varint()?)))
    }

    /// An `sfixed64`.
    #[inline]
    pub(super) fn sfixed64(&mut self) -> Result<i64, Corrupt> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(Corrupt)?;
        self.rest = rest;
        Ok(i64::from_le_bytes(*bytes))
    }

    /// The bytes of one fixed value of a repeated field that is not packed.
    pub(super) fn bytes(&mut self, count: usize) -> Result<&'a [u8], Corrupt> {
        let (bytes, rest) = self.rest.split_at_checked(count).ok_or(Corrupt)?;
        self.rest = rest;
        Ok(bytes)
    }

    /// The bytes of a length-delimited field.
    #[inline]
    pub(super) fn delimited(&mut self) -> Result<&'a [u8], Corrupt> {
        let size = match self.rest {
            [byte, rest @ ..] if *byte < 0x80 => {
                self.rest = rest;
                u64::from(*byte)
            }
            _ => self.long_varint(SHORT_VARINT_LENGTH_MAX)?,
        };
        self.bytes(usize::try_from(size).map_err(|_| Corrupt)?)
    }

    /// Pass over a field of a message that is not known by this number and wire type.
    #[cold]
    pub(super) fn skip(&mut self, tag: u32) -> Result<(), Corrupt> {
        if tag >> 3 == 0 {
            return Err(Corrupt);
        }
        match tag & 7 {
            WIRE_GROUP => self.skip_group(tag >> 3),
            _ => self.skip_value(tag & 7),
        }
    }

    fn skip_value(&mut self, wire_type: u32) -> Result<(), Corrupt> {
        match wire_type {
            WIRE_VARINT => self.varint().map(drop),
            WIRE_FIXED64 => self.bytes(8).map(drop),
            WIRE_DELIMITED => self.delimited().map(drop),
            WIRE_FIXED32 => self.bytes(4).map(drop),
            _ => Err(Corrupt),
        }
    }

    /// Up to the end of the group that has begun; without recursion, so that depth costs no stack.
    fn skip_group(&mut self, number: u32) -> Result<(), Corrupt> {
        let mut open = [0_u32; DEPTH_MAX];
        open[0] = number;
        let mut depth = 1;
        while depth > 0 {
            let tag = self.tag()?.ok_or(Corrupt)?;
            match tag & 7 {
                WIRE_GROUP if depth < self.depth_left => {
                    open[depth] = tag >> 3;
                    depth += 1;
                }
                WIRE_GROUP_END if open[depth - 1] == tag >> 3 => depth -= 1,
                WIRE_GROUP | WIRE_GROUP_END => return Err(Corrupt),
                wire_type => self.skip_value(wire_type)?,
            }
        }
        Ok(())
    }

    #[cold]
    fn long_varint(&mut self, length_max: usize) -> Result<u64, Corrupt> {
        let mut value = 0;
        for (index, byte) in self.rest.iter().take(length_max).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * index);
            if *byte < 0x80 {
                self.rest = &self.rest[index + 1..];
                return Ok(value);
            }
        }
        Err(Corrupt)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "protobuf drops the upper half")]
fn low32(value: u64) -> u32 {
    value as u32
}

fn signed32(value: u32) -> i32 {
    i32::from_ne_bytes(value.to_ne_bytes())
}

fn signed64(value: u64) -> i64 {
    i64::from_ne_bytes(value.to_ne_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_are_taken_up_to_ten_bytes_and_cut_at_64_bits() {
        let table: [(&[u8], Result<u64, Corrupt>); 7] = [
            (b"\x00", Ok(0)),
            (b"\x96\x01", Ok(150)),
            (b"\x80\x00", Ok(0)),
            (b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", Ok(u64::MAX)),
            (b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", Ok(u64::MAX >> 1)),
            (b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x80\x00", Err(Corrupt)),
            (b"\x80", Err(Corrupt)),
        ];
        for (bytes, value) in table {
            assert_eq!(Reader::new(bytes).varint(), value, "{bytes:x?}");
        }
    }

    #[test]
    fn zigzag_values_of_32_bits_drop_the_upper_half() {
        assert_eq!(Reader::new(b"\x81\x80\x80\x80\x80\x80\x80\x80\x80\x01").zigzag32(), Ok(-1));
        assert_eq!(Reader::new(b"\xff\xff\xff\xff\x0f").zigzag32(), Ok(i32::MIN));
        assert_eq!(Reader::new(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01").zigzag64(), Ok(i64::MIN));
    }

    #[test]
    fn tags_have_at_most_five_bytes_and_32_bits() {
        assert_eq!(Reader::new(b"\x8a\x80\x80\x80\x00").tag(), Ok(Some(10)));
        assert_eq!(Reader::new(b"\xff\xff\xff\xff\x0f").tag(), Ok(Some(u32::MAX)));
        assert_eq!(Reader::new(b"\xff\xff\xff\xff\x1f").tag(), Err(Corrupt));
        assert_eq!(Reader::new(b"\x8a\x80\x80\x80\x80\x00").tag(), Err(Corrupt));
        assert_eq!(Reader::new(b"").tag(), Ok(None));
    }

    #[test]
    fn groups_are_passed_over_a_hundred_deep_and_no_deeper() {
        let nested = |depth: usize| [vec![0x1b; depth], vec![0x1c; depth]].concat();
        let skip = |reader: &mut Reader| reader.tag().and_then(|tag| reader.skip(tag.unwrap_or_default()));
        assert_eq!(skip(&mut Reader::new(&nested(100))), Ok(()));
        assert_eq!(skip(&mut Reader::new(&nested(101))), Err(Corrupt));
        let inside = |groups: &[u8]| skip(&mut Reader { rest: groups, depth_left: 99 });
        assert_eq!(inside(&nested(99)), Ok(()));
        assert_eq!(inside(&nested(100)), Err(Corrupt));
        assert_eq!(skip(&mut Reader::new(b"\x1b\x24")), Err(Corrupt));
        assert_eq!(skip(&mut Reader::new(b"\x1b\x00\x00\x1c")), Ok(()));
        assert_eq!(skip(&mut Reader::new(b"\x1b\x08")), Err(Corrupt));
        assert_eq!(skip(&mut Reader::new(b"\x1c")), Err(Corrupt));
        assert_eq!(skip(&mut Reader::new(b"\x03\x04")), Err(Corrupt));
    }

    #[test]
    fn a_size_beyond_the_end_is_corrupt() {
        assert_eq!(Reader::new(b"\x02ab").delimited(), Ok(&b"ab"[..]));
        assert_eq!(Reader::new(b"\x03ab").delimited(), Err(Corrupt));
        assert_eq!(Reader::new(b"\xff\xff\xff\xff\x0fab").delimited(), Err(Corrupt));
        assert_eq!(Reader::new(b"\x80\x80\x80\x80\x80\x00").delimited(), Err(Corrupt));
    }
}
