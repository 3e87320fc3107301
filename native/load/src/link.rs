//! One HTTP/2 connection of a client, without I/O: bytes in, bytes out, streams by index (index i = stream 2·i + 1).

use std::collections::VecDeque;

use loona_hpack::Decoder;

use crate::frames::{self, Head, flag, kind, setting};
use crate::headers::{Told, read_response};

/// What a connection's owner is told.
pub trait Listener {
    /// A whole gRPC message of a stream, its five bytes taken off. May send.
    fn on_message(&mut self, out: &mut Outgoing, stream: usize, body: &[u8]);
    /// A stream ended: Ok = with status 0.
    fn on_end(&mut self, stream: usize, end: Result<(), String>);
}

struct SendSide {
    window_bytes: i64,
    waiting: VecDeque<u8>,
    is_queued: bool,
}

/// What goes out. Messages leave at once as far as the peer's windows allow; the rest waits in order.
pub struct Outgoing {
    /// To be written to the socket.
    pub bytes: Vec<u8>,
    window_bytes: i64,
    initial_window_bytes: i64,
    frame_size_max_bytes: usize,
    streams: Vec<SendSide>,
    queue: VecDeque<usize>,
}

impl Outgoing {
    fn new() -> Self {
        let mut bytes = frames::PREFACE.to_vec();
        // no server push, and windows so large that the load's side never shuts one
        let settings = [(setting::ENABLE_PUSH, 0), (setting::INITIAL_WINDOW_SIZE, frames::WINDOW_MAX_BYTES)];
        frames::put_settings(&mut bytes, &settings);
        let more = frames::WINDOW_MAX_BYTES - 65_535;
        frames::put_frame(&mut bytes, kind::WINDOW_UPDATE, 0, 0, &more.to_be_bytes());
        Self {
            bytes,
            window_bytes: frames::WINDOW_DEFAULT_BYTES,
            initial_window_bytes: frames::WINDOW_DEFAULT_BYTES,
            frame_size_max_bytes: frames::FRAME_SIZE_DEFAULT_BYTES,
            streams: Vec::new(),
            queue: VecDeque::new(),
        }
    }

    /// Begin a call; its index.
    pub fn open(&mut self, block: &[u8]) -> usize {
        let stream = self.streams.len();
        frames::put_frame(&mut self.bytes, kind::HEADERS, flag::END_HEADERS, stream_id(stream), block);
        let window_bytes = self.initial_window_bytes;
        self.streams.push(SendSide { window_bytes, waiting: VecDeque::new(), is_queued: false });
        stream
    }

    /// Send what `put` appends: a gRPC message with its five bytes.
    pub fn send(&mut self, stream: usize, put: impl FnOnce(&mut Vec<u8>)) {
        let start = self.bytes.len();
        frames::put_head(&mut self.bytes, 0, kind::DATA, 0, stream_id(stream));
        let body = self.bytes.len();
        put(&mut self.bytes);
        let length = self.bytes.len() - body;
        let side = &mut self.streams[stream];
        let room = self.window_bytes.min(side.window_bytes);
        if side.waiting.is_empty() && length <= self.frame_size_max_bytes && as_window(length) <= room {
            let bytes = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
            self.bytes[start..start + 3].copy_from_slice(&bytes[1..]);
            side.window_bytes -= as_window(length);
            self.window_bytes -= as_window(length);
            return;
        }
        side.waiting.extend(&self.bytes[body..]);
        self.bytes.truncate(start);
        self.queue_up(stream);
        self.flush();
    }

    /// Send no more on a stream. What waits is let go.
    pub fn end(&mut self, stream: usize) {
        self.streams[stream].waiting.clear();
        frames::put_frame(&mut self.bytes, kind::DATA, flag::END_STREAM, stream_id(stream), &[]);
    }

    /// Messages that wait for a window, in bytes.
    #[must_use]
    pub fn waiting_bytes(&self) -> usize {
        self.streams.iter().map(|side| side.waiting.len()).sum()
    }

    fn queue_up(&mut self, stream: usize) {
        let side = &mut self.streams[stream];
        if !side.is_queued && !side.waiting.is_empty() && side.window_bytes > 0 {
            side.is_queued = true;
            self.queue.push_back(stream);
        }
    }

