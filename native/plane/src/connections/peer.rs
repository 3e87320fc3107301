//! The socket of a peer, in clear or through TLS, when it was last heard of, and whether it said too much.

use std::cell::Cell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::server::TlsStream;

use crate::connections::FrameBudget;

/// When bytes of a peer last came in; shared by its socket and its [`Keeper`](crate::connections::Keeper).
#[derive(Clone)]
pub struct Activity(Rc<Cell<Instant>>);

impl Activity {
    /// Heard of now.
    #[must_use]
    pub fn new() -> Self {
        Self(Rc::new(Cell::new(Instant::now())))
    }

    /// When it was heard of last.
    #[must_use]
    pub fn last(&self) -> Instant {
        self.0.get()
    }
}

impl Default for Activity {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether a peer has sent more than it may; shared by its socket and whoever serves it.
#[derive(Clone, Default)]
pub struct Flood(Rc<Cell<bool>>);

impl Flood {
    /// Ready once it has. Registers no waker: to be polled by the task that reads the socket, after it has read.
    pub fn poll_seen(&self) -> Poll<()> {
        if self.0.get() { Poll::Ready(()) } else { Poll::Pending }
    }
}

enum Socket {
    Clear(TcpStream),
    Secure(Box<TlsStream<TcpStream>>),
}

/// What an HTTP/2 connection is served over.
pub struct PeerStream {
    socket: Socket,
    activity: Activity,
    budget: FrameBudget,
    flood: Flood,
}

impl PeerStream {
    /// Without TLS.
    #[must_use]
    pub fn clear(socket: TcpStream) -> Self {
        Self::new(Socket::Clear(socket))
    }

    /// With TLS, after the handshake.
    #[must_use]
    pub fn secure(socket: TlsStream<TcpStream>) -> Self {
        Self::new(Socket::Secure(Box::new(socket)))
    }

    fn new(socket: Socket) -> Self {
        let (activity, flood) = (Activity::new(), Flood::default());
        let budget = FrameBudget::new(activity.last().into_std());
        Self { socket, activity, budget, flood }
    }

    /// For its keeper.
    #[must_use]
    pub fn activity(&self) -> Activity {
        self.activity.clone()
    }

    /// For whoever serves it: nothing more is read once it is seen.
    #[must_use]
    pub fn flood(&self) -> Flood {
        self.flood.clone()
    }
}

impl AsyncRead for PeerStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.flood.0.get() {
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        let polled = match &mut self.socket {
            Socket::Clear(socket) => Pin::new(socket).poll_read(cx, buffer),
            Socket::Secure(socket) => Pin::new(socket).poll_read(cx, buffer),
        };
        if buffer.filled().len() > before {
            let now = Instant::now();
            self.activity.0.set(now);
            if !self.budget.count(&buffer.filled()[before..], now.into_std()) {
                self.flood.0.set(true);
            }
        }
        polled
    }
}

impl AsyncWrite for PeerStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.socket {
            Socket::Clear(socket) => Pin::new(socket).poll_write(cx, data),
            Socket::Secure(socket) => Pin::new(socket).poll_write(cx, data),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.socket {
            Socket::Clear(socket) => Pin::new(socket).poll_write_vectored(cx, slices),
            Socket::Secure(socket) => Pin::new(socket).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.socket {
            Socket::Clear(socket) => socket.is_write_vectored(),
            Socket::Secure(socket) => socket.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.socket {
            Socket::Clear(socket) => Pin::new(socket).poll_flush(cx),
            Socket::Secure(socket) => Pin::new(socket).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.socket {
            Socket::Clear(socket) => Pin::new(socket).poll_shutdown(cx),
            Socket::Secure(socket) => Pin::new(socket).poll_shutdown(cx),
        }
    }
}
