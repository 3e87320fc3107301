//! A slow, obvious matcher: a row's session tells what becomes of it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use geooffer_plane::matcher::{Gate, HintRules, Matcher, Outcome, Step};
use geooffer_plane::rows::{HintRow, PingRow, TransitionRow, TryRow, WINNER_ROW_OFFSET, WINNER_SIZE_BYTES, WinnerRow};

pub const ACCEPT: i64 = 0;
/// Enters fence 1.
pub const ENTER: i64 = 1;
pub const TRY: i64 = 2;
pub const WIN: i64 = 3;
/// Only the control side can decide it.
pub const UNDECIDED: i64 = 4;
/// The call takes 100 ms.
pub const SLOW: i64 = 5;
/// + the verdict of the row.
pub const VERDICT: i64 = 100;

pub const ACCEPTED: u8 = 10;

static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);

#[derive(Default)]
pub struct Seen {
    pub calls: AtomicUsize,
    pub rows: AtomicUsize,
    pub longest: AtomicUsize,
    pub gate_is_shut: AtomicBool,
    pub knows_hints: AtomicBool,
    pub hints: AtomicUsize,
}

pub struct Opcodes(pub Arc<Seen>);

impl Matcher for Opcodes {
    fn decide(
        &mut self,
        pings: &mut [PingRow],
        ages: &[i64],
        arrivals: &[i64],
        winner_count_max: usize,
        outcome: &mut Outcome,
    ) -> Step {
        assert_eq!((pings.len(), pings.len()), (ages.len(), arrivals.len()));
        assert!(arrivals.is_sorted() && arrivals.iter().all(|&arrival_ms| arrival_ms > 0));
        self.0.calls.fetch_add(1, Ordering::Relaxed);
        self.0.longest.fetch_max(pings.len(), Ordering::Relaxed);
        outcome.verdicts.clear();
        outcome.transitions.clear();
        outcome.tries.clear();
        outcome.winners.clear();
        outcome.catalog_generation = 9;
        for (row, ping) in pings.iter_mut().enumerate() {
            if !decide(ping, row, winner_count_max, outcome) {
                return Step::Undecided { from_row: row };
            }
            self.0.rows.fetch_add(1, Ordering::Relaxed);
        }
        Step::Done
    }

    fn real_ms(&self, at: Instant) -> i64 {
        let since = at.saturating_duration_since(*BEGAN).as_millis();
        i64::try_from(since).unwrap() + 1
    }

    fn hint_rules(&mut self) -> Option<HintRules> {
        let knows = self.0.knows_hints.load(Ordering::Relaxed);
        knows.then_some(HintRules { accuracy_max_cm: i64::MAX, future_tolerance_ms: i64::MAX })
    }

    fn hint(&mut self, pings: &[PingRow], hints: &mut Vec<HintRow>) -> bool {
        self.0.hints.fetch_add(pings.len(), Ordering::Relaxed);
        hints.extend(pings.iter().map(|ping| HintRow { distance_m: ping.sequence, ..HintRow::default() }));
        true
    }

    fn may_send(&mut self, _: &Gate) -> bool {
        !self.0.gate_is_shut.load(Ordering::Relaxed)
    }
}

/// False where it is left undecided.
pub fn decide(ping: &mut PingRow, row: usize, winner_count_max: usize, outcome: &mut Outcome) -> bool {
    let row_number = i32::try_from(row).unwrap();
    let mut verdict = ACCEPTED;
    match ping.session_id {
        UNDECIDED => return false,
        SLOW => std::thread::sleep(Duration::from_millis(100)),
        ENTER => outcome.transitions.push(TransitionRow { row: row_number, fence_number: 1, ..Default::default() }),
        TRY => outcome.tries.push(TryRow { row: row_number, ..Default::default() }),
        WIN => {
            if outcome.winners.len() >= winner_count_max {
                return false;
            }
            let mut winner = [0; WINNER_SIZE_BYTES];
            winner[WINNER_ROW_OFFSET..WINNER_ROW_OFFSET + 4].copy_from_slice(&row_number.to_le_bytes());
            outcome.winners.push(WinnerRow(winner));
        }
        session => verdict = u8::try_from((session - VERDICT).max(0)).unwrap(),
    }
    if verdict == 0 {
        verdict = ACCEPTED;
    }
    if ping.malformed != 0 {
        verdict = 1;
    }
    ping.now_ms = 5;
    outcome.verdicts.push(verdict);
    true
}