    /// Let go what the windows have room for: streams in turn, a frame each.
    fn flush(&mut self) {
        while self.window_bytes > 0 {
            let Some(stream) = self.queue.pop_front() else { return };
            let side = &mut self.streams[stream];
            side.is_queued = false;
            let room = usize::try_from(self.window_bytes.min(side.window_bytes)).unwrap_or(0);
            let length = side.waiting.len().min(room).min(self.frame_size_max_bytes);
            if length > 0 {
                frames::put_head(&mut self.bytes, length, kind::DATA, 0, stream_id(stream));
                self.bytes.extend(side.waiting.drain(..length));
                side.window_bytes -= as_window(length);
                self.window_bytes -= as_window(length);
            }
            self.queue_up(stream);
        }
    }

    fn grant(&mut self, stream_id: u32, more: u32) {
        if stream_id == 0 {
            self.window_bytes += i64::from(more);
        } else if let Some(side) = index_of(stream_id).and_then(|stream| self.streams.get_mut(stream)) {
            side.window_bytes += i64::from(more);
            self.queue_up((stream_id as usize - 1) / 2);
        }
        self.flush();
    }

    fn apply(&mut self, payload: &[u8]) {
        for (name, value) in frames::settings(payload) {
            if name == setting::INITIAL_WINDOW_SIZE {
                let more = i64::from(value) - self.initial_window_bytes;
                self.initial_window_bytes += more;
                for stream in 0..self.streams.len() {
                    self.streams[stream].window_bytes += more;
                    self.queue_up(stream);
                }
            } else if name == setting::MAX_FRAME_SIZE {
                self.frame_size_max_bytes = value as usize;
            }
        }
        frames::put_frame(&mut self.bytes, kind::SETTINGS, flag::ACK, 0, &[]);
        self.flush();
    }
}

#[derive(Default)]
struct ReceiveSide {
    partial: Vec<u8>,
    received_bytes: u32,
    has_ended: bool,
}

/// What came in of a connection.
struct Incoming {
    inbox: Vec<u8>,
    decoder: Decoder<'static>,
    block: Vec<u8>,
    block_head: Option<Head>,
    streams: Vec<ReceiveSide>,
    received_bytes: u32,
}

/// A connection.
pub struct Link {
    /// To send by.
    pub out: Outgoing,
    incoming: Incoming,
}

impl Default for Link {
    fn default() -> Self {
        Self::new()
    }
}

impl Link {
    /// One whose preface waits to be written.
    #[must_use]
    pub fn new() -> Self {
        let incoming = Incoming {
            inbox: Vec::new(),
            decoder: Decoder::new(),
            block: Vec::new(),
            block_head: None,
            streams: Vec::new(),
            received_bytes: 0,
        };
        Self { out: Outgoing::new(), incoming }
    }

    /// Take in bytes of the socket.
    ///
    /// # Errors
    /// The peer ended the connection, or does not speak HTTP/2.
    pub fn receive(&mut self, bytes: &[u8], listener: &mut impl Listener) -> Result<(), String> {
        let Self { out, incoming } = self;
        incoming.streams.resize_with(out.streams.len(), ReceiveSide::default);
        if incoming.inbox.is_empty() {
            let used = incoming.read_frames(bytes, out, listener)?;
            incoming.inbox.extend_from_slice(&bytes[used..]);
            return Ok(());
        }
        let mut inbox = std::mem::take(&mut incoming.inbox);
        inbox.extend_from_slice(bytes);
        let used = incoming.read_frames(&inbox, out, listener)?;
        inbox.drain(..used);
        incoming.inbox = inbox;
        Ok(())
    }
}

impl Incoming {
    fn read_frames(&mut self, bytes: &[u8], out: &mut Outgoing, listener: &mut impl Listener) -> Result<usize, String> {
        let mut used = 0;
        while let Some(head) = Head::read(&bytes[used..]) {
            let begin = used + frames::HEAD_SIZE_BYTES;
            let Some(payload) = bytes.get(begin..begin + head.length) else { break };
            self.read_frame(&head, payload, out, listener)?;
            used = begin + head.length;
        }
        Ok(used)
    }

