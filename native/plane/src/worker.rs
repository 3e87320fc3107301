//! A worker: one thread, one runtime, its connections, its streams, its queue. Nothing here is shared but what says so.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::LocalSet;
use tokio::time::Instant;

use crate::clock::Clock;
use crate::connection;
use crate::counters::WorkerCounters;
use crate::inbox::{Inbox, Mail};
use crate::listener::Arrival;
use crate::matcher::Matcher;
use crate::outbox::Outbox;
use crate::plane::Tables;
use crate::refusal::Refusal;
use crate::settings::PlaneSettings;

/// What a worker is made of before its thread begins.
pub(crate) struct WorkerParts {
    pub(crate) index: usize,
    pub(crate) settings: Arc<PlaneSettings>,
    pub(crate) tables: Arc<Tables>,
    pub(crate) clock: Clock,
    pub(crate) counters: Arc<WorkerCounters>,
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) outbox: Outbox,
    pub(crate) matcher: Box<dyn Matcher>,
}

/// Of its thread alone; its tasks share it.
pub(crate) struct Worker {
    pub(crate) settings: Arc<PlaneSettings>,
    pub(crate) tables: Arc<Tables>,
    pub(crate) clock: Clock,
    pub(crate) counters: Arc<WorkerCounters>,
    pub(crate) outbox: Outbox,
    pub(crate) is_draining: Cell<bool>,
    pub(crate) fault: RefCell<Option<Refusal>>,
    /// Connections are to end.
    pub(crate) is_stopping: Cell<bool>,
    pub(crate) stopping: Notify,
    connection_count: Cell<usize>,
    connection_ended: Notify,
}

/// Serve until told to stop. Runs on the worker's thread.
pub(crate) fn run(parts: WorkerParts) -> std::io::Result<()> {
    if let Some(core) = core_of(&parts.settings, parts.index) {
        pin(core);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    let local = LocalSet::new();
    let inbox = Arc::clone(&parts.inbox);
    let worker = Rc::new(Worker::new(parts));
    runtime.block_on(local.run_until(worker.serve(&inbox)));
    // dropping the tasks closes what is open still, with the runtime alive
    runtime.block_on(async { drop(local) });
    Ok(())
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
        drop(rustix::thread::sched_setaffinity(None, &cores));
    }
}

impl Worker {
    fn new(parts: WorkerParts) -> Self {
        Self {
            settings: parts.settings,
            tables: parts.tables,
            clock: parts.clock,
            counters: parts.counters,
            outbox: parts.outbox,
            is_draining: Cell::new(false),
            fault: RefCell::new(None),
            is_stopping: Cell::new(false),
            stopping: Notify::new(),
            connection_count: Cell::new(0),
            connection_ended: Notify::new(),
        }
    }

    async fn serve(self: &Rc<Self>, inbox: &Inbox) {
        loop {
            let mail = inbox.next().await;
            let stop = mail.stop;
            self.read(mail);
            if let Some(grace) = stop {
                self.end_connections(grace).await;
                return;
            }
        }
    }

    fn read(self: &Rc<Self>, mail: Mail) {
        self.counters.dropped_replies.add_count(mail.dropped_count);
        for arrival in mail.arrivals {
            self.connect(arrival);
        }
        if mail.is_draining && !self.is_draining.replace(true) {
            self.drain();
        }
        if let Some(refusal) = mail.fault {
            self.fail(refusal);
        }
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

    fn drain(&self) {}

    fn fail(&self, refusal: Refusal) {
        self.fault.borrow_mut().get_or_insert(refusal);
    }

    async fn end_connections(&self, grace: Duration) {
        self.is_stopping.set(true);
        self.stopping.notify_waiters();
        let end = Instant::now() + grace;
        while self.connection_count.get() > 0 {
            let ended = tokio::time::timeout_at(end, self.connection_ended.notified());
            if ended.await.is_err() {
                return;
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
