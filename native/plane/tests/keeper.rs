//! Connections that are silent, unused or old, over real sockets and with short times; and those that are none of it.

use std::time::Duration;

use bytes::Bytes;
use geooffer_plane::connections::{Call, Calls, ConnectionTimes, Keep, Keeper, PeerStream};
use h2::client::SendRequest;
use http::{Request, Response};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, LocalSet, spawn_local};
use tokio::time::{sleep, timeout};

const SHORT: Duration = Duration::from_millis(150);
const NEVER: Duration = Duration::from_secs(3_600);
const TIMES: ConnectionTimes =
    ConnectionTimes { keepalive: NEVER, keepalive_timeout: NEVER, idle: NEVER, age: NEVER, grace: NEVER };

async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(20), future).await.expect("it should have come by now")
}

/// Serves one connection as the worker does: `/hold` stays open, everything else is answered at once. Returns what the
/// keeper said.
async fn serve(socket: TcpStream, times: ConnectionTimes) -> Vec<Keep> {
    let peer = PeerStream::clear(socket);
    let (activity, calls) = (peer.activity(), Calls::new());
    let mut connection = h2::server::handshake(peer).await.unwrap();
    let mut keeper = Keeper::new(times, connection.ping_pong().unwrap(), activity, calls.clone(), 7);
    let (mut said, mut held): (Vec<Keep>, Vec<(Call, h2::server::SendResponse<Bytes>)>) = (Vec::new(), Vec::new());
    loop {
        tokio::select! {
            biased;
            call = connection.accept() => match call {
                Some(Ok((request, mut respond))) => {
                    let call = calls.begin();
                    if request.uri().path() == "/hold" {
                        held.push((call, respond));
                    } else {
                        respond.send_response(Response::new(()), true).unwrap();
                    }
                }
                _ => return said,
            },
            keep = keeper.next() => {
                said.push(keep);
                match keep {
                    Keep::Leave => connection.graceful_shutdown(),
                    Keep::Cut => return said,
                }
            }
        }
    }
}

/// A served connection and the other end of its socket.
async fn connected(times: ConnectionTimes) -> (JoinHandle<Vec<Keep>>, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (socket, _) = listener.accept().await.unwrap();
    (spawn_local(serve(socket, times)), client)
}

async fn http2(socket: TcpStream) -> SendRequest<Bytes> {
    let (client, connection) = h2::client::handshake(socket).await.unwrap();
    spawn_local(async move { drop(connection.await) });
    client
}

async fn answered(client: &mut SendRequest<Bytes>) -> bool {
    match client.send_request(Request::get("http://x/").body(()).unwrap(), true) {
        Ok((response, _)) => response.await.is_ok(),
        Err(_) => false,
    }
}

fn test(body: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, soon(body));
}

#[test]
fn who_answers_no_ping_is_cut() {
    test(async {
        let times = ConnectionTimes { keepalive: SHORT, keepalive_timeout: SHORT, ..TIMES };
        let (served, mut client) = connected(times).await;
        client.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
        // what it sends in the meantime is no answer
        let mut received = Vec::new();
        let ping = [0, 0, 8, 6, 0, 0, 0, 0, 0];
        loop {
            let mut buffer = [0; 1_024];
            match client.read(&mut buffer).await {
                Ok(0) | Err(_) => break,
                Ok(size) => received.extend_from_slice(&buffer[..size]),
            }
        }
        assert!(received.windows(9).any(|frame| frame == ping), "it was asked");
        assert_eq!(served.await.unwrap(), [Keep::Cut]);
    });
}

#[test]
fn who_answers_stays_however_silent() {
    test(async {
        let times = ConnectionTimes { keepalive: SHORT, keepalive_timeout: Duration::from_secs(10), ..TIMES };
        let (served, client) = connected(times).await;
        let mut client = http2(client).await;
        sleep(SHORT * 8).await;
        assert!(!served.is_finished());
        assert!(answered(&mut client).await);
        drop(client);
        assert_eq!(served.await.unwrap(), []);
    });
}

#[test]
fn who_calls_nothing_is_told_to_go() {
    test(async {
        let (served, client) = connected(ConnectionTimes { idle: SHORT * 10, ..TIMES }).await;
        let mut client = http2(client).await;
        for _ in 0..14 {
            assert!(answered(&mut client).await, "while it calls now and then, it stays");
            sleep(SHORT).await;
        }
        assert_eq!(served.await.unwrap(), [Keep::Leave]);
        assert!(!answered(&mut client).await);
    });
}

#[test]
fn who_is_old_is_told_to_go_and_cut_in_the_end() {
    test(async {
        let (served, client) = connected(ConnectionTimes { age: SHORT, grace: SHORT, idle: SHORT, ..TIMES }).await;
        let mut client = http2(client).await;
        let request = Request::get("http://x/hold").body(()).unwrap();
        let (held, _body) = client.send_request(request, false).unwrap();
        assert!(held.await.is_err(), "an open call does not keep it");
        assert_eq!(served.await.unwrap(), [Keep::Leave, Keep::Cut]);
    });
}

#[test]
fn an_open_call_is_use() {
    test(async {
        let (served, client) = connected(ConnectionTimes { idle: SHORT, ..TIMES }).await;
        let mut client = http2(client).await;
        let request = Request::get("http://x/hold").body(()).unwrap();
        let _held = client.send_request(request, false).unwrap();
        sleep(SHORT * 6).await;
        assert!(!served.is_finished());
        assert!(answered(&mut client).await);
    });
}
