//! What is read, decided, held and told of one stream: `geooffer/dataplane/stream.py` over again. No I/O here.

use std::collections::VecDeque;

use crate::call::PingMethod;
use crate::identity::{Role, Sender};
use crate::limits::{PING_BATCH_ROW_COUNT_MAX, STREAM_QUEUE_ROW_COUNT_MAX, UNSENT_DRAFT_COUNT_MAX};
use crate::refusal::Refusal;
use crate::wire::drafts::Drafts;

/// Of one stream, or of the single exchange of IngestPings.
#[expect(clippy::struct_excessive_bools, reason = "each is set by itself")]
pub(crate) struct StreamState {
    pub(crate) method: PingMethod,
    pub(crate) role: Role,
    pub(crate) sender: Sender,
    pub(crate) drafts: Drafts,
    pub(crate) location_wanted: bool,
    pub(crate) catalog_generation: i64,
    /// The reader waits for room, or for what it read to be decided.
    pub(crate) is_reader_waiting: bool,
    /// When the caller waits no longer, by the plane's clock; 0 = it did not say.
    pub(crate) call_ends_ns: i64,
    /// Messages read so far; the sequence of the latest.
    read_count: i64,
    acknowledged: i64,
    undecided_row_count: usize,
    /// Messages that wait for the control side; one may be there twice.
    held: VecDeque<i64>,
    /// From this message on, the control side decides.
    undecided_from: Option<i64>,
    is_reading_over: bool,
    is_abandoned: bool,
    end: Option<Refusal>,
}

impl StreamState {
    pub(crate) fn new(method: PingMethod, role: Role, sender: Sender) -> Self {
        Self {
            method,
            role,
            sender,
            drafts: Drafts::default(),
            location_wanted: true,
            catalog_generation: 0,
            is_reader_waiting: false,
            call_ends_ns: 0,
            read_count: 0,
            acknowledged: 0,
            undecided_row_count: 0,
            held: VecDeque::new(),
            undecided_from: None,
            is_reading_over: false,
            is_abandoned: false,
            end: None,
        }
    }

    /// Count a message in; returns its sequence.
    pub(crate) fn read(&mut self, row_count: usize) -> i64 {
        self.read_count += 1;
        self.undecided_row_count += row_count;
        self.read_count
    }

    /// No more messages. What was read is decided and answered; then the stream ends with `refusal`. The first word counts.
    pub(crate) fn stop_reading(&mut self, refusal: Option<Refusal>) {
        if !self.is_reading_over {
            self.is_reading_over = true;
            self.end = refusal;
        }
    }

    /// A message was decided or shed; its answer may go.
    pub(crate) fn decided(&mut self, sequence: i64, row_count: usize) {
        self.undecided_row_count = self.undecided_row_count.saturating_sub(row_count);
        self.acknowledged = self.acknowledged.max(sequence);
        self.tell_acknowledged();
    }

    /// A message waits for the control side. It is not acknowledged before that is told; what else was decided meanwhile
    /// is told at once.
    pub(crate) fn hold(&mut self, sequence: i64) {
        self.held.push_back(sequence);
        self.drafts.limit_acknowledged(self.tellable());
    }

    /// Whether a message waits for the control side.
    pub(crate) fn is_held(&self, sequence: i64) -> bool {
        self.held.contains(&sequence)
    }

    /// What was held of a message is in the drafts.
    pub(crate) fn settled(&mut self, sequence: i64) {
        if let Some(place) = self.held.iter().position(|&held| held == sequence) {
            self.held.remove(place);
            self.drafts.acknowledge(self.tellable());
        }
    }

    /// The control side decides this message; later ones that are shed meanwhile do not acknowledge it.
    pub(crate) fn leave_undecided(&mut self, sequence: i64) {
        let from = self.undecided_from.map_or(sequence, |from| from.min(sequence));
        self.undecided_from = Some(from);
        self.drafts.limit_acknowledged(self.tellable());
    }

    /// The control side has decided what was left to it.
    pub(crate) fn take_decided(&mut self) {
        self.undecided_from = None;
    }

    /// What was read will never be decided. Nobody waits for what is held, and it stays unacknowledged.
    pub(crate) fn abandon(&mut self) {
        self.undecided_row_count = 0;
        self.is_abandoned = true;
    }

