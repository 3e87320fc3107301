//! An h2 client over a real socket, and planes to be talked to.
#![allow(dead_code)]

pub mod answers;
pub mod opcodes;

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use geooffer_plane::connections::ConnectionBounds;
use geooffer_plane::matcher::Matcher;
use geooffer_plane::plane::{Plane, Tables};
use geooffer_plane::quotas::{RowQuotas, RowRates};
use geooffer_plane::settings::PlaneSettings;
use geooffer_plane::tokens::TokenVerifier;
use geooffer_plane::wire::names::Names;
use h2::client::SendRequest;
use h2::{RecvStream, SendStream};
use http::{HeaderMap, Request};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use tokio::net::TcpStream;

pub const STREAM: &str = "/geooffer.v1.PingService/StreamPings";
pub const INGEST: &str = "/geooffer.v1.PingService/IngestPings";

pub fn settings() -> PlaneSettings {
    PlaneSettings {
        phone_address: "127.0.0.1:0".into(),
        gateway_address: String::new(),
        upstream_path: String::new(),
        worker_count: 2,
        worker_cores: Vec::new(),
        default_budget_ms: 10_000,
        echo: false,
        handshakes_per_s: 0,
        connection_count_max: 16_384,
    }
}

pub fn framed(message: &[u8]) -> Bytes {
    let mut bytes = BytesMut::with_capacity(5 + message.len());
    bytes.put_u8(0);
    bytes.put_u32(u32::try_from(message.len()).unwrap());
    bytes.put_slice(message);
    bytes.freeze()
}

/// Whatever should come soon does.
pub async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future).await.expect("it should have come by now")
}

pub struct Client {
    pub requests: SendRequest<Bytes>,
    pub connection: tokio::task::JoinHandle<Result<(), h2::Error>>,
}

impl Client {
    pub async fn connect(plane: &Plane) -> Self {
        // the client's own budget for small frames that wait; tests read answers late
        Self::connect_with(plane, h2::client::Builder::new().data_frame_budget(64 << 20)).await
    }

    pub async fn connect_with(plane: &Plane, builder: &mut h2::client::Builder) -> Self {
        let socket = TcpStream::connect(plane.phone_address()).await.unwrap();
        socket.set_nodelay(true).unwrap();
        let (requests, connection) = builder.handshake(socket).await.unwrap();
        Self { requests, connection: tokio::spawn(connection) }
    }

    pub async fn open(&self, path: &str, authorization: &str) -> Call {
        let request = Request::post(format!("http://plane{path}"))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .header("authorization", authorization)
            .body(())
            .unwrap();
        self.send(request).await
    }

    pub async fn send(&self, request: Request<()>) -> Call {
        let mut requests = soon(self.requests.clone().ready()).await.unwrap();
        let (response, sender) = requests.send_request(request, false).unwrap();
        Call { response: Some(response), sender, body: None, headers: HeaderMap::new(), buffer: BytesMut::new() }
    }
}

pub struct Call {
    pub response: Option<h2::client::ResponseFuture>,
    pub sender: SendStream<Bytes>,
    pub body: Option<RecvStream>,
    pub headers: HeaderMap,
    buffer: BytesMut,
}

impl Call {
    pub fn send(&mut self, message: &[u8]) {
        self.sender.send_data(framed(message), false).unwrap();
    }

    pub fn finish(&mut self) {
        self.sender.send_data(Bytes::new(), true).unwrap();
    }

    pub async fn begun(&mut self) -> Result<(), h2::Error> {
        if let Some(response) = self.response.take() {
            let (parts, body) = soon(response).await?.into_parts();
            self.headers = parts.headers;
            self.body = Some(body);
        }
        Ok(())
    }

    /// The next message; None at the end.
    pub async fn next(&mut self) -> Option<Bytes> {
        self.begun().await.ok()?;
        loop {
            if self.buffer.len() >= 5 {
                let size = u32::from_be_bytes(self.buffer[1..5].try_into().unwrap()) as usize;
                if self.buffer.len() >= 5 + size {
                    return Some(self.buffer.split_to(5 + size).split_off(5).freeze());
                }
            }
            let body = self.body.as_mut().unwrap();
            let frame = soon(body.data()).await?.ok()?;
            body.flow_control().release_capacity(frame.len()).unwrap();
            self.buffer.extend_from_slice(&frame);
        }
    }

    /// grpc-status and grpc-message, once all messages were taken.
    pub async fn status(&mut self) -> (u32, String) {
        while self.next().await.is_some() {}
        let trailers = match self.body.as_mut() {
            Some(body) => soon(body.trailers()).await.ok().flatten(),
            None => None,
        };
        let from = trailers.unwrap_or_else(|| self.headers.clone());
        let text = |name: &str| from.get(name).map(|value| value.to_str().unwrap().to_owned());
        (text("grpc-status").map_or(999, |code| code.parse().unwrap()), text("grpc-message").unwrap_or_default())
    }
}

/// A plane in clear, with tokens signed by [`token`], and what a test sets.
pub fn start(settings: PlaneSettings, make_matcher: impl FnMut(usize) -> Box<dyn Matcher>) -> Plane {
    let names = Names::default();
    names.extend(0, ["north", "south"]).unwrap();
    let tables = Tables {
        tokens: Arc::new(TokenVerifier::from_json(&ring_json()).unwrap()),
        quotas: Arc::new(RowQuotas::new(RowRates { device_rows: 0, rows: 0 })),
        names: Arc::new(names),
        tls: None,
        bounds: ConnectionBounds::new(20_000, 20_000),
    };
    Plane::start(settings, tables, &no_wake(), make_matcher).unwrap()
}

fn key_pair() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap()
}

fn ring_json() -> String {
    let mut key = String::new();
    for byte in key_pair().public_key().as_ref() {
        write!(key, "{byte:02x}").unwrap();
    }
    format!(
        r#"{{"issuer": "geooffer", "audience": "geooffer", "leeway_s": 0.0, "lifetime_max_s": 604800.0,
            "keys": [{{"kid": "", "algorithm": "EdDSA", "key": "{key}"}}]}}"#
    )
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word =
            chunk.iter().enumerate().fold(0_u32, |word, (place, &byte)| word | u32::from(byte) << (16 - 8 * place));
        for place in 0..=chunk.len() {
            text.push(DIGITS[(word >> (18 - 6 * place)) as usize & 63].into());
        }
    }
    text
}

/// The header `authorization` of a caller: role "device" (subject = key), "gateway" or "operator" (all keys).
pub fn token(role: &str, subject: &str, lifetime_s: u64) -> String {
    let now_s = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let ranges = if role == "device" { "" } else { r#", "device_key_ranges": [[1, 1000000]]"# };
    let claims = format!(
        r#"{{"iss": "geooffer", "aud": "geooffer", "iat": {now_s}, "exp": {}, "sub": "{subject}", "role": "{role}"{ranges}}}"#,
        now_s + lifetime_s
    );
    let signed = format!("{}.{}", base64(br#"{"alg":"EdDSA","typ":"JWT"}"#), base64(claims.as_bytes()));
    let signature = base64(key_pair().sign(signed.as_bytes()).as_ref());
    format!("Bearer {signed}.{signature}")
}

pub fn device(key: u32) -> String {
    token("device", &key.to_string(), 600)
}

pub fn gateway() -> String {
    token("gateway", "gate", 600)
}

pub fn no_wake() -> geooffer_plane::plane::Wake {
    Arc::new(|| {})
}
