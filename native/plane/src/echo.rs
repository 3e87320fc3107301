//! The ceiling of a benchmark: the same transport and tokens, messages acknowledged unread.

use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use h2::RecvStream;
use h2::server::SendResponse;
use http::Request;

use crate::call::{self, PingMethod};
use crate::framing::Frames;
use crate::intake::Body;
use crate::reading::identify;
use crate::refusal::Refusal;
use crate::respond::{Gone, Sink};
use crate::wire::answers::write_acknowledgement;
use crate::worker::Worker;

/// Serve one call.
pub(crate) async fn serve(
    worker: &Rc<Worker>,
    method: PingMethod,
    request: Request<RecvStream>,
    respond: SendResponse<Bytes>,
) {
    if let Err(refusal) = identify(worker, method, request.headers()) {
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
    if let Ok(refusal) = end {
        // an error here says that the peer is gone
        echo.sink.end(refusal.as_ref()).unwrap_or(());
    }
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
            write_acknowledgement(self.read_count, true, 0, &mut self.buffer);
            self.sink.write(self.buffer.split().freeze())?;
        }
        while !self.sink.flush()? {
            ready!(self.sink.poll_writable(context))?;
        }
        if end.is_some() { Poll::Ready(Ok(None)) } else { Poll::Pending }
    }
}
