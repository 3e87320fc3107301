//! Where slow answers spent their time: the scheduler's account of the server's thread and of ours, sampled beside the
//! load each millisecond.
//!
//! For each answer that took longer than a bound, the samples of its time are added up:
//!
//! * `server_run`: the server's thread was on a core (and worked at something else, or at what came before);
//! * `server_wait`: it was ready and another thread had its core;
//! * `load_wait`: the load's own thread was ready and had no core; `load_gap`: the load came round late by itself, or
//!   the whole machine stood still (a hypervisor's pause is seen by both, and in no thread's account);
//! * what is left was spent asleep: nothing was there to be done, as far as the scheduler knows.
//!
//! Who it was that had the core is told beside it ([`crate::takers`]).
//!
//! They may overlap: two cores wait at once. A running thread's account is brought up to date at the scheduler's ticks
//! (1 to 4 ms) and when it stops, so single samples are coarse; sums over many answers are not.

use serde::Serialize;

use crate::processor::{Spent, Watched, name_of, threads_of};
use crate::takers::{Taker, Takers};

/// Between samples.
pub const SAMPLE_EVERY_NS: u64 = 1_000_000;
const SAMPLE_COUNT_MAX: usize = 1_000_000;

#[derive(Clone, Copy, Debug, Default)]
struct Sample {
    time_ns: u64,
    server: Spent,
    load: Spent,
    gap_ns: u64,
}

/// Takes the samples.
pub struct Tracer {
    server: Option<Watched>,
    load: Option<Watched>,
    thread_name: String,
    samples: Vec<Sample>,
    last_turn_ns: u64,
    gap_ns: u64,
    takers: Takers,
}

impl Tracer {
    /// Looks at that thread of `pid` which was on a core longest since `before` ([`threads_of`]), and at its `takers`.
    #[must_use]
    pub fn new(pid: u32, before: &[(u32, Spent)], mut takers: Takers) -> Self {
        let ran = |&(thread, spent): &(u32, Spent)| {
            let old = before.iter().find(|(other, _)| *other == thread).map_or(0, |(_, spent)| spent.run_ns);
            spent.run_ns.saturating_sub(old)
        };
        let busiest = threads_of(pid).iter().max_by_key(|entry| ran(entry)).map(|&(thread, _)| thread);
        if let Some(thread) = busiest {
            takers.watch(thread);
        }
        Self {
            server: busiest.and_then(|thread| Watched::thread(pid, thread)),
            load: Watched::this_thread(),
            thread_name: busiest.map(|thread| name_of(pid, thread)).unwrap_or_default(),
            samples: Vec::new(),
            last_turn_ns: 0,
            gap_ns: 0,
            takers,
        }
    }

    /// The load came round.
    pub fn turn(&mut self, now_ns: u64) {
        if self.last_turn_ns > 0 {
            self.gap_ns = self.gap_ns.max(now_ns.saturating_sub(self.last_turn_ns));
        }
        self.last_turn_ns = now_ns;
        let last_ns = self.samples.last().map_or(0, |sample| sample.time_ns);
        if now_ns < last_ns + SAMPLE_EVERY_NS || self.samples.len() == SAMPLE_COUNT_MAX {
            return;
        }
        let spent = |watched: &Option<Watched>| watched.as_ref().map(Watched::spent).unwrap_or_default();
        let (server, load) = (spent(&self.server), spent(&self.load));
        self.samples.push(Sample { time_ns: now_ns, server, load, gap_ns: self.gap_ns });
        self.gap_ns = 0;
        self.takers.look(now_ns);
    }

    /// Add up the samples of each slow answer's time (intended, answered).
    #[must_use]
    pub fn account(&self, slow: &[(u64, u64)]) -> Trace {
        let takers = self.takers.told(slow);
        let mut trace = Trace { thread: self.thread_name.clone(), takers, ..Trace::default() };
        for &(from_ns, to_ns) in slow {
            let part = self.part(from_ns, to_ns);
            trace.answer_count += 1;
            trace.total_ms += ms(to_ns - from_ns);
            trace.server_run_ms += ms(part.server_run_ns);
            trace.server_wait_ms += ms(part.server_wait_ns);
            trace.load_wait_ms += ms(part.load_wait_ns);
            trace.load_gap_ms += ms(part.gap_ns);
            let limit = (to_ns - from_ns) / 4;
            trace.server_run_count += u64::from(part.server_run_ns > limit);
            trace.server_wait_count += u64::from(part.server_wait_ns > limit);
            trace.load_count += u64::from(part.load_wait_ns.max(part.gap_ns) > limit);
            let known = [part.server_run_ns, part.server_wait_ns, part.load_wait_ns, part.gap_ns];
            trace.unexplained_count += u64::from(known.iter().all(|&value| value <= limit));
        }
        if let (Some(first), Some(last)) = (self.samples.first(), self.samples.last()) {
            let (server, load) = (last.server.since(first.server), last.load.since(first.load));
            trace.seconds = ms(last.time_ns - first.time_ns) / 1e3;
            trace.server_busy_share = share(server.run_ns, last.time_ns - first.time_ns);
            trace.server_wait_share = share(server.wait_ns, last.time_ns - first.time_ns);
            trace.load_wait_share = share(load.wait_ns, last.time_ns - first.time_ns);
            trace.load_gap_max_ms = ms(self.samples.iter().map(|sample| sample.gap_ns).max().unwrap_or(0));
        }
        trace
    }

