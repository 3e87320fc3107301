//! What decides a batch: the Numba matcher through its address (geooffer-py), or a stand-in of a test.

use std::time::Instant;

use crate::rows::{HintRow, PingRow, TransitionRow, TryRow, WinnerRow};

/// What a batch came to. Buffers are reused: `decide` empties and fills them.
#[derive(Debug, Default)]
pub struct Outcome {
    /// PingVerdict of the proto, one per row; shape (n,).
    pub verdicts: Vec<u8>,
    /// By row, then EXIT, ENTER, DWELL, then fence number.
    pub transitions: Vec<TransitionRow>,
    /// By row, then fence number.
    pub tries: Vec<TryRow>,
    /// By row. Their caps are consumed; they are not durable, and nothing of them may be told yet.
    pub winners: Vec<WinnerRow>,
    /// The catalog all this was decided by; told in answers.
    pub catalog_generation: i64,
    /// Names catalog, policy and people it was decided by; goes back to Python with tries and winners.
    pub context_number: i64,
    /// A fix farther ahead of `now_ms` is FUTURE_FIX: a phone is told so whatever was judged before (rpc/answers.py).
    pub future_tolerance_ms: i64,
}

/// How far a call of the matcher came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// All rows are decided.
    Done,
    /// Rows from this one on are not: Python has to do something first (room, opening hours, consent that ends now, a
    /// candidate policy under trial), and decides them itself. What was decided before is in the outcome.
    Undecided {
        /// The first row that is not decided.
        from_row: usize,
    },
}

/// An offer's right to leave, asked at the last moment (semantics D3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gate {
    /// Whose.
    pub person_slot: i32,
    /// Still the same person?
    pub person_key: i64,
    /// Still the same consent?
    pub consent_epoch: i32,
    /// No policy since forbids what this one decided?
    pub policy_version: i64,
    /// Decision key: names the offer to Python.
    pub decision_key: i64,
    /// After it the offer is late: on the clock of [`std::time::Instant`], as nanoseconds since the plane began; `i64::MAX`
    /// = never.
    pub deadline_ns: i64,
}

/// Which rows a hint may follow from, by the policy in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HintRules {
    /// A coarser fix is of no use.
    pub accuracy_max_cm: i64,
    /// Nor is one farther ahead of `now_ms`.
    pub future_tolerance_ms: i64,
}

/// One per worker, called by its thread alone. Takes the engine's lock by itself; never the GIL.
pub trait Matcher: Send {
    /// Decide `pings` in the order given, `ages_ms[i]` being the age of fix i when it arrived, at `arrivals_ms[i]` of
    /// [`Matcher::real_ms`]; at most `winner_count_max` may win (a row that could win more is left undecided). Sets
    /// `now_ms` and `fix_time_ms` of the rows it decides.
    fn decide(
        &mut self,
        pings: &mut [PingRow],
        ages_ms: &[i64],
        arrivals_ms: &[i64],
        winner_count_max: usize,
        outcome: &mut Outcome,
    ) -> Step;

    /// The clock that rows are stamped with, in milliseconds since 1970; needs no lock.
    fn real_ms(&self, at: Instant) -> i64;

    /// None where hints are not known here.
    fn hint_rules(&mut self) -> Option<HintRules>;

    /// Append when the next ping of each row's device is useful, of rows as decided; in one section of the engine's lock.
    /// False: it is not known here.
    fn hint(&mut self, pings: &[PingRow], hints: &mut Vec<HintRow>) -> bool;

    /// Whether an offer may leave now (budget apart, which the worker looks at itself).
    fn may_send(&mut self, gate: &Gate) -> bool;
}
