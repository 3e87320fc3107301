//! What is counted of a run.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;

use crate::answers::Answer;

/// `PingVerdict` SHED.
const SHED: usize = 2;
/// Slow answers kept for the trace.
const SLOW_COUNT_MAX: usize = 200_000;
/// A minute: whatever lasts longer counts as a minute.
pub const HIGHEST_NS: u64 = 60_000_000_000;

/// Counts by the number of a verdict or kind; numbers nobody knows are counted at the end.
pub type Counts = [u64; 48];

/// One run's counts. Of the whole run where nothing else is said.
pub struct Tally {
    /// Messages.
    pub sent: u64,
    /// Messages.
    pub acknowledged: u64,
    /// Rows acknowledged after the warm-up (closed loop), or due after it (open loop).
    pub measured_rows: u64,
    /// Of these, acknowledged in time and not shed.
    pub in_budget_rows: u64,
    /// Rows not accepted, by `PingVerdict`.
    pub rejected: Counts,
    /// By `OfferVerdict`; told to operators only.
    pub tries: Counts,
    /// By `TransitionKind`; not told to phones.
    pub transitions: Counts,
    /// Offers received.
    pub offers: u64,
    /// Answers that say that a phone's location is not wanted.
    pub unwanted: u64,
    /// From the intended time to the answer, ns, of messages due after the warm-up.
    pub latencies: Histogram<u64>,
    /// The same of messages that brought an offer.
    pub offer_latencies: Histogram<u64>,
    /// From the intended time to the handing over to the connection, ns: the load's own lateness.
    pub send_lags: Histogram<u64>,
    /// Intended and answered, ns since the run began, of the slow ones.
    pub slow: Vec<(u64, u64)>,
    /// Streams that ended before they were told to, or not with status 0, and connections that broke, by how.
    pub errors: BTreeMap<String, u64>,
    budget_ns: u64,
    slow_ns: u64,
}

impl Tally {
    /// Nothing counted yet; answers slower than `slow_ns` are kept.
    #[must_use]
    pub fn new(budget_ns: u64, slow_ns: u64) -> Self {
        Self {
            sent: 0,
            acknowledged: 0,
            measured_rows: 0,
            in_budget_rows: 0,
            rejected: [0; 48],
            tries: [0; 48],
            transitions: [0; 48],
            offers: 0,
            unwanted: 0,
            latencies: histogram(),
            offer_latencies: histogram(),
            send_lags: histogram(),
            slow: Vec::new(),
            errors: BTreeMap::new(),
            budget_ns,
            slow_ns,
        }
    }

    /// Lists of an answer.
    pub fn count_answer(&mut self, answer: &Answer) {
        for &(_, verdict) in &answer.rejected {
            count(&mut self.rejected, verdict);
        }
        for &verdict in &answer.tries {
            count(&mut self.tries, verdict);
        }
        for &kind in &answer.transitions {
            count(&mut self.transitions, kind);
        }
        self.offers += answer.offers.len() as u64;
        self.unwanted += u64::from(!answer.location_wanted);
    }

    /// A measured message was acknowledged. `shed_rows`: of its rows.
    pub fn count_measured(&mut self, intended_ns: u64, now_ns: u64, rows: u64, shed_rows: u64) {
        let latency_ns = now_ns.saturating_sub(intended_ns);
        self.latencies.saturating_record(latency_ns.max(1));
        self.measured_rows += rows;
        if latency_ns <= self.budget_ns {
            self.in_budget_rows += rows.saturating_sub(shed_rows);
        }
        if latency_ns > self.slow_ns && self.slow.len() < SLOW_COUNT_MAX {
            self.slow.push((intended_ns, now_ns));
        }
    }

    /// Something that should not have happened.
    pub fn count_error(&mut self, text: String, streams: u64) {
        *self.errors.entry(text).or_default() += streams;
    }
}

/// Rows of a message that an answer says were shed.
#[must_use]
pub fn shed_rows(answer: &Answer, sequence: u64) -> u64 {
    answer.rejected.iter().filter(|&&(message, verdict)| message == sequence && verdict == SHED).count() as u64
}

fn count(counts: &mut Counts, number: usize) {
    counts[number.min(counts.len() - 1)] += 1;
}

/// One for nanoseconds up to a minute, to three digits.
fn histogram() -> Histogram<u64> {
    // the bounds are constants that hdrhistogram takes: the test below makes one
    Histogram::new_with_bounds(1, HIGHEST_NS, 3).unwrap_or_else(|_| unreachable!())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_late_or_shed_is_not_within_its_budget() {
        let mut tally = Tally::new(50, 40);
        tally.count_measured(100, 150, 4, 1);
        tally.count_measured(100, 151, 4, 0);
        assert_eq!((tally.measured_rows, tally.in_budget_rows), (8, 3));
        assert_eq!(tally.slow, [(100, 150), (100, 151)]);
        assert_eq!(tally.latencies.len(), 2);
    }

    #[test]
    fn an_answers_lists_are_counted_by_verdict() {
        let mut tally = Tally::new(0, 0);
        let answer = Answer { rejected: vec![(7, 2), (7, 99), (8, 2)], offers: vec![7], ..Answer::default() };
        tally.count_answer(&answer);
        assert_eq!((tally.rejected[2], tally.rejected[47], tally.offers, tally.unwanted), (2, 1, 1, 1));
        assert_eq!((shed_rows(&answer, 7), shed_rows(&answer, 8), shed_rows(&answer, 9)), (1, 1, 0));
    }
}
