//! Ends connections that are silent, unused or old: the times of `channel_options` in rpc/server.py.

use std::cell::Cell;
use std::future::{Future as _, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use h2::{Ping, PingPong};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::connections::Activity;

/// After what time what happens to a connection.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionTimes {
    /// Of silence: then it is pinged.
    pub keepalive: Duration,
    /// Without an answer to the ping: then it is cut.
    pub keepalive_timeout: Duration,
    /// Without a call: then it is told to go.
    pub idle: Duration,
    /// Of being open, ± 10 %: then it is told to go.
    pub age: Duration,
    /// After being told: then it is cut.
    pub grace: Duration,
}

impl Default for ConnectionTimes {
    fn default() -> Self {
        Self {
            keepalive: Duration::from_secs(60),
            keepalive_timeout: Duration::from_secs(20),
            idle: Duration::from_secs(600),
            age: Duration::from_secs(3_600),
            grace: Duration::from_secs(60),
        }
    }
}

/// The open calls of one connection, and since when there are none.
#[derive(Clone)]
pub struct Calls(Rc<Cell<(usize, Instant)>>);

impl Calls {
    /// None, since now.
    #[must_use]
    pub fn new() -> Self {
        Self(Rc::new(Cell::new((0, Instant::now()))))
    }

    /// One more, until the guard is dropped.
    #[must_use]
    pub fn begin(&self) -> Call {
        let (count, since) = self.0.get();
        self.0.set((count + 1, since));
        Call(self.clone())
    }

    /// How many are open.
    #[must_use]
    pub fn open_count(&self) -> usize {
        self.0.get().0
    }
}

impl Default for Calls {
    fn default() -> Self {
        Self::new()
    }
}

/// An open call of a connection.
pub struct Call(Calls);

impl Drop for Call {
    fn drop(&mut self) {
        let (count, since) = self.0.0.get();
        self.0.0.set((count - 1, if count == 1 { Instant::now() } else { since }));
    }
}

/// What to do with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Tell it to go: `graceful_shutdown`; calls that are open may end by themselves.
    Leave,
    /// Drop it.
    Cut,
}

/// Watches one connection, beside the loop that accepts its calls.
pub struct Keeper {
    times: ConnectionTimes,
    ping_pong: PingPong,
    activity: Activity,
    calls: Calls,
    /// Told to go at the latest then; once told, cut then.
    leaves_at: Instant,
    is_told: bool,
    pinged_at: Option<Instant>,
    timer: Pin<Box<Sleep>>,
}

impl Keeper {
    /// `dice`: any number that differs between connections; spreads their ages, so that they do not come back together.
    #[must_use]
    pub fn new(times: ConnectionTimes, ping_pong: PingPong, activity: Activity, calls: Calls, dice: u64) -> Self {
        let now = Instant::now();
        // the low bits of a multiplicative hash are poor, the high ones are not
        let percent = (dice.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) % 21;
        let age = times.age * u32::try_from(90 + percent).unwrap_or(100) / 100;
        let mut keeper = Self {
            times,
            ping_pong,
            activity,
            calls,
            leaves_at: now + age,
            is_told: false,
            pinged_at: None,
            timer: Box::pin(sleep_until(now)),
        };
        let first = keeper.next_look(now);
        keeper.timer.as_mut().reset(first);
        keeper
    }

    /// Returns when something is to be done; may be dropped and called again at any time.
    pub async fn next(&mut self) -> Keep {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Keep> {
        if self.pinged_at.is_some() {
            match self.ping_pong.poll_pong(cx) {
                Poll::Ready(Ok(_)) => self.pinged_at = None,
                Poll::Ready(Err(_)) => return Poll::Ready(Keep::Cut),
                Poll::Pending => {}
            }
        }
        while self.timer.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            let keep = self.look(now);
            let next = self.next_look(now);
            self.timer.as_mut().reset(next);
            if let Some(keep) = keep {
                return Poll::Ready(keep);
            }
            if self.pinged_at == Some(now) {
                // sent a moment ago: the answer has to find its waker
                return self.poll_next(cx);
            }
        }
        Poll::Pending
    }

    fn look(&mut self, now: Instant) -> Option<Keep> {
        if self.pinged_at.is_some_and(|at| now >= at + self.times.keepalive_timeout) {
            return Some(Keep::Cut);
        }
        let is_unused = self.calls.open_count() == 0 && now >= self.idle_since() + self.times.idle;
        if now >= self.leaves_at || (is_unused && !self.is_told) {
            if self.is_told {
                return Some(Keep::Cut);
            }
            (self.is_told, self.leaves_at) = (true, now + self.times.grace);
            return Some(Keep::Leave);
        }
        if self.pinged_at.is_none() && now >= self.activity.last() + self.times.keepalive {
            if self.ping_pong.send_ping(Ping::opaque()).is_err() {
                return Some(Keep::Cut);
            }
            self.pinged_at = Some(now);
        }
        None
    }

    fn next_look(&self, now: Instant) -> Instant {
        let silent_at = match self.pinged_at {
            Some(at) => at + self.times.keepalive_timeout,
            None => self.activity.last() + self.times.keepalive,
        };
        let unused_at = match self.calls.open_count() {
            0 if !self.is_told => self.idle_since() + self.times.idle,
            _ => now + self.times.idle,
        };
        self.leaves_at.min(silent_at).min(unused_at)
    }

    fn idle_since(&self) -> Instant {
        self.calls.0.get().1
    }
}
