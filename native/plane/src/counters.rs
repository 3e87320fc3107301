//! What a worker has done so far, written by it alone and read from any thread without stopping it.

use serde::Serialize;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};

/// Batches of 2ⁱ..2ⁱ⁺¹ rows; the last is exactly [`crate::limits::PING_BATCH_ROW_COUNT_MAX`].
pub const BATCH_BUCKET_COUNT: usize = 11;
/// Calls of the matcher of 2ⁱ..2ⁱ⁺¹ µs (the first: less than 2, the last: all above).
pub const DECIDE_BUCKET_COUNT: usize = 20;

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Of one worker. Relaxed: each figure is right by itself, none waits for another.
        #[derive(Debug, Default)]
        pub struct WorkerCounters {
            $($(#[$doc])* pub $name: Count,)*
            /// Batches by how many rows they had.
            pub batch_rows: [Count; BATCH_BUCKET_COUNT],
            /// Calls of the matcher by how long they took.
            pub decide_us: [Count; DECIDE_BUCKET_COUNT],
            /// When the oldest message that waits came, by the plane's clock; 0 = none waits.
            pub oldest_arrival_ns: AtomicI64,
        }

        /// Sums over the workers at some moment.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
        pub struct PlaneStatistics {
            $($(#[$doc])* pub $name: u64,)*
            /// See [`WorkerCounters::batch_rows`].
            pub batch_rows: [u64; BATCH_BUCKET_COUNT],
            /// See [`WorkerCounters::decide_us`].
            pub decide_us: [u64; DECIDE_BUCKET_COUNT],
            /// Age of the oldest message that waits, in microseconds; 0 = none waits.
            pub queue_oldest_age_us: u64,
            /// Workers that ended by a panic.
            pub ended_workers: u64,
        }

        impl PlaneStatistics {
            /// Add a worker's.
            pub fn add(&mut self, worker: &WorkerCounters, now_ns: i64) {
                $(self.$name += worker.$name.get();)*
                for (sum, count) in self.batch_rows.iter_mut().zip(&worker.batch_rows) {
                    *sum += count.get();
                }
                for (sum, count) in self.decide_us.iter_mut().zip(&worker.decide_us) {
                    *sum += count.get();
                }
                let oldest_ns = worker.oldest_arrival_ns.load(Relaxed);
                if oldest_ns != 0 {
                    let age_us = u64::try_from(now_ns.saturating_sub(oldest_ns) / 1_000).unwrap_or(0);
                    self.queue_oldest_age_us = self.queue_oldest_age_us.max(age_us);
                }
            }
        }
    };
}

counters! {
    /// Messages decided or shed.
    messages,
    /// Rows decided.
    rows,
    /// Calls of the matcher.
    batches,
    /// Nanoseconds within the matcher.
    decide_ns,
    /// Rows shed, malformed ones apart.
    shed_rows,
    /// Malformed rows of messages that were shed.
    shed_malformed_rows,
    /// Winners that crossed to Python.
    winners,
    /// Offers whose budget was asked for the last time.
    due_offers,
    /// Those of them whose budget was not over.
    timely_offers,
    /// Offers taken back because of their budget or their person's consent.
    late_offers,
    /// Ping streams and IngestPings calls open now.
    streams,
    /// Connections open now, handshakes included.
    connections,
    /// Connections since start-up.
    accepted_connections,
    /// Connections hung up at once: too many, or the worker behind.
    refused_connections,
    /// Connections told to go because of what they sent beside their calls, or of resets without end.
    calmed_connections,
    /// Undecided rows that wait now.
    queue_rows,
    /// Undecided messages that wait now.
    queue_messages,
    /// Tries that were not told or remembered, because the control side was behind.
    untold_tries,
    /// Messages whose `next_ping` was not told, because the control side was behind.
    untold_hints,
    /// Replies that found their stream closed, or the worker behind.
    dropped_replies,
    /// Refused calls that were not told for the audit log.
    untold_refusals,
    /// Batches that Python had to decide from some row on.
    undecided_batches,
}

/// A number written by one thread: a load and a store, no locked instruction.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// Add; by the one writer.
    pub fn add(&self, amount: u64) {
        self.0.store(self.0.load(Relaxed).wrapping_add(amount), Relaxed);
    }

    /// Add a count of things in memory; by the one writer.
    pub fn add_count(&self, amount: usize) {
        self.add(amount as u64);
    }

    /// Set; by the one writer.
    pub fn set(&self, value: usize) {
        self.0.store(value as u64, Relaxed);
    }

    /// Read, from any thread.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

impl WorkerCounters {
    /// A batch of `row_count` rows, whose matcher call took `took_ns`.
    pub fn count_batch(&self, row_count: usize, took_ns: u64) {
        self.batches.add(1);
        self.rows.add_count(row_count);
        self.decide_ns.add(took_ns);
        self.batch_rows[bucket(row_count as u64, BATCH_BUCKET_COUNT)].add(1);
        self.decide_us[bucket(took_ns / 1_000, DECIDE_BUCKET_COUNT)].add(1);
    }
}

/// ⌊log₂⌋, bounded.
fn bucket(value: u64, bucket_count: usize) -> usize {
    (value.max(1).ilog2() as usize).min(bucket_count - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_buckets() {
        let worker = WorkerCounters::default();
        worker.count_batch(1, 900);
        worker.count_batch(1_024, 3_000_000_000_000);
        worker.oldest_arrival_ns.store(50_000, Relaxed);
        let mut sums = PlaneStatistics::default();
        sums.add(&worker, 80_000);
        sums.add(&worker, 70_000);
        assert_eq!((sums.batches, sums.rows, sums.queue_oldest_age_us), (4, 2_050, 30));
        assert_eq!((sums.batch_rows[0], sums.batch_rows[10]), (2, 2));
        assert_eq!((sums.decide_us[0], sums.decide_us[DECIDE_BUCKET_COUNT - 1]), (2, 2));
    }
}
