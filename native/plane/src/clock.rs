//! The plane's clock: [`Instant`] as nanoseconds since the plane began, as deadlines and arrivals are told in.

use std::time::Instant;

/// Copied to every worker; all copies tell the same time.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    began: Instant,
}

impl Clock {
    /// Begins now, a second after zero, so that 0 can mean "never".
    #[must_use]
    pub fn new() -> Self {
        Self { began: Instant::now() }
    }

    /// Nanoseconds, 10⁹ when the plane began.
    #[must_use]
    pub fn now_ns(self) -> i64 {
        self.ns_of(Instant::now())
    }

    /// `now_ns` as of `at`.
    #[must_use]
    pub fn ns_of(self, at: Instant) -> i64 {
        let since = at.saturating_duration_since(self.began).as_nanos();
        i64::try_from(since).map_or(i64::MAX, |since| since.saturating_add(1_000_000_000))
    }

    /// The moment `now_ns` tells as `at_ns`, as far as an [`Instant`] can tell it.
    #[must_use]
    pub fn instant(self, at_ns: i64) -> Option<Instant> {
        let since = u64::try_from(at_ns.saturating_sub(1_000_000_000)).unwrap_or(0);
        self.began.checked_add(std::time::Duration::from_nanos(since))
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}
