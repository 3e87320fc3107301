//! The Python object of a running plane.

use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use geooffer_plane::connections::ConnectionBounds;
use geooffer_plane::control::Reply;
use geooffer_plane::matcher::Matcher;
use geooffer_plane::plane::{Plane as NativePlane, Tables, Wake};
use geooffer_plane::quotas::{RowQuotas, RowRates};
use geooffer_plane::refusal::{Code, Refusal};
use geooffer_plane::settings::PlaneSettings;
use geooffer_plane::tls::{TlsAcceptor, TlsFiles};
use geooffer_plane::tokens::TokenVerifier;
use geooffer_plane::wire::names::Names;
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::crossings;
use crate::engine_lock::EngineLock;
use crate::matcher::{MatcherCounts, NoMatcher, NumbaMatcher, RealClock};
use crate::raw::{Addresses, Entry};
use crate::replies::{OutcomeRows, ReadyOffer};

/// Connections that have not greeted yet.
const GREETING_COUNT_MAX: usize = 4_096;

/// PEM bytes: chain, key, and the roots of clients' certificates where they need one.
type TlsBytes = (Vec<u8>, Vec<u8>, Option<Vec<u8>>);

/// A plane that serves, until `stop`. One thread calls it.
#[pyclass(frozen)]
pub struct Plane {
    native: NativePlane,
    shared: Shared,
    counts: Arc<MatcherCounts>,
    /// Readable while crossings wait.
    woken: UnixStream,
    /// What the matcher's addresses belong to; let go after the threads are joined (`drop` below).
    _join: Option<Py<PyAny>>,
}

/// What all workers share and a reload exchanges.
#[derive(Clone)]
struct Shared {
    tokens: Arc<TokenVerifier>,
    quotas: Arc<RowQuotas>,
    names: Arc<Names>,
    tls: Option<Arc<TlsAcceptor>>,
}

/// What workers call, and what is readable then: a pipe that a full buffer does not block.
fn waking() -> std::io::Result<(Wake, UnixStream)> {
    let (woken, waker) = UnixStream::pair()?;
    woken.set_nonblocking(true)?;
    waker.set_nonblocking(true)?;
    // an error means that it is full, and so readable already, or that nobody reads any more
    let wake: Wake = Arc::new(move || drop((&waker).write(&[1])));
    Ok((wake, woken))
}

/// The clock behind `real_now_ms` (a Python callable: milliseconds since 1970), from a moment when it went on by one.
fn clock_of(real_now_ms: &Bound<'_, PyAny>, waiting_ages: bool) -> PyResult<RealClock> {
    const WAIT_MAX: Duration = Duration::from_millis(5);
    let began = Instant::now();
    let first_ms: i64 = real_now_ms.call0()?.extract()?;
    loop {
        let (now_ms, since): (i64, Instant) = (real_now_ms.call0()?.extract()?, Instant::now());
        if now_ms != first_ms || began.elapsed() > WAIT_MAX {
            return Ok(RealClock { since, since_ns: now_ms.saturating_mul(1_000_000), waiting_ages });
        }
    }
}

/// The entry that `join` tells of, an object like `geooffer.engine.join.Join`.
fn entry_of(join: &Bound<'_, PyAny>) -> PyResult<Entry> {
    let address = |name: &str| -> PyResult<usize> { join.getattr(name)?.extract() };
    let addresses = Addresses {
        decide: address("decide_address")?,
        may_send: address("may_send_address")?,
        hint: address("hint_address")?,
        context: address("context_address")?,
        hint_rules: address("hint_rules_address")?,
    };
    // SAFETY: these are the addresses of a Join, whose contract are C functions of these signatures that neither raise
    // nor unwind, and of its arrays; they live as long as it does, and the plane keeps it until all workers are joined.
    #[allow(unsafe_code)]
    let entry = unsafe { Entry::new(addresses) };
    entry.ok_or_else(|| PyValueError::new_err("the join has no addresses"))
}

fn tls_files(bytes: TlsBytes) -> TlsFiles {
    let (certificate_chain, private_key, client_ca) = bytes;
    TlsFiles { certificate_chain, private_key, client_ca }
}

