//! Loads against a server that speaks Redis's protocol as Tile38 does: each point answered, events to whoever subscribed.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// Serve for as long as the process lives. Every point north of the equator is told as an enter, every other as an exit;
/// a device of key 13 is refused where `refuses`.
fn serve(refuses: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
    let subscriber: Arc<Mutex<Option<TcpStream>>> = Arc::default();
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let subscriber = Arc::clone(&subscriber);
            std::thread::spawn(move || answer(socket.expect("a connection"), &subscriber, refuses));
        }
    });
    address
}

fn answer(mut socket: TcpStream, subscriber: &Mutex<Option<TcpStream>>, refuses: bool) {
    let mut lines = BufReader::new(socket.try_clone().expect("a handle"));
    while let Some(words) = command(&mut lines) {
        if words[0] == "PSUBSCRIBE" {
            socket.write_all(b"*3\r\n$10\r\npsubscribe\r\n$1\r\n*\r\n:1\r\n").expect("written");
            *subscriber.lock().expect("sound") = Some(socket.try_clone().expect("a handle"));
            continue;
        }
        assert_eq!((words[0].as_str(), words[1].as_str(), words[3].as_str()), ("SET", "fleet", "POINT"));
        if refuses && words[2] == "13" {
            socket.write_all(b"-ERR no\r\n").expect("written");
            continue;
        }
        let kind = if words[4].starts_with('-') { "exit" } else { "enter" };
        let event = format!(r#"{{"command":"set","detect":"{kind}","hook":"f1"}}"#);
        let told = format!("*4\r\n$8\r\npmessage\r\n$1\r\n*\r\n$2\r\nf1\r\n${}\r\n{event}\r\n", event.len());
        if let Some(subscriber) = &mut *subscriber.lock().expect("sound") {
            subscriber.write_all(told.as_bytes()).expect("written");
        }
        socket.write_all(b"+OK\r\n").expect("written");
    }
}

fn command(lines: &mut BufReader<TcpStream>) -> Option<Vec<String>> {
    let length = |lines: &mut BufReader<TcpStream>| {
        let mut line = String::new();
        if lines.read_line(&mut line).expect("readable") == 0 { None } else { line[1..].trim_end().parse().ok() }
    };
    let count: usize = length(lines)?;
    let word = |_| {
        let mut text = vec![0; length(lines).expect("a length") + 2];
        lines.read_exact(&mut text).expect("a word");
        String::from_utf8(text[..text.len() - 2].to_vec()).expect("text")
    };
    Some((0..count).map(word).collect())
}

fn run(address: SocketAddr, connections: usize, window: usize) -> Value {
    let plan = json!({
        "address": address.to_string(), "protocol": "resp", "tokens": [""], "connection_count": connections,
        "streams_per_connection": 1, "window": window, "warmup_s": 0.05, "measure_s": 0.2, "budget_ms": 50,
        "session_id": 0,
        "world": {"device_count": 20, "names_devices": true, "bases": [[0, 0]], "path": [[10, 5], [-10, 5]],
                  "path_shift": 1, "accuracy_cm": 0, "speed_cm_per_s": 0},
    });
    serde_json::from_str(&geooffer_load::run_load(&plan.to_string()).expect("a report")).expect("JSON")
}

#[test]
fn every_point_is_answered_and_every_event_is_heard() {
    for (connections, window) in [(5, 1), (2, 30)] {
        let report = run(serve(false), connections, window);
        let sent = report["sent"].as_u64().expect("a number");
        assert!(sent >= 20, "{report}");
        assert_eq!(report["acknowledged"], sent);
        assert_eq!(report["errors"], json!({}));
        let heard = |kind: &str| report["transitions"][kind].as_u64().unwrap_or(0);
        assert_eq!(heard("1") + heard("2"), sent, "EXIT and ENTER of {report}");
        assert!(heard("1") > 0 && heard("2") > 0);
        let streams = report["stream_sent"].as_array().expect("a list");
        assert_eq!(streams.iter().filter_map(Value::as_u64).sum::<u64>(), sent);
    }
}

#[test]
fn a_point_that_is_refused_is_an_error() {
    let report = run(serve(true), 1, 4);
    assert!(report["errors"]["a point was refused"].as_u64().expect("counted") > 0);
}
