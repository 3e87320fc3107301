//! What a stream is told next, and its bytes: `geooffer/rpc/answers.py` over again.
//!
//! | role     | verdicts                        | transitions | tries | offers |
//! |----------|---------------------------------|-------------|-------|--------|
//! | device   | what its own row or load tells  | –           | –     | yes    |
//! | gateway  | all                             | yes         | –     | yes    |
//! | operator | all                             | yes         | yes   | yes    |
//!
//! A draft is encoded when the stream can write, so that a slow reader gets few large answers, not many small ones.
//! Offers pass the send gate at that moment, not before.

use bytes::{BufMut, BytesMut};

use super::names::Names;
use super::next_ping::put_next_ping;
use super::ready::{self, ReadyKind};
use super::writer::{ShortFields, put_bytes, put_framed, put_integer, put_message, put_sfixed64, put_short_answer};
use crate::control::OfferBytes;
use crate::identity::Role;
use crate::matcher::Gate;
use crate::rows::{HintRow, TransitionRow};

/// An answer is cut here: 1 per row, transition and try, [`OFFER_WEIGHT`] per offer; about 64 KiB at the most.
pub const DRAFT_WEIGHT_MAX: usize = 512;
/// See there.
pub const OFFER_WEIGHT: usize = 16;

const MALFORMED: u8 = 1;
const SHED: u8 = 2;
const ACCURACY_TOO_COARSE: u8 = 4;
const EXCLUSION_ZONE: u8 = 5;
const DUPLICATE: u8 = 6;
const FUTURE_FIX: u8 = 7;
const ACCEPTED: u8 = 10;

/// What a role is told of a row that was not accepted (PingVerdict of the proto); None = nothing.
///
/// A phone is told what its own row explains, whatever was judged first: else a row from the future would be refused
/// outside an exclusion zone and not inside, and who sends some could draw a map of the zones (privacy C6).
#[must_use]
pub fn told_verdict(role: Role, verdict: u8, is_future: impl FnOnce() -> bool) -> Option<u8> {
    match (role, verdict) {
        (Role::Device, MALFORMED | SHED | ACCURACY_TOO_COARSE | FUTURE_FIX) => Some(verdict),
        (Role::Device, EXCLUSION_ZONE | DUPLICATE) => is_future().then_some(FUTURE_FIX),
        (Role::Gateway | Role::Operator, verdict) if (MALFORMED..ACCEPTED).contains(&verdict) => Some(verdict),
        _ => None,
    }
}

/// A row that was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct RejectedRow {
    message_sequence: i64,
    row: i32,
    verdict: u8,
}

/// A field that is written already, mostly by Python: where it lies among the draft's, and where it belongs.
#[derive(Clone, Copy, Debug)]
struct Written {
    message_sequence: i64,
    row: i32,
    /// Among the tries of its row.
    place: u64,
    start: usize,
    end: usize,
}

#[derive(Clone, Copy, Debug)]
enum ToldTransition {
    Row { message_sequence: i64, message_row: i32, row: TransitionRow },
    Written { start: usize, end: usize },
}

/// What an answer says apart from how far it acknowledges; most answers have none of it.
#[derive(Debug, Default)]
struct Told {
    rejected_rows: Vec<RejectedRow>,
    /// (sequence, rows) of messages refused whole.
    shed_messages: Vec<(i64, usize)>,
    transitions: Vec<ToldTransition>,
    tries: Vec<Written>,
    next_pings: Vec<Written>,
    /// The bytes of all that is `Written`.
    written: BytesMut,
    offers: Vec<OfferBytes>,
    weight: usize,
}

/// What a stream is told next.
#[derive(Debug, Default)]
pub struct AnswerDraft {
    pub(super) acknowledged: i64,
    told: Option<Box<Told>>,
}

impl AnswerDraft {
    /// One that acknowledges messages up to this one.
    #[must_use]
    pub fn new(acknowledged: i64) -> Self {
        Self { acknowledged, told: None }
    }

    /// Up to which message of the stream all was decided.
    #[must_use]
    pub fn acknowledged(&self) -> i64 {
        self.acknowledged
    }

    /// Whether it says nothing else.
    #[must_use]
    pub fn is_acknowledgement_only(&self) -> bool {
        self.told.is_none()
    }

    /// How much of an answer is filled, against [`DRAFT_WEIGHT_MAX`].
    #[must_use]
    pub fn weight(&self) -> usize {
        self.told.as_ref().map_or(0, |told| told.weight)
    }