fn extend(names: &Names, first: usize, fence_ids: &[String]) -> PyResult<()> {
    let ids = fence_ids.iter().map(String::as_str);
    names.extend(first, ids).map_err(|number| PyValueError::new_err(format!("fence {number} has another name")))
}

fn shared_of(
    settings: &PlaneSettings,
    tokens_json: &str,
    row_rates: (u32, u32),
    tls: Option<TlsBytes>,
    fence_ids: &[String],
) -> PyResult<Shared> {
    let tokens = TokenVerifier::from_json(tokens_json).map_err(PyValueError::new_err)?;
    let (device_rows, rows) = row_rates;
    let tls = tls
        .map(|bytes| TlsAcceptor::new(&tls_files(bytes), settings.handshakes_per_s))
        .transpose()
        .map_err(PyValueError::new_err)?;
    let names = Names::default();
    extend(&names, 0, fence_ids)?;
    Ok(Shared {
        tokens: Arc::new(tokens),
        quotas: Arc::new(RowQuotas::new(RowRates { device_rows, rows })),
        names: Arc::new(names),
        tls: tls.map(Arc::new),
    })
}

impl Shared {
    fn tables(&self, settings: &PlaneSettings) -> Tables {
        Tables {
            tokens: Arc::clone(&self.tokens),
            quotas: Arc::clone(&self.quotas),
            names: Arc::clone(&self.names),
            tls: self.tls.clone(),
            bounds: ConnectionBounds::new(settings.connection_count_max, GREETING_COUNT_MAX),
        }
    }
}

