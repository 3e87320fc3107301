//! Floods of frames that carry nothing end their connection, by GOAWAY ENHANCE_YOUR_CALM; honest clients never notice.

mod common;

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use common::answers::{own, read};
use common::opcodes::{ACCEPT, Opcodes, Seen};
use common::{Client, INGEST, STREAM, device, settings, soon, start};
use geooffer_plane::plane::Plane;

const GOAWAY: u8 = 7;
const CALM: [u8; 4] = [0, 0, 0, 11];

fn plane() -> Plane {
    let mut one_worker = settings();
    one_worker.worker_count = 1;
    start(one_worker, |_| Box::new(Opcodes(Arc::<Seen>::default())))
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let size = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&size[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Greets, says `first`, then `again` until the plane hangs up; whether it told to calm down before.
fn is_calmed(address: std::net::SocketAddr, first: &[u8], again: &[u8]) -> bool {
    let mut socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    socket.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
    socket.write_all(&frame(4, 0, 0, &[])).unwrap();
    socket.write_all(first).unwrap();
    let mut reading = socket.try_clone().unwrap();
    let told = std::thread::spawn(move || {
        let (mut told, mut part) = (Vec::new(), vec![0; 65_536]);
        loop {
            match reading.read(&mut part) {
                Ok(0) => return told,
                Ok(size) => told.extend_from_slice(&part[..size]),
                // hung up on with words of ours unread
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return told,
                Err(error) => panic!("it was not hung up on: {error}"),
            }
        }
    });
    let again = again.repeat(100);
    for _ in 0..600 {
        if socket.write_all(&again).is_err() {
            break;
        }
    }
    let told = told.join().unwrap();
    let mut rest = &told[..];
    while let Some((head, payload)) = rest.split_first_chunk::<9>() {
        let size = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
        if payload.len() < size {
            break;
        }
        let (payload, further) = payload.split_at(size);
        if head[3] == GOAWAY && payload[4..8] == CALM {
            return true;
        }
        rest = further;
    }
    false
}

async fn assert_calms(name: &str, first: Vec<u8>, again: Vec<u8>) {
    let plane = plane();
    let address = plane.phone_address();
    let flooding = tokio::task::spawn_blocking(move || is_calmed(address, &first, &again));
    let client = Client::connect(&plane).await;
    let mut call = client.open(STREAM, &device(500_000)).await;
    call.send(&own(ACCEPT));
    assert_eq!(read(&call.next().await.unwrap()).acknowledged, 1, "{name}: others are served meanwhile");
    assert!(soon(flooding).await.unwrap(), "{name}");
    call.finish();
    assert_eq!(call.status().await.0, 0);
    assert_eq!(plane.statistics().calmed_connections, 1, "{name}");
}

#[tokio::test]
async fn pings_without_end() {
    assert_calms("PING", Vec::new(), frame(6, 0, 0, &[7; 8])).await;
    assert_calms("answers to no PING", Vec::new(), frame(6, 1, 0, &[7; 8])).await;
}

#[tokio::test]
async fn settings_without_end() {
    assert_calms("SETTINGS", Vec::new(), frame(4, 0, 0, &[0, 4, 0, 0, 255, 255])).await;
    assert_calms("empty SETTINGS", Vec::new(), frame(4, 0, 0, &[])).await;
}

#[tokio::test]
async fn what_is_ignored_without_end() {
    assert_calms("WINDOW_UPDATE", Vec::new(), frame(8, 0, 0, &[0, 0, 0, 1])).await;
    assert_calms("PRIORITY", Vec::new(), frame(2, 0, 1, &[0, 0, 0, 0, 3])).await;
    assert_calms("unknown frames", Vec::new(), frame(0xbe, 0, 0, &[0; 64])).await;
}

#[tokio::test]
async fn headers_and_data_without_end() {
    // POST / of http; END_HEADERS where the flag is 4
    assert_calms("CONTINUATION", frame(1, 0, 1, &[0x83, 0x84, 0x86]), frame(9, 0, 1, &[])).await;
    let opened = frame(1, 4, 1, &[0x83, 0x84, 0x86]);
    assert_calms("empty DATA", opened.clone(), frame(0, 0, 1, &[])).await;
}

#[tokio::test]
async fn thousands_of_calls_of_one_connection_are_not_calmed() {
    let plane = plane();
    let client = Client::connect(&plane).await;
    for _ in 0..600 {
        let mut call = client.open(INGEST, &device(7)).await;
        call.send(&own(ACCEPT));
        call.finish();
        assert_eq!(call.status().await.0, 0);
    }
    assert_eq!(plane.statistics().calmed_connections, 0);
}