    fn tell_acknowledged(&mut self) {
        if self.held.is_empty() && self.undecided_from.is_none() {
            self.drafts.acknowledge(self.acknowledged);
        } else {
            self.drafts.update_acknowledged(self.tellable());
        }
    }

    /// The latest message up to which all was decided and nothing is held back.
    fn tellable(&self) -> i64 {
        let first = self.held.iter().copied().chain(self.undecided_from).min();
        first.map_or(self.acknowledged, |first| self.acknowledged.min(first - 1))
    }

    /// Whether a message was read.
    pub(crate) fn has_read(&self) -> bool {
        self.read_count > 0
    }

    pub(crate) fn is_reading_over(&self) -> bool {
        self.is_reading_over
    }

    pub(crate) fn is_abandoned(&self) -> bool {
        self.is_abandoned
    }

    pub(crate) fn has_undecided_rows(&self) -> bool {
        self.undecided_row_count > 0
    }

    /// Another message may be read.
    pub(crate) fn has_room(&self) -> bool {
        self.undecided_row_count + PING_BATCH_ROW_COUNT_MAX <= STREAM_QUEUE_ROW_COUNT_MAX
            && self.drafts.len() < UNSENT_DRAFT_COUNT_MAX
    }

    /// Everything read so far was decided, and nothing is held; or no more ever will be.
    pub(crate) fn is_decided(&self) -> bool {
        self.undecided_row_count == 0 && (self.is_abandoned || self.held.is_empty())
    }

    /// Everything read was decided and taken for sending, and no more will be read.
    pub(crate) fn is_finished(&self) -> bool {
        self.is_reading_over && self.is_decided() && self.drafts.is_empty()
    }

    /// Why it ends; None = well.
    pub(crate) fn end(&self) -> Option<&Refusal> {
        self.end.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream() -> StreamState {
        StreamState::new(PingMethod::Stream, Role::Gateway, Sender::default())
    }

    fn told(state: &mut StreamState) -> Vec<i64> {
        std::iter::from_fn(|| state.drafts.take()).map(|draft| draft.acknowledged()).collect()
    }

    #[test]
    fn acknowledges_up_to_what_is_held() {
        let mut state = stream();
        for _ in 0..4 {
            state.read(1);
        }
        state.hold(2);
        for sequence in 1..=4 {
            state.decided(sequence, 1);
        }
        assert!(!state.is_decided() && told(&mut state).is_empty(), "an acknowledgement alone is not due");
        state.drafts.reject(3, 0, 2);
        assert_eq!(told(&mut state), [1]);
        state.settled(2);
        assert_eq!(told(&mut state), [4]);
        assert!(state.is_decided());
    }

    #[test]
    fn a_message_held_twice_is_settled_twice() {
        let mut state = stream();
        state.read(2);
        state.hold(1);
        state.hold(1);
        state.decided(1, 2);
        state.settled(1);
        assert_eq!(told(&mut state), [0]);
        state.settled(1);
        assert_eq!(told(&mut state), [1]);
        state.settled(1);
        assert!(told(&mut state).is_empty(), "nothing was held");
    }

    #[test]
    fn shed_messages_do_not_acknowledge_what_python_decides() {
        let mut state = stream();
        state.read(1);
        state.read(1);
        state.drafts.shed(2, 1);
        state.decided(2, 1);
        state.leave_undecided(1);
        assert_eq!(told(&mut state), [0]);
        state.take_decided();
        state.decided(1, 1);
        assert_eq!(told(&mut state), [2]);
    }

    #[test]
    fn ends_after_its_last_answer_with_the_first_reason() {
        let mut state = stream();
        state.read(1);
        state.stop_reading(Some(Refusal::draining()));
        state.stop_reading(None);
        assert!(!state.is_finished());
        state.decided(1, 1);
        assert!(!state.is_finished());
        assert_eq!(told(&mut state), [1]);
        assert!(state.is_finished());
        assert_eq!(state.end(), Some(&Refusal::draining()));
    }

    #[test]
    fn room_ends_with_rows_or_drafts() {
        let mut state = stream();
        state.read(STREAM_QUEUE_ROW_COUNT_MAX - PING_BATCH_ROW_COUNT_MAX);
        assert!(state.has_room());
        state.read(1);
        assert!(!state.has_room());
        state.abandon();
        assert!(state.has_room() && state.is_decided());
    }
}