#[allow(clippy::needless_pass_by_value)] // PyO3 hands arguments over as values
#[pymethods]
impl Plane {
    #[new]
    #[pyo3(signature = (settings_json, *, tokens_json, row_rates=(0, 0), tls=None, fence_ids=Vec::new(), join=None,
                        lock=None, real_now_ms=None))]
    #[allow(clippy::too_many_arguments)] // named ones, of one caller
    fn new(
        py: Python<'_>,
        settings_json: &str,
        tokens_json: &str,
        row_rates: (u32, u32),
        tls: Option<TlsBytes>,
        fence_ids: Vec<String>,
        join: Option<Py<PyAny>>,
        lock: Option<&EngineLock>,
        real_now_ms: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let settings: PlaneSettings =
            serde_json::from_str(settings_json).map_err(|error| PyValueError::new_err(error.to_string()))?;
        let shared = shared_of(&settings, tokens_json, row_rates, tls, &fence_ids)?;
        let counts = Arc::new(MatcherCounts::default());
        let entry = match (&join, lock, real_now_ms) {
            (Some(join), Some(lock), Some(clock)) => {
                let join = join.bind(py);
                let clock = clock_of(clock, join.getattr("waiting_ages")?.extract()?)?;
                Some((entry_of(join)?, lock.shared(), clock))
            }
            _ if settings.echo => None,
            _ => return Err(PyValueError::new_err("join, lock and real_now_ms are needed to decide")),
        };
        let make_matcher = |_worker: usize| -> Box<dyn Matcher> {
            match &entry {
                Some((entry, lock, clock)) => {
                    Box::new(NumbaMatcher::new(*entry, Arc::clone(lock), *clock, Arc::clone(&counts)))
                }
                None => Box::new(NoMatcher),
            }
        };
        let (wake, woken) = waking()?;
        let tables = shared.tables(&settings);
        let native = py
            .detach(|| NativePlane::start(settings, tables, &wake, make_matcher))
            .map_err(|error| PyOSError::new_err(error.to_string()))?;
        Ok(Self { native, shared, counts, woken, _join: join })
    }

    /// Where phones connect, as bound.
    #[getter]
    fn phone_address(&self) -> String {
        self.native.phone_address().to_string()
    }

    /// Where gateways connect, as bound; None where they use the phones' address.
    #[getter]
    fn gateway_address(&self) -> Option<String> {
        self.native.gateway_address().map(|address| address.to_string())
    }

    /// Readable when crossings came; whoever reads it calls `take`.
    #[getter]
    fn wake_fd(&self) -> i32 {
        self.woken.as_raw_fd()
    }

    /// Nanoseconds since the plane began: the clock of deadlines.
    fn now_ns(&self) -> i64 {
        self.native.now_ns()
    }

    /// All crossings that wait, in the order of each worker.
    fn take(&self, py: Python<'_>) -> PyResult<Vec<Py<PyAny>>> {
        let mut taken = Vec::new();
        self.native.take_crossings(&mut taken);
        let mut told = Vec::with_capacity(taken.len());
        for crossing in taken {
            crossings::to_python(py, crossing, &mut told)?;
        }
        Ok(told)
    }

    /// Tries that nobody is told of, since the last time: [(context number, TRY rows)], in the order of each worker.
    fn take_tried(&self, py: Python<'_>) -> Vec<(i64, Py<PyBytes>)> {
        self.native.take_tried().iter().map(|item| crossings::tried(py, item)).collect()
    }

    /// Release a held message.
    fn settle(&self, stream_number: i32, message_sequence: i64, fields: Vec<u8>, offers: Vec<ReadyOffer>) {
        let offers = offers.into_iter().map(Into::into).collect();
        self.native.reply(vec![Reply::Settled { stream_number, message_sequence, fields, offers }]);
    }

    /// What became of the rows of an `Undecided`.
    fn decided(&self, worker: usize, outcome: OutcomeRows) -> PyResult<()> {
        self.native.reply(vec![outcome.into_reply(worker)?]);
        Ok(())
    }

    /// Fields of an answer for a stream, if it is still open.
    fn tell(&self, stream_number: i32, fields: Vec<u8>) {
        self.native.reply(vec![Reply::Told { stream_number, fields }]);
    }

    /// Another key ring (whole); True where it differs.
    fn set_tokens(&self, tokens_json: &str) -> PyResult<bool> {
        self.shared.tokens.replace_json(tokens_json).map_err(PyValueError::new_err)
    }

    /// Other quotas of rows a second: of a device, of another caller; 0 = no bound.
    fn set_quotas(&self, device_rows: u32, rows: u32) {
        self.shared.quotas.replace(RowRates { device_rows, rows });
    }

    /// Another certificate, for handshakes from now on.
    fn set_tls(&self, certificate_chain: Vec<u8>, private_key: Vec<u8>, client_ca: Option<Vec<u8>>) -> PyResult<()> {
        let tls = self.shared.tls.as_ref().ok_or_else(|| PyValueError::new_err("this plane speaks no TLS"))?;
        let files = tls_files((certificate_chain, private_key, client_ca));
        tls.replace(&files).map_err(PyValueError::new_err)
    }

    /// The ids of fences from number `first` on; before a catalog that has them goes live.
    fn extend_fence_names(&self, first: usize, fence_ids: Vec<String>) -> PyResult<()> {
        extend(&self.shared.names, first, &fence_ids)
    }

    /// Counts since the start and what waits now, as JSON (geooffer-plane's `PlaneStatistics`).
    fn statistics_json(&self) -> PyResult<String> {
        serde_json::to_string(&self.native.statistics()).map_err(|error| PyValueError::new_err(error.to_string()))
    }

    /// How often the matcher left rows to Python, by the number of its reason; the last: calls refused as misuse.
    fn undecided_counts(&self) -> Vec<u64> {
        self.counts.all()
    }

    /// Nothing is decided any more: all streams end UNAVAILABLE, with this reason and message.
    fn fault(&self, reason: &str, message: &str) {
        let reason = match reason {
            "JOURNAL" => "JOURNAL",
            _ => "DRAINING",
        };
        self.native.fail(&Refusal::new(Code::Unavailable, reason, message));
    }

    /// Take no more pings: what was read is decided and answered, and streams end; other calls go on.
    fn begin_drain(&self) {
        self.native.begin_drain();
    }

    /// Streams and IngestPings calls that are open.
    fn open_stream_count(&self) -> u64 {
        self.native.open_stream_count()
    }

    /// Close everything, wait up to `grace_s` for connections, join all threads; may be called again.
    fn stop(&self, py: Python<'_>, grace_s: f64) {
        let grace = Duration::try_from_secs_f64(grace_s.max(0.0)).unwrap_or(Duration::ZERO);
        py.detach(|| self.native.stop(grace));
    }
}

impl Drop for Plane {
    fn drop(&mut self) {
        // before `_join` goes: after this no worker calls the matcher; they never need the GIL, which may be held here
        self.native.stop(Duration::ZERO);
    }
}