    /// The offers of an answer that will never leave: to be taken back.
    pub fn into_offers(self) -> impl Iterator<Item = OfferBytes> {
        self.told.into_iter().flat_map(|told| told.offers)
    }

    fn told(&mut self, weight: usize) -> &mut Told {
        let told = self.told.get_or_insert_default();
        told.weight += weight;
        told
    }

    pub(super) fn reject(&mut self, message_sequence: i64, row: i32, verdict: u8) {
        self.told(1).rejected_rows.push(RejectedRow { message_sequence, row, verdict });
    }

    pub(super) fn shed(&mut self, message_sequence: i64, row_count: usize) {
        self.told(row_count).shed_messages.push((message_sequence, row_count));
    }

    pub(super) fn transition(&mut self, message_sequence: i64, message_row: i32, row: TransitionRow) {
        self.told(1).transitions.push(ToldTransition::Row { message_sequence, message_row, row });
    }

    pub(super) fn written(&mut self, field: &ready::ReadyField, place: u64) {
        self.told(1).add_written(field, place);
    }

    pub(super) fn next_ping(&mut self, message_sequence: i64, row: i32, hint: &HintRow) {
        let told = self.told(1);
        let start = told.written.len();
        put_next_ping(hint, message_sequence, row, &mut told.written);
        let end = told.written.len();
        told.next_pings.push(Written { message_sequence, row, place: 0, start, end });
    }

    /// `said_count`: tries that will be said along with it.
    pub(super) fn offer(&mut self, offer: OfferBytes, said_count: usize) {
        self.told(OFFER_WEIGHT + said_count).offers.push(offer);
    }

    /// What another draft says, as if it were said by this one.
    pub(super) fn absorb(&mut self, other: Self) {
        self.acknowledged = other.acknowledged;
        let Some(mut other) = other.told else { return };
        let told = self.told(other.weight);
        let shift = told.written.len();
        told.written.extend_from_slice(&other.written);
        let moved = |item: Written| Written { start: item.start + shift, end: item.end + shift, ..item };
        told.tries.extend(other.tries.into_iter().map(moved));
        told.next_pings.extend(other.next_pings.into_iter().map(moved));
        told.transitions.extend(other.transitions.into_iter().map(|item| match item {
            ToldTransition::Written { start, end } => {
                ToldTransition::Written { start: start + shift, end: end + shift }
            }
            row @ ToldTransition::Row { .. } => row,
        }));
        told.rejected_rows.append(&mut other.rejected_rows);
        told.shed_messages.append(&mut other.shed_messages);
        told.offers.append(&mut other.offers);
    }

    /// Append the gRPC message to `out`: prefix, and a StreamPingsResponse or IngestPingsResponse (their bytes are the
    /// same). `may_leave`: the send gate (semantics D3), asked once per offer; of one it holds back the answer says what
    /// `bytes_if_shut` do.
    pub fn write(
        self,
        names: &Names,
        location_wanted: bool,
        catalog_generation: i64,
        may_leave: impl FnMut(&Gate) -> bool,
        out: &mut BytesMut,
    ) {
        let Some(mut told) = self.told else {
            write_acknowledgement(self.acknowledged, location_wanted, catalog_generation, out);
            return;
        };
        let offers = told.pass_gate(may_leave);
        told.sort();
        put_framed(out, |out| {
            put_message(ANSWER_TAG, out, |out| {
                put_integer(0x08, self.acknowledged, out);
                // shed rows are told before decided ones of the same moment, whatever their order in the stream
                if told.shed_messages.is_empty() {
                    told.rejected_rows.iter().for_each(|row| row.put(out));
                }
                told.transitions.iter().for_each(|item| told.put_transition(item, names, out));
                told.tries.iter().for_each(|item| out.put_slice(&told.written[item.start..item.end]));
                put_tail(location_wanted, catalog_generation, out);
                told.next_pings.iter().for_each(|item| out.put_slice(&told.written[item.start..item.end]));
                if !told.shed_messages.is_empty() {
                    told.put_all_rejected(out);
                }
                out.put_slice(&offers);
            });
        });
    }
}

const ANSWER_TAG: u8 = 0x0a;

/// An answer that acknowledges and says nothing else, with its gRPC prefix; also the whole answer of an echo.
pub fn write_acknowledgement(acknowledged: i64, location_wanted: bool, catalog_generation: i64, out: &mut BytesMut) {
    // the one answer that every ping costs: put together in place and copied once
    let mut fields = ShortFields::new();
    fields.put_integer(0x08, acknowledged);
    fields.put_integer(0x30, i64::from(location_wanted));
    fields.put_integer(0x38, catalog_generation);
    put_short_answer(ANSWER_TAG, &fields, out);
}

