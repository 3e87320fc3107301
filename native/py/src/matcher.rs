//! The Numba matcher behind `geooffer_plane::matcher::Matcher`: one per worker, buffers of its own, the engine's lock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use geooffer_plane::limits::PING_BATCH_ROW_COUNT_MAX;
use geooffer_plane::matcher::{Gate, Matcher, Outcome, Step};
use geooffer_plane::rows::{PingRow, WINNER_ROW_OFFSET, WinnerRow};

use crate::engine_lock::Lock;
use crate::raw::{Buffers, Entry};

/// Where `try_index` (int32) lies in a WINNER row.
const WINNER_TRY_INDEX_OFFSET: usize = 132;
/// The outcome's buffers are full: what is in them is taken, and the rest decided by another call.
const REASON_FULL: i64 = 2;
/// A call was refused as misuse, or reasons beyond those known.
const REASON_COUNT: usize = 8;

/// The clock that Python's rim reads too: wall time at one moment, and since then monotonic.
#[derive(Clone, Copy)]
pub struct RealClock {
    /// That moment.
    pub since: Instant,
    /// Nanoseconds since 1970 at that moment.
    pub since_ns: i64,
}

impl RealClock {
    fn now_ms(&self) -> i64 {
        let passed_ns = i64::try_from(self.since.elapsed().as_nanos()).unwrap_or(i64::MAX);
        self.since_ns.saturating_add(passed_ns) / 1_000_000
    }
}

/// How often the matcher left rows to Python, by its reason; the last one counts misuse.
#[derive(Default)]
pub struct MatcherCounts([AtomicU64; REASON_COUNT + 1]);

impl MatcherCounts {
    /// By number of the reason; the last = calls that were refused as misuse.
    pub fn all(&self) -> Vec<u64> {
        self.0.iter().map(|count| count.load(Ordering::Relaxed)).collect()
    }

    fn count(&self, reason: i64) {
        let index = usize::try_from(reason).unwrap_or(REASON_COUNT).min(REASON_COUNT);
        self.0[index].fetch_add(1, Ordering::Relaxed);
    }
}

/// See the module's documentation.
pub struct NumbaMatcher {
    entry: Entry,
    lock: Arc<Lock>,
    clock: RealClock,
    counts: Arc<MatcherCounts>,
    buffers: Buffers,
}

impl NumbaMatcher {
    /// One worker's.
    pub fn new(entry: Entry, lock: Arc<Lock>, clock: RealClock, counts: Arc<MatcherCounts>) -> Self {
        Self { entry, lock, clock, counts, buffers: Buffers::new(PING_BATCH_ROW_COUNT_MAX) }
    }

    /// Append what the latest call found, from row `from` on.
    fn take(&mut self, from: usize, outcome: &mut Outcome) {
        let shift = i32::try_from(from).unwrap_or(i32::MAX);
        let tries_before = i32::try_from(outcome.tries.len()).unwrap_or(i32::MAX);
        if from > 0 {
            self.buffers.transitions().iter_mut().for_each(|row| row.row += shift);
            self.buffers.tries().iter_mut().for_each(|row| row.row += shift);
            for winner in self.buffers.winners() {
                grow(winner, WINNER_ROW_OFFSET, shift);
                grow(winner, WINNER_TRY_INDEX_OFFSET, tries_before);
            }
        }
        outcome.transitions.extend_from_slice(self.buffers.transitions());
        outcome.tries.extend_from_slice(self.buffers.tries());
        outcome.winners.extend_from_slice(self.buffers.winners());
        outcome.catalog_generation = self.buffers.catalog_generation();
        outcome.context_number = self.buffers.context_number();
        outcome.future_tolerance_ms = self.buffers.future_tolerance_ms();
    }
}

/// Add to the int32 at `offset` of a winner.
fn grow(winner: &mut WinnerRow, offset: usize, by: i32) {
    if let Some(bytes) = winner.0.get_mut(offset..offset + 4) {
        let mut value = [0; 4];
        value.copy_from_slice(bytes);
        bytes.copy_from_slice(&(i32::from_le_bytes(value).wrapping_add(by)).to_le_bytes());
    }
}

impl Matcher for NumbaMatcher {
    fn decide(
        &mut self,
        pings: &mut [PingRow],
        ages_ms: &[i64],
        winner_count_max: usize,
        outcome: &mut Outcome,
    ) -> Step {
        outcome.verdicts.clear();
        outcome.verdicts.resize(pings.len(), 0);
        outcome.transitions.clear();
        outcome.tries.clear();
        outcome.winners.clear();
        let lock = Arc::clone(&self.lock);
        let _section = lock.enter();
        let real_now_ms = self.clock.now_ms();
        let mut from = 0;
        while from < pings.len() {
            let end = pings.len().min(from + PING_BATCH_ROW_COUNT_MAX);
            let winners_left = winner_count_max.saturating_sub(outcome.winners.len());
            let decided = self.entry.decide(
                &mut pings[from..end],
                ages_ms.get(from..end).unwrap_or_default(),
                real_now_ms,
                i64::try_from(winners_left).unwrap_or(i64::MAX),
                &mut outcome.verdicts[from..end],
                &mut self.buffers,
            );
            let Ok(decided) = usize::try_from(decided) else {
                self.counts.count(-1);
                return Step::Undecided { from_row: from };
            };
            let decided = decided.min(end - from);
            self.take(from, outcome);
            from += decided;
            if from < end && (decided == 0 || self.buffers.reason() != REASON_FULL) {
                self.counts.count(self.buffers.reason());
                return Step::Undecided { from_row: from };
            }
        }
        Step::Done
    }

    fn may_send(&mut self, gate: &Gate) -> bool {
        let _section = self.lock.enter();
        let (slot, epoch) = (i64::from(gate.person_slot), i64::from(gate.consent_epoch));
        self.entry.may_send(slot, gate.person_key, epoch, gate.policy_version)
    }
}

/// Of an echo, which decides nothing: all rows are accepted.
pub struct NoMatcher;

impl Matcher for NoMatcher {
    fn decide(&mut self, pings: &mut [PingRow], _ages: &[i64], _winners: usize, outcome: &mut Outcome) -> Step {
        outcome.verdicts.clear();
        outcome.verdicts.resize(pings.len(), 1);
        outcome.transitions.clear();
        outcome.tries.clear();
        outcome.winners.clear();
        Step::Done
    }

    fn may_send(&mut self, _gate: &Gate) -> bool {
        false
    }
}
