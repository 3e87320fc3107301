//! The codec as plain functions, for tests and benchmarks that compare it with Python's through geooffer_native.
//!
//! The plane itself calls none of them.

use std::hint::black_box;
use std::time::Instant;

use bytes::BytesMut;
use serde::Deserialize;

use super::decode::{Columns, Decoder, MessageHead, RequestKind};
use super::drafts::Drafts;
use super::names::Names;
use super::status;
use crate::control::OfferBytes;
use crate::identity::Sender;
use crate::matcher::Gate;
use crate::refusal::{Code, Refusal};
use crate::rows::{HINT_NO_RIM, HintRow, PingRow, TransitionRow};

/// A message as Python's codec returns it.
#[derive(Debug)]
pub struct Decoded {
    /// Row count, budget and wishes.
    pub head: MessageHead,
    /// 64 a row.
    pub rows: Vec<u8>,
    /// Eight a row, in milliseconds.
    pub ages_ms: Vec<u8>,
}

fn kind(is_ingest: bool) -> RequestKind {
    if is_ingest { RequestKind::Ingest } else { RequestKind::Stream }
}

/// What rpc/codec.py's `decode_stream_request`, or `decode_ingest_request`, is for Python.
///
/// # Errors
/// The refusal of the message.
pub fn decode_rows(data: &[u8], sender: &Sender, stream_number: i32, is_ingest: bool) -> Result<Decoded, Refusal> {
    let mut columns = Columns::default();
    let head = Decoder::default().decode(kind(is_ingest), data, sender, stream_number, &mut columns)?;
    let rows = columns.pings.iter().flat_map(row_bytes).collect();
    let ages_ms = columns.ages_ms.iter().flat_map(|age_ms| age_ms.to_le_bytes()).collect();
    Ok(Decoded { head, rows, ages_ms })
}

fn row_bytes(row: &PingRow) -> Vec<u8> {
    let longs = [row.device_key, row.session_id, row.sequence, row.fix_time_ms, row.now_ms];
    let ints = [row.latitude_e7, row.longitude_e7, row.accuracy_cm, row.stream_number, row.speed_cm_per_s];
    let mut bytes = Vec::with_capacity(size_of::<PingRow>());
    bytes.extend(longs.iter().flat_map(|value| value.to_le_bytes()));
    bytes.extend(ints.iter().flat_map(|value| value.to_le_bytes()));
    bytes.push(row.malformed);
    bytes.extend(row.pad);
    bytes
}

/// Nanoseconds that decoding `data` takes, the mean of `repeat_count` times, in columns that are used again.
///
/// # Errors
/// The refusal of the message.
pub fn decode_time_ns(data: &[u8], sender: &Sender, repeat_count: u32) -> Result<f64, Refusal> {
    let (mut decoder, mut columns) = (Decoder::default(), Columns::default());
    let started = Instant::now();
    for _ in 0..repeat_count {
        columns.clear();
        decoder.decode(RequestKind::Stream, black_box(data), sender, 1, &mut columns)?;
        black_box(&columns);
    }
    Ok(started.elapsed().as_secs_f64() * 1e9 / f64::from(repeat_count.max(1)))
}

/// A stream's life as [`Drafts`] sees it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerScript {
    names: Vec<String>,
    location_wanted: bool,
    catalog_generation: i64,
    /// All in one answer, as of IngestPings.
    whole: bool,
    /// Decision keys of the offers that the gate holds back.
    shut: Vec<i64>,
    steps: Vec<AnswerStep>,
}

