//! The bounded way from a worker to the control side.

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicUsize, Ordering::AcqRel, Ordering::Acquire};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::control::{Crossing, LeftOffer, RefusedCall, Tried};
use crate::counters::WorkerCounters;
use crate::limits::{CROSSING_COUNT_MAX, REFUSED_CALL_COUNT_MAX, TRIED_COUNT_MAX};
use crate::rows::TryRow;

/// Wakes the control side; called from workers, must not wait. Called where nothing waited before.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// Slots beyond those of batches: one each for [`Crossing::Left`] and [`Crossing::Refused`], which collect what waits, and
/// [`DECIDING_COUNT`].
const RESERVED_COUNT: usize = 2 + DECIDING_COUNT;
/// Kept for rows the control side decides: their winners when it has, and the next [`Crossing::Undecided`]. It takes all
/// that waits before it decides, so there is never more of them.
const DECIDING_COUNT: usize = 2;

/// The worker's end.
pub(crate) struct Outbox {
    sender: SyncSender<Crossing>,
    waiting: Arc<AtomicUsize>,
    tried: Arc<TriedBuffer>,
    wake: Wake,
    left: RefCell<Vec<LeftOffer>>,
    refused: RefCell<Vec<RefusedCall>>,
    /// Whether [`Outbox::flush`] has something to do.
    is_dirty: Cell<bool>,
}

/// The control side's end.
pub(crate) struct OutboxReader {
    receiver: Receiver<Crossing>,
    waiting: Arc<AtomicUsize>,
    tried: Arc<TriedBuffer>,
}

/// What a worker puts and Python takes, each within microseconds.
#[derive(Default)]
struct TriedBuffer(Mutex<Vec<Tried>>);

impl TriedBuffer {
    fn lock(&self) -> MutexGuard<'_, Vec<Tried>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outbox {
    pub(crate) fn new(wake: Wake) -> (Self, OutboxReader) {
        let (sender, receiver) = sync_channel(CROSSING_COUNT_MAX + RESERVED_COUNT);
        let waiting = Arc::new(AtomicUsize::new(0));
        let tried = Arc::new(TriedBuffer::default());
        let reader = OutboxReader { receiver, waiting: Arc::clone(&waiting), tried: Arc::clone(&tried) };
        let (left, refused) = (RefCell::default(), RefCell::default());
        (Self { sender, waiting, tried, wake, left, refused, is_dirty: Cell::new(false) }, reader)
    }

    /// Batches that may still cross; only the worker makes it smaller.
    pub(crate) fn free_count(&self) -> usize {
        CROSSING_COUNT_MAX.saturating_sub(self.waiting.load(Acquire))
    }

    /// A batch, after `free_count` said that there is room, or undecided rows. Once nobody takes crossings any more, none
    /// is wanted.
    ///
    /// # Panics
    ///
    /// Without a slot: then winners or undecided rows would be lost in silence. The worker ends and is missed.
    pub(crate) fn cross(&self, crossing: Crossing) {
        match self.sender.try_send(crossing) {
            Ok(()) => {
                if self.waiting.fetch_add(1, AcqRel) == 0 {
                    (self.wake)();
                }
            }
            Err(TrySendError::Disconnected(_)) => {}
            Err(TrySendError::Full(_)) => panic!("a crossing found no slot though one was kept for it"),
        }
    }

    /// Tries for whoever asks some day why there was nothing: nobody is woken. Counted only where too many wait.
    pub(crate) fn remember(&self, context_number: i64, tries: &[TryRow], counters: &WorkerCounters) {
        if tries.is_empty() {
            return;
        }
        let mut waiting = self.tried.lock();
        let count: usize = waiting.iter().map(|item| item.tries.len()).sum();
        if count + tries.len() > TRIED_COUNT_MAX {
            return counters.untold_tries.add_count(tries.len());
        }
        match waiting.last_mut() {
            Some(last) if last.context_number == context_number => last.tries.extend_from_slice(tries),
            _ => waiting.push(Tried { context_number, tries: tries.to_vec() }),
        }
    }

    /// Tell what became of an offer. Never lost: collected until it can cross. Bounded by the offers that were given to
    /// this worker.
    pub(crate) fn tell_left(&self, offer: LeftOffer) {
        self.left.borrow_mut().push(offer);
        self.is_dirty.set(true);
    }

