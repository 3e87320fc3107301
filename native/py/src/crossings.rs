//! What workers hand to Python, as objects that hold bytes: `numpy.frombuffer` does the rest.

use geooffer_plane::control::{Crossing, Held, Place, RefusedCall, Tried};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::raw::bytes_of;

/// (stream_number, message_sequence, wants_next_ping, wants_tries).
type HeldFields = (i32, i64, bool, bool);

/// A batch with tries, winners or hints.
#[pyclass(frozen, get_all)]
pub struct Decided {
    worker: usize,
    catalog_generation: i64,
    context_number: i64,
    /// TRY rows.
    tries: Py<PyBytes>,
    /// WINNER rows.
    winners: Py<PyBytes>,
    /// PLACE rows of `geooffer.dataplane.native_rows`.
    places: Py<PyBytes>,
    held: Vec<HeldFields>,
}

/// Rows for Python's own `engine.step`.
#[pyclass(frozen, get_all)]
pub struct Undecided {
    worker: usize,
    /// PING rows.
    pings: Py<PyBytes>,
    /// int64: of each row, when it arrived.
    ages_ms: Py<PyBytes>,
    /// int64: when that was, in milliseconds since 1970.
    arrivals_ms: Py<PyBytes>,
}

/// What became of offers that were given to streams.
#[pyclass(frozen, get_all)]
pub struct Left {
    /// (decision key, sent; else taken back, when on the plane's clock in ns).
    offers: Vec<(i64, bool, i64)>,
}

/// A verified caller that was refused.
#[pyclass(frozen, get_all)]
pub struct Refused {
    role: String,
    subject: String,
    method: String,
    reason: String,
    field: String,
    message: String,
}

/// A crossing as its Python objects, appended to `told`.
pub fn to_python(py: Python<'_>, crossing: Crossing, told: &mut Vec<Py<PyAny>>) -> PyResult<()> {
    match crossing {
        Crossing::Decided { worker, catalog_generation, context_number, tries, winners, places, held } => {
            let decided = Decided {
                worker,
                catalog_generation,
                context_number,
                tries: bytes(py, bytes_of(&tries)),
                winners: bytes(py, bytes_of(&winners)),
                places: bytes(py, &place_rows(&places)),
                held: held.iter().map(held_fields).collect(),
            };
            told.push(Py::new(py, decided)?.into_any());
        }
        Crossing::Undecided { worker, pings, ages_ms, arrivals_ms } => {
            let undecided = Undecided {
                worker,
                pings: bytes(py, bytes_of(&pings)),
                ages_ms: long_bytes(py, &ages_ms),
                arrivals_ms: long_bytes(py, &arrivals_ms),
            };
            told.push(Py::new(py, undecided)?.into_any());
        }
        Crossing::Left(offers) => {
            let offers = offers.iter().map(|offer| (offer.decision_key, offer.is_sent, offer.at_ns)).collect();
            told.push(Py::new(py, Left { offers })?.into_any());
        }
        Crossing::Refused(calls) => {
            for call in calls {
                told.push(Py::new(py, refused(call))?.into_any());
            }
        }
    }
    Ok(())
}

/// The context number and the TRY rows.
pub fn tried(py: Python<'_>, item: &Tried) -> (i64, Py<PyBytes>) {
    (item.context_number, bytes(py, bytes_of(&item.tries)))
}

fn refused(call: RefusedCall) -> Refused {
    Refused {
        role: call.role.name().to_owned(),
        subject: call.subject,
        method: call.method.to_owned(),
        reason: call.refusal.reason.to_owned(),
        field: call.refusal.field.to_owned(),
        message: call.refusal.message,
    }
}

fn bytes(py: Python<'_>, data: &[u8]) -> Py<PyBytes> {
    PyBytes::new(py, data).unbind()
}

fn long_bytes(py: Python<'_>, values: &[i64]) -> Py<PyBytes> {
    let data: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    bytes(py, &data)
}

fn held_fields(held: &Held) -> HeldFields {
    (held.stream_number, held.message_sequence, held.wants_next_ping, held.wants_tries)
}

/// As the dtype PLACE: row, stream_number, message_row, 4 bytes of zero, message_sequence, deadline_ns, ping.
fn place_rows(places: &[Place]) -> Vec<u8> {
    const PLACE_SIZE_BYTES: usize = 96;
    let mut rows = Vec::with_capacity(places.len() * PLACE_SIZE_BYTES);
    for place in places {
        rows.extend_from_slice(&place.row.to_le_bytes());
        rows.extend_from_slice(&place.stream_number.to_le_bytes());
        rows.extend_from_slice(&place.message_row.to_le_bytes());
        rows.extend_from_slice(&[0; 4]);
        rows.extend_from_slice(&place.message_sequence.to_le_bytes());
        rows.extend_from_slice(&place.deadline_ns.to_le_bytes());
        rows.extend_from_slice(bytes_of(std::slice::from_ref(&place.ping)));
    }
    rows
}
