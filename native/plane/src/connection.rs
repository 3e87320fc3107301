//! One connection: its HTTP/2 settings, its calls, its end.

use std::future::poll_fn;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use h2::Reason;
use h2::server::{Builder, Connection};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::call;
use crate::connections::{Calls, ConnectionTimes, Keep, Keeper, PeerStream};
use crate::limits::METADATA_SIZE_MAX_BYTES;
use crate::listener::{Arrival, Door};
use crate::worker::Worker;

const STREAM_WINDOW_SIZE_BYTES: u32 = 256 * 1024;
const PHONE_WINDOW_SIZE_BYTES: u32 = 1024 * 1024;
const GATEWAY_WINDOW_SIZE_BYTES: u32 = 16 * 1024 * 1024;
const PHONE_STREAM_COUNT_MAX: u32 = 4;
const STREAM_COUNT_MAX: u32 = 256;
/// What h2 charges for small DATA frames that wait; without it a burst of single pings ends the connection.
const FRAME_BUDGET_SIZE_BYTES: usize = 8 * 1024 * 1024;
const FRAME_SIZE_MAX_BYTES: u32 = 64 * 1024;
/// Of one stream, beyond what its peer's window has taken.
const SEND_BUFFER_SIZE_MAX_BYTES: usize = 128 * 1024;
/// For the preface; TLS has its own. Who is silent then is an unused connection (ConnectionTimes): channels of clients
/// may be open long before their first call.
const GREETING_TIME: Duration = Duration::from_secs(10);
/// For what is written already and GOAWAY to leave, where a peer has said too much.
const CALMING_TIME: Duration = Duration::from_secs(1);

/// Serve a connection until it ends, whoever ends it.
pub(crate) async fn serve(worker: &Rc<Worker>, arrival: Arrival) {
    let Arrival { socket, door, mut permit } = arrival;
    // an error of the socket ends its connection; the peer sees that, and there is nobody else to tell
    let Ok(socket) = prepare(socket) else { return };
    let dice = socket.peer_addr().map_or(0, |address| u64::from(address.port()));
    let socket = match &worker.tables.tls {
        None => PeerStream::clear(socket),
        Some(tls) => match tls.accept(socket).await {
            Ok(socket) => socket,
            Err(_) => return,
        },
    };
    let (activity, flood) = (socket.activity(), socket.flood());
    let Ok(Ok(mut connection)) = timeout(GREETING_TIME, settings(door).handshake::<_, Bytes>(socket)).await else {
        return;
    };
    permit.greeted();
    let Some(ping_pong) = connection.ping_pong() else { return };
    let calls = Calls::new();
    if worker.is_stopping.get() {
        connection.graceful_shutdown();
    }
    let mut keeper = Keeper::new(ConnectionTimes::default(), ping_pong, activity, calls.clone(), dice);
    loop {
        tokio::select! {
            biased;
            call = connection.accept() => match call {
                Some(Ok((request, respond))) => call::begin(worker, &calls, request, respond),
                Some(Err(error)) if error.is_library() && error.reason() == Some(Reason::ENHANCE_YOUR_CALM) => {
                    return worker.counters.calmed_connections.add(1);
                }
                _ => return,
            },
            () = poll_fn(|_| flood.poll_seen()) => {
                worker.counters.calmed_connections.add(1);
                return calm(connection).await;
            }
            keep = keeper.next() => match keep {
                Keep::Leave => connection.graceful_shutdown(),
                Keep::Cut => return,
            },
            () = worker.stopping.notified() => connection.graceful_shutdown(),
        }
    }
}

/// Tell a peer to go at once; whether it listens is its own business.
async fn calm(mut connection: Connection<PeerStream, Bytes>) {
    connection.abrupt_shutdown(Reason::ENHANCE_YOUR_CALM);
    // calls that came meanwhile are dropped with the rest
    let leaving = async { while let Some(Ok(_)) = connection.accept().await {} };
    let _elapsed = timeout(CALMING_TIME, leaving).await;
}

fn prepare(socket: std::net::TcpStream) -> std::io::Result<TcpStream> {
    socket.set_nonblocking(true)?;
    socket.set_nodelay(true)?;
    TcpStream::from_std(socket)
}

fn settings(door: Door) -> Builder {
    let window = if door == Door::Gateways { GATEWAY_WINDOW_SIZE_BYTES } else { PHONE_WINDOW_SIZE_BYTES };
    let streams = if door == Door::Phones { PHONE_STREAM_COUNT_MAX } else { STREAM_COUNT_MAX };
    let mut builder = Builder::new();
    builder
        .initial_window_size(STREAM_WINDOW_SIZE_BYTES)
        .initial_connection_window_size(window)
        .max_concurrent_streams(streams)
        .max_header_list_size(u32::try_from(METADATA_SIZE_MAX_BYTES).unwrap_or(u32::MAX))
        .max_frame_size(FRAME_SIZE_MAX_BYTES)
        .data_frame_budget(FRAME_BUDGET_SIZE_BYTES)
        .max_send_buffer_size(SEND_BUFFER_SIZE_MAX_BYTES);
    builder
}
