//! So many handshakes a second, in the order they came in.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Turns at even distances; up to a second's worth at once.
pub struct Pace {
    /// Between two turns; zero = without bound.
    distance: Duration,
    burst: Duration,
    wait_max: Duration,
    next: Mutex<Option<Instant>>,
}

impl Pace {
    /// `per_s`: 0 = without bound. Nobody waits longer than `wait_max`.
    pub fn new(per_s: u32, wait_max: Duration) -> Self {
        let distance = if per_s == 0 { Duration::ZERO } else { Duration::from_secs(1) / per_s };
        Self { distance, burst: Duration::from_secs(1), wait_max, next: Mutex::new(None) }
    }

    /// How long to wait for one's turn, which is taken; None: too long, and no turn is taken.
    pub fn turn(&self, now: Instant) -> Option<Duration> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = next.unwrap_or(now).max(now);
        let wait = turn.saturating_duration_since(now + self.burst);
        if wait > self.wait_max {
            return None;
        }
        *next = Some(turn + self.distance);
        Some(wait)
    }

    /// The turn was not needed.
    pub fn give_back(&self) {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        *next = next.and_then(|next| next.checked_sub(self.distance));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_s_worth_at_once_then_in_turn_then_nobody() {
        let (pace, now) = (Pace::new(10, Duration::from_secs(1)), Instant::now());
        let waits: Vec<_> = (0..25).map(|_| pace.turn(now)).collect();
        assert!(waits[..11].iter().all(|wait| *wait == Some(Duration::ZERO)));
        assert_eq!(waits[11], Some(Duration::from_millis(100)));
        assert_eq!(waits[20], Some(Duration::from_secs(1)));
        assert!(waits[21..].iter().all(Option::is_none), "and these take no turn of others");
        pace.give_back();
        assert_eq!(pace.turn(now), Some(Duration::from_secs(1)));
        assert_eq!(pace.turn(now + Duration::from_secs(60)), Some(Duration::ZERO));
    }

    #[test]
    fn without_a_rate_nobody_waits() {
        let (pace, now) = (Pace::new(0, Duration::ZERO), Instant::now());
        assert!((0..10_000).all(|_| pace.turn(now) == Some(Duration::ZERO)));
    }
}
