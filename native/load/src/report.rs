//! What a run measured, as `geooffer.bench` reads it.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::tally::Counts;
use crate::trace::Trace;

/// Values and how often they occurred.
#[derive(Debug, Serialize)]
pub struct Buckets {
    /// How many values.
    pub count: u64,
    /// The largest, exactly.
    pub max_ns: u64,
    /// Ascending: (highest value of the bucket in ns, values in it).
    pub buckets: Vec<(u64, u64)>,
}

impl Buckets {
    /// Of a histogram.
    #[must_use]
    pub fn of(histogram: &Histogram<u64>) -> Self {
        Self {
            count: histogram.len(),
            max_ns: if histogram.is_empty() { 0 } else { histogram.max() },
            buckets: histogram.iter_recorded().map(|step| (step.value_iterated_to(), step.count_at_value())).collect(),
        }
    }
}

/// Counts are of messages and of the whole run where nothing else is said.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Streams that were answered.
    pub opened_streams: usize,
    /// Messages.
    pub sent: u64,
    /// Messages.
    pub acknowledged: u64,
    /// Rows.
    pub sent_rows: u64,
    /// Rows.
    pub acknowledged_rows: u64,
    /// Messages of each stream.
    pub stream_sent: Vec<u64>,
    /// Rows by the number of `PingVerdict`; roles are told of different ones.
    pub rejected: BTreeMap<usize, u64>,
    /// By the number of `OfferVerdict`.
    pub tries: BTreeMap<usize, u64>,
    /// By the number of `TransitionKind`.
    pub transitions: BTreeMap<usize, u64>,
    /// Offers received.
    pub offers: u64,
    /// Answers that say that a phone's location is not wanted.
    pub unwanted: u64,
    /// Streams that ended otherwise than with status 0 when they were told to, and connections that broke, by how.
    pub errors: BTreeMap<String, u64>,
    /// Rows acknowledged in the measured time (closed loop), or due in it and acknowledged (open loop).
    pub measured_rows: u64,
    /// Of these, within budget and not shed.
    pub in_budget_rows: u64,
    /// The measured time.
    pub measured_s: f64,
    /// Of all threads of the server, in the measured time; 0 where nobody tells.
    pub server_cpu_s: f64,
    /// Of the load's thread. An open loop spins between messages: look at `send_lag` there.
    pub client_cpu_s: f64,
    /// The load's thread was ready and had no core, in the measured time.
    pub client_wait_s: f64,
    /// What the hypervisor kept from the machine in the measured time.
    pub stolen_ms: u64,
    /// From the intended time to the answer.
    pub latency: Buckets,
    /// The same of messages that brought an offer.
    pub offer_latency: Buckets,
    /// From the intended time to the handing over to the connection.
    pub send_lag: Buckets,
    /// Where slow answers spent their time, if that was asked.
    pub trace: Option<Trace>,
}

/// Those that are not zero, by number.
#[must_use]
pub fn told(counts: &Counts) -> BTreeMap<usize, u64> {
    counts.iter().copied().enumerate().filter(|&(_, count)| count > 0).collect()
}
