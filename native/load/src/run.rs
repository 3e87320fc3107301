//! A run: open all streams, load them closed or open loop, have everything answered, report.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use tokio::task::{spawn_local, yield_now};
use tokio::time::sleep;

use crate::LoadError;
use crate::mark::{self, Mark};
use crate::peer::{Peer, Shared, Stage, drive};
use crate::plan::Plan;
use crate::processor::{Watched, threads_of};
use crate::report::Report;
use crate::schedule::schedule_ns;
use crate::takers::Takers;
use crate::trace::Tracer;
use crate::transport::Connector;

/// Connections that are opened at the same time.
const OPEN_IN_PARALLEL: usize = 32;
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// While a closed loop works; rarely, as it takes from the load's own time.
const END_SEEN_EVERY: Duration = Duration::from_millis(50);
/// An open loop sleeps only where the next message is farther away: timers are a millisecond late.
const SPIN_NS: u64 = 2_500_000;
/// From the last stream's opening to the first message of an open loop.
const SETTLE_NS: u64 = 100_000_000;

struct Run {
    shared: Rc<Shared>,
    peers: Vec<Rc<RefCell<Peer>>>,
    own: Option<Watched>,
}

/// Run a plan. Needs a `LocalSet`.
///
/// # Errors
/// No connection, or not all streams were answered.
pub async fn run(plan: Plan) -> Result<Report, LoadError> {
    let mut run = Run { shared: Rc::new(Shared::new(plan)), peers: Vec::new(), own: Watched::this_thread() };
    run.open().await?;
    let (marks, tracer) = if run.shared.plan.is_open_loop() { run.open_loop().await } else { run.closed_loop().await };
    run.shared.stage.set(Stage::Ending);
    run.peers.iter().for_each(|peer| peer.borrow().wake());
    let count = run.shared.plan.stream_count();
    run.wait(|shared| shared.finished.get() >= count).await;
    Ok(run.report(&marks, tracer.as_ref()))
}

impl Run {
    async fn open(&mut self) -> Result<(), LoadError> {
        let plan = &self.shared.plan;
        let connector = Connector::of(plan)?;
        for first in (0..plan.connection_count).step_by(OPEN_IN_PARALLEL) {
            let last = (first + OPEN_IN_PARALLEL).min(plan.connection_count);
            let opening: Vec<_> = (first..last)
                .map(|_| {
                    let connector = connector.clone();
                    spawn_local(async move { connector.connect().await })
                })
                .collect();
            for (number, socket) in (first..last).zip(opening) {
                let start = |text: String| LoadError::Start(format!("connection {number}: {text}"));
                let socket = socket.await.map_err(|error| start(error.to_string()))?;
                let socket = socket.map_err(|error| start(error.to_string()))?;
                let peer = Rc::new(RefCell::new(Peer::new(&self.shared, number)));
                self.peers.push(Rc::clone(&peer));
                spawn_local(drive(peer, socket));
            }
        }
        let count = plan.stream_count();
        self.wait(|shared| shared.opened.get() + shared.finished.get() >= count).await;
        let opened = self.shared.opened.get();
        if opened < count {
            let errors = &self.shared.tally.borrow().errors;
            return Err(LoadError::Start(format!("{opened} of {count} streams were answered; {errors:?}")));
        }
        Ok(())
    }

    async fn closed_loop(&self) -> ([Mark; 2], Option<Tracer>) {
        let plan = &self.shared.plan;
        self.shared.stage.set(Stage::Warming);
        self.peers.iter().for_each(|peer| peer.borrow_mut().fill());
        self.pass(plan.warmup_s).await;
        let first = self.mark();
        self.shared.stage.set(Stage::Measuring);
        self.pass(plan.measure_s).await;
        ([first, self.mark()], None)
    }

    /// So many seconds, or until nobody is left to be loaded: where the server goes, the run is over.
    async fn pass(&self, seconds: f64) {
        let end_ns = self.shared.now_ns() + as_ns(seconds);
        let count = self.shared.plan.stream_count();
        while self.shared.finished.get() < count {
            let left_ns = end_ns.saturating_sub(self.shared.now_ns());
            if left_ns == 0 {
                return;
            }
            sleep(Duration::from_nanos(left_ns).min(END_SEEN_EVERY)).await;
        }
    }

