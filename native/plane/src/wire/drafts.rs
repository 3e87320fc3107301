//! The answers of a stream that wait to be written: the deque of `geooffer/dataplane/stream.py`, with its splitting.

use std::collections::VecDeque;

use super::answers::{AnswerDraft, DRAFT_WEIGHT_MAX, place_of_try};
use super::reader::Corrupt;
use super::ready::{self, ReadyField, ReadyKind};
use crate::control::OfferBytes;
use crate::refusal::{Code, Refusal};
use crate::rows::{HintRow, TransitionRow};

/// Of one stream. What is added goes into the last draft; a full one is followed by another.
#[derive(Debug, Default)]
pub struct Drafts {
    waiting: VecDeque<AnswerDraft>,
    /// Up to which message all was decided, and no offer is held back.
    tellable: i64,
}

impl Drafts {
    /// A row that was not accepted, with what the role is told of it ([`super::answers::told_verdict`]).
    pub fn reject(&mut self, message_sequence: i64, message_row: i32, verdict: u8) {
        self.draft().reject(message_sequence, message_row, verdict);
    }

    /// A message shed whole: to refuse must not cost what it costs to decide. None of its rows may be malformed, which
    /// comes first.
    pub fn shed(&mut self, message_sequence: i64, row_count: usize) {
        self.draft().shed(message_sequence, row_count);
    }

    /// For roles that see them; message and row are 0 where no ping completed it.
    pub fn transition(&mut self, message_sequence: i64, message_row: i32, row: &TransitionRow) {
        self.draft().transition(message_sequence, message_row, *row);
    }

    /// When the next pings of a message's devices are useful, with the rows these follow from; together in one answer.
    pub fn next_pings<'a>(&mut self, message_sequence: i64, hints: impl Iterator<Item = (i32, &'a HintRow)>) {
        let mut hints = hints.peekable();
        if hints.peek().is_some() {
            let draft = self.draft();
            hints.for_each(|(row, hint)| draft.next_ping(message_sequence, row, hint));
        }
    }

    /// What Python made of a held message ([`crate::control::Reply::Settled`]).
    ///
    /// # Errors
    /// INTERNAL where the fields are not fields of a PingAnswer that can be told so; then nothing is added.
    pub fn settle(&mut self, fields: &[u8], offers: Vec<OfferBytes>) -> Result<(), Refusal> {
        let fields = parse(fields)?;
        let mut said_counts = Vec::with_capacity(offers.len());
        for offer in &offers {
            said_counts.push(parse(&offer.bytes_if_sent)?.len().max(parse(&offer.bytes_if_shut)?.len()));
        }
        self.tell_tries_and_transitions(&fields);
        for (offer, said_count) in offers.into_iter().zip(said_counts) {
            self.draft().offer(offer, said_count);
        }
        // together, as the rows of one message are
        let mut next_pings = fields.iter().filter(|field| field.kind == ReadyKind::NextPing).peekable();
        if next_pings.peek().is_some() {
            let draft = self.draft();
            next_pings.for_each(|field| draft.written(field, 0));
        }
        Ok(())
    }

    /// Something without a message ([`crate::control::Reply::Told`]).
    ///
    /// # Errors
    /// As of [`Self::settle`].
    pub fn tell(&mut self, fields: &[u8]) -> Result<(), Refusal> {
        self.settle(fields, Vec::new())
    }

    fn tell_tries_and_transitions(&mut self, fields: &[ReadyField]) {
        let mut try_count = 0;
        for field in fields.iter().filter(|field| field.kind != ReadyKind::NextPing) {
            self.draft().written(field, place_of_try(try_count));
            try_count += usize::from(field.kind == ReadyKind::Try);
        }
    }

    /// All messages up to this one are decided and hold back nothing: an answer is due.
    pub fn acknowledge(&mut self, tellable: i64) {
        self.tellable = tellable;
        self.draft().acknowledged = tellable;
    }

    /// As [`Self::acknowledge`] while a message is held: said along with what is to be told anyway.
    pub fn update_acknowledged(&mut self, tellable: i64) {
        self.tellable = tellable;
        if let Some(last) = self.waiting.back_mut() {
            last.acknowledged = tellable;
        }
    }

    /// A message has become held: later ones of the same moment, which were shed, are not acknowledged yet.
    pub fn limit_acknowledged(&mut self, tellable: i64) {
        self.tellable = self.tellable.min(tellable);
        for draft in &mut self.waiting {
            draft.acknowledged = draft.acknowledged.min(tellable);
        }
    }

    /// Answers that wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether nothing is to be told.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The oldest, to be written.
    pub fn take(&mut self) -> Option<AnswerDraft> {
        self.waiting.pop_front()
    }

    /// All as one, for a call that has one answer.
    pub fn take_whole(&mut self) -> Option<AnswerDraft> {
        let mut whole = self.waiting.pop_front()?;
        for part in self.waiting.drain(..) {
            whole.absorb(part);
        }
        Some(whole)
    }

    /// The draft to add to.
    fn draft(&mut self) -> &mut AnswerDraft {
        if self.waiting.back().is_none_or(|last| last.weight() >= DRAFT_WEIGHT_MAX) {
            self.waiting.push_back(AnswerDraft::new(self.tellable));
        }
        let last = self.waiting.len() - 1;
        &mut self.waiting[last]
    }
}

fn parse(fields: &[u8]) -> Result<Vec<ReadyField<'_>>, Refusal> {
    ready::parse(fields).map_err(|Corrupt| Refusal::new(Code::Internal, "INTERNAL", "internal error"))
}

#[cfg(test)]
#[path = "drafts_tests.rs"]
mod tests;
