//! One batch's outcome, back to the streams its rows came from.
//!
//! Most rows end without anything to say: only the rows that have something are looked at one by one.

use std::ops::Range;
use std::rc::Rc;

use crate::admission::Batch;
use crate::control::{Crossing, Held, Place};
use crate::matcher::Outcome;
use crate::rows::{TransitionRow, TryRow, WinnerRow};
use crate::streams::PingStream;
use crate::wire::answers::told_verdict;
use crate::worker::Worker;

const ACCEPTED: u8 = 10;
const NO_CONSENT: u8 = 3;

type StreamBatch = Batch<Rc<PingStream>>;

impl Worker {
    /// Put what each stream may see into its drafts, cross what the control side has to know, then count the messages
    /// that are decided now. `outcome` is of the rows `part`, and counts from its first.
    pub(crate) fn distribute(&self, batch: &StreamBatch, part: Range<usize>, outcome: &mut Outcome) {
        Self::reject(batch, &part, outcome);
        Self::tell_transitions(batch, &part, &outcome.transitions);
        self.cross_decided(batch, &part, outcome);
        for (item, &end) in batch.messages.iter().zip(&batch.ends) {
            let first = end - item.row_count;
            if first < part.end && end > part.start {
                let mut state = item.stream.state.borrow_mut();
                // of a message that was cut, too: what is told of its first rows is of this catalog
                state.catalog_generation = outcome.catalog_generation;
                if part.contains(&(end - 1)) {
                    state.decided(item.sequence, item.row_count);
                }
                drop(state);
                self.touch(&item.stream);
            }
        }
    }

    fn reject(batch: &StreamBatch, part: &Range<usize>, outcome: &Outcome) {
        let mut cursor = Cursor::default();
        for (row, &verdict) in part.clone().zip(&outcome.verdicts) {
            if verdict == ACCEPTED {
                continue;
            }
            let Some((index, message_row)) = cursor.find(batch, row) else { return };
            let item = &batch.messages[index];
            let ping = &batch.columns.pings[row];
            let is_future = || ping.fix_time_ms > ping.now_ms.saturating_add(outcome.future_tolerance_ms);
            let mut state = item.stream.state.borrow_mut();
            if let Some(told) = told_verdict(state.role, verdict, is_future) {
                state.drafts.reject(item.sequence, message_row, told);
            }
            if verdict == NO_CONSENT && state.sender.own_key != 0 {
                // no phone goes on sending what nobody may use (semantics T6); a gateway loses this row only
                state.location_wanted = false;
                state.stop_reading(None);
                item.stream.wake();
            }
        }
    }

    fn tell_transitions(batch: &StreamBatch, part: &Range<usize>, transitions: &[TransitionRow]) {
        let mut cursor = Cursor::default();
        for transition in transitions {
            let Some((index, message_row)) = cursor.find_in(batch, part, transition.row) else { continue };
            let item = &batch.messages[index];
            let mut state = item.stream.state.borrow_mut();
            if state.role.sees_transitions() {
                state.drafts.transition(item.sequence, message_row, transition);
            }
        }
    }

    /// Tries, winners and hints that are not made here go to the control side, and their messages are held until it has
    /// settled them.
    fn cross_decided(&self, batch: &StreamBatch, part: &Range<usize>, outcome: &mut Outcome) {
        let has_hints = |(item, end): (&_, &usize)| wants_hint(item) && part.contains(&(end - 1));
        let is_asked = batch.messages.iter().zip(&batch.ends).any(has_hints);
        if outcome.tries.is_empty() && outcome.winners.is_empty() && !is_asked {
            return;
        }
        let mut marks = Self::marks(batch, part, &outcome.tries, &outcome.winners);
        if is_asked {
            self.hint(batch, &mut marks);
        }
        if outcome.winners.is_empty() && !marks.iter().any(|mark| mark.is_held()) {
            self.outbox.remember(outcome.context_number, &outcome.tries, &self.counters);
            return;
        }
        let hint_count = marks.iter().filter(|mark| mark.has_hints).count();
        // the control side has consumed caps where it decided itself: that has to go back to it, and a slot is kept
        if outcome.winners.is_empty() && !self.may_hold() {
            self.counters.untold_tries.add_count(outcome.tries.len());
            self.counters.untold_hints.add_count(hint_count);
            return;
        }
        let held = self.hold(batch, &marks);
        let places = places(batch, part, &marks, &outcome.tries, &outcome.winners);
        self.counters.winners.add_count(outcome.winners.len());
        self.outbox.cross(Crossing::Decided {
            worker: self.index,
            catalog_generation: outcome.catalog_generation,
            context_number: outcome.context_number,
            tries: std::mem::take(&mut outcome.tries),
            winners: std::mem::take(&mut outcome.winners),
            places,
            held,
        });
    }

