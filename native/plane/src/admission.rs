//! The queue between the streams of a worker and the matcher: bounded, oldest shed first (semantics D7).
//!
//! A message carries its deadline from arrival. Once it has passed, the message is SHED: its rows are never looked at,
//! because a late offer is a wrong offer. When the queue is full, the oldest messages are shed to make room: they are the
//! ones closest to being late. Rows lie in columns in the order of their messages; a batch takes them over.

use std::collections::VecDeque;
use std::ops::Range;

use crate::limits::ADMISSION_QUEUE_ROW_COUNT_MAX;
use crate::wire::decode::Columns;

/// A message that waits; `S` names its stream.
#[derive(Clone, Debug)]
pub(crate) struct Queued<S> {
    pub(crate) stream: S,
    pub(crate) sequence: i64,
    pub(crate) row_count: usize,
    pub(crate) malformed_count: usize,
    pub(crate) wants_next_ping: bool,
    /// `i64::MAX` = never.
    pub(crate) deadline_ns: i64,
    pub(crate) arrival_ns: i64,
    /// The same moment by [`crate::matcher::Matcher::real_ms`].
    pub(crate) arrival_ms: i64,
}

/// A message that is not decided.
#[derive(Debug)]
pub(crate) struct Shed<S> {
    pub(crate) item: Queued<S>,
    /// Which rows the decoder refused; empty = none of them.
    pub(crate) malformed: Vec<bool>,
}

/// What one call of the matcher decides.
#[derive(Debug)]
pub(crate) struct Batch<S> {
    pub(crate) messages: Vec<Queued<S>>,
    /// Where the rows of each message end.
    pub(crate) ends: Vec<usize>,
    pub(crate) columns: Columns,
    /// When each row arrived.
    pub(crate) arrivals_ms: Vec<i64>,
}

impl<S> Default for Batch<S> {
    fn default() -> Self {
        Self { messages: Vec::new(), ends: Vec::new(), columns: Columns::default(), arrivals_ms: Vec::new() }
    }
}

impl<S> Batch<S> {
    pub(crate) fn clear(&mut self) {
        self.messages.clear();
        self.ends.clear();
        self.columns.clear();
        self.arrivals_ms.clear();
    }

    /// Rows of a message.
    pub(crate) fn rows_of(&self, index: usize) -> Range<usize> {
        let end = self.ends[index];
        end - self.messages[index].row_count..end
    }

    fn push(&mut self, item: Queued<S>) {
        let end = self.ends.last().copied().unwrap_or(0) + item.row_count;
        self.arrivals_ms.resize(end, item.arrival_ms);
        self.ends.push(end);
        self.messages.push(item);
    }
}

/// Messages in the order of arrival.
#[derive(Debug)]
pub(crate) struct AdmissionQueue<S> {
    messages: VecDeque<Queued<S>>,
    /// Rows are appended by the decoder, then [`AdmissionQueue::put`] tells whose they are.
    pub(crate) columns: Columns,
    /// Rows of `columns` before it are gone.
    head: usize,
    row_count_max: usize,
}

impl<S> Default for AdmissionQueue<S> {
    fn default() -> Self {
        Self::new(ADMISSION_QUEUE_ROW_COUNT_MAX)
    }
}

impl<S> AdmissionQueue<S> {
    pub(crate) fn new(row_count_max: usize) -> Self {
        Self { messages: VecDeque::new(), columns: Columns::default(), head: 0, row_count_max }
    }

    /// Rows that wait.
    pub(crate) fn row_count(&self) -> usize {
        self.columns.len() - self.head
    }

