//! The ceiling of a benchmark: the same transport and tokens, messages acknowledged unread.

use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::{BufMut, Bytes, BytesMut};
use h2::RecvStream;
use h2::server::SendResponse;
use http::Request;

use crate::call::{self, PingMethod};
use crate::framing::Frames;
use crate::intake::Body;
use crate::refusal::Refusal;
use crate::respond::{Gone, Sink};
use crate::worker::Worker;

/// Serve one call.
pub(crate) async fn serve(
    worker: &Rc<Worker>,
    method: PingMethod,
    request: Request<RecvStream>,
    respond: SendResponse<Bytes>,
) {
    if let Err(refusal) = (worker.tables.identify)(request.headers()) {
        return call::refuse(respond, &refusal);
    }
    let mut echo = Echo {
        body: Body::new(request.into_body()),
        frames: Frames::default(),
        sink: Sink::new(respond),
        read_count: 0,
        told_count: 0,
        buffer: BytesMut::new(),
    };
    let end = poll_fn(|context| echo.turn(context)).await;
    // an error here says that the peer is gone
    drop(end.map(|refusal| echo.finish(method, refusal.as_ref())));
}

struct Echo {
    body: Body,
    frames: Frames,
    sink: Sink,
    read_count: i64,
    told_count: i64,
    buffer: BytesMut,
}

impl Echo {
    /// Read all there is, then tell of it; ready at the end of the stream.
    fn turn(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Refusal>, Gone>> {
        let mut end = None;
        while end.is_none() {
            match self.frames.next_message() {
                Ok(Some(_)) => {
                    self.read_count += 1;
                    continue;
                }
                Ok(None) => {}
                Err(refusal) => return Poll::Ready(Ok(Some(refusal))),
            }
            match self.body.poll_frame(context) {
                Poll::Ready(Ok(Some(frame))) => self.frames.push(frame),
                Poll::Ready(Ok(None)) => end = Some(()),
                Poll::Ready(Err(gone)) => return Poll::Ready(Err(gone)),
                Poll::Pending => break,
            }
        }
        while self.told_count < self.read_count {
            if !self.sink.is_ready()? {
                ready!(self.sink.poll_writable(context))?;
                continue;
            }
            self.told_count = self.read_count;
            write_echo(self.read_count, &mut self.buffer);
            self.sink.write(self.buffer.split().freeze())?;
        }
        while !self.sink.flush()? {
            ready!(self.sink.poll_writable(context))?;
        }
        if end.is_some() { Poll::Ready(Ok(None)) } else { Poll::Pending }
    }

    fn finish(&mut self, _method: PingMethod, refusal: Option<&Refusal>) -> Result<(), Gone> {
        self.sink.end(refusal)
    }
}

/// A whole answer: prefix, field 1 of the response, acknowledgement and `location_wanted`.
fn write_echo(count: i64, out: &mut BytesMut) {
    let mut varint = [0; 10];
    let mut length = 0;
    let mut rest = u64::try_from(count).unwrap_or(0);
    while rest > 0x7f {
        varint[length] = (rest & 0x7f) as u8 | 0x80;
        (rest, length) = (rest >> 7, length + 1);
    }
    varint[length] = rest as u8;
    length += 1;
    let answer_size = 1 + length as u8 + 2;
    out.reserve(32);
    out.put_slice(&[0, 0, 0, 0, answer_size + 2, 0x0a, answer_size, 0x08]);
    out.put_slice(&varint[..length]);
    out.put_slice(&[0x30, 1]);
}
