//! The Numba matcher behind `geooffer_plane::matcher::Matcher`: one per worker, buffers of its own, the engine's lock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use geooffer_plane::limits::PING_BATCH_ROW_COUNT_MAX;
use geooffer_plane::matcher::{Gate, HintRules, Matcher, Outcome, Step};
use geooffer_plane::rows::{HintRow, PingRow, WINNER_ROW_OFFSET, WinnerRow};

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
    /// Whether fixes age while their rows wait: not where the pings themselves tell the engine's time.
    pub waiting_ages: bool,
}

impl RealClock {
    fn ms_of(&self, at: Instant) -> i64 {
        let passed_ns = i64::try_from(at.saturating_duration_since(self.since).as_nanos()).unwrap_or(i64::MAX);
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
    /// Of the rows of a call, at the moment it is made.
    ages_ms: Vec<i64>,
    /// Of calls for hints.
    hint_workspace: Vec<u64>,
}

impl NumbaMatcher {
    /// One worker's.
    pub fn new(entry: Entry, lock: Arc<Lock>, clock: RealClock, counts: Arc<MatcherCounts>) -> Self {
        let buffers = Buffers::new(PING_BATCH_ROW_COUNT_MAX);
        Self { entry, lock, clock, counts, buffers, ages_ms: Vec::new(), hint_workspace: Vec::new() }
    }

    /// Fixes are older by the time their rows waited; see `EngineClock.stamp`.
    fn age(&mut self, ages_ms: &[i64], arrivals_ms: &[i64], real_now_ms: i64) {
        let waiting_ages = self.clock.waiting_ages;
        let aged = |(&age_ms, &arrival_ms): (&i64, &i64)| {
            let waited_ms = if waiting_ages { real_now_ms.saturating_sub(arrival_ms).max(0) } else { 0 };
            age_ms.saturating_add(waited_ms)
        };
        self.ages_ms.clear();
        self.ages_ms.extend(ages_ms.iter().zip(arrivals_ms).map(aged));
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
        arrivals_ms: &[i64],
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
        let real_now_ms = self.clock.ms_of(Instant::now());
        self.age(ages_ms, arrivals_ms, real_now_ms);
        let mut from = 0;
        while from < pings.len() {
            let end = pings.len().min(from + PING_BATCH_ROW_COUNT_MAX);
            let winners_left = winner_count_max.saturating_sub(outcome.winners.len());
            let decided = self.entry.decide(
                &mut pings[from..end],
                self.ages_ms.get(from..end).unwrap_or_default(),
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

    fn real_ms(&self, at: Instant) -> i64 {
        self.clock.ms_of(at)
    }

    fn hint_rules(&mut self) -> Option<HintRules> {
        let _section = self.lock.enter();
        let [accuracy_max_cm, future_tolerance_ms] = self.entry.hint_rules();
        Some(HintRules { accuracy_max_cm, future_tolerance_ms })
    }

    fn hint(&mut self, pings: &[PingRow], hints: &mut Vec<HintRow>) -> bool {
        let _section = self.lock.enter();
        self.entry.hint(pings, hints, &mut self.hint_workspace)
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
    fn decide(
        &mut self,
        pings: &mut [PingRow],
        _ages: &[i64],
        _arrivals: &[i64],
        _winners: usize,
        outcome: &mut Outcome,
    ) -> Step {
        outcome.verdicts.clear();
        outcome.verdicts.resize(pings.len(), 1);
        outcome.transitions.clear();
        outcome.tries.clear();
        outcome.winners.clear();
        Step::Done
    }

    fn real_ms(&self, _at: Instant) -> i64 {
        0
    }

    fn hint_rules(&mut self) -> Option<HintRules> {
        None
    }

    fn hint(&mut self, _pings: &[PingRow], _hints: &mut Vec<HintRow>) -> bool {
        false
    }

    fn may_send(&mut self, _gate: &Gate) -> bool {
        false
    }
}
