//! How many rows a second each caller may send: the buckets of `geooffer/rpc/quotas.py`, shared by all workers.
//!
//! A bucket holds ten seconds of its rate. Nobody is remembered who could not be told from a newcomer: a full bucket is
//! forgotten, and of more callers than fit the one that was quiet for longest, unless a stream of its own is open.
//! Rows are taken here alone, calls of other services by Python alone: the two share rates, never a bucket.

mod table;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::identity::{Identity, Role};
use crate::limits::{PING_BATCH_ROW_COUNT_MAX, QUOTA_SUBJECT_COUNT_MAX};
use crate::quotas::table::Table;
use crate::refusal::{Code, Refusal};

/// A full bucket holds the rows of so many seconds.
const BURST_S: f64 = 10.0;
/// Or so many: a phone that was offline sends what it kept in full batches.
#[expect(clippy::cast_precision_loss, reason = "2,048")]
const BURST_MIN: f64 = 2.0 * PING_BATCH_ROW_COUNT_MAX as f64;

/// Rows a second of one caller; 0 = without bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowRates {
    /// Of a device.
    pub device_rows: u32,
    /// Of a gateway or operator.
    pub rows: u32,
}

/// A rate and how often it was replaced, in one word, so that no worker sees half of a change.
struct Rate(AtomicU64);

impl Rate {
    /// Replacements so far, and rows a second.
    fn now(&self) -> (u32, u32) {
        let word = self.0.load(Ordering::Acquire);
        #[expect(clippy::cast_possible_truncation, reason = "the two halves")]
        ((word >> 32) as u32, word as u32)
    }
}

/// When a bucket is full again: all there is to know of it.
#[derive(Default)]
struct Level {
    /// Seconds since the quotas began.
    full_at_s: f64,
    /// When rows were last taken.
    taken_at_s: f64,
    /// Of the rate by which this was reckoned.
    replacement: u32,
}

struct Bucket {
    is_device: bool,
    level: Mutex<Level>,
}

struct Shared {
    began: Instant,
    devices: Rate,
    others: Rate,
}

impl Shared {
    fn rate(&self, is_device: bool) -> &Rate {
        if is_device { &self.devices } else { &self.others }
    }

    fn seconds(&self, now: Instant) -> f64 {
        now.saturating_duration_since(self.began).as_secs_f64()
    }
}

/// One for all workers and listeners: who calls by two ways has one share.
pub struct RowQuotas {
    shared: Arc<Shared>,
    table: Mutex<Table>,
}

impl RowQuotas {
    /// All buckets are full.
    #[must_use]
    pub fn new(rates: RowRates) -> Self {
        Self::bounded(rates, QUOTA_SUBJECT_COUNT_MAX)
    }

    fn bounded(rates: RowRates, count_max: usize) -> Self {
        let shared = Shared {
            began: Instant::now(),
            devices: Rate(AtomicU64::new(rates.device_rows.into())),
            others: Rate(AtomicU64::new(rates.rows.into())),
        };
        Self { shared: Arc::new(shared), table: Mutex::new(Table::new(count_max)) }
    }

    /// Other rates from now on, for streams that are open, too; all buckets begin full.
    pub fn replace(&self, rates: RowRates) {
        for (cell, rate) in [(&self.shared.devices, rates.device_rows), (&self.shared.others, rates.rows)] {
            let replacement = u64::from(cell.now().0.wrapping_add(1));
            cell.0.store(replacement << 32 | u64::from(rate), Ordering::Release);
        }
    }

    /// The bucket of a caller, to be kept for as long as its stream is open.
    #[must_use]
    pub fn account(&self, identity: &Identity, now: Instant) -> Account {
        let now_s = self.shared.seconds(now);
        // poison means nothing here: no code behind the lock leaves the table half changed
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = table.bucket(identity.role, &identity.subject, &self.shared, now_s);
        Account { bucket, shared: Arc::clone(&self.shared) }
    }

    /// Callers remembered.
    #[must_use]
    pub fn remembered_count(&self) -> usize {
        self.table.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// A caller's bucket. Taking from it locks nobody else's.
pub struct Account {
    bucket: Arc<Bucket>,
    shared: Arc<Shared>,
}

impl Account {
    /// Take rows: one for opening a stream or call, and those of every message. More than a full bucket holds is taken
    /// where the bucket is full.
    ///
    /// # Errors
    /// RESOURCE_EXHAUSTED with the time after which there would be enough; then nothing is taken.
    pub fn take(&self, row_count: usize, now: Instant) -> Result<(), Refusal> {
        let (replacement, rate) = self.shared.rate(self.bucket.is_device).now();
        if rate == 0 {
            return Ok(());
        }
        let mut level = self.bucket.level.lock().unwrap_or_else(PoisonError::into_inner);
        let wait_s = level.take(row_count, f64::from(rate), replacement, self.shared.seconds(now));
        if wait_s > 0.0 { Err(exceeded(wait_s)) } else { Ok(()) }
    }
}

impl Level {
    /// The arithmetic of `BucketTable.take`, step by step: 0 and the rows are taken, else the seconds to wait.
    #[expect(clippy::cast_precision_loss, reason = "rows of one message")]
    fn take(&mut self, row_count: usize, rate: f64, replacement: u32, now_s: f64) -> f64 {
        if self.replacement != replacement {
            *self = Self { replacement, ..Self::default() };
        }
        let burst = burst(rate);
        let full_at_s = self.full_at_s.max(now_s);
        let cost_s = (row_count as f64).min(burst) / rate;
        let over_s = full_at_s + cost_s - now_s - burst / rate;
        if over_s > 1e-9 {
            return over_s;
        }
        self.full_at_s = full_at_s + row_count as f64 / rate;
        self.taken_at_s = now_s;
        0.0
    }
}

fn burst(rate: f64) -> f64 {
    (rate * BURST_S).max(BURST_MIN)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive, and days at most")]
fn exceeded(wait_s: f64) -> Refusal {
    Refusal {
        retry_after_ms: (wait_s * 1_000.0).ceil() as u64,
        ..Refusal::new(Code::ResourceExhausted, "QUOTA_EXCEEDED", "too many pings a second; retry later")
    }
}

fn is_device(role: Role) -> bool {
    role == Role::Device
}
