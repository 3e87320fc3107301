//! Messages of the proto, as far as tests look at them.

use bytes::{BufMut, Bytes};
use prost::Message;

#[derive(Clone, PartialEq, Message)]
pub struct Answer {
    #[prost(int64, tag = "1")]
    pub acknowledged: i64,
    #[prost(message, repeated, tag = "2")]
    pub rejected_rows: Vec<RejectedRow>,
    #[prost(message, repeated, tag = "3")]
    pub transitions: Vec<Transition>,
    #[prost(bytes = "vec", repeated, tag = "4")]
    pub tries: Vec<Vec<u8>>,
    #[prost(bytes = "vec", repeated, tag = "5")]
    pub offers: Vec<Vec<u8>>,
    #[prost(bool, tag = "6")]
    pub location_wanted: bool,
    #[prost(int64, tag = "7")]
    pub catalog_generation: i64,
    #[prost(message, repeated, tag = "8")]
    pub next_pings: Vec<NextPing>,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub struct NextPing {
    #[prost(int64, tag = "1")]
    pub message_sequence: i64,
    #[prost(int64, tag = "3")]
    pub distance_m: i64,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub struct RejectedRow {
    #[prost(int64, tag = "1")]
    pub message_sequence: i64,
    #[prost(int32, tag = "2")]
    pub row: i32,
    #[prost(int32, tag = "3")]
    pub verdict: i32,
}

#[derive(Clone, PartialEq, Message)]
pub struct Transition {
    #[prost(string, tag = "4")]
    pub geofence_id: String,
    #[prost(int64, tag = "7")]
    pub message_sequence: i64,
    #[prost(int32, tag = "8")]
    pub row: i32,
}

#[derive(Clone, PartialEq, Message)]
struct Response {
    #[prost(message, optional, tag = "1")]
    answer: Option<Answer>,
}

#[derive(Clone, PartialEq, Message)]
struct Request {
    #[prost(message, optional, tag = "1")]
    ping: Option<Ping>,
    #[prost(message, optional, tag = "2")]
    batch: Option<PingBatch>,
}

#[expect(clippy::struct_field_names, reason = "names of the proto")]
#[derive(Clone, Copy, PartialEq, Message)]
pub struct Ping {
    #[prost(sint64, tag = "1")]
    pub sequence: i64,
    #[prost(sfixed64, tag = "2")]
    pub session_id: i64,
    #[prost(sint32, tag = "8")]
    pub budget_ms: i32,
    #[prost(sfixed64, tag = "9")]
    pub device_key: i64,
    #[prost(bool, tag = "11")]
    pub wants_next_ping: bool,
}

#[derive(Clone, PartialEq, Message)]
pub struct PingBatch {
    #[prost(sfixed64, repeated, tag = "1")]
    pub device_keys: Vec<i64>,
    #[prost(sfixed64, repeated, tag = "2")]
    pub session_ids: Vec<i64>,
    #[prost(sfixed32, repeated, tag = "4")]
    pub latitudes_e7: Vec<i32>,
    #[prost(sfixed32, repeated, tag = "5")]
    pub longitudes_e7: Vec<i32>,
    #[prost(sint32, tag = "10")]
    pub budget_ms: i32,
}

pub fn read(answer: &[u8]) -> Answer {
    Response::decode(answer).unwrap().answer.unwrap()
}

pub fn ping(ping: Ping) -> Vec<u8> {
    Request { ping: Some(ping), batch: None }.encode_to_vec()
}

/// A ping of the caller's own device, with what the matcher of [`super::opcodes`] makes of it.
pub fn own(opcode: i64) -> Vec<u8> {
    ping(Ping { session_id: opcode, ..Ping::default() })
}

/// One row per opcode, of device 1 each.
pub fn batch(opcodes: &[i64]) -> Vec<u8> {
    let count = opcodes.len();
    let batch = PingBatch {
        device_keys: vec![1; count],
        session_ids: opcodes.to_vec(),
        latitudes_e7: vec![0; count],
        longitudes_e7: vec![0; count],
        budget_ms: 0,
    };
    Request { ping: None, batch: Some(batch) }.encode_to_vec()
}

/// A field of an answer.
pub fn field(tag: u8, bytes: &[u8]) -> Bytes {
    let mut out = Vec::new();
    out.put_u8(tag);
    out.put_u8(u8::try_from(bytes.len()).unwrap());
    out.put_slice(bytes);
    out.into()
}
