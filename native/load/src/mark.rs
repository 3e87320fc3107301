//! Totals at a moment: what a measured time took is the difference of two.

use crate::peer::Shared;
use crate::processor::{Spent, Watched, cpu_ns, stolen_ms, threads_of};
use crate::report::{Buckets, Report, told};
use crate::trace::Trace;

/// Totals.
pub struct Mark {
    time_ns: u64,
    server: Vec<(u32, Spent)>,
    client: Spent,
    stolen_ms: u64,
    rows: u64,
}

impl Mark {
    /// Now. `own`: the load's thread.
    #[must_use]
    pub fn now(shared: &Shared, own: Option<&Watched>) -> Self {
        let pid = shared.plan.server_pid;
        Self {
            time_ns: shared.now_ns(),
            server: if pid == 0 { Vec::new() } else { threads_of(pid) },
            client: own.map(Watched::spent).unwrap_or_default(),
            stolen_ms: stolen_ms(),
            rows: shared.tally.borrow().measured_rows,
        }
    }
}

/// What was measured between two marks, and what was counted of the whole run. `stream_sent`: messages of each stream.
#[must_use]
#[allow(clippy::cast_precision_loss)] // times of a run
pub fn report(shared: &Shared, [first, last]: &[Mark; 2], stream_sent: Vec<u64>, trace: Option<Trace>) -> Report {
    let plan = &shared.plan;
    let tally = shared.tally.borrow();
    let rows = plan.rows_per_message() as u64;
    let client = last.client.since(first.client);
    Report {
        opened_streams: shared.opened.get(),
        sent: tally.sent,
        acknowledged: tally.acknowledged,
        sent_rows: tally.sent * rows,
        acknowledged_rows: tally.acknowledged * rows,
        stream_sent,
        rejected: told(&tally.rejected),
        tries: told(&tally.tries),
        transitions: told(&tally.transitions),
        offers: tally.offers,
        unwanted: tally.unwanted,
        errors: tally.errors.clone(),
        measured_rows: if plan.is_open_loop() { tally.measured_rows } else { last.rows - first.rows },
        in_budget_rows: tally.in_budget_rows,
        measured_s: (last.time_ns - first.time_ns) as f64 / 1e9,
        server_cpu_s: cpu_ns(&first.server, &last.server) as f64 / 1e9,
        client_cpu_s: client.run_ns as f64 / 1e9,
        client_wait_s: client.wait_ns as f64 / 1e9,
        stolen_ms: last.stolen_ms.saturating_sub(first.stolen_ms),
        latency: Buckets::of(&tally.latencies),
        offer_latency: Buckets::of(&tally.offer_latencies),
        send_lag: Buckets::of(&tally.send_lags),
        trace,
    }
}
