//! HTTP/2 frames (RFC 9113 §4.1, §6): nine bytes of head, then the payload.
//!
//! ```text
//!  length u24 │ type u8 │ flags u8 │ stream u31 │ payload
//! ```

/// What a client sends first, before its SETTINGS.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Of a frame's head.
pub const HEAD_SIZE_BYTES: usize = 9;
/// The largest frame a peer takes unless its SETTINGS say more.
pub const FRAME_SIZE_DEFAULT_BYTES: usize = 16_384;
/// Window of a stream and of a connection unless told otherwise.
pub const WINDOW_DEFAULT_BYTES: i64 = 65_535;
/// The largest window there is.
pub const WINDOW_MAX_BYTES: u32 = 0x7fff_ffff;

/// Frame types.
pub mod kind {
    #![allow(missing_docs)]
    pub const DATA: u8 = 0;
    pub const HEADERS: u8 = 1;
    pub const RST_STREAM: u8 = 3;
    pub const SETTINGS: u8 = 4;
    pub const PING: u8 = 6;
    pub const GOAWAY: u8 = 7;
    pub const WINDOW_UPDATE: u8 = 8;
    pub const CONTINUATION: u8 = 9;
}

/// Frame flags.
pub mod flag {
    #![allow(missing_docs)]
    pub const END_STREAM: u8 = 1;
    pub const ACK: u8 = 1;
    pub const END_HEADERS: u8 = 4;
    pub const PADDED: u8 = 8;
    pub const PRIORITY: u8 = 0x20;
}

/// SETTINGS a client of this crate sends or reads.
pub mod setting {
    #![allow(missing_docs)]
    pub const HEADER_TABLE_SIZE: u16 = 1;
    pub const ENABLE_PUSH: u16 = 2;
    pub const INITIAL_WINDOW_SIZE: u16 = 4;
    pub const MAX_FRAME_SIZE: u16 = 5;
}

/// A frame's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Of the payload.
    pub length: usize,
    /// See [`kind`].
    pub kind: u8,
    /// See [`flag`].
    pub flags: u8,
    /// 0 = the connection.
    pub stream_id: u32,
}

impl Head {
    /// The head at the beginning of `bytes`; None = not all of it is there yet.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let head: &[u8; HEAD_SIZE_BYTES] = bytes.first_chunk()?;
        Some(Self {
            length: usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]),
            kind: head[3],
            flags: head[4],
            stream_id: u32::from_be_bytes([head[5] & 0x7f, head[6], head[7], head[8]]),
        })
    }

    /// Whether a flag is set.
    #[must_use]
    pub fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

/// Append a head. Payloads of this crate are shorter than 16 MiB.
pub fn put_head(out: &mut Vec<u8>, length: usize, kind: u8, flags: u8, stream_id: u32) {
    let length = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
    out.extend_from_slice(&[length[1], length[2], length[3], kind, flags]);
    out.extend_from_slice(&stream_id.to_be_bytes());
}

/// Append a frame.
pub fn put_frame(out: &mut Vec<u8>, kind: u8, flags: u8, stream_id: u32, payload: &[u8]) {
    put_head(out, payload.len(), kind, flags, stream_id);
    out.extend_from_slice(payload);
}

/// Append a SETTINGS frame.
pub fn put_settings(out: &mut Vec<u8>, settings: &[(u16, u32)]) {
    put_head(out, settings.len() * 6, kind::SETTINGS, 0, 0);
    for (name, value) in settings {
        out.extend_from_slice(&name.to_be_bytes());
        out.extend_from_slice(&value.to_be_bytes());
    }
}

/// The pairs of a SETTINGS payload.
pub fn settings(payload: &[u8]) -> impl Iterator<Item = (u16, u32)> + '_ {
    payload.chunks_exact(6).map(|pair| {
        let name = u16::from_be_bytes([pair[0], pair[1]]);
        (name, u32::from_be_bytes([pair[2], pair[3], pair[4], pair[5]]))
    })
}

/// The first 31 bits of a payload (`WINDOW_UPDATE`, GOAWAY's stream); 0 where it is too short.
#[must_use]
pub fn number31(payload: &[u8]) -> u32 {
    payload.first_chunk::<4>().map_or(0, |bytes| u32::from_be_bytes(*bytes) & WINDOW_MAX_BYTES)
}

/// The payload without padding (DATA, HEADERS) and priority (HEADERS); None where they do not fit.
#[must_use]
pub fn unpadded<'a>(head: &Head, payload: &'a [u8]) -> Option<&'a [u8]> {
    let mut body = payload;
    let mut padding = 0;
    if head.has(flag::PADDED) {
        let (&count, rest) = body.split_first()?;
        (padding, body) = (usize::from(count), rest);
    }
    if head.kind == kind::HEADERS && head.has(flag::PRIORITY) {
        body = body.get(5..)?;
    }
    body.get(..body.len().checked_sub(padding)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_comes_back_as_it_was_put() {
        let mut out = Vec::new();
        put_settings(&mut out, &[(setting::INITIAL_WINDOW_SIZE, 70_000), (setting::ENABLE_PUSH, 0)]);
        let head = Head::read(&out).expect("whole");
        assert_eq!(head, Head { length: 12, kind: kind::SETTINGS, flags: 0, stream_id: 0 });
        assert_eq!(settings(&out[9..]).collect::<Vec<_>>(), [(4, 70_000), (2, 0)]);
        assert_eq!(Head::read(&out[..8]), None);
        assert_eq!(number31(&[0xff; 4]), WINDOW_MAX_BYTES);
        assert_eq!(number31(&[1]), 0);
    }

    #[test]
    fn padding_and_priority_are_taken_off_or_refused() {
        let head = |kind, flags| Head { length: 0, kind, flags, stream_id: 1 };
        assert_eq!(unpadded(&head(kind::DATA, flag::PADDED), &[1, 7, 8, 0]), Some(&[7_u8, 8][..]));
        assert_eq!(unpadded(&head(kind::DATA, flag::PADDED), &[9, 7]), None);
        assert_eq!(unpadded(&head(kind::DATA, flag::PADDED), &[]), None);
        assert_eq!(unpadded(&head(kind::HEADERS, flag::PRIORITY), &[0, 0, 0, 0, 0, 7]), Some(&[7_u8][..]));
        assert_eq!(unpadded(&head(kind::HEADERS, flag::PRIORITY), &[0, 0]), None);
    }
}
