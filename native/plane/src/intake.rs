//! The reading half of a call: DATA frames, and the window given back for what was read.

use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::RecvStream;

use crate::respond::Gone;

/// The window is given back in pieces of at least this, or when nothing is left to be read. At most 256 streams keep
/// back this much each: 256 KiB, below half of the smallest connection window (1 MiB); more could stall them all.
const RELEASE_SIZE_BYTES: usize = 1_024;

/// Of one call.
pub(crate) struct Body {
    stream: RecvStream,
    unreleased_bytes: usize,
}

impl Body {
    pub(crate) fn new(stream: RecvStream) -> Self {
        Self { stream, unreleased_bytes: 0 }
    }

    /// The next DATA frame; `None` at the end of the stream. What came before counts as read.
    pub(crate) fn poll_frame(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Gone>> {
        if self.unreleased_bytes >= RELEASE_SIZE_BYTES {
            self.release()?;
        }
        Poll::Ready(match ready!(self.stream.poll_data(context)) {
            Some(Ok(frame)) => {
                self.unreleased_bytes += frame.len();
                Ok(Some(frame))
            }
            Some(Err(_)) => Err(Gone),
            None => Ok(None),
        })
    }

    fn release(&mut self) -> Result<(), Gone> {
        let size = std::mem::take(&mut self.unreleased_bytes);
        self.stream.flow_control().release_capacity(size).map_err(|_| Gone)
    }
}