fn put_tail(location_wanted: bool, catalog_generation: i64, out: &mut BytesMut) {
    put_integer(0x30, i64::from(location_wanted), out);
    put_integer(0x38, catalog_generation, out);
}

impl RejectedRow {
    fn put(&self, out: &mut BytesMut) {
        put_message(0x12, out, |out| {
            put_integer(0x08, self.message_sequence, out);
            put_integer(0x10, i64::from(self.row), out);
            put_integer(0x18, i64::from(self.verdict), out);
        });
    }
}

impl Told {
    fn add_written(&mut self, field: &ready::ReadyField, place: u64) {
        let start = self.written.len();
        self.written.extend_from_slice(field.bytes);
        let end = self.written.len();
        let item = Written { message_sequence: field.message_sequence, row: field.row, place, start, end };
        match field.kind {
            ReadyKind::Transition => self.transitions.push(ToldTransition::Written { start, end }),
            ReadyKind::Try => self.tries.push(item),
            ReadyKind::NextPing => self.next_pings.push(item),
        }
    }

    /// The bytes of the offers that may leave; what is said of all of them is added to the tries.
    fn pass_gate(&mut self, mut may_leave: impl FnMut(&Gate) -> bool) -> Vec<u8> {
        let mut leaving = Vec::new();
        for offer in std::mem::take(&mut self.offers) {
            let said = if may_leave(&offer.gate) {
                leaving.extend_from_slice(&offer.bytes);
                &offer.bytes_if_sent
            } else {
                &offer.bytes_if_shut
            };
            // drafts.rs has looked: these fields can be read
            for field in ready::parse(said).unwrap_or_default() {
                self.add_written(&field, place_of_offer(&offer));
            }
        }
        leaving
    }

    fn sort(&mut self) {
        self.rejected_rows.sort_by_key(|row| (row.message_sequence, row.row));
        // tries that won come after the others of their batch, next pings of messages with offers with these
        self.tries.sort_by_key(|item| (item.message_sequence, item.row, item.place));
        self.next_pings.sort_by_key(|item| (item.message_sequence, item.row));
    }

    fn put_transition(&self, item: &ToldTransition, names: &Names, out: &mut BytesMut) {
        let (message_sequence, message_row, row) = match item {
            ToldTransition::Written { start, end } => return out.put_slice(&self.written[*start..*end]),
            ToldTransition::Row { message_sequence, message_row, row } => (*message_sequence, *message_row, row),
        };
        put_message(0x1a, out, |out| {
            put_integer(0x08, i64::from(row.kind), out);
            put_integer(0x10, i64::from(row.cause), out);
            put_sfixed64(0x19, row.device_key, out);
            put_bytes(0x22, names.get(row.fence_number).as_bytes(), out);
            put_message(0x2a, out, |out| {
                put_integer(0x08, row.event_time_ms.div_euclid(1_000), out);
                put_integer(0x10, row.event_time_ms.rem_euclid(1_000) * 1_000_000, out);
            });
            put_integer(0x30, i64::from(row.historical != 0), out);
            put_integer(0x38, message_sequence, out);
            put_integer(0x40, i64::from(message_row), out);
        });
    }

    /// All rejected rows, ascending by message, where whole messages are among them.
    fn put_all_rejected(&mut self, out: &mut BytesMut) {
        self.shed_messages.sort_by_key(|&(message_sequence, _)| message_sequence);
        let mut rejected = self.rejected_rows.iter().peekable();
        for &(message_sequence, row_count) in &self.shed_messages {
            while let Some(row) = rejected.next_if(|row| row.message_sequence <= message_sequence) {
                row.put(out);
            }
            for row in (0_i32..).take(row_count) {
                RejectedRow { message_sequence, row, verdict: SHED }.put(out);
            }
        }
        rejected.for_each(|row| row.put(out));
    }
}

/// Between the tries in the fields of its message, whose places are odd.
fn place_of_offer(offer: &OfferBytes) -> u64 {
    2 * u64::from(offer.tries_before)
}

/// Of the try at `index` in the fields of a message.
pub(super) fn place_of_try(index: usize) -> u64 {
    2 * index as u64 + 1
}

#[cfg(test)]
#[path = "answers_tests.rs"]
mod tests;