/// Row, distance, leave distance (none: there is nothing to leave), the nine numbers after it in their order in a
/// [`HintRow`], waits to dwell.
type ScriptedHint = (i32, i64, Option<i64>, [i64; 9], Vec<i64>);

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum AnswerStep {
    /// Message, row, verdict.
    Reject(i64, i32, u8),
    /// Message, rows.
    Shed(i64, usize),
    /// Message, row, device, time in ms, fence, kind, cause, historical.
    Transition(i64, i32, i64, i64, i32, u8, u8, u8),
    /// Message, hints.
    NextPings(i64, Vec<ScriptedHint>),
    Settle {
        fields: Vec<u8>,
        offers: Vec<ScriptedOffer>,
    },
    Acknowledge(i64),
    UpdateAcknowledged(i64),
    LimitAcknowledged(i64),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ScriptedOffer {
    decision_key: i64,
    tries_before: u32,
    bytes: Vec<u8>,
    bytes_if_sent: Vec<u8>,
    bytes_if_shut: Vec<u8>,
}

impl From<ScriptedOffer> for OfferBytes {
    fn from(offer: ScriptedOffer) -> Self {
        Self {
            bytes: offer.bytes,
            gate: Gate { decision_key: offer.decision_key, ..Gate::default() },
            tries_before: offer.tries_before,
            bytes_if_shut: offer.bytes_if_shut,
            bytes_if_sent: offer.bytes_if_sent,
        }
    }
}

/// Play a script (JSON of [`AnswerScript`]); returns all that the stream would be written, prefixes included.
///
/// # Errors
/// What is wrong with the script.
pub fn encode_answer(script: &str) -> Result<Vec<u8>, String> {
    let script: AnswerScript = serde_json::from_str(script).map_err(|error| error.to_string())?;
    let names = Names::default();
    let ids = script.names.iter().map(String::as_str);
    names.extend(0, ids).map_err(|number| format!("name {number} is taken"))?;
    let mut drafts = Drafts::default();
    for step in script.steps {
        play(step, &mut drafts).map_err(|refusal| refusal.message)?;
    }
    let mut out = BytesMut::new();
    while let Some(draft) = if script.whole { drafts.take_whole() } else { drafts.take() } {
        let may_leave = |gate: &Gate| !script.shut.contains(&gate.decision_key);
        draft.write(&names, script.location_wanted, script.catalog_generation, may_leave, &mut out);
    }
    Ok(out.to_vec())
}

fn play(step: AnswerStep, drafts: &mut Drafts) -> Result<(), Refusal> {
    match step {
        AnswerStep::Reject(message, row, verdict) => drafts.reject(message, row, verdict),
        AnswerStep::Shed(message, row_count) => drafts.shed(message, row_count),
        AnswerStep::Transition(message, row, device_key, event_time_ms, fence_number, kind, cause, historical) => {
            let told = TransitionRow {
                device_key,
                event_time_ms,
                fence_number,
                kind,
                cause,
                historical,
                ..TransitionRow::default()
            };
            drafts.transition(message, row, &told);
        }
        AnswerStep::NextPings(message, hints) => {
            let hints: Vec<(i32, HintRow)> = hints.into_iter().map(|hint| (hint.0, scripted_hint(&hint))).collect();
            drafts.next_pings(message, hints.iter().map(|(row, hint)| (*row, hint)));
        }
        AnswerStep::Settle { fields, offers } => {
            drafts.settle(&fields, offers.into_iter().map(OfferBytes::from).collect())?;
        }
        AnswerStep::Acknowledge(tellable) => drafts.acknowledge(tellable),
        AnswerStep::UpdateAcknowledged(tellable) => drafts.update_acknowledged(tellable),
        AnswerStep::LimitAcknowledged(tellable) => drafts.limit_acknowledged(tellable),
    }
    Ok(())
}

fn scripted_hint((_, distance_m, leave_distance_m, others, waits_ms): &ScriptedHint) -> HintRow {
    let mut dwell_ms = [0; 4];
    dwell_ms.iter_mut().zip(waits_ms).for_each(|(cell, &wait_ms)| *cell = wait_ms);
    HintRow {
        distance_m: *distance_m,
        leave_distance_m: leave_distance_m.unwrap_or(HINT_NO_RIM),
        leave_accuracy_m: others[0],
        enter_accuracy_m: others[1],
        latest_ms: others[2],
        earliest_ms: others[3],
        speed_cm_per_s: others[4],
        enter_count: others[5],
        leave_count: others[6],
        fences_generation: others[7],
        assumed_accuracy_m: others[8],
        dwell_ms,
        pad: 0,
    }
}

/// The trailers of a refusal: name and value, in their order on the wire. `None` where `code` is none of [`Code`].
#[must_use]
pub fn status_trailers(
    code: u8,
    reason: &str,
    field: &str,
    message: &str,
    retry_after_ms: u64,
) -> Option<Vec<(String, Vec<u8>)>> {
    const CODES: [Code; 9] = [
        Code::Ok,
        Code::InvalidArgument,
        Code::DeadlineExceeded,
        Code::PermissionDenied,
        Code::ResourceExhausted,
        Code::Unimplemented,
        Code::Internal,
        Code::Unavailable,
        Code::Unauthenticated,
    ];
    let code = CODES.into_iter().find(|known| *known as u8 == code)?;
    // a refusal's reason and field are constants of the plane; those of a test are kept for good
    let refusal = Refusal {
        code,
        reason: Box::leak(reason.into()),
        message: message.into(),
        field: Box::leak(field.into()),
        retry_after_ms,
    };
    let trailers = status::trailers(&refusal);
    Some(trailers.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect())
}