    /// Tell of a refused call; counted only where too many wait.
    pub(crate) fn tell_refused(&self, call: RefusedCall, counters: &WorkerCounters) {
        let mut refused = self.refused.borrow_mut();
        if refused.len() >= REFUSED_CALL_COUNT_MAX {
            counters.untold_refusals.add(1);
        } else {
            refused.push(call);
            self.is_dirty.set(true);
        }
    }

    /// Send on what was collected, if there is room. True where something is left.
    pub(crate) fn flush(&self) -> bool {
        if !self.is_dirty.get() {
            return false;
        }
        // at most one of each beyond what batches may fill
        let is_short = || self.waiting.load(Acquire) + DECIDING_COUNT >= CROSSING_COUNT_MAX + RESERVED_COUNT;
        let left = self.left.take();
        if !left.is_empty() {
            if is_short() {
                self.left.replace(left);
                return true;
            }
            self.cross(Crossing::Left(left));
        }
        let refused = self.refused.take();
        if !refused.is_empty() {
            if is_short() {
                self.refused.replace(refused);
                return true;
            }
            self.cross(Crossing::Refused(refused));
        }
        self.is_dirty.set(false);
        false
    }
}

impl OutboxReader {
    /// Take the tries that were remembered.
    pub(crate) fn take_tried(&self) -> Vec<Tried> {
        std::mem::take(&mut *self.tried.lock())
    }

    /// Take all that waits.
    pub(crate) fn take(&self, out: &mut Vec<Crossing>) {
        while let Ok(crossing) = self.receiver.try_recv() {
            out.push(crossing);
            self.waiting.fetch_sub(1, AcqRel);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn is_bounded_and_loses_no_offer() {
        let woken = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&woken);
        let (outbox, reader) = Outbox::new(Arc::new(move || {
            seen.fetch_add(1, AcqRel);
        }));
        let mut key = 0;
        let mut offers = 0;
        while outbox.free_count() > 0 {
            outbox.tell_left(LeftOffer { decision_key: key, is_sent: true, at_ns: key });
            (key, offers) = (key + 1, offers + 1);
            assert!(!outbox.flush());
        }
        for _ in 0..10 {
            outbox.tell_left(LeftOffer { decision_key: key, is_sent: false, at_ns: key });
            (key, offers) = (key + 1, offers + 1);
            outbox.flush();
        }
        assert!(outbox.flush());
        let undecided = || Crossing::Undecided { worker: 0, pings: vec![], ages_ms: vec![], arrivals_ms: vec![] };
        outbox.cross(undecided()); // a slot is kept for what Python has decided
        outbox.cross(undecided()); // and one for the next that it is to decide
        assert!(catch_unwind(AssertUnwindSafe(|| outbox.cross(undecided()))).is_err(), "none is lost in silence");
        assert_eq!(woken.load(Acquire), 1);
        let mut all = Vec::new();
        reader.take(&mut all);
        assert!(!outbox.flush());
        reader.take(&mut all);
        let told: usize =
            all.iter().map(|crossing| if let Crossing::Left(left) = crossing { left.len() } else { 0 }).sum();
        assert_eq!(told, offers);
        assert_eq!(outbox.free_count(), CROSSING_COUNT_MAX);
        drop(reader);
        outbox.cross(undecided()); // of a plane that is over
    }

    #[test]
    fn tries_are_collected_by_their_context_and_bounded() {
        let (outbox, reader) = Outbox::new(Arc::new(|| panic!("nobody is woken for tries")));
        let counters = WorkerCounters::default();
        let row = |time_ms| TryRow { time_ms, ..TryRow::default() };
        outbox.remember(1, &[row(10)], &counters);
        outbox.remember(1, &[row(11)], &counters);
        outbox.remember(2, &[row(12)], &counters);
        let expected = [(1, vec![row(10), row(11)]), (2, vec![row(12)])];
        let expected = expected.map(|(context_number, tries)| Tried { context_number, tries });
        assert_eq!(reader.take_tried(), expected);
        assert_eq!(reader.take_tried(), []);
        outbox.remember(2, &vec![row(13); TRIED_COUNT_MAX], &counters);
        outbox.remember(3, &[row(14)], &counters);
        assert_eq!(reader.take_tried().iter().map(|item| item.tries.len()).sum::<usize>(), TRIED_COUNT_MAX);
        assert_eq!(counters.untold_tries.get(), 1);
    }
}
