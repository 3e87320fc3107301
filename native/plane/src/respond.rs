//! The answering half of a call: begun with its first answer, never buffering beyond the peer's window.

use std::task::{Context, Poll};

use bytes::Bytes;
use h2::SendStream;
use h2::server::SendResponse;
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use crate::refusal::Refusal;
use crate::wire::status;

/// What a stream asks of the window before it makes an answer: that of an acknowledgement. What a stream keeps of it
/// while it has nothing to say is small against the windows of clients (64 KiB a connection).
const ASKED_SIZE_BYTES: usize = 32;

/// The peer is gone, or has reset the stream: nothing more can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gone;

enum State {
    /// Nothing was sent: neither headers nor answers.
    Fresh(SendResponse<Bytes>),
    Open(SendStream<Bytes>),
    Over,
}

/// Where the answers of one call go.
pub(crate) struct Sink {
    state: State,
    /// Of an answer that did not fit into the window.
    rest: Bytes,
}

impl Sink {
    pub(crate) fn new(respond: SendResponse<Bytes>) -> Self {
        Self { state: State::Fresh(respond), rest: Bytes::new() }
    }

    /// Whether the end of the call was sent.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// Whether an answer may be made now: the one before it has left, and the peer's window is open.
    pub(crate) fn is_ready(&mut self) -> Result<bool, Gone> {
        if !self.flush()? {
            return Ok(false);
        }
        let stream = self.begun()?;
        stream.reserve_capacity(ASKED_SIZE_BYTES);
        Ok(stream.capacity() > 0)
    }

    /// Send an answer; what the window does not take is kept and sent by [`Sink::flush`]. After `is_ready` only.
    pub(crate) fn write(&mut self, answer: Bytes) -> Result<(), Gone> {
        debug_assert!(self.rest.is_empty());
        let stream = self.begun()?;
        if stream.capacity() >= answer.len() {
            return stream.send_data(answer, false).map_err(|_| Gone);
        }
        self.rest = answer;
        self.flush().map(|_| ())
    }

    /// Send what is left of the last answer; false while the window is shut.
    pub(crate) fn flush(&mut self) -> Result<bool, Gone> {
        while !self.rest.is_empty() {
            let State::Open(stream) = &mut self.state else { return Err(Gone) };
            stream.reserve_capacity(self.rest.len());
            let size = stream.capacity().min(self.rest.len());
            if size == 0 {
                return Ok(false);
            }
            stream.send_data(self.rest.split_to(size), false).map_err(|_| Gone)?;
        }
        Ok(true)
    }

    /// End the call: trailers, or nothing but headers where nothing was sent before.
    pub(crate) fn end(&mut self, refusal: Option<&Refusal>) -> Result<(), Gone> {
        let trailers = refusal.map_or_else(status::trailers_ok, status::trailers);
        match std::mem::replace(&mut self.state, State::Over) {
            State::Fresh(mut respond) => {
                let mut response = headers();
                response.headers_mut().extend(trailers);
                respond.send_response(response, true).map_err(|_| Gone)?;
            }
            State::Open(mut stream) => stream.send_trailers(trailers).map_err(|_| Gone)?,
            State::Over => {}
        }
        Ok(())
    }

    /// Ready once the window may have opened. Wakes by the peer's reset as well.
    pub(crate) fn poll_writable(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Gone>> {
        match &mut self.state {
            State::Open(stream) => match stream.poll_capacity(context) {
                Poll::Ready(Some(Ok(_))) => Poll::Ready(Ok(())),
                Poll::Ready(_) => Poll::Ready(Err(Gone)),
                Poll::Pending => Poll::Pending,
            },
            _ => Poll::Ready(Ok(())),
        }
    }

    /// Ready once the peer has reset the stream or the connection is over.
    pub(crate) fn poll_gone(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let reset = match &mut self.state {
            State::Fresh(respond) => respond.poll_reset(context),
            State::Open(stream) => stream.poll_reset(context),
            State::Over => return Poll::Pending,
        };
        reset.map(|_| ())
    }

    fn begun(&mut self) -> Result<&mut SendStream<Bytes>, Gone> {
        if let State::Fresh(respond) = &mut self.state {
            let stream = respond.send_response(headers(), false).map_err(|_| Gone)?;
            self.state = State::Open(stream);
        }
        match &mut self.state {
            State::Open(stream) => Ok(stream),
            _ => Err(Gone),
        }
    }
}

fn headers() -> Response<()> {
    let mut response = Response::new(());
    response.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    response
}

/// Refuse what is not gRPC at all, by an HTTP status.
pub(crate) fn refuse_http(mut respond: SendResponse<Bytes>, status: StatusCode) {
    let mut response = Response::new(());
    *response.status_mut() = status;
    *response.headers_mut() = HeaderMap::new();
    // an error here says that the peer is gone: nobody is left to be refused
    drop(respond.send_response(response, true));
}
