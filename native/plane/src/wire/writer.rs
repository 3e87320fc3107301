//! Protobuf's wire format, written as Python's serialiser does: fields ascending, zeros and empty texts left out.

use bytes::{BufMut, BytesMut};

/// Bytes of the longest varint of a length.
const LENGTH_VARINT_MAX: usize = 5;
/// Bytes of the longest varint of an integer.
const INTEGER_VARINT_MAX: usize = 10;
/// Compressed? (no), and the length of the message.
const GRPC_PREFIX_LENGTH: usize = 5;

pub(super) fn put_varint(mut value: u64, out: &mut BytesMut) {
    while value > 0x7f {
        out.put_u8(low7(value) | 0x80);
        value >>= 7;
    }
    out.put_u8(low7(value));
}

/// An int64, int32, enum or bool; negative ones take ten bytes, as protobuf has it.
pub(super) fn put_integer(tag: u8, value: i64, out: &mut BytesMut) {
    if value != 0 {
        out.put_u8(tag);
        put_varint(u64::from_ne_bytes(value.to_ne_bytes()), out);
    }
}

/// An sfixed64.
pub(super) fn put_sfixed64(tag: u8, value: i64, out: &mut BytesMut) {
    if value != 0 {
        out.put_u8(tag);
        out.put_i64_le(value);
    }
}

/// A text or bytes.
pub(super) fn put_bytes(tag: u8, value: &[u8], out: &mut BytesMut) {
    if !value.is_empty() {
        out.put_u8(tag);
        put_varint(value.len() as u64, out);
        out.put_slice(value);
    }
}

/// A message, however it is filled; also an empty one.
pub(super) fn put_message(tag: u8, out: &mut BytesMut, fill: impl FnOnce(&mut BytesMut)) {
    out.put_u8(tag);
    let start = out.len();
    // most messages are shorter than 128 bytes: only longer ones are moved
    out.put_u8(0);
    fill(out);
    let length = out.len() - start - 1;
    if length < 0x80 {
        out[start] = low7(length as u64);
        return;
    }
    let mut varint = [0; LENGTH_VARINT_MAX];
    let width = write_varint(length as u64, &mut varint);
    out.put_bytes(0, width - 1);
    out.copy_within(start + 1..start + 1 + length, start + width);
    out[start..start + width].copy_from_slice(&varint[..width]);
}

/// Three integers with their tags at the most: a message shorter than 128 bytes.
pub(super) struct ShortFields {
    bytes: [u8; 3 * (1 + INTEGER_VARINT_MAX)],
    length: usize,
}

impl ShortFields {
    pub(super) fn new() -> Self {
        Self { bytes: [0; 3 * (1 + INTEGER_VARINT_MAX)], length: 0 }
    }

    /// As [`put_integer`]; at most three.
    pub(super) fn put_integer(&mut self, tag: u8, value: i64) {
        if value == 0 {
            return;
        }
        self.put(tag);
        let mut rest = u64::from_ne_bytes(value.to_ne_bytes());
        while rest > 0x7f {
            self.put(low7(rest) | 0x80);
            rest >>= 7;
        }
        self.put(low7(rest));
    }

    fn put(&mut self, byte: u8) {
        self.bytes[self.length] = byte;
        self.length += 1;
    }
}

/// A message of a gRPC stream, with its prefix, that holds one short message as its only field.
pub(super) fn put_short_answer(tag: u8, fields: &ShortFields, out: &mut BytesMut) {
    const HEAD: usize = GRPC_PREFIX_LENGTH + 2;
    let length = low7(fields.length as u64);
    out.reserve(HEAD + fields.length);
    out.put_slice(&[0, 0, 0, 0, length + 2, tag, length]);
    out.put_slice(&fields.bytes[..fields.length]);
}

/// A message of a gRPC stream, with its prefix.
///
/// The length is 32 bits wide: what would be longer cannot be sent, and nothing here comes near it.
pub(super) fn put_framed(out: &mut BytesMut, fill: impl FnOnce(&mut BytesMut)) {
    let start = out.len();
    out.put_bytes(0, GRPC_PREFIX_LENGTH);
    fill(out);
    let length = u32::try_from(out.len() - start - GRPC_PREFIX_LENGTH).unwrap_or(u32::MAX);
    out[start + 1..start + GRPC_PREFIX_LENGTH].copy_from_slice(&length.to_be_bytes());
}

fn write_varint(mut value: u64, bytes: &mut [u8; LENGTH_VARINT_MAX]) -> usize {
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = low7(value);
        value >>= 7;
        if value == 0 {
            return index + 1;
        }
        *byte |= 0x80;
    }
    LENGTH_VARINT_MAX
}

fn low7(value: u64) -> u8 {
    (value & 0x7f) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_of_any_length_is_preceded_by_it() {
        for (length, head) in [
            (0_usize, &b"\x0a\x00"[..]),
            (127, b"\x0a\x7f"),
            (128, b"\x0a\x80\x01"),
            (16_383, b"\x0a\xff\x7f"),
            (16_384, b"\x0a\x80\x80\x01"),
        ] {
            let mut out = BytesMut::from(&b"before"[..]);
            put_message(0x0a, &mut out, |out| out.extend((0..length).map(|index| u8::try_from(index % 251).unwrap())));
            assert_eq!(&out[6..6 + head.len()], head);
            let content = (0..length).map(|index| u8::try_from(index % 251).unwrap()).collect::<Vec<_>>();
            assert_eq!(&out[6 + head.len()..], content);
        }
    }

    #[test]
    fn a_short_answer_is_what_the_long_way_writes() {
        for values in [[0, 0, 0], [1, 1, 1], [127, 0, 128], [i64::MAX, 1, -1], [i64::MIN, i64::MIN, i64::MIN]] {
            let (mut expected, mut written) = (BytesMut::new(), BytesMut::new());
            let mut fields = ShortFields::new();
            put_framed(&mut expected, |out| {
                put_message(0x0a, out, |out| {
                    for (tag, value) in [0x08, 0x30, 0x38].into_iter().zip(values) {
                        put_integer(tag, value, out);
                        fields.put_integer(tag, value);
                    }
                });
            });
            put_short_answer(0x0a, &fields, &mut written);
            assert_eq!(written, expected);
        }
    }

    #[test]
    fn zeros_are_left_out_and_negative_integers_take_ten_bytes() {
        let mut out = BytesMut::new();
        put_integer(0x08, 0, &mut out);
        put_sfixed64(0x11, 0, &mut out);
        put_bytes(0x1a, b"", &mut out);
        assert!(out.is_empty());
        put_integer(0x08, -1, &mut out);
        assert_eq!(&out[..], b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
    }
}
