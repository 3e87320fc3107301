//! What Python hands back, as `geooffer_plane::control::Reply`.

use geooffer_plane::control::{OfferBytes, Reply};
use geooffer_plane::matcher::{Gate, Outcome};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::raw::{PlainRow, rows_of};

/// An offer of a settled message: `geooffer.dataplane.native_answers.ReadyOffer`.
#[derive(FromPyObject)]
pub struct ReadyOffer {
    field: Vec<u8>,
    person_slot: i32,
    person_key: i64,
    consent_epoch: i32,
    policy_version: i64,
    decision_key: i64,
    deadline_ns: i64,
    field_if_shut: Vec<u8>,
    field_if_sent: Vec<u8>,
    tries_before: u32,
}

impl From<ReadyOffer> for OfferBytes {
    fn from(offer: ReadyOffer) -> Self {
        Self {
            bytes: offer.field,
            gate: Gate {
                person_slot: offer.person_slot,
                person_key: offer.person_key,
                consent_epoch: offer.consent_epoch,
                policy_version: offer.policy_version,
                decision_key: offer.decision_key,
                deadline_ns: offer.deadline_ns,
            },
            bytes_if_shut: offer.field_if_shut,
            bytes_if_sent: offer.field_if_sent,
            tries_before: offer.tries_before,
        }
    }
}

/// The rows of an outcome as Python holds them.
#[derive(FromPyObject)]
pub struct OutcomeRows {
    verdicts: Vec<u8>,
    transitions: Vec<u8>,
    tries: Vec<u8>,
    winners: Vec<u8>,
    pings: Vec<u8>,
    catalog_generation: i64,
    context_number: i64,
    future_tolerance_ms: i64,
}

impl OutcomeRows {
    /// For the worker that waits for it. ValueError where a length is no whole number of rows.
    pub fn into_reply(self, worker: usize) -> PyResult<Reply> {
        let pings = rows(&self.pings)?;
        let outcome = Outcome {
            transitions: rows(&self.transitions)?,
            tries: rows(&self.tries)?,
            winners: rows(&self.winners)?,
            verdicts: self.verdicts,
            catalog_generation: self.catalog_generation,
            context_number: self.context_number,
            future_tolerance_ms: self.future_tolerance_ms,
        };
        if outcome.verdicts.len() != pings.len() {
            return Err(PyValueError::new_err("one verdict per ping is needed"));
        }
        Ok(Reply::Decided { worker, outcome, pings })
    }
}

fn rows<T: PlainRow>(bytes: &[u8]) -> PyResult<Vec<T>> {
    rows_of(bytes).ok_or_else(|| PyValueError::new_err("no whole number of rows"))
}
