//! Every call of the public port that is not for PingService goes to the grpc.aio server on a Unix socket, as it is.
//!
//! ```text
//!  client ──h2──► worker ──h2 over a Unix socket──► grpc.aio (OfferService, health, …)
//! ```
//! Headers (hop-by-hop ones apart), messages and trailers pass unread, token and all: Python verifies it. Flow control
//! reaches from end to end, a reset on one side is one on the other. A call holds its own window and nothing else: the
//! window of a connection to the server is as large as all its streams' together.

mod exchange;
mod headers;
mod links;

use std::cell::Cell;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use h2::RecvStream;
use h2::server::SendResponse;
use http::{Method, Request};
use tokio::time::timeout;

use crate::proxy::exchange::exchange;
use crate::proxy::links::Links;
use crate::refusal::{Code, Refusal};

/// Bounds of one worker's calls.
#[derive(Clone, Copy, Debug)]
pub struct UpstreamLimits {
    /// Calls that are open at once; more are UNAVAILABLE.
    pub call_count_max: usize,
    /// For the server's socket, then it is UNAVAILABLE.
    pub reach_time: Duration,
    /// For a request to be whole: no method behind takes more than one message.
    pub request_time: Duration,
    /// For a client to take any byte of what is there for it.
    pub stall_time: Duration,
}

impl Default for UpstreamLimits {
    fn default() -> Self {
        Self {
            call_count_max: 1_024,
            reach_time: Duration::from_secs(5),
            request_time: Duration::from_secs(60),
            stall_time: Duration::from_secs(20),
        }
    }
}

/// The server behind one worker.
pub struct Upstream {
    limits: UpstreamLimits,
    links: Links,
    open_count: Cell<usize>,
    is_stopping: Cell<bool>,
}

impl Upstream {
    /// `path`: of the socket; nothing is connected before the first call. To be used inside a LocalSet.
    #[must_use]
    pub fn new(path: PathBuf, limits: UpstreamLimits) -> Rc<Self> {
        let (open_count, is_stopping) = (Cell::new(0), Cell::new(false));
        Rc::new(Self { links: Links::new(path, limits.call_count_max), limits, open_count, is_stopping })
    }

    /// Calls that are open.
    #[must_use]
    pub fn open_count(&self) -> usize {
        self.open_count.get()
    }

    /// Refuse calls to come (UNAVAILABLE); open ones end when they end.
    pub fn stop(&self) {
        self.is_stopping.set(true);
    }

    /// One call, to its end, whoever ends it.
    pub async fn forward(self: Rc<Self>, request: Request<RecvStream>, respond: SendResponse<Bytes>) {
        let _open = match self.enter() {
            Ok(open) => open,
            Err(refusal) => return headers::refuse(respond, &refusal),
        };
        if request.method() == Method::CONNECT {
            return headers::refuse_method(respond);
        }
        match timeout(self.limits.reach_time, self.links.sender()).await {
            Ok(Some((sender, _place))) => exchange(sender, request, respond, &self.limits).await,
            _ => headers::refuse(respond, &unreachable()),
        }
    }

    fn enter(self: &Rc<Self>) -> Result<Open, Refusal> {
        if self.is_stopping.get() {
            return Err(Refusal::draining());
        }
        if self.open_count.get() >= self.limits.call_count_max {
            return Err(Refusal::new(Code::Unavailable, "OVERLOADED", "too many calls; retry"));
        }
        self.open_count.set(self.open_count.get() + 1);
        Ok(Open(Rc::clone(self)))
    }
}

/// Of the server's connection, not of a call.
fn unreachable() -> Refusal {
    Refusal::new(Code::Unavailable, "OVERLOADED", "the service cannot be reached; retry")
}

/// An open call.
struct Open(Rc<Upstream>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open_count.set(self.0.open_count.get() - 1);
    }
}
