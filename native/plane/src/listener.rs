//! The accept thread: one for all listeners, sockets round robin to the workers.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::sync::Notify;

use crate::connections::{ConnectionBounds, Permit};
use crate::counters::WorkerCounters;
use crate::inbox::Inbox;

const BACKLOG_COUNT: i32 = 1_024;
/// After an error of accept that lasts (no file descriptors, no memory): the peers wait in the backlog meanwhile.
const PAUSE: Duration = Duration::from_millis(50);

/// Who is expected at a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// Phones, where gateways have a listener of their own.
    Phones,
    /// Gateways.
    Gateways,
    /// Both.
    All,
}

/// A socket on its way to a worker.
pub(crate) struct Arrival {
    pub(crate) socket: TcpStream,
    pub(crate) door: Door,
    pub(crate) permit: Permit,
}

/// Bind `host:port`. The address is bound by this process alone.
pub(crate) fn bind(address: &str) -> io::Result<TcpListener> {
    let mut last = io::Error::new(io::ErrorKind::AddrNotAvailable, "the address names no host");
    for candidate in address.to_socket_addrs()? {
        match bind_one(candidate) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn bind_one(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG_COUNT)?;
    Ok(socket.into())
}

/// The running accept thread.
pub(crate) struct AcceptThread {
    thread: Option<JoinHandle<()>>,
    stop: Arc<Notify>,
}

impl AcceptThread {
    pub(crate) fn start(
        listeners: Vec<(TcpListener, Door)>,
        inboxes: Vec<Arc<Inbox>>,
        bounds: Arc<ConnectionBounds>,
        counters: Arc<WorkerCounters>,
    ) -> io::Result<Self> {
        let stop = Arc::new(Notify::new());
        let stopped = Arc::clone(&stop);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let listeners = {
            let _inside = runtime.enter();
            let tokio_listener = |(listener, door)| Ok((tokio::net::TcpListener::from_std(listener)?, door));
            listeners.into_iter().map(tokio_listener).collect::<io::Result<Vec<_>>>()?
        };
        let thread = std::thread::Builder::new().name("plane-accept".into()).spawn(move || {
            let mut handing = Handing { inboxes, bounds, counters, next: 0 };
            runtime.block_on(async {
                tokio::select! {
                    () = stopped.notified() => {}
                    () = accept_all(&listeners, &mut handing) => {}
                }
            });
        })?;
        Ok(Self { thread: Some(thread), stop })
    }

    /// Close the listeners and join.
    pub(crate) fn stop(&mut self) {
        self.stop.notify_one();
        if let Some(thread) = self.thread.take() {
            // a panic of the thread was told by the panic hook; there is nothing to be saved of it
            drop(thread.join());
        }
    }
}

async fn accept_all(listeners: &[(tokio::net::TcpListener, Door)], handing: &mut Handing) {
    loop {
        let accepted = std::future::poll_fn(|context| {
            for (listener, door) in listeners {
                if let std::task::Poll::Ready(accepted) = listener.poll_accept(context) {
                    return std::task::Poll::Ready((accepted, *door));
                }
            }
            std::task::Poll::Pending
        });
        match accepted.await {
            (Ok((socket, _)), door) => {
                if let Ok(socket) = socket.into_std() {
                    handing.hand(socket, door);
                }
            }
            (Err(error), _) if is_of_the_peer(&error) => {}
            (Err(_), _) => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// The connection was gone before it was accepted; the next one may be good.
fn is_of_the_peer(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | ConnectionRefused | Interrupted)
}

struct Handing {
    inboxes: Vec<Arc<Inbox>>,
    bounds: Arc<ConnectionBounds>,
    counters: Arc<WorkerCounters>,
    next: usize,
}

impl Handing {
    fn hand(&mut self, socket: TcpStream, door: Door) {
        self.next = (self.next + 1) % self.inboxes.len();
        let Some(permit) = self.bounds.enter() else {
            self.counters.refused_connections.add(1);
            return;
        };
        self.counters.accepted_connections.add(1);
        if self.inboxes[self.next].arrive(Arrival { socket, door, permit }).is_err() {
            self.counters.refused_connections.add(1);
        }
    }
}
