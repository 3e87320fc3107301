//! TLS of the native plane: certificate, key and roots as `geooffer/rpc/tls.py` has read and checked them.
//!
//! TLS 1.3 and 1.2, HTTP/2 or nothing (ALPN), tickets for resumption. A reload is taken by the next handshake. What a peer
//! has to prove costs us most: so its first word is awaited before it gets a place among the handshakes in flight, full
//! handshakes are paced in the order they came in, and who would wait too long is hung up on at once.

mod pace;

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use rustls::crypto::ring::{Ticketer, default_provider};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{Acceptor, WebPkiClientVerifier};
use rustls::version::{TLS12, TLS13};
use rustls::{HandshakeKind, RootCertStore, ServerConfig};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_rustls::LazyConfigAcceptor;

use crate::connections::PeerStream;
use crate::tls::pace::Pace;

/// What a client must offer, and gets.
const PROTOCOL: &[u8] = b"h2";
/// For the first word of a client, and again for the rest of its handshake.
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
/// Who would have to wait longer for its turn is hung up on.
const TURN_WAIT_MAX: Duration = Duration::from_secs(5);
/// Handshakes of all workers whose first word is there.
const HANDSHAKE_COUNT_MAX: usize = 1_024;

/// PEM contents.
#[derive(Clone)]
pub struct TlsFiles {
    /// The certificate and what leads to its root.
    pub certificate_chain: Vec<u8>,
    /// Of the first certificate.
    pub private_key: Vec<u8>,
    /// Roots of clients, where clients need certificates.
    pub client_ca: Option<Vec<u8>>,
}

/// Why a handshake came to nothing. No detail: it would be the peer's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsFault {
    /// It was not over in time.
    TooSlow,
    /// There are too many.
    Busy,
    /// It did not succeed, or not with HTTP/2.
    Failed,
}

impl fmt::Display for TlsFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::TooSlow => "handshake too slow",
            Self::Busy => "too many handshakes",
            Self::Failed => "handshake failed",
        })
    }
}

impl std::error::Error for TlsFault {}

/// Makes connections secure; one for all workers.
pub struct TlsAcceptor {
    config: RwLock<Arc<ServerConfig>>,
    needs_client_certificates: bool,
    places: Semaphore,
    pace: Pace,
}

impl TlsAcceptor {
    /// `handshakes_per_s`: full ones over all workers; 0 = without bound.
    ///
    /// # Errors
    /// A sentence that names what is wrong with the files, without any of it.
    pub fn new(files: &TlsFiles, handshakes_per_s: u32) -> Result<Self, String> {
        Ok(Self {
            config: RwLock::new(Arc::new(config_of(files)?)),
            needs_client_certificates: files.client_ca.is_some(),
            places: Semaphore::new(HANDSHAKE_COUNT_MAX),
            pace: Pace::new(handshakes_per_s, TURN_WAIT_MAX),
        })
    }

    /// Other files for handshakes to come; connections that are open stay, tickets of before are worth nothing.
    ///
    /// # Errors
    /// As [`TlsAcceptor::new`], or where clients would need certificates from now on, or no more. Then nothing changes.
    pub fn replace(&self, files: &TlsFiles) -> Result<(), String> {
        if files.client_ca.is_some() != self.needs_client_certificates {
            return Err("needs a restart".into());
        }
        let config = Arc::new(config_of(files)?);
        // poison means nothing here: what is behind the lock is replaced as a whole
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = config;
        Ok(())
    }

    /// The handshake of one connection, in bounded time.
    ///
    /// # Errors
    /// [`TlsFault`]; the socket is closed then.
    pub async fn accept(&self, socket: TcpStream) -> Result<PeerStream, TlsFault> {
        let hello = timeout(HANDSHAKE_TIME, LazyConfigAcceptor::new(Acceptor::default(), socket)).await;
        let hello = hello.map_err(|_elapsed| TlsFault::TooSlow)?.map_err(|_unsaid| TlsFault::Failed)?;
        let Ok(_place) = self.places.try_acquire() else { return Err(TlsFault::Busy) };
        sleep(self.pace.turn(Instant::now()).ok_or(TlsFault::Busy)?).await;
        let config = Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner));
        let socket = timeout(HANDSHAKE_TIME, hello.into_stream(config)).await;
        let socket = socket.map_err(|_elapsed| TlsFault::TooSlow)?.map_err(|_unsaid| TlsFault::Failed)?;
        let session = socket.get_ref().1;
        if session.handshake_kind() == Some(HandshakeKind::Resumed) {
            self.pace.give_back();
        }
        // who offers no protocols at all gets as far as this
        if session.alpn_protocol() != Some(PROTOCOL) {
            return Err(TlsFault::Failed);
        }
        Ok(PeerStream::secure(socket))
    }
}

fn config_of(files: &TlsFiles) -> Result<ServerConfig, String> {
    let provider = Arc::new(default_provider());
    let chain = certificates(&files.certificate_chain, "certificate")?;
    // errors of the libraries are not passed on: one of them may quote a key
    let key = PrivateKeyDer::from_pem_slice(&files.private_key)
        .map_err(|_unsaid| "the key file holds no PEM private key without password")?;
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(|_unsaid| "this build has no TLS 1.2 and 1.3")?;
    let builder = match &files.client_ca {
        None => builder.with_no_client_auth(),
        Some(pem) => {
            let mut roots = RootCertStore::empty();
            for root in certificates(pem, "client CA")? {
                roots.add(root).map_err(|_unsaid| "the client CA file holds no root certificate")?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.map_err(|_unsaid| "the client CA file holds no root")?)
        }
    };
    let mut config = builder
        .with_single_cert(chain, key)
        .map_err(|_unsaid| "the key is not that of the first certificate, or of no kind that is known")?;
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    config.ticketer = Ticketer::new().map_err(|_unsaid| "the system gives no random numbers")?;
    Ok(config)
}

fn certificates(pem: &[u8], what: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(format!("the {what} file holds no PEM certificate")),
    }
}