    /// Send each message at its time, or as soon after it as the load comes round.
    async fn open_loop(&self) -> ([Mark; 2], Option<Tracer>) {
        let shared = &self.shared;
        let plan = &shared.plan;
        let seconds = plan.warmup_s + plan.measure_s;
        let schedule = schedule_ns(plan.arrivals, plan.messages_per_s, seconds, plan.seed);
        let threads = threads_of(plan.server_pid);
        // before the schedule begins: it takes some milliseconds
        let mut takers = plan.trace.then(|| Takers::new(plan.server_pid));
        let (connections, per_connection) = (plan.connection_count, plan.streams_per_connection);
        let start_ns = shared.now_ns() + SETTLE_NS;
        let measured_from_ns = start_ns + as_ns(plan.warmup_s);
        shared.measured_from_ns.set(measured_from_ns);
        shared.stage.set(Stage::Warming);
        let mut first: Option<Mark> = None;
        let mut tracer = None;
        let mut number = 0;
        while number < schedule.len() {
            let now_ns = shared.now_ns();
            if first.is_none() && now_ns >= measured_from_ns {
                first = Some(self.mark());
                tracer = takers.take().map(|takers| Tracer::new(plan.server_pid, &threads, takers));
                shared.stage.set(Stage::Measuring);
                continue; // marks take a while: look at the time again
            }
            if let Some(tracer) = &mut tracer {
                tracer.turn(now_ns);
            }
            while let Some(due_ns) = schedule.get(number).map(|time_ns| start_ns + time_ns) {
                if due_ns > now_ns {
                    break;
                }
                if due_ns >= measured_from_ns {
                    shared.tally.borrow_mut().send_lags.saturating_record((now_ns - due_ns).max(1));
                }
                let peer = &self.peers[number % connections];
                peer.borrow_mut().send(number / connections % per_connection, due_ns);
                number += 1;
            }
            let next_ns = schedule.get(number).map_or(0, |time_ns| start_ns + time_ns);
            if next_ns > shared.now_ns() + SPIN_NS && tracer.is_none() {
                sleep(Duration::from_nanos(next_ns - shared.now_ns() - SPIN_NS)).await;
            } else {
                yield_now().await;
            }
        }
        let end_ns = start_ns + as_ns(seconds);
        while shared.now_ns() < end_ns {
            yield_now().await;
        }
        let last = self.mark();
        let sent = shared.tally.borrow().sent;
        while tracer.is_some() && shared.tally.borrow().acknowledged < sent && shared.now_ns() < end_ns + 1_000_000_000
        {
            if let Some(tracer) = &mut tracer {
                tracer.turn(shared.now_ns());
            }
            yield_now().await;
        }
        ([first.unwrap_or_else(|| self.mark()), last], tracer)
    }

    /// Until it is so, or the grace is over.
    async fn wait(&self, is_so: impl Fn(&Shared) -> bool) {
        let end_ns = self.shared.now_ns() + as_ns(self.shared.plan.grace_s);
        while !is_so(&self.shared) && self.shared.now_ns() < end_ns {
            sleep(LOOK_EVERY).await;
        }
    }

    fn mark(&self) -> Mark {
        Mark::now(&self.shared, self.own.as_ref())
    }

    fn report(&self, marks: &[Mark; 2], tracer: Option<&Tracer>) -> Report {
        let shared = &self.shared;
        let mut stream_sent = vec![0; shared.plan.stream_count()];
        for (number, peer) in self.peers.iter().enumerate() {
            for (place, sent) in peer.borrow().sent().enumerate() {
                stream_sent[place * shared.plan.connection_count + number] = sent;
            }
        }
        let trace = tracer.map(|tracer| tracer.account(&shared.tally.borrow().slow));
        mark::report(shared, marks, stream_sent, trace)
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // seconds of a run, checked not to be negative
pub(crate) fn as_ns(seconds: f64) -> u64 {
    (seconds * 1e9) as u64
}
