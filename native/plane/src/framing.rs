//! gRPC messages out of DATA frames: a compressed-flag byte, a length of four bytes, the message.

use bytes::{Buf, Bytes, BytesMut};

use crate::limits::DATA_MESSAGE_SIZE_MAX_BYTES;
use crate::refusal::{Code, Refusal};

/// Bytes before every message.
pub const PREFIX_SIZE_BYTES: usize = 5;

/// Cuts a stream's bytes into messages. A message within one frame is not copied; what it keeps is bounded by one frame
/// and one message.
#[derive(Debug, Default)]
pub struct Frames {
    chunk: Bytes,
    /// The begin of a message that did not end within its frame; `chunk` continues it.
    partial: BytesMut,
}

impl Frames {
    /// The next DATA frame. Only after [`Frames::next_message`] returned `Ok(None)`: no frame is kept twice.
    pub fn push(&mut self, frame: Bytes) {
        debug_assert!(self.chunk.is_empty());
        self.chunk = frame;
    }

    /// The next whole message, without its prefix; `None` = more frames are needed.
    ///
    /// # Errors
    /// UNIMPLEMENTED where it is compressed, RESOURCE_EXHAUSTED where it is too long; the stream ends then.
    pub fn next_message(&mut self) -> Result<Option<Bytes>, Refusal> {
        if self.partial.is_empty() {
            let Some(size) = message_size(&self.chunk)? else {
                self.keep();
                return Ok(None);
            };
            if self.chunk.len() < PREFIX_SIZE_BYTES + size {
                self.keep();
                return Ok(None);
            }
            self.chunk.advance(PREFIX_SIZE_BYTES);
            return Ok(Some(self.chunk.split_to(size)));
        }
        if !self.fill(PREFIX_SIZE_BYTES) {
            return Ok(None);
        }
        let Some(size) = message_size(&self.partial)? else { return Ok(None) };
        if !self.fill(PREFIX_SIZE_BYTES + size) {
            return Ok(None);
        }
        let mut message = std::mem::take(&mut self.partial).freeze();
        message.advance(PREFIX_SIZE_BYTES);
        Ok(Some(message))
    }

    /// Whether the stream may end here: not within a message.
    #[must_use]
    pub fn is_between_messages(&self) -> bool {
        self.partial.is_empty() && self.chunk.is_empty()
    }

    /// Move the rest of the frame to `partial`.
    fn keep(&mut self) {
        self.partial.extend_from_slice(&self.chunk);
        self.chunk.clear();
    }

    /// Grow `partial` to `size` bytes from the frame; false where the frame is too short.
    fn fill(&mut self, size: usize) -> bool {
        let missing = size.saturating_sub(self.partial.len()).min(self.chunk.len());
        self.partial.extend_from_slice(&self.chunk[..missing]);
        self.chunk.advance(missing);
        self.partial.len() >= size
    }
}

/// Of the message that begins here; `None` = the prefix is not whole.
fn message_size(bytes: &[u8]) -> Result<Option<usize>, Refusal> {
    let Some((&[compressed, rest @ ..], _)) = bytes.split_first_chunk::<PREFIX_SIZE_BYTES>() else { return Ok(None) };
    if compressed != 0 {
        return Err(Refusal::new(Code::Unimplemented, "", "compressed messages are not supported"));
    }
    let size = u32::from_be_bytes(rest) as usize;
    if size > DATA_MESSAGE_SIZE_MAX_BYTES {
        let text = format!("SERVER: Received message larger than max ({size} vs. {DATA_MESSAGE_SIZE_MAX_BYTES})");
        return Err(Refusal::new(Code::ResourceExhausted, "", text));
    }
    Ok(Some(size))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(message: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0];
        bytes.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
        bytes.extend(message);
        bytes
    }

    fn cut(bytes: &[u8], frame_size: usize) -> (Vec<Vec<u8>>, bool) {
        let mut frames = Frames::default();
        let mut messages = Vec::new();
        for frame in bytes.chunks(frame_size) {
            frames.push(Bytes::copy_from_slice(frame));
            while let Some(message) = frames.next_message().unwrap() {
                messages.push(message.to_vec());
            }
        }
        (messages, frames.is_between_messages())
    }

    #[test]
    fn every_cut_gives_the_same_messages() {
        let told: Vec<Vec<u8>> = vec![vec![], vec![1], vec![2; 300], vec![], vec![3; 7]];
        let bytes: Vec<u8> = told.iter().flat_map(|message| framed(message)).collect();
        for frame_size in 1..=bytes.len() {
            assert_eq!(cut(&bytes, frame_size), (told.clone(), true), "{frame_size}");
        }
    }

    #[test]
    fn an_end_within_a_message_is_seen() {
        let bytes = framed(&[7; 20]);
        for length in 1..bytes.len() {
            let (messages, whole) = cut(&bytes[..length], 6);
            assert!(messages.is_empty() && !whole, "{length}");
        }
    }

    #[test]
    fn too_long_and_compressed_are_refused_at_their_prefix() {
        let mut frames = Frames::default();
        frames.push(Bytes::from_static(&[0, 0, 1, 0, 1]));
        assert_eq!(frames.next_message().unwrap_err().code, Code::ResourceExhausted);
        let mut frames = Frames::default();
        frames.push(Bytes::from_static(&[1, 0]));
        assert_eq!(frames.next_message(), Ok(None));
        frames.push(Bytes::from_static(&[0, 0, 0]));
        assert_eq!(frames.next_message().unwrap_err().code, Code::Unimplemented);
        let mut frames = Frames::default();
        frames.push(Bytes::from(framed(&vec![0; DATA_MESSAGE_SIZE_MAX_BYTES])));
        assert_eq!(frames.next_message().unwrap().unwrap().len(), DATA_MESSAGE_SIZE_MAX_BYTES);
    }
}
