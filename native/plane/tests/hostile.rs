//! Peers that are slow, silent, broken or many: bounded, and no trouble for others.

mod common;

use std::io::{Read as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use common::answers::{batch, own, read};
use common::opcodes::{ACCEPT, Opcodes, SLOW, Seen, VERDICT};
use common::{Client, STREAM, device, framed, gateway, settings, soon, start};
use geooffer_plane::plane::Plane;

fn plane() -> (Plane, Arc<Seen>) {
    let seen = Arc::<Seen>::default();
    let of_matcher = Arc::clone(&seen);
    let mut one_worker = settings();
    one_worker.worker_count = 1;
    (start(one_worker, move |_| Box::new(Opcodes(Arc::clone(&of_matcher)))), seen)
}

/// Another caller is served as if nothing was.
async fn assert_serves(plane: &Plane) {
    let client = Client::connect(plane).await;
    let mut call = client.open(STREAM, &device(500_000)).await;
    call.send(&own(ACCEPT));
    assert_eq!(read(&call.next().await.unwrap()).acknowledged, 1);
    call.finish();
    assert_eq!(call.status().await.0, 0);
}

async fn until_streams(plane: &Plane, count: u64) {
    soon(async {
        while plane.open_stream_count() != count {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn gathers_what_is_ready_and_no_more_than_the_cap() {
    let (plane, seen) = plane();
    let mut clients = Vec::new();
    for _ in 0..4 {
        clients.push(Client::connect(&plane).await);
    }
    let mut calls = Vec::new();
    for client in &clients {
        for _ in 0..64 {
            calls.push(client.open(STREAM, &gateway()).await);
        }
    }
    calls[0].send(&batch(&[SLOW]));
    tokio::time::sleep(Duration::from_millis(30)).await;
    for call in &mut calls {
        call.send(&batch(&[ACCEPT; 10]));
    }
    for call in &mut calls {
        while read(&call.next().await.unwrap()).acknowledged == 0 {}
    }
    let (row_count, call_count) = (seen.rows.load(Ordering::Relaxed), seen.calls.load(Ordering::Relaxed));
    assert_eq!(row_count, 2_561);
    assert!(seen.longest.load(Ordering::Relaxed) <= 1_024);
    assert!(call_count < 120, "{call_count} calls for 256 messages");
}

#[tokio::test]
async fn sixty_four_streams_full_of_messages_all_end() {
    let (plane, seen) = plane();
    let client = Client::connect(&plane).await;
    let mut calls = Vec::new();
    for _ in 0..64 {
        let mut call = client.open(STREAM, &gateway()).await;
        // more than the window of the connection, in frames of every length
        for count in 1..=300 {
            call.send(&batch(&vec![ACCEPT; count % 7 + 1]));
        }
        call.finish();
        calls.push(call);
    }
    let mut messages = 0;
    for call in &mut calls {
        let mut last = 0;
        while let Some(answer) = call.next().await {
            last = read(&answer).acknowledged;
        }
        messages += last;
        assert_eq!(call.status().await.0, 0);
    }
    assert_eq!(messages, 64 * 300);
    assert_eq!(plane.statistics().rows, seen.rows.load(Ordering::Relaxed) as u64);
}

#[tokio::test]
async fn a_burst_of_small_pings_is_not_calmed() {
    let (plane, _) = plane();
    let client = Client::connect(&plane).await;
    let mut calls = Vec::new();
    for _ in 0..64 {
        calls.push(client.open(STREAM, &gateway()).await);
    }
    calls[0].send(&batch(&[SLOW]));
    tokio::time::sleep(Duration::from_millis(20)).await;
    for _ in 0..100 {
        for call in &mut calls {
            call.send(&batch(&[ACCEPT]));
        }
    }
    for call in &mut calls {
        call.finish();
        assert_eq!(call.status().await.0, 0);
    }
}

#[tokio::test]
async fn who_does_not_read_is_not_read_and_costs_little() {
    let (plane, seen) = plane();
    let mut builder = h2::client::Builder::new();
    builder.initial_window_size(1_000);
    let client = Client::connect_with(&plane, &mut builder).await;
    let mut call = client.open(STREAM, &gateway()).await;
    let rejected = batch(&[VERDICT + 4; 100]);
    for _ in 0..2_000 {
        call.send(&rejected);
    }
    let before = soon(async {
        let mut before = 1;
        loop {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let now = seen.rows.load(Ordering::Relaxed);
            if now == before {
                return now;
            }
            before = now;
        }
    })
    .await;
    assert!(before < 50_000, "{before} rows of a reader that takes no answer");
    assert_serves(&plane).await;
    let mut told = 0;
    call.finish();
    while let Some(answer) = call.next().await {
        told += read(&answer).rejected_rows.len();
    }
    assert_eq!(told, 200_000, "nothing is lost when it reads again");
    assert_eq!(call.status().await.0, 0);
}

#[tokio::test]
async fn broken_messages_end_their_stream_alone() {
    let (plane, _) = plane();
    let client = Client::connect(&plane).await;
    let mut good = client.open(STREAM, &gateway()).await;
    for (bytes, code) in [
        (Bytes::from_static(&[1, 0, 0, 0, 1, 0]), 12),
        (Bytes::from_static(&[0, 0, 1, 0, 1]), 8),
        (Bytes::from_static(&[0, 0, 0, 0, 9, 1]), 13),
        (framed(&[0xff; 9]), 3),
        (framed(&[]), 3),
    ] {
        let mut call = client.open(STREAM, &gateway()).await;
        call.sender.send_data(bytes, true).unwrap();
        assert_eq!(call.status().await.0, code);
    }
    good.send(&batch(&[ACCEPT]));
    assert_eq!(read(&good.next().await.unwrap()).acknowledged, 1);
    until_streams(&plane, 1).await;
}

#[tokio::test]
async fn resets_and_disconnects_leave_nothing_open() {
    let (plane, _) = plane();
    let mut kept = Vec::new();
    for _ in 0..20 {
        let client = Client::connect(&plane).await;
        for number in 0..30 {
            let mut call = client.open(STREAM, &gateway()).await;
            call.send(&batch(&[ACCEPT]));
            if number % 2 == 0 {
                call.sender.send_reset(h2::Reason::CANCEL);
            } else {
                kept.push(call);
            }
        }
        client.connection.abort();
    }
    drop(kept);
    until_streams(&plane, 0).await;
    assert_serves(&plane).await;
    soon(async {
        while plane.statistics().connections > 1 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_storm_of_resets_is_calmed() {
    let (plane, _) = plane();
    let address = plane.phone_address();
    let calmed = tokio::task::spawn_blocking(move || {
        let mut socket = std::net::TcpStream::connect(address).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        socket.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").unwrap();
        // HEADERS (POST / of http, indexed) and RST_STREAM CANCEL, over and over
        let mut storm = Vec::new();
        for number in (1_u32..40_001).step_by(2) {
            storm.extend_from_slice(&[0, 0, 3, 1, 4]);
            storm.extend_from_slice(&number.to_be_bytes());
            storm.extend_from_slice(&[0x83, 0x84, 0x86]);
            storm.extend_from_slice(&[0, 0, 4, 3, 0]);
            storm.extend_from_slice(&number.to_be_bytes());
            storm.extend_from_slice(&8_u32.to_be_bytes());
        }
        // an error here is what is hoped for: the plane has hung up
        let mut is_cut = socket.write_all(&storm).is_err();
        let mut answer = Vec::new();
        is_cut |= socket.read_to_end(&mut answer).is_ok();
        is_cut || answer.windows(4).any(|word| word == 11_u32.to_be_bytes())
    });
    assert!(soon(calmed).await.unwrap());
    assert_serves(&plane).await;
}

#[tokio::test]
#[ignore = "long"]
async fn ten_thousand_connects_leak_nothing() {
    let (plane, _) = plane();
    assert_serves(&plane).await;
    let before = resident_kib();
    for _ in 0..10_000 {
        assert_serves(&plane).await;
    }
    soon(async {
        while plane.statistics().connections > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    assert_eq!(plane.open_stream_count(), 0);
    let grown = resident_kib().saturating_sub(before);
    assert!(grown < 8_192, "{grown} KiB more after 10,000 connections");
}

fn resident_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
