//! A worker: one thread, one runtime, its connections, its streams, its queue. Nothing here is shared but what says so.

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::Notify;
use tokio::task::LocalSet;
use tokio::time::Instant;

use bytes::BytesMut;

use crate::call::PingMethod;
use crate::callers::Callers;
use crate::clock::Clock;
use crate::connection;
use crate::counters::WorkerCounters;
use crate::gather::{Deciding, Intake};
use crate::hints::Hinting;
use crate::inbox::{Inbox, Mail};
use crate::listener::Arrival;
use crate::matcher::Matcher;
use crate::outbox::Outbox;
use crate::plane::Tables;
use crate::proxy::{Upstream, UpstreamLimits};
use crate::refusal::Refusal;
use crate::settings::PlaneSettings;
use crate::streams::{PingStream, Streams};

/// What a worker is made of before its thread begins.
pub(crate) struct WorkerParts {
    pub(crate) index: usize,
    pub(crate) settings: Arc<PlaneSettings>,
    pub(crate) tables: Arc<Tables>,
    pub(crate) clock: Clock,
    pub(crate) counters: Arc<WorkerCounters>,
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) outbox: Outbox,
    pub(crate) callers: Arc<Callers>,
    pub(crate) matcher: Box<dyn Matcher>,
}

/// Of its thread alone; its tasks share it.
pub(crate) struct Worker {
    pub(crate) index: usize,
    pub(crate) settings: Arc<PlaneSettings>,
    pub(crate) tables: Arc<Tables>,
    pub(crate) clock: Clock,
    pub(crate) counters: Arc<WorkerCounters>,
    pub(crate) callers: Arc<Callers>,
    pub(crate) outbox: Outbox,
    pub(crate) matcher: RefCell<Box<dyn Matcher>>,
    pub(crate) streams: RefCell<Streams>,
    pub(crate) intake: RefCell<Intake>,
    pub(crate) deciding: RefCell<Deciding>,
    pub(crate) hinting: RefCell<Hinting>,
    /// Streams that have something to be told.
    pub(crate) touched: RefCell<Vec<Rc<PingStream>>>,
    /// Answers are cut from it.
    pub(crate) buffer: RefCell<BytesMut>,
    /// Messages that wait for the control side.
    pub(crate) held_count: Cell<usize>,
    pub(crate) flusher: RefCell<Option<Waker>>,
    pub(crate) is_flush_asked: Cell<bool>,
    pub(crate) first_end_changed: Notify,
    pub(crate) is_draining: Cell<bool>,
    pub(crate) fault: RefCell<Option<Refusal>>,
    /// Connections are to end.
    pub(crate) is_stopping: Cell<bool>,
    pub(crate) stopping: Notify,
    /// Answers all calls but pings; set once its thread serves.
    pub(crate) upstream: RefCell<Option<Rc<Upstream>>>,
    connection_count: Cell<usize>,
    connection_ended: Notify,
}

/// Serve until told to stop. Runs on the worker's thread.
pub(crate) fn run(parts: WorkerParts, runtime: &Runtime) {
    if let Some(core) = core_of(&parts.settings, parts.index) {
        pin(core);
    }
    let local = LocalSet::new();
    let inbox = Arc::clone(&parts.inbox);
    let worker = Rc::new(Worker::new(parts));
    runtime.block_on(local.run_until(worker.serve(&inbox)));
    // dropping the tasks closes what is open still, with the runtime alive
    runtime.block_on(async { drop(local) });
    worker.outbox.flush();
}

fn core_of(settings: &PlaneSettings, index: usize) -> Option<usize> {
    let count = settings.worker_cores.len();
    (count > 0).then(|| settings.worker_cores[index % count])
}

/// Best effort: a container may not own the core; then the thread runs where it may.
fn pin(core: usize) {
    let mut cores = rustix::thread::CpuSet::new();
    if core < rustix::thread::CpuSet::MAX_CPU {
        cores.set(core);
        rustix::thread::sched_setaffinity(None, &cores).unwrap_or(());
    }
}

impl Worker {
    fn new(parts: WorkerParts) -> Self {
        let streams = Streams::new(parts.index, parts.settings.worker_count);
        Self {
            index: parts.index,
            settings: parts.settings,
            tables: parts.tables,
            clock: parts.clock,
            counters: parts.counters,
            callers: parts.callers,
            outbox: parts.outbox,
            matcher: RefCell::new(parts.matcher),
            streams: RefCell::new(streams),
            intake: RefCell::default(),
            deciding: RefCell::default(),
            hinting: RefCell::default(),
            touched: RefCell::default(),
            buffer: RefCell::default(),
            held_count: Cell::new(0),
            flusher: RefCell::default(),
            is_flush_asked: Cell::new(false),
            first_end_changed: Notify::new(),
            is_draining: Cell::new(false),
            fault: RefCell::new(None),
            is_stopping: Cell::new(false),
            stopping: Notify::new(),
            upstream: RefCell::default(),
            connection_count: Cell::new(0),
            connection_ended: Notify::new(),
        }
    }

