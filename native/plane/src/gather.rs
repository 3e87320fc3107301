//! Collects the rows of all streams that are ready and decides them in one call of the matcher.
//!
//! There is no timer: the first message of a moment wakes the flusher, and by the time the runtime comes to it every
//! other task that was ready has put its messages too. Busy means larger batches, idle means no waiting.

use std::future::poll_fn;
use std::rc::Rc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::Poll;
use std::time::Instant;

use crate::admission::{AdmissionQueue, Batch, Queued, Shed};
use crate::control::{Crossing, OfferBytes, Reply};
use crate::limits::{BATCH_WINNER_COUNT_MAX, HELD_MESSAGE_COUNT_MAX, PING_BATCH_ROW_COUNT_MAX};
use crate::matcher::{Outcome, Step};
use crate::refusal::{Code, Refusal};
use crate::rows::PingRow;
use crate::streams::PingStream;
use crate::wire::decode::Decoder;
use crate::worker::Worker;

const MALFORMED: u8 = 1;
const SHED: u8 = 2;

/// What came in and is not decided.
#[derive(Default)]
pub(crate) struct Intake {
    pub(crate) decoder: Decoder,
    pub(crate) queue: AdmissionQueue<Rc<PingStream>>,
    /// Told at the next flush.
    pub(crate) shed: Vec<Shed<Rc<PingStream>>>,
}

/// What is being decided.
#[derive(Default)]
pub(crate) struct Deciding {
    pub(crate) batch: Batch<Rc<PingStream>>,
    pub(crate) outcome: Outcome,
    /// The control side decides the rows of the batch from here on; nothing else is decided meanwhile.
    pub(crate) undecided_from: Option<usize>,
    pub(crate) spare: Vec<Shed<Rc<PingStream>>>,
}

impl Worker {
    /// The flusher's task.
    pub(crate) async fn flush_whenever_asked(self: Rc<Self>) {
        poll_fn(|context| {
            if let Some(waker) = &mut *self.flusher.borrow_mut() {
                waker.clone_from(context.waker());
            } else {
                self.flusher.replace(Some(context.waker().clone()));
            }
            if self.is_flush_asked.replace(false) {
                self.flush();
                let is_deciding = self.deciding.borrow().undecided_from.is_none();
                if is_deciding && !self.intake.borrow().queue.is_empty() {
                    self.ask_flush();
                }
            }
            Poll::<()>::Pending
        })
        .await;
    }

    /// The flusher runs after all tasks that are ready now.
    pub(crate) fn ask_flush(&self) {
        if !self.is_flush_asked.replace(true) {
            if let Some(waker) = &*self.flusher.borrow() {
                waker.wake_by_ref();
            }
        }
    }

    fn flush(&self) {
        if self.fault.borrow().is_none() {
            let mut deciding = self.deciding.borrow_mut();
            let deciding = &mut *deciding;
            self.take(deciding);
            if deciding.undecided_from.is_none() && !deciding.batch.messages.is_empty() {
                self.decide(deciding);
            }
        }
        self.write_touched();
        self.outbox.flush();
        self.note_queue();
    }

    /// Shed what is late, take what is decided next.
    fn take(&self, deciding: &mut Deciding) {
        let mut intake = self.intake.borrow_mut();
        let mut shed = std::mem::replace(&mut intake.shed, std::mem::take(&mut deciding.spare));
        let now_ns = self.clock.now_ns();
        if deciding.undecided_from.is_some() {
            intake.queue.shed_late(now_ns, &mut shed);
        } else {
            deciding.batch.clear();
            intake.queue.take(now_ns, PING_BATCH_ROW_COUNT_MAX, &mut deciding.batch, &mut shed);
        }
        drop(intake);
        for item in shed.drain(..) {
            self.tell_shed(&item);
        }
        deciding.spare = shed;
    }

    fn decide(&self, deciding: &mut Deciding) {
        let winner_count_max = if self.may_hold() { BATCH_WINNER_COUNT_MAX } else { 0 };
        let columns = &mut deciding.batch.columns;
        let row_count = columns.len();
        let began = Instant::now();
        let step = self.matcher.borrow_mut().decide(
            &mut columns.pings,
            &columns.ages_ms,
            &deciding.batch.arrivals_ms,
            winner_count_max,
            &mut deciding.outcome,
        );
        let took_ns = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.counters.count_batch(row_count, took_ns);
        self.counters.messages.add_count(deciding.batch.messages.len());
        let end = match step {
            Step::Done => row_count,
            Step::Undecided { from_row } => from_row.min(row_count),
        };
        if end < row_count {
            for item in undecided(&deciding.batch, end) {
                item.stream.state.borrow_mut().leave_undecided(item.sequence);
            }
            deciding.undecided_from = Some(end);
        }
        // what was decided crosses first: the control side goes by the order of the rows
        self.distribute(&deciding.batch, 0..end, &mut deciding.outcome);
        if end < row_count {
            self.cross_undecided(&deciding.batch, end);
        }
    }

