//! The codec for tests and benchmarks: `geooffer_plane::wire::probe` as Python functions.

use std::borrow::Cow;

use geooffer_plane::identity::Sender;
use geooffer_plane::refusal::Refusal;
use geooffer_plane::wire::probe;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

type RowsOf = (usize, Cow<'static, [u8]>, Cow<'static, [u8]>, i64, bool);
type RefusalOf = (u8, &'static str, &'static str, String);

/// `(row_count, rows, ages, budget_ms, wants_next_ping)`, or `(code, reason, field, message)` of a refusal.
#[derive(IntoPyObject)]
pub enum DecodedOrRefused {
    Decoded(RowsOf),
    Refused(RefusalOf),
}

fn refused(refusal: Refusal) -> RefusalOf {
    (refusal.code as u8, refusal.reason, refusal.field, refusal.message)
}

/// What rpc/codec.py makes of `data`, in Rust.
#[pyfunction]
pub fn decode_rows(
    data: &[u8],
    own_key: i64,
    key_ranges: Vec<(i64, i64)>,
    stream_number: i32,
    is_ingest: bool,
) -> DecodedOrRefused {
    match probe::decode_rows(data, &Sender { own_key, key_ranges }, stream_number, is_ingest) {
        Ok(decoded) => DecodedOrRefused::Decoded((
            decoded.head.row_count,
            Cow::Owned(decoded.rows),
            Cow::Owned(decoded.ages_ms),
            decoded.head.budget_ms,
            decoded.head.wants_next_ping,
        )),
        Err(refusal) => DecodedOrRefused::Refused(refused(refusal)),
    }
}

/// Nanoseconds that one decoding takes, the mean of `repeat_count`.
#[pyfunction]
pub fn decode_time_ns(data: &[u8], own_key: i64, key_ranges: Vec<(i64, i64)>, repeat_count: u32) -> PyResult<f64> {
    probe::decode_time_ns(data, &Sender { own_key, key_ranges }, repeat_count)
        .map_err(|refusal| PyValueError::new_err(refusal.message))
}

/// What a stream of this life is written (JSON of `wire::probe::AnswerScript`), gRPC prefixes included.
#[pyfunction]
pub fn encode_answer(script: &str) -> PyResult<Cow<'static, [u8]>> {
    probe::encode_answer(script).map(Cow::Owned).map_err(PyValueError::new_err)
}

/// The trailers of a refusal: name and value.
#[pyfunction]
pub fn status_trailers(
    code: u8,
    reason: &str,
    field: &str,
    message: &str,
    retry_after_ms: u64,
) -> PyResult<Vec<(String, Cow<'static, [u8]>)>> {
    let trailers = probe::status_trailers(code, reason, field, message, retry_after_ms)
        .ok_or_else(|| PyValueError::new_err("the plane has no such code"))?;
    Ok(trailers.into_iter().map(|(name, value)| (name, Cow::Owned(value))).collect())
}
