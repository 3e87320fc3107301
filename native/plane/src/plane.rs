//! The plane as a whole: started, told things, stopped.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::callers::Callers;
use crate::clock::Clock;
use crate::connections::ConnectionBounds;
use crate::control::{Crossing, Reply, Tried};
use crate::counters::{PlaneStatistics, WorkerCounters};
use crate::inbox::Inbox;
use crate::listener::{AcceptThread, Door, bind};
use crate::matcher::Matcher;
pub use crate::outbox::Wake;
use crate::outbox::{Outbox, OutboxReader};
use crate::quotas::RowQuotas;
use crate::refusal::Refusal;
use crate::settings::PlaneSettings;
use crate::tls::TlsAcceptor;
use crate::tokens::TokenVerifier;
use crate::wire::names::Names;
use crate::worker::{self, WorkerParts};

/// What all workers share; each may be changed while they serve.
pub struct Tables {
    /// Who calls.
    pub tokens: Arc<TokenVerifier>,
    /// How many rows each caller may send.
    pub quotas: Arc<RowQuotas>,
    /// Ids of fences by their numbers.
    pub names: Arc<Names>,
    /// None = in clear.
    pub tls: Option<Arc<TlsAcceptor>>,
    /// Of all connections.
    pub bounds: Arc<ConnectionBounds>,
}

/// Why a plane did not start.
#[derive(Debug)]
pub enum StartError {
    /// Settings that no plane can have.
    Settings(&'static str),
    /// An address that cannot be listened on.
    Listen(String, io::Error),
    /// A thread or runtime that could not be made.
    Thread(io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings(fault) => write!(out, "{fault}"),
            Self::Listen(address, error) => write!(out, "cannot listen on {address}: {error}"),
            Self::Thread(error) => write!(out, "cannot start a thread of the plane: {error}"),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Settings(_) => None,
            Self::Listen(_, error) | Self::Thread(error) => Some(error),
        }
    }
}

/// A running plane. Dropping it stops it without grace.
pub struct Plane {
    clock: Clock,
    phone_address: SocketAddr,
    gateway_address: Option<SocketAddr>,
    accept_counters: Arc<WorkerCounters>,
    workers: Vec<RunningWorker>,
    /// Locked while they are joined: what waits for that is `stop` alone.
    threads: Mutex<Threads>,
}

struct Threads {
    accept: AcceptThread,
    workers: Vec<JoinHandle<()>>,
}

struct RunningWorker {
    inbox: Arc<Inbox>,
    counters: Arc<WorkerCounters>,
    crossings: Mutex<OutboxReader>,
}

impl Plane {
    /// Listen and serve. `wake` is told when crossings wait; `make_matcher` is called here, once per worker.
    ///
    /// # Errors
    /// See [`StartError`]; nothing is left running then.
    pub fn start(
        settings: PlaneSettings,
        tables: Tables,
        wake: &Wake,
        mut make_matcher: impl FnMut(usize) -> Box<dyn Matcher>,
    ) -> Result<Self, StartError> {
        if settings.worker_count == 0 {
            return Err(StartError::Settings("a plane has at least one worker"));
        }
        let mut listeners = Vec::new();
        let phones = listen(&settings.phone_address)?;
        let phone_address = address_of(&phones, &settings.phone_address)?;
        let mut gateway_address = None;
        if settings.gateway_address.is_empty() {
            listeners.push((phones, Door::All));
        } else {
            let gateways = listen(&settings.gateway_address)?;
            gateway_address = Some(address_of(&gateways, &settings.gateway_address)?);
            listeners.extend([(phones, Door::Phones), (gateways, Door::Gateways)]);
        }
        let clock = Clock::new();
        let (settings, tables, callers) = (Arc::new(settings), Arc::new(tables), Arc::<Callers>::default());
        let (mut workers, mut threads) = (Vec::new(), Vec::new());
        for index in 0..settings.worker_count {
            let (outbox, crossings) = Outbox::new(Arc::clone(wake));
            let (counters, inbox) = (Arc::<WorkerCounters>::default(), Arc::<Inbox>::default());
            let parts = WorkerParts {
                index,
                settings: Arc::clone(&settings),
                tables: Arc::clone(&tables),
                clock,
                counters: Arc::clone(&counters),
                inbox: Arc::clone(&inbox),
                outbox,
                callers: Arc::clone(&callers),
                matcher: make_matcher(index),
            };
            let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build();
            let name = std::thread::Builder::new().name(format!("plane-{index}"));
            // made here, so that a start that fails is told
            let thread = runtime.and_then(|runtime| name.spawn(move || worker::run(parts, &runtime)));
            workers.push(RunningWorker { inbox, counters, crossings: Mutex::new(crossings) });
            match thread {
                Ok(thread) => threads.push(thread),
                Err(error) => {
                    end_workers(&workers, &mut threads, Duration::ZERO);
                    return Err(StartError::Thread(error));
                }
            }
        }
        let inboxes = workers.iter().map(|worker| Arc::clone(&worker.inbox)).collect();
        let accept_counters = Arc::<WorkerCounters>::default();
        let bounds = Arc::clone(&tables.bounds);
        match AcceptThread::start(listeners, inboxes, bounds, Arc::clone(&accept_counters)) {
            Ok(accept) => {
                let threads = Mutex::new(Threads { accept, workers: threads });
                Ok(Self { clock, phone_address, gateway_address, accept_counters, workers, threads })
            }
            Err(error) => {
                end_workers(&workers, &mut threads, Duration::ZERO);
                Err(StartError::Thread(error))
            }
        }
    }