    /// The control side decides from `from_row` on.
    fn cross_undecided(&self, batch: &Batch<Rc<PingStream>>, from_row: usize) {
        self.counters.undecided_batches.add(1);
        let pings = batch.columns.pings[from_row..].to_vec();
        let ages_ms = batch.columns.ages_ms[from_row..].to_vec();
        let arrivals_ms = batch.arrivals_ms[from_row..].to_vec();
        // a slot is kept for it: it does not fail while anybody decides
        self.outbox.cross(Crossing::Undecided { worker: self.index, pings, ages_ms, arrivals_ms });
    }

    /// Whether messages may be held for the control side, and somebody may win.
    pub(crate) fn may_hold(&self) -> bool {
        self.outbox.free_count() > 0 && self.held_count.get() + PING_BATCH_ROW_COUNT_MAX <= HELD_MESSAGE_COUNT_MAX
    }

    fn note_queue(&self) {
        let intake = self.intake.borrow();
        let queue = &intake.queue;
        let waiting = self.deciding.borrow();
        let undecided = waiting.undecided_from.and_then(|_| waiting.batch.messages.first());
        let oldest = undecided.map(|item| item.arrival_ns).or(queue.oldest_arrival_ns());
        self.counters.queue_rows.set(queue.row_count());
        self.counters.queue_messages.set(queue.message_count());
        self.counters.oldest_arrival_ns.store(oldest.unwrap_or(0), Relaxed);
    }

    /// Rows of these messages are MALFORMED, which comes first and the decoder saw, else SHED; all roles may know.
    fn tell_shed(&self, shed: &Shed<Rc<PingStream>>) {
        let item = &shed.item;
        {
            let mut state = item.stream.state.borrow_mut();
            if shed.malformed.is_empty() {
                state.drafts.shed(item.sequence, item.row_count);
            }
            for (row, &is_malformed) in (0_i32..).zip(&shed.malformed) {
                state.drafts.reject(item.sequence, row, if is_malformed { MALFORMED } else { SHED });
            }
            state.decided(item.sequence, item.row_count);
        }
        self.counters.messages.add(1);
        self.counters.shed_rows.add_count(item.row_count - item.malformed_count);
        self.counters.shed_malformed_rows.add_count(item.malformed_count);
        self.touch(&item.stream);
    }

    /// A reply of the control side. Answers are written by the next `write_touched`.
    pub(crate) fn take_reply(&self, reply: Reply) {
        match reply {
            Reply::Settled { stream_number, message_sequence, fields, offers } => {
                self.held_count.set(self.held_count.get().saturating_sub(1));
                self.settle(stream_number, message_sequence, &fields, offers);
            }
            Reply::Decided { outcome, pings, .. } => self.take_decided(outcome, &pings),
            Reply::Told { stream_number, fields } => {
                let stream = self.streams.borrow().get(stream_number);
                let Some(stream) = stream else { return self.counters.dropped_replies.add(1) };
                let mut state = stream.state.borrow_mut();
                if state.role.sees_transitions() {
                    let told = state.drafts.tell(&fields);
                    end_by_fault(&mut state, told);
                    drop(state);
                    self.touch(&stream);
                }
            }
        }
    }

    fn settle(&self, stream_number: i32, message_sequence: i64, fields: &[u8], offers: Vec<OfferBytes>) {
        let stream = self.streams.borrow().get(stream_number);
        let Some(stream) = stream else {
            for offer in offers {
                self.tell_left(offer.gate.decision_key, false);
            }
            return self.counters.dropped_replies.add(1);
        };
        let keys: Vec<i64> = offers.iter().map(|offer| offer.gate.decision_key).collect();
        let mut state = stream.state.borrow_mut();
        let told = state.drafts.settle(fields, offers);
        if told.is_err() {
            for key in keys {
                self.tell_left(key, false);
            }
        }
        end_by_fault(&mut state, told);
        state.settled(message_sequence);
        drop(state);
        self.touch(&stream);
    }

    fn take_decided(&self, mut outcome: Outcome, pings: &[PingRow]) {
        let mut deciding = self.deciding.borrow_mut();
        let Some(from_row) = deciding.undecided_from.take() else {
            return self.counters.dropped_replies.add(1);
        };
        let batch = &mut deciding.batch;
        let row_count = batch.columns.len();
        if pings.len() != row_count - from_row || outcome.verdicts.len() != pings.len() {
            drop(deciding);
            // what was decided and for whom cannot be told apart any more
            return self.fail(&Refusal::new(
                Code::Unavailable,
                "DRAINING",
                "the service has a fault; no ping is taken",
            ));
        }
        batch.columns.pings[from_row..].copy_from_slice(pings);
        for item in undecided(batch, from_row) {
            item.stream.state.borrow_mut().take_decided();
        }
        self.distribute(batch, from_row..row_count, &mut outcome);
        batch.clear();
        self.ask_flush();
    }
}

/// Messages with rows from `from_row` on.
fn undecided(batch: &Batch<Rc<PingStream>>, from_row: usize) -> impl Iterator<Item = &Queued<Rc<PingStream>>> {
    batch.messages.iter().zip(&batch.ends).filter(move |&(_, &end)| end > from_row).map(|(item, _)| item)
}

/// What the control side wrote cannot be read: a fault of ours, which ends this stream alone.
fn end_by_fault(state: &mut crate::hold::StreamState, told: Result<(), Refusal>) {
    if let Err(refusal) = told {
        state.stop_reading(Some(refusal));
    }
}
