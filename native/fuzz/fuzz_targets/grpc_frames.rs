//! gRPC messages out of DATA frames of any cut: the same messages as from one frame.
#![no_main]

use bytes::Bytes;
use geooffer_plane::framing::Frames;

fn cut(frames_of: impl Iterator<Item = Bytes>) -> (Vec<Bytes>, bool, bool) {
    let mut frames = Frames::default();
    let mut messages = Vec::new();
    for frame in frames_of {
        frames.push(frame);
        loop {
            match frames.next_message() {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break,
                Err(_) => return (messages, false, true),
            }
        }
    }
    (messages, frames.is_between_messages(), false)
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((&width, data)) = data.split_first() else { return };
    let whole = cut(std::iter::once(Bytes::copy_from_slice(data)));
    let width = usize::from(width).max(1);
    let pieces = cut(data.chunks(width).map(Bytes::copy_from_slice));
    assert!(whole == pieces, "the cut changed the messages");
    assert!(whole.0.iter().map(Bytes::len).sum::<usize>() + 5 * whole.0.len() <= data.len());
});
