//! What crosses between the workers and the control side (Python), in batches, both ways, bounded.
//!
//! ```text
//! worker ── Crossing::Decided   tries and winners of a batch, and which messages wait for what is made of them ──► Python
//!        ── Crossing::Undecided rows Python has to decide itself ──────────────────────────────────────────────►
//!        ── Crossing::Left      offers that left, or were taken back at the gate ──────────────────────────────►
//!        ── Crossing::Refused   verified callers that were refused, for the audit log ──────────────────────────►
//! worker ◄─ Reply::Settled      a held message: fields of its answer, offers with their gates ─────────────────── Python
//!        ◄─ Reply::Decided      the outcome of the rows of Crossing::Undecided ───────────────────────────────
//!        ◄─ Reply::Told         something for a stream without a message (transitions of a sweep) ─────────────
//! ```
//! Python is woken by one eventfd for all workers. A batch without winners or tries that somebody is told of makes no
//! crossing, unless hints are left to Python: its tries are collected ([`Tried`]) until Python asks for them, which wakes nobody.

use crate::matcher::{Gate, Outcome};
use crate::refusal::Refusal;
use crate::rows::{PingRow, TryRow, WinnerRow};
use crate::tokens::TokenRole;

/// Whose a row of a batch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Row of the batch.
    pub row: i32,
    /// The stream; numbers are the plane's own, never used twice while open, ≡ worker (mod workers); IngestPings has one too.
    pub stream_number: i32,
    /// Of the stream, from 1.
    pub message_sequence: i64,
    /// Within its message.
    pub message_row: i32,
    /// When its budget ends; see [`Gate::deadline_ns`].
    pub deadline_ns: i64,
    /// The row as decided (times set).
    pub ping: PingRow,
}

/// A message that is not acknowledged before the control side has settled it. One whose rows were cut by
/// [`Crossing::Undecided`] may come twice, once with each part; then it is settled twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Whose.
    pub stream_number: i32,
    /// Which.
    pub message_sequence: i64,
    /// It asked for `next_ping`: hints of its devices' last good rows are wanted; the places of all its rows are given.
    pub wants_next_ping: bool,
    /// Its stream is told of tries.
    pub wants_tries: bool,
}

/// A verified caller whose call was refused or ended with a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedCall {
    /// Whose token it was.
    pub role: TokenRole,
    /// See there.
    pub subject: String,
    /// `/package.Service/Method`.
    pub method: &'static str,
    /// What it was told.
    pub refusal: Refusal,
}

/// What became of an offer that was given to a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeftOffer {
    /// Of its gate.
    pub decision_key: i64,
    /// It was written; else it was taken back, at the gate or with its stream.
    pub is_sent: bool,
    /// When, on the plane's clock: after the gate had let it pass, or not.
    pub at_ns: i64,
}

/// From a worker to Python.
#[derive(Debug)]
pub enum Crossing {
    /// A batch with tries, winners or hints.
    Decided {
        /// The worker, for the reply.
        worker: usize,
        /// By which it was decided.
        catalog_generation: i64,
        /// See [`Outcome::context_number`].
        context_number: i64,
        /// All of the batch; `row` points into the batch, places tell whose.
        tries: Vec<TryRow>,
        /// All of the batch.
        winners: Vec<WinnerRow>,
        /// The places of all rows named by tries, winners and hints, ascending by row.
        places: Vec<Place>,
        /// Settled one by one with [`Reply::Settled`].
        held: Vec<Held>,
    },
    /// Rows for Python's own `engine.step`; the worker decides nothing more until [`Reply::Decided`].
    Undecided {
        /// The worker, for the reply.
        worker: usize,
        /// To be decided in this order.
        pings: Vec<PingRow>,
        /// Of each, when it arrived.
        ages_ms: Vec<i64>,
        /// When that was, by [`crate::matcher::Matcher::real_ms`].
        arrivals_ms: Vec<i64>,
    },
    /// Offers that were given to a stream: sent, or taken back at the gate or with their stream.
    Left(Vec<LeftOffer>),
    /// Bounded: beyond [`crate::limits::REFUSED_CALL_COUNT_MAX`] that wait they are counted only.
    Refused(Vec<RefusedCall>),
}

/// Tries that nobody is told of and that won nothing, for "why did she get nothing?"; in the order of their worker.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tried {
    /// See [`Outcome::context_number`].
    pub context_number: i64,
    /// `row` says nothing here.
    pub tries: Vec<TryRow>,
}

/// An offer for a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferBytes {
    /// The whole field `offers` of a PingAnswer, tag and length included.
    pub bytes: Vec<u8>,
    /// Asked before it is written.
    pub gate: Gate,
    /// How many tries in the `fields` of its [`Reply::Settled`] stand before its own, which `bytes_if_…` hold: tries are
    /// told by message, row and fence. `u32::MAX` = all.
    pub tries_before: u32,
    /// Fields added to the answer in its stead where the gate is shut (the try, TOO_LATE); may be empty.
    pub bytes_if_shut: Vec<u8>,
    /// Fields added along with it (the try, OFFERED); may be empty.
    pub bytes_if_sent: Vec<u8>,
}

/// From Python to the worker of a stream.
#[derive(Debug)]
pub enum Reply {
    /// Releases a held message.
    Settled {
        /// Whose.
        stream_number: i32,
        /// Which.
        message_sequence: i64,
        /// Fields of PingAnswer to be added (tries, next_pings), tags included; may be empty.
        fields: Vec<u8>,
        /// Offers, which pass the gate in the moment they are written.
        offers: Vec<OfferBytes>,
    },
    /// What Python's `engine.step` made of the rows of [`Crossing::Undecided`].
    Decided {
        /// Which worker.
        worker: usize,
        /// As if the worker's own matcher had decided them: tries and winners cross again as a [`Crossing::Decided`].
        outcome: Outcome,
        /// The rows as decided (times set).
        pings: Vec<PingRow>,
    },
    /// Fields of PingAnswer for a stream, if it is still open.
    Told {
        /// Whose.
        stream_number: i32,
        /// Tags included.
        fields: Vec<u8>,
    },
}