    /// As bound.
    #[must_use]
    pub fn phone_address(&self) -> SocketAddr {
        self.phone_address
    }

    /// As bound; `None` = gateways connect at the phones' address.
    #[must_use]
    pub fn gateway_address(&self) -> Option<SocketAddr> {
        self.gateway_address
    }

    /// The clock of deadlines ([`crate::matcher::Gate::deadline_ns`]).
    #[must_use]
    pub fn now_ns(&self) -> i64 {
        self.clock.now_ns()
    }

    /// All that has crossed, of each worker in its order. May be called from any thread.
    pub fn take_crossings(&self, out: &mut Vec<Crossing>) {
        for worker in &self.workers {
            worker.crossings.lock().unwrap_or_else(PoisonError::into_inner).take(out);
        }
    }

    /// Take the tries that nobody is told of, of all workers.
    pub fn take_tried(&self) -> Vec<Tried> {
        let readers = self.workers.iter().map(|worker| &worker.crossings);
        readers.flat_map(|reader| reader.lock().unwrap_or_else(PoisonError::into_inner).take_tried()).collect()
    }

    /// Give replies to their workers.
    pub fn reply(&self, replies: Vec<Reply>) {
        let count = self.workers.len();
        if let [worker] = &self.workers[..] {
            return worker.inbox.reply(replies);
        }
        let mut parts: Vec<Vec<Reply>> = (0..count).map(|_| Vec::new()).collect();
        for reply in replies {
            let index = match &reply {
                Reply::Settled { stream_number, .. } | Reply::Told { stream_number, .. } => {
                    usize::try_from(*stream_number).unwrap_or(0) % count
                }
                Reply::Decided { worker, .. } => *worker % count,
            };
            parts[index].push(reply);
        }
        for (worker, part) in self.workers.iter().zip(parts) {
            if !part.is_empty() {
                worker.inbox.reply(part);
            }
        }
    }

    /// Refuse new ping calls; decide and answer what was read, then end the streams UNAVAILABLE. Connections stay.
    pub fn begin_drain(&self) {
        for worker in &self.workers {
            worker.inbox.drain();
        }
    }

    /// Nothing can be decided any more: all streams end with `refusal`.
    pub fn fail(&self, refusal: &Refusal) {
        for worker in &self.workers {
            worker.inbox.fail(refusal.clone());
        }
    }

    /// Ping streams and IngestPings calls.
    #[must_use]
    pub fn open_stream_count(&self) -> u64 {
        self.workers.iter().map(|worker| worker.counters.streams.get()).sum()
    }

    /// Of now.
    #[must_use]
    pub fn statistics(&self) -> PlaneStatistics {
        let now_ns = self.clock.now_ns();
        let mut sums = PlaneStatistics::default();
        for worker in &self.workers {
            sums.add(&worker.counters, now_ns);
        }
        sums.add(&self.accept_counters, now_ns);
        sums.ended_workers = self.ended_worker_count();
        sums
    }

    /// Workers that are over before `stop`: they had a panic; what they held is lost, and their calls with it.
    fn ended_worker_count(&self) -> u64 {
        let threads = match self.threads.try_lock() {
            Ok(threads) => threads,
            Err(TryLockError::Poisoned(threads)) => threads.into_inner(),
            Err(TryLockError::WouldBlock) => return 0, // it stops
        };
        threads.workers.iter().map(|thread| u64::from(thread.is_finished())).sum()
    }

    /// Listen no more, ask the peers to go, wait up to `grace` for them, join all threads. Blocks; all else may be called
    /// meanwhile, and what comes of crossings is told until the peers are gone.
    pub fn stop(&self, grace: Duration) {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        threads.accept.stop();
        end_workers(&self.workers, &mut threads.workers, grace);
    }
}

impl Drop for Plane {
    fn drop(&mut self) {
        self.stop(Duration::ZERO);
    }
}

fn listen(address: &str) -> Result<std::net::TcpListener, StartError> {
    bind(address).map_err(|error| StartError::Listen(address.to_owned(), error))
}

fn address_of(listener: &std::net::TcpListener, address: &str) -> Result<SocketAddr, StartError> {
    listener.local_addr().map_err(|error| StartError::Listen(address.to_owned(), error))
}

fn end_workers(workers: &[RunningWorker], threads: &mut Vec<JoinHandle<()>>, grace: Duration) {
    for worker in workers {
        worker.inbox.stop(grace);
    }
    for thread in threads.drain(..) {
        // a panic of the thread was told by the panic hook; there is nothing to be saved of it
        drop(thread.join());
    }
}