    /// What happened between two moments, to the sample; no more of anything than the time itself.
    fn part(&self, from_ns: u64, to_ns: u64) -> Part {
        let first = self.samples.partition_point(|sample| sample.time_ns <= from_ns).saturating_sub(1);
        let last = self.samples.partition_point(|sample| sample.time_ns < to_ns).min(self.samples.len().max(1) - 1);
        let (Some(before), Some(after)) = (self.samples.get(first), self.samples.get(last)) else {
            return Part::default();
        };
        let (server, load) = (after.server.since(before.server), after.load.since(before.load));
        let most = to_ns - from_ns;
        let gap_ns = self.samples[first..=last].iter().skip(1).map(|sample| sample.gap_ns).max().unwrap_or(0);
        Part {
            server_run_ns: server.run_ns.min(most),
            server_wait_ns: server.wait_ns.min(most),
            load_wait_ns: load.wait_ns.min(most),
            // a gap below a quarter of a millisecond is the load's own work
            gap_ns: if gap_ns < SAMPLE_EVERY_NS / 4 { 0 } else { gap_ns.min(most) },
        }
    }
}

#[derive(Default)]
#[allow(clippy::struct_field_names)] // units last
struct Part {
    server_run_ns: u64,
    server_wait_ns: u64,
    load_wait_ns: u64,
    gap_ns: u64,
}

/// The account of all slow answers. Sums may overlap and need not add up to the total.
#[derive(Debug, Default, Serialize)]
pub struct Trace {
    /// The server's thread that was looked at.
    pub thread: String,
    /// How long.
    pub seconds: f64,
    /// Of the server's thread, all the time.
    pub server_busy_share: f64,
    /// The server's thread was ready and had no core, all the time.
    pub server_wait_share: f64,
    /// The same of the load's thread.
    pub load_wait_share: f64,
    /// The longest the load did not come round.
    pub load_gap_max_ms: f64,
    /// Slow answers.
    pub answer_count: u64,
    /// Their latencies together.
    pub total_ms: f64,
    /// See the module.
    pub server_run_ms: f64,
    /// See the module.
    pub server_wait_ms: f64,
    /// See the module.
    pub load_wait_ms: f64,
    /// See the module.
    pub load_gap_ms: f64,
    /// Slow answers that spent more than a quarter of their time so.
    pub server_run_count: u64,
    /// See `server_run_count`.
    pub server_wait_count: u64,
    /// See `server_run_count`: either of the load's two.
    pub load_count: u64,
    /// Slow answers of which none of this is true.
    pub unexplained_count: u64,
    /// Who else had the server's core longest, the first three.
    pub takers: Vec<Taker>,
}

#[allow(clippy::cast_precision_loss)] // a run is shorter than 2⁵³ ns
fn ms(ns: u64) -> f64 {
    ns as f64 / 1e6
}

#[allow(clippy::cast_precision_loss)]
fn share(part_ns: u64, whole_ns: u64) -> f64 {
    part_ns as f64 / whole_ns.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    /// Samples of each millisecond: the server runs in the first five, waits in the next five, then all stand still.
    fn tracer() -> Tracer {
        let samples = (0..=20)
            .map(|time: u64| Sample {
                time_ns: time * MS,
                server: Spent { run_ns: time.min(5) * MS, wait_ns: time.clamp(5, 10) * MS - 5 * MS },
                load: Spent::default(),
                gap_ns: if time == 15 { 3 * MS } else { 1_000 },
            })
            .collect();
        Tracer {
            server: None,
            load: None,
            thread_name: "w".into(),
            samples,
            last_turn_ns: 0,
            gap_ns: 0,
            takers: Takers::none(),
        }
    }

    #[test]
    #[allow(clippy::float_cmp)]
    fn the_time_of_a_slow_answer_is_told_by_what_happened_in_it() {
        let run = tracer().account(&[(MS, 4 * MS)]);
        assert_eq!((run.server_run_ms, run.server_wait_ms), (3.0, 0.0));
        assert_eq!((run.server_run_count, run.unexplained_count), (1, 0));
        let wait = tracer().account(&[(6 * MS, 9 * MS)]);
        assert_eq!((wait.server_wait_ms, wait.server_wait_count), (3.0, 1));
        let gap = tracer().account(&[(14 * MS, 17 * MS)]);
        assert_eq!((gap.load_gap_ms, gap.load_count), (3.0, 1));
        let asleep = tracer().account(&[(17 * MS, 19 * MS)]);
        assert_eq!(asleep.unexplained_count, 1);
        let none = Tracer { samples: Vec::new(), ..tracer() }.account(&[(0, MS)]);
        assert_eq!((none.answer_count, none.unexplained_count), (1, 1));
    }
}
