//! Hints of the next ping that a worker makes itself: `next_pings_of` of `geooffer/dataplane/distribution.py`.
//!
//! A hint asks every edge of a polygon around its row, which may have ten thousand. So few rows are asked in one section of
//! the engine's lock, and for a batch no longer than [`HINT_TIME_MAX`]; what is left then, and messages with more devices
//! than are told for certain, is for the control side, which chooses whom to tell.

use std::cell::RefMut;
use std::rc::Rc;
use std::time::Instant;

use crate::admission::Batch;
use crate::limits::{HINT_ROW_COUNT_MAX, HINT_SECTION_ROW_COUNT, HINT_TIME_MAX};
use crate::matcher::{HintRules, Matcher};
use crate::rows::{HintRow, PingRow};
use crate::streams::PingStream;
use crate::worker::Worker;

/// Rows of some messages, and what they are told.
#[derive(Debug, Default)]
pub(crate) struct Hinting {
    /// Within their messages.
    rows: Vec<i32>,
    pings: Vec<PingRow>,
    hints: Vec<HintRow>,
    /// Of the batch, each with where its rows end.
    messages: Vec<(usize, usize)>,
}

impl Hinting {
    fn clear(&mut self) {
        self.rows.clear();
        self.pings.clear();
        self.hints.clear();
        self.messages.clear();
    }

    /// Of each device's last row that is of use; nothing where too many devices have one.
    fn add(&mut self, message: usize, pings: &[PingRow], rules: HintRules) {
        let first = self.rows.len();
        let count = i32::try_from(pings.len()).unwrap_or(i32::MAX);
        let good = pings.iter().zip(0..count).rev().filter(|(ping, _)| is_good(ping, rules));
        for (ping, row) in good {
            // the last rows come first, and few devices are kept
            if self.pings[first..].iter().any(|other| other.device_key == ping.device_key) {
                continue;
            }
            if self.rows.len() - first == HINT_ROW_COUNT_MAX {
                self.rows.truncate(first);
                self.pings.truncate(first);
                return;
            }
            self.rows.push(row);
            self.pings.push(*ping);
        }
        self.rows[first..].reverse();
        self.pings[first..].reverse();
        self.messages.push((message, self.rows.len()));
    }

    /// As many as there is time for.
    fn ask(&mut self, mut matcher: RefMut<'_, Box<dyn Matcher>>) {
        let began = Instant::now();
        for section in self.pings.chunks(HINT_SECTION_ROW_COUNT) {
            let count = self.hints.len();
            if !matcher.hint(section, &mut self.hints) {
                self.hints.truncate(count);
                return;
            }
            if began.elapsed() >= HINT_TIME_MAX {
                return;
            }
        }
    }
}

impl Worker {
    /// Put hints into the drafts of these messages, which are decided and wait for nothing else. Returns those that were
    /// told all there is to tell; the others are for the control side.
    pub(crate) fn tell_hints(&self, batch: &Batch<Rc<PingStream>>, wanting: impl Iterator<Item = usize>) -> Vec<usize> {
        let mut hinting = self.hinting.borrow_mut();
        hinting.clear();
        let Some(rules) = self.matcher.borrow_mut().hint_rules() else { return Vec::new() };
        wanting.for_each(|message| hinting.add(message, &batch.columns.pings[batch.rows_of(message)], rules));
        hinting.ask(self.matcher.borrow_mut());
        let (mut start, mut told) = (0, Vec::new());
        for &(message, end) in hinting.messages.iter().take_while(|&&(_, end)| end <= hinting.hints.len()) {
            let item = &batch.messages[message];
            let hints = hinting.rows[start..end].iter().copied().zip(&hinting.hints[start..end]);
            item.stream.state.borrow_mut().drafts.next_pings(item.sequence, hints);
            told.push(message);
            start = end;
        }
        told
    }
}

/// By what the row itself says: its verdict is not asked, so nothing of it is told.
fn is_good(ping: &PingRow, rules: HintRules) -> bool {
    ping.malformed == 0
        && i64::from(ping.accuracy_cm) <= rules.accuracy_max_cm
        && ping.fix_time_ms <= ping.now_ms.saturating_add(rules.future_tolerance_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: HintRules = HintRules { accuracy_max_cm: 10_000, future_tolerance_ms: 30_000 };

    fn ping(device_key: i64, accuracy_cm: i32, fix_time_ms: i64) -> PingRow {
        PingRow { device_key, fix_time_ms, accuracy_cm, ..PingRow::default() }
    }

    #[test]
    fn each_device_is_told_of_by_its_last_good_row() {
        let malformed = PingRow { malformed: 1, ..ping(7, 5, 0) };
        let rows = [ping(1, 5, 0), ping(2, 5, 0), ping(1, 10_000, 30_000), ping(2, 10_001, 0), malformed];
        let mut hinting = Hinting::default();
        hinting.add(3, &rows, RULES);
        hinting.add(4, &[ping(1, 5, 30_001)], RULES);
        hinting.add(5, &rows[..1], RULES);
        assert_eq!(hinting.rows, [1, 2, 0]);
        assert_eq!(hinting.pings, [rows[1], rows[2], rows[0]]);
        assert_eq!(hinting.messages, [(3, 2), (4, 2), (5, 3)]);
    }

    #[test]
    fn a_message_of_many_devices_is_not_for_us() {
        let rows: Vec<_> = (0..=40).map(|key| ping(key, 5, 0)).collect();
        let mut hinting = Hinting::default();
        hinting.add(0, &rows, RULES);
        hinting.add(1, &rows[..40], RULES);
        assert_eq!((hinting.rows.len(), &hinting.messages[..]), (40, &[(1, 40)][..]));
    }
}
