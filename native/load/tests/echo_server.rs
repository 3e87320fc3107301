//! Loads against a server made with the `h2` crate: an HTTP/2 that is not this crate's own.

use std::net::SocketAddr;

use bytes::Bytes;
use h2::RecvStream;
use h2::server::SendResponse;
use http::{HeaderMap, HeaderValue, Response};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};

/// What the server does with a stream.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    /// Acknowledges each message.
    Echo,
    /// Acknowledges every fourth and the last one, all messages up to it.
    Cumulative,
    /// Ends each stream with UNAUTHENTICATED.
    Refuse,
    /// Echoes three messages, then ends the stream.
    Tire,
}

/// Serve in a thread of its own, for as long as the process lives.
fn serve(manner: Manner) -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
    listener.set_nonblocking(true).expect("a socket");
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let accept = async move {
            let listener = TcpListener::from_std(listener).expect("a listener");
            loop {
                let (socket, _) = listener.accept().await.expect("a connection");
                tokio::task::spawn_local(serve_connection(socket, manner));
            }
        };
        tokio::task::LocalSet::new().block_on(&runtime, accept);
    });
    address
}

async fn serve_connection(socket: TcpStream, manner: Manner) {
    let mut connection = h2::server::handshake(socket).await.expect("HTTP/2");
    while let Some(Ok((request, respond))) = connection.accept().await {
        assert_eq!(request.uri().path(), "/geooffer.v1.PingService/StreamPings");
        assert!(request.headers()["authorization"].to_str().expect("text").starts_with("Bearer "));
        tokio::task::spawn_local(serve_stream(request.into_body(), respond, manner));
    }
}

async fn serve_stream(mut body: RecvStream, mut respond: SendResponse<Bytes>, manner: Manner) {
    let mut send = respond.send_response(Response::new(()), false).expect("headers");
    if manner == Manner::Refuse {
        send.send_trailers(trailers("16", "a valid token is required")).expect("trailers");
        return;
    }
    let mut inbox: Vec<u8> = Vec::new();
    let mut count = 0_u64;
    while let Some(Ok(data)) = body.data().await {
        let _ = body.flow_control().release_capacity(data.len());
        inbox.extend_from_slice(&data);
        let mut ends = Vec::new();
        while let Some(head) = inbox.first_chunk::<5>() {
            let end = 5 + u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
            if inbox.len() < end {
                break;
            }
            inbox.drain(..end);
            count += 1;
            ends.push(count);
        }
        let last = ends.last().copied();
        for sequence in ends {
            if manner != Manner::Cumulative || sequence % 4 == 0 || Some(sequence) == last {
                send.send_data(answer(sequence), false).expect("data");
            }
        }
        if manner == Manner::Tire && count >= 3 {
            break;
        }
    }
    send.send_trailers(trailers("0", "")).expect("trailers");
}

/// A `StreamPingsResponse` that acknowledges, with `location_wanted`.
fn answer(sequence: u64) -> Bytes {
    let mut body = vec![0x08];
    let mut rest = sequence;
    while rest > 0x7f {
        body.push(u8::try_from(rest & 0x7f).expect("seven bits") | 0x80);
        rest >>= 7;
    }
    body.push(u8::try_from(rest).expect("seven bits"));
    body.extend([0x30, 1]);
    let length = u8::try_from(body.len()).expect("short");
    [&[0, 0, 0, 0, length + 2, 0x0a, length], body.as_slice()].concat().into()
}

fn trailers(status: &'static str, message: &'static str) -> HeaderMap {
    let mut map = HeaderMap::new();
    map.insert("grpc-status", HeaderValue::from_static(status));
    map.insert("grpc-message", HeaderValue::from_static(message));
    map
}

fn load(address: SocketAddr, changes: &Value) -> Result<Value, String> {
    let mut plan = json!({
        "address": address.to_string(), "tokens": ["t"], "connection_count": 3, "streams_per_connection": 2, "window": 1,
        "warmup_s": 0.05, "measure_s": 0.15, "grace_s": 5.0, "budget_ms": 50, "session_id": 9,
        "server_pid": std::process::id(),
        "world": {"device_count": 3_072, "names_devices": true, "bases": [[1, 2], [3, 4]], "path": [[0, 0], [5, 5]],
                  "path_shift": 1, "accuracy_cm": 1000, "speed_cm_per_s": 120},
    });
    for (key, value) in changes.as_object().expect("an object") {
        plan[key] = value.clone();
    }
    let report = geooffer_load::run_load(&plan.to_string()).map_err(|error| error.to_string())?;
    Ok(serde_json::from_str(&report).expect("JSON"))
}

#[test]
fn a_closed_loop_has_every_message_acknowledged() {
    for (manner, changes) in [
        (Manner::Echo, json!({})),
        (Manner::Cumulative, json!({"window": 8})),
        (Manner::Cumulative, json!({"window": 4, "row_count": 512})),
    ] {
        let report = load(serve(manner), &changes).expect("a report");
        let rows = changes["row_count"].as_u64().unwrap_or(1);
        assert_eq!(report["errors"], json!({}));
        assert_eq!(report["sent"], report["acknowledged"]);
        assert_eq!(report["sent_rows"].as_u64(), report["sent"].as_u64().map(|count| count * rows));
        assert!(report["measured_rows"].as_u64().expect("a count") > 0, "{report}");
        let sent: u64 = report["stream_sent"].as_array().expect("a list").iter().filter_map(Value::as_u64).sum();
        assert_eq!(Some(sent), report["sent"].as_u64());
        assert_eq!(report["unwanted"], 0);
        if cfg!(target_os = "linux") {
            assert!(report["server_cpu_s"].as_f64().expect("a number") > 0.0);
        }
    }
}

#[test]
fn an_open_loop_sends_what_was_scheduled_and_times_it_from_then() {
    let changes = json!({"messages_per_s": 2_000.0, "trace": true, "arrivals": "fixed", "trace_above_us": 1});
    let report = load(serve(Manner::Echo), &changes).expect("a report");
    assert_eq!(report["errors"], json!({}));
    // 0.2 s of them, and one a stream to open it
    assert_eq!((&report["sent"], &report["acknowledged"]), (&json!(406), &json!(406)));
    assert_eq!(report["measured_rows"], 300);
    assert_eq!(report["latency"]["count"], 300);
    assert_eq!(report["send_lag"]["count"], 300);
    let counts = |name: &str| -> u64 {
        let buckets = report[name]["buckets"].as_array().expect("buckets");
        buckets.iter().filter_map(|pair| pair[1].as_u64()).sum()
    };
    assert_eq!(counts("latency"), 300);
    assert!(report["trace"]["answer_count"].as_u64().expect("a count") >= 290, "{report}");
}

#[test]
fn streams_that_are_refused_or_end_early_are_told() {
    let refused = load(serve(Manner::Refuse), &json!({})).expect_err("no stream was answered");
    assert!(refused.contains("0 of 6") && refused.contains("grpc-status 16: a valid token"), "{refused}");
    // an hour: the run is over when nobody is left to be loaded
    let report = load(serve(Manner::Tire), &json!({"measure_s": 3600})).expect("a report");
    assert_eq!(report["errors"], json!({"ended early with status 0": 6}));
    let nobody = load(SocketAddr::from(([127, 0, 0, 1], 1)), &json!({})).expect_err("nobody listens");
    assert!(nobody.contains("connection 0"), "{nobody}");
}