    fn read_frame(
        &mut self,
        head: &Head,
        payload: &[u8],
        out: &mut Outgoing,
        listener: &mut impl Listener,
    ) -> Result<(), String> {
        match head.kind {
            kind::DATA => self.read_data(head, payload, out, listener),
            kind::HEADERS => {
                self.block.clear();
                self.block.extend_from_slice(frames::unpadded(head, payload).ok_or("HEADERS do not fit")?);
                self.block_head = Some(*head);
                self.end_block(head, listener)
            }
            kind::CONTINUATION => {
                self.block.extend_from_slice(payload);
                self.end_block(head, listener)
            }
            kind::RST_STREAM => {
                let code = frames::number31(payload);
                self.end(head.stream_id, Err(format!("RST_STREAM, code {code}")), listener);
                Ok(())
            }
            kind::SETTINGS if !head.has(flag::ACK) => {
                out.apply(payload);
                Ok(())
            }
            kind::PING if !head.has(flag::ACK) => {
                frames::put_frame(&mut out.bytes, kind::PING, flag::ACK, 0, payload);
                Ok(())
            }
            kind::WINDOW_UPDATE => {
                out.grant(head.stream_id, frames::number31(payload));
                Ok(())
            }
            kind::GOAWAY => {
                let code = payload.get(4..8).map_or(0, frames::number31);
                // the code tells; the debug data may hold anything
                if code == 0 { Ok(()) } else { Err(format!("GOAWAY, code {code}")) }
            }
            _ => Ok(()),
        }
    }

    fn read_data(
        &mut self,
        head: &Head,
        payload: &[u8],
        out: &mut Outgoing,
        listener: &mut impl Listener,
    ) -> Result<(), String> {
        let body = frames::unpadded(head, payload).ok_or("DATA do not fit")?;
        let stream = index_of(head.stream_id).filter(|&stream| stream < self.streams.len()).ok_or("unknown stream")?;
        credit(&mut self.received_bytes, payload.len(), 0, out);
        let side = &mut self.streams[stream];
        credit(&mut side.received_bytes, payload.len(), head.stream_id, out);
        if side.partial.is_empty() {
            let used = read_messages(body, |message| listener.on_message(out, stream, message));
            side.partial.extend_from_slice(&body[used..]);
        } else {
            side.partial.extend_from_slice(body);
            let used = read_messages(&side.partial, |message| listener.on_message(out, stream, message));
            side.partial.drain(..used);
        }
        if head.has(flag::END_STREAM) {
            self.end(head.stream_id, Err("ended without a status".to_owned()), listener);
        }
        Ok(())
    }

    fn end_block(&mut self, head: &Head, listener: &mut impl Listener) -> Result<(), String> {
        if !head.has(flag::END_HEADERS) {
            return Ok(());
        }
        let first = self.block_head.take().ok_or("CONTINUATION of nothing")?;
        let told = read_response(&mut self.decoder, &self.block)?;
        if first.has(flag::END_STREAM) || told.status.is_some() {
            self.end(first.stream_id, end_of(&told), listener);
        }
        Ok(())
    }

    fn end(&mut self, stream_id: u32, end: Result<(), String>, listener: &mut impl Listener) {
        let Some(stream) = index_of(stream_id) else { return };
        if let Some(side) = self.streams.get_mut(stream).filter(|side| !side.has_ended) {
            side.has_ended = true;
            listener.on_end(stream, end);
        }
    }
}

fn end_of(told: &Told) -> Result<(), String> {
    match (told.status, &told.http_status) {
        (Some(0), _) => Ok(()),
        (Some(status), _) => Err(format!("grpc-status {status}: {}", told.message)),
        (None, Some(status)) => Err(format!("HTTP status {status}")),
        (None, None) => Err("ended without a status".to_owned()),
    }
}

/// Hand over the whole gRPC messages at the beginning of `bytes`; how much of it they are.
fn read_messages(bytes: &[u8], mut on_message: impl FnMut(&[u8])) -> usize {
    let mut used = 0;
    while let Some(head) = bytes[used..].first_chunk::<5>() {
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
        let Some(message) = bytes.get(used + 5..used + 5 + length) else { break };
        on_message(message);
        used += 5 + length;
    }
    used
}

/// Count what came in, and open the window again long before it is shut.
fn credit(received_bytes: &mut u32, size: usize, stream_id: u32, out: &mut Outgoing) {
    *received_bytes += u32::try_from(size).unwrap_or(0);
    if *received_bytes > frames::WINDOW_MAX_BYTES / 2 {
        frames::put_frame(&mut out.bytes, kind::WINDOW_UPDATE, 0, stream_id, &received_bytes.to_be_bytes());
        *received_bytes = 0;
    }
}

fn stream_id(stream: usize) -> u32 {
    u32::try_from(stream * 2 + 1).unwrap_or(frames::WINDOW_MAX_BYTES)
}

fn index_of(stream_id: u32) -> Option<usize> {
    (stream_id % 2 == 1).then_some(stream_id as usize / 2)
}

fn as_window(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

#[cfg(test)]
#[path = "link_tests.rs"]
mod tests;