    /// Messages that wait.
    pub(crate) fn message_count(&self) -> usize {
        self.messages.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// When the oldest message came.
    pub(crate) fn oldest_arrival_ns(&self) -> Option<i64> {
        self.messages.front().map(|item| item.arrival_ns)
    }

    /// Append a message whose rows are the last ones of the columns; the messages that have to go for it are added to
    /// `shed`, oldest first.
    pub(crate) fn put(&mut self, item: Queued<S>, shed: &mut Vec<Shed<S>>) {
        while self.row_count() > self.row_count_max {
            let Some(oldest) = self.messages.pop_front() else { break };
            shed.push(self.shed(oldest));
        }
        self.messages.push_back(item);
    }

    /// The oldest messages of together ≤ `row_count_max` rows into `batch`, which is empty; those before them that came
    /// too late are added to `shed`.
    pub(crate) fn take(&mut self, now_ns: i64, row_count_max: usize, batch: &mut Batch<S>, shed: &mut Vec<Shed<S>>) {
        if self.takes_all(now_ns, row_count_max) {
            self.messages.drain(..).for_each(|item| batch.push(item));
            std::mem::swap(&mut self.columns, &mut batch.columns);
            return;
        }
        while let Some(item) = self.messages.front() {
            let is_late = item.deadline_ns < now_ns;
            if !is_late && batch.columns.len() + item.row_count > row_count_max {
                break;
            }
            let Some(item) = self.messages.pop_front() else { break };
            if is_late {
                let item = self.shed(item);
                shed.push(item);
            } else {
                let rows = self.head..self.head + item.row_count;
                batch.columns.pings.extend_from_slice(&self.columns.pings[rows.clone()]);
                batch.columns.ages_ms.extend_from_slice(&self.columns.ages_ms[rows.clone()]);
                self.head = rows.end;
                batch.push(item);
            }
        }
        self.compact();
    }

    /// Shed what is late before anything that is not.
    pub(crate) fn shed_late(&mut self, now_ns: i64, shed: &mut Vec<Shed<S>>) {
        while self.messages.front().is_some_and(|item| item.deadline_ns < now_ns) {
            let Some(item) = self.messages.pop_front() else { break };
            let item = self.shed(item);
            shed.push(item);
        }
        self.compact();
    }

    /// Forget everything.
    pub(crate) fn clear(&mut self) {
        self.messages.clear();
        self.columns.clear();
        self.head = 0;
    }

    /// The usual case: nothing is late, everything fits.
    fn takes_all(&self, now_ns: i64, row_count_max: usize) -> bool {
        self.head == 0
            && self.columns.len() <= row_count_max
            && self.messages.iter().all(|item| item.deadline_ns >= now_ns)
    }

    /// The rows at the head are those of `item`.
    fn shed(&mut self, item: Queued<S>) -> Shed<S> {
        let rows = self.head..self.head + item.row_count;
        self.head = rows.end;
        let mut malformed = Vec::new();
        if item.malformed_count > 0 {
            malformed.extend(self.columns.pings[rows].iter().map(|ping| ping.malformed != 0));
        }
        Shed { item, malformed }
    }

    fn compact(&mut self) {
        if self.head * 2 >= self.columns.len() {
            self.columns.pings.drain(..self.head);
            self.columns.ages_ms.drain(..self.head);
            self.head = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::PingRow;

    fn put(queue: &mut AdmissionQueue<u32>, name: u32, row_count: usize, deadline_ns: i64) -> Vec<u32> {
        for row in 0..row_count {
            let sequence = i64::from(name) * 10_000 + i64::try_from(row).unwrap();
            let malformed = u8::from(row == 1);
            queue.columns.pings.push(PingRow { sequence, malformed, ..PingRow::default() });
            queue.columns.ages_ms.push(sequence);
        }
        let malformed_count = usize::from(row_count > 1);
        let item = Queued {
            stream: name,
            sequence: 1,
            row_count,
            malformed_count,
            wants_next_ping: false,
            deadline_ns,
            arrival_ns: i64::from(name),
            arrival_ms: i64::from(name),
        };
        let mut shed = Vec::new();
        queue.put(item, &mut shed);
        shed.iter().map(|shed| shed.item.stream).collect()
    }

    fn take(queue: &mut AdmissionQueue<u32>, now_ns: i64, row_count_max: usize) -> (Vec<u32>, Vec<u32>) {
        let (mut batch, mut shed) = (Batch::default(), Vec::new());
        queue.take(now_ns, row_count_max, &mut batch, &mut shed);
        for (index, item) in batch.messages.iter().enumerate() {
            for (row, place) in batch.rows_of(index).enumerate() {
                let expected = i64::from(item.stream) * 10_000 + i64::try_from(row).unwrap();
                assert_eq!(batch.columns.pings[place].sequence, expected);
                assert_eq!(batch.columns.ages_ms[place], expected);
                assert_eq!(batch.arrivals_ms[place], i64::from(item.stream));
            }
        }
        assert_eq!(batch.ends.last().copied().unwrap_or(0), batch.columns.len());
        assert_eq!(batch.arrivals_ms.len(), batch.columns.len());
        let shed = shed.iter().inspect(|shed| assert_eq!(shed.malformed.len() > 1, shed.item.row_count > 1));
        let shed = shed.map(|shed| shed.item.stream).collect();
        (batch.messages.iter().map(|item| item.stream).collect(), shed)
    }

    #[test]
    fn takes_whole_messages_in_order_and_sheds_the_late() {
        let mut queue = AdmissionQueue::new(100);
        for (name, row_count, deadline_ns) in [(1, 3, 50), (2, 2, 5), (3, 4, 50), (4, 1, 5), (5, 6, 50), (6, 1, 50)] {
            assert!(put(&mut queue, name, row_count, deadline_ns).is_empty());
        }
        assert_eq!((queue.row_count(), queue.message_count(), queue.oldest_arrival_ns()), (17, 6, Some(1)));
        assert_eq!(take(&mut queue, 10, 8), (vec![1, 3], vec![2, 4]));
        assert_eq!(queue.row_count(), 7);
        assert!(put(&mut queue, 7, 2, 50).is_empty());
        assert_eq!(take(&mut queue, 10, 8), (vec![5, 6], vec![]));
        assert_eq!(take(&mut queue, 51, 8), (vec![], vec![7]));
        assert!(queue.is_empty() && queue.row_count() == 0);
    }

    #[test]
    fn a_full_queue_sheds_its_oldest() {
        let mut queue = AdmissionQueue::new(10);
        assert!(put(&mut queue, 1, 4, 50).is_empty());
        assert!(put(&mut queue, 2, 4, 50).is_empty());
        assert_eq!(put(&mut queue, 3, 7, 50), [1, 2]);
        assert_eq!(take(&mut queue, 0, 8), (vec![3], vec![]));
    }
}