    /// Hints of messages that wait for nothing else are told now, as far as they can be made here; a message that waits is
    /// told them with the rest.
    fn hint(&self, batch: &StreamBatch, marks: &mut [Mark]) {
        let waits_for_hints_alone = |index: &usize| {
            let (mark, item) = (marks[*index], &batch.messages[*index]);
            let is_held = || item.stream.state.borrow().is_held(item.sequence);
            mark.has_hints && !mark.has_tries && !mark.has_winner && !is_held()
        };
        for index in self.tell_hints(batch, (0..marks.len()).filter(waits_for_hints_alone)) {
            marks[index].has_hints = false;
        }
    }

    /// Why each message has to wait.
    fn marks(batch: &StreamBatch, part: &Range<usize>, tries: &[TryRow], winners: &[WinnerRow]) -> Vec<Mark> {
        let mut marks = vec![Mark::default(); batch.messages.len()];
        let mut cursor = Cursor::default();
        for item in tries {
            if let Some((index, _)) = cursor.find_in(batch, part, item.row) {
                marks[index].has_tries |= sees_tries(batch, index);
            }
        }
        let mut cursor = Cursor::default();
        for item in winners {
            if let Some((index, _)) = cursor.find_in(batch, part, item.row()) {
                marks[index].has_winner = true;
            }
        }
        for (index, item) in batch.messages.iter().enumerate() {
            marks[index].has_hints = wants_hint(item) && part.contains(&(batch.ends[index] - 1));
        }
        marks
    }

    fn hold(&self, batch: &StreamBatch, marks: &[Mark]) -> Vec<Held> {
        let mut held = Vec::new();
        for (item, mark) in batch.messages.iter().zip(marks).filter(|(_, mark)| mark.is_held()) {
            let mut state = item.stream.state.borrow_mut();
            state.hold(item.sequence);
            held.push(Held {
                stream_number: item.stream.number,
                message_sequence: item.sequence,
                wants_next_ping: mark.has_hints,
                wants_tries: state.role.sees_tries(),
            });
        }
        self.held_count.set(self.held_count.get() + held.len());
        held
    }
}

/// The rows that tries and winners name, and all rows of messages that want hints; ascending.
fn places(
    batch: &StreamBatch,
    part: &Range<usize>,
    marks: &[Mark],
    tries: &[TryRow],
    winners: &[WinnerRow],
) -> Vec<Place> {
    let from_part = |row: i32| usize::try_from(row).ok().map(|row| part.start + row).filter(|row| part.contains(row));
    let mut rows: Vec<usize> = tries.iter().filter_map(|item| from_part(item.row)).collect();
    rows.extend(winners.iter().filter_map(|item| from_part(item.row())));
    for index in (0..marks.len()).filter(|&index| marks[index].has_hints) {
        rows.extend(batch.rows_of(index));
    }
    rows.sort_unstable();
    rows.dedup();
    let mut cursor = Cursor::default();
    let start = i32::try_from(part.start).unwrap_or(0);
    let place = |row: usize| {
        let (index, message_row) = cursor.find(batch, row)?;
        let item = &batch.messages[index];
        Some(Place {
            row: i32::try_from(row).unwrap_or(i32::MAX) - start,
            stream_number: item.stream.number,
            message_sequence: item.sequence,
            message_row,
            deadline_ns: item.deadline_ns,
            ping: batch.columns.pings[row],
        })
    };
    rows.into_iter().filter_map(place).collect()
}

fn sees_tries(batch: &StreamBatch, index: usize) -> bool {
    let stream = &batch.messages[index].stream;
    !stream.is_gone.get() && stream.state.borrow().role.sees_tries()
}

fn wants_hint(item: &crate::admission::Queued<Rc<PingStream>>) -> bool {
    item.wants_next_ping && !item.stream.is_gone.get()
}

#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    has_tries: bool,
    has_winner: bool,
    has_hints: bool,
}

impl Mark {
    fn is_held(self) -> bool {
        self.has_tries || self.has_winner || self.has_hints
    }
}

/// Finds the messages of ascending rows.
#[derive(Default)]
struct Cursor(usize);

impl Cursor {
    /// The message a row of the batch came in, and the row's number within it.
    fn find(&mut self, batch: &StreamBatch, row: usize) -> Option<(usize, i32)> {
        while *batch.ends.get(self.0)? <= row {
            self.0 += 1;
        }
        let first = batch.rows_of(self.0).start;
        // rows out of order would be a fault of the matcher; they are told to nobody
        Some((self.0, i32::try_from(row.checked_sub(first)?).ok()?))
    }

    /// The same of a row that counts from the first of `part`.
    fn find_in(&mut self, batch: &StreamBatch, part: &Range<usize>, row: i32) -> Option<(usize, i32)> {
        let row = part.start.checked_add(usize::try_from(row).ok()?)?;
        if part.contains(&row) { self.find(batch, row) } else { None }
    }
}