    async fn serve(self: &Rc<Self>, inbox: &Inbox) {
        if !self.settings.upstream_path.is_empty() {
            let path = PathBuf::from(&self.settings.upstream_path);
            self.upstream.replace(Some(Upstream::new(path, UpstreamLimits::default())));
        }
        let mut flushing = tokio::task::spawn_local(Rc::clone(self).flush_whenever_asked());
        let mut ending = tokio::task::spawn_local(Rc::clone(self).end_in_time());
        loop {
            let mail = tokio::select! {
                mail = inbox.next() => mail,
                // they end by a panic alone; without them nothing would be decided any more, and nobody told
                _ = &mut flushing => return,
                _ = &mut ending => return,
            };
            let stop = mail.stop;
            self.read(mail);
            if let Some(grace) = stop {
                self.end_connections(grace, inbox).await;
                return;
            }
        }
    }

    fn read(self: &Rc<Self>, mail: Mail) {
        self.counters.dropped_replies.add_count(mail.dropped_count);
        for arrival in mail.arrivals {
            self.connect(arrival);
        }
        for reply in mail.replies {
            self.take_reply(reply);
        }
        if mail.is_draining && !self.is_draining.replace(true) {
            self.drain();
        }
        if let Some(refusal) = mail.fault {
            self.fail(&refusal);
        }
        self.write_touched();
        self.outbox.flush();
    }

    fn connect(self: &Rc<Self>, arrival: Arrival) {
        self.connection_count.set(self.connection_count.get() + 1);
        self.counters.connections.set(self.connection_count.get());
        let open = OpenConnection(Rc::clone(self));
        tokio::task::spawn_local(async move {
            connection::serve(&open.0, arrival).await;
        });
    }

    pub(crate) fn count_streams(&self) {
        self.counters.streams.set(self.streams.borrow().len());
    }

    /// New calls are refused from now on; streams end when all they have said is answered.
    fn drain(&self) {
        for stream in self.streams.borrow().all() {
            let mut state = stream.state.borrow_mut();
            if state.method == PingMethod::Stream {
                state.stop_reading(Some(Refusal::draining()));
                drop(state);
                self.touch(&stream);
            }
        }
    }

    /// Nothing is decided any more: every call ends.
    pub(crate) fn fail(&self, refusal: &Refusal) {
        if self.fault.borrow().is_some() {
            return;
        }
        self.fault.replace(Some(refusal.clone()));
        self.intake.borrow_mut().queue.clear();
        self.intake.borrow_mut().shed.clear();
        let mut deciding = self.deciding.borrow_mut();
        deciding.batch.clear();
        deciding.undecided_from = None;
        drop(deciding);
        for stream in self.streams.borrow().all() {
            let mut state = stream.state.borrow_mut();
            state.stop_reading(Some(refusal.clone()));
            state.abandon();
            drop(state);
            self.touch(&stream);
        }
    }

    /// Ends streams with their tokens, and calls with their deadlines.
    async fn end_in_time(self: Rc<Self>) {
        loop {
            let changed = self.first_end_changed.notified();
            let first_ns = self.streams.borrow().first_end_ns();
            if let Some(first) = first_ns.and_then(|first_ns| self.clock.instant(first_ns)) {
                tokio::select! {
                    () = changed => continue,
                    () = tokio::time::sleep_until(first.into()) => {}
                }
            } else {
                changed.await;
                continue;
            }
            let now_ns = self.clock.now_ns();
            loop {
                let ended = self.streams.borrow_mut().take_ended(now_ns);
                let Some((at_ns, stream)) = ended else { break };
                let mut state = stream.state.borrow_mut();
                if state.call_ends_ns == at_ns {
                    drop(state);
                    Self::cut(&stream);
                } else {
                    state.stop_reading(Some(Refusal::unauthenticated()));
                    drop(state);
                    self.touch(&stream);
                    stream.wake();
                }
            }
            self.write_touched();
        }
    }

    async fn end_connections(self: &Rc<Self>, grace: Duration, inbox: &Inbox) {
        self.is_stopping.set(true);
        self.stopping.notify_waiters();
        if let Some(upstream) = &*self.upstream.borrow() {
            upstream.stop();
        }
        let end = Instant::now() + grace;
        while self.connection_count.get() > 0 {
            tokio::select! {
                () = self.connection_ended.notified() => {}
                // what the control side settles still is told
                mail = inbox.next() => self.read(mail),
                () = tokio::time::sleep_until(end) => return,
            }
        }
    }
}

/// Counts a connection for as long as it lives.
struct OpenConnection(Rc<Worker>);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        let worker = &self.0;
        worker.connection_count.set(worker.connection_count.get() - 1);
        worker.counters.connections.set(worker.connection_count.get());
        worker.connection_ended.notify_one();
    }
}
