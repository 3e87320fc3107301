//! TLS over real sockets: what is offered, what is refused, what a reload changes, how handshakes are paced.

use std::sync::Arc;
use std::time::{Duration, Instant};

use geooffer_plane::connections::PeerStream;
use geooffer_plane::tls::{TlsAcceptor, TlsFault, TlsFiles};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, HandshakeKind, ProtocolVersion, RootCertStore, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A root and what it signed.
struct Issuer(CertifiedIssuer<'static, KeyPair>);

impl Issuer {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// Certificate and key of a host.
    fn issue(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.0).unwrap(), key)
    }

    fn files(&self, client_ca: Option<&Self>) -> TlsFiles {
        let (certificate, key) = self.issue("localhost");
        TlsFiles {
            certificate_chain: certificate.pem().into_bytes(),
            private_key: key.serialize_pem().into_bytes(),
            client_ca: client_ca.map(|issuer| issuer.0.pem().into_bytes()),
        }
    }

    fn client(&self, protocols: &[&[u8]], version: &'static SupportedProtocolVersion) -> ClientConfig {
        let mut config = self.roots(version).with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        config
    }

    fn roots(
        &self,
        version: &'static SupportedProtocolVersion,
    ) -> rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert> {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).unwrap();
        ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots)
    }

    fn known_client(&self, issuer: &Self) -> ClientConfig {
        let (certificate, key) = issuer.issue("phone");
        let chain = vec![CertificateDer::from(certificate.der().to_vec())];
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let mut config = self.roots(&TLS13).with_client_auth_cert(chain, key).unwrap();
        config.alpn_protocols = vec![b"h2".to_vec()];
        config
    }
}

/// Both ends of one handshake; the client also waits for the server's first byte, because it learns of a refusal there.
async fn meet(
    acceptor: &TlsAcceptor,
    config: &Arc<ClientConfig>,
) -> (Result<PeerStream, TlsFault>, std::io::Result<TlsStream<TcpStream>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = async {
        let mut accepted = acceptor.accept(listener.accept().await.unwrap().0).await;
        if let Ok(peer) = &mut accepted {
            peer.write_all(b"x").await.unwrap();
        }
        accepted
    };
    let client = async {
        let socket = TcpStream::connect(address).await?;
        let name = ServerName::try_from("localhost").unwrap();
        let mut socket = TlsConnector::from(Arc::clone(config)).connect(name, socket).await?;
        socket.read_exact(&mut [0]).await?;
        Ok(socket)
    };
    tokio::time::timeout(Duration::from_secs(20), async { tokio::join!(server, client) }).await.unwrap()
}

fn test(body: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(body);
}

#[test]
fn http2_over_both_versions_and_nothing_else() {
    test(async {
        let issuer = Issuer::new();
        let acceptor = TlsAcceptor::new(&issuer.files(None), 0).unwrap();
        for (version, name) in [(&TLS13, ProtocolVersion::TLSv1_3), (&TLS12, ProtocolVersion::TLSv1_2)] {
            let (accepted, client) = meet(&acceptor, &Arc::new(issuer.client(&[b"http/1.1", b"h2"], version))).await;
            assert!(accepted.is_ok());
            assert_eq!(client.unwrap().get_ref().1.protocol_version(), Some(name));
            for protocols in [&[][..], &[&b"http/1.1"[..]]] {
                let (accepted, client) = meet(&acceptor, &Arc::new(issuer.client(protocols, version))).await;
                assert_eq!(accepted.err(), Some(TlsFault::Failed));
                assert!(client.is_err());
            }
        }
    });
}

#[test]
fn what_is_no_handshake_is_refused() {
    test(async {
        let acceptor = TlsAcceptor::new(&Issuer::new().files(None), 0).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        for said in
            [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], b"GET / HTTP/1.1\r\n\r\n", &[0x16, 3, 1, 0xff, 0xff], &[]]
        {
            let mut socket = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let (accepted, _) = listener.accept().await.unwrap();
            socket.write_all(said).await.unwrap();
            socket.shutdown().await.unwrap();
            assert_eq!(acceptor.accept(accepted).await.err(), Some(TlsFault::Failed));
        }
    });
}

#[test]
fn who_comes_again_resumes() {
    test(async {
        let issuer = Issuer::new();
        let acceptor = TlsAcceptor::new(&issuer.files(None), 0).unwrap();
        for version in [&TLS13, &TLS12] {
            let config = Arc::new(issuer.client(&[b"h2"], version));
            let kinds = [meet(&acceptor, &config).await.1, meet(&acceptor, &config).await.1]
                .map(|client| client.unwrap().get_ref().1.handshake_kind());
            assert_eq!(kinds, [Some(HandshakeKind::Full), Some(HandshakeKind::Resumed)]);
        }
    });
}

#[test]
fn a_reload_is_for_handshakes_to_come() {
    test(async {
        let (old, new) = (Issuer::new(), Issuer::new());
        let acceptor = TlsAcceptor::new(&old.files(None), 0).unwrap();
        let (old_client, new_client) = (Arc::new(old.client(&[b"h2"], &TLS13)), Arc::new(new.client(&[b"h2"], &TLS13)));
        let (mut peer, mut open) = meet(&acceptor, &old_client).await;
        assert!(meet(&acceptor, &new_client).await.1.is_err());
        acceptor.replace(&new.files(None)).unwrap();
        assert!(meet(&acceptor, &new_client).await.1.is_ok());
        assert!(meet(&acceptor, &old_client).await.1.is_err(), "not by its ticket either");
        peer.as_mut().unwrap().write_all(b"y").await.unwrap();
        open.as_mut().unwrap().read_exact(&mut [0]).await.unwrap();
        // what does not fit changes nothing
        let mixed = TlsFiles { private_key: old.files(None).private_key, ..new.files(None) };
        for bad in [mixed, new.files(Some(&old)), TlsFiles { certificate_chain: b"x".to_vec(), ..new.files(None) }] {
            let secret = String::from_utf8(bad.private_key.clone()).unwrap();
            let error = acceptor.replace(&bad).unwrap_err();
            assert!(!secret.lines().any(|line| error.contains(line)), "{error}");
        }
        assert!(meet(&acceptor, &new_client).await.1.is_ok());
    });
}

#[test]
fn clients_show_certificates_where_roots_are_given() {
    test(async {
        let (ours, theirs, others) = (Issuer::new(), Issuer::new(), Issuer::new());
        let acceptor = TlsAcceptor::new(&ours.files(Some(&theirs)), 0).unwrap();
        let known = Arc::new(ours.known_client(&theirs));
        assert!(meet(&acceptor, &known).await.1.is_ok());
        for bad in [ours.client(&[b"h2"], &TLS13), ours.client(&[b"h2"], &TLS12), ours.known_client(&others)] {
            let (accepted, client) = meet(&acceptor, &Arc::new(bad)).await;
            assert_eq!(accepted.err(), Some(TlsFault::Failed));
            assert!(client.is_err());
        }
        // whose root is no longer there comes in no more, ticket or not
        acceptor.replace(&ours.files(Some(&others))).unwrap();
        assert!(meet(&acceptor, &known).await.1.is_err());
    });
}

#[test]
fn full_handshakes_wait_for_their_turn_and_resumed_ones_give_it_back() {
    test(async {
        let issuer = Issuer::new();
        let acceptor = TlsAcceptor::new(&issuer.files(None), 4).unwrap();
        let began = Instant::now();
        let mut accepted_count: u32 = 0;
        while accepted_count < 9 {
            // a configuration of its own: nothing to resume by
            assert!(meet(&acceptor, &Arc::new(issuer.client(&[b"h2"], &TLS13))).await.0.is_ok());
            accepted_count += 1;
        }
        // five at once, the others at a distance of 250 ms: never sooner, however slow this machine is
        assert!(began.elapsed() >= Duration::from_secs(1));
        let config = Arc::new(issuer.client(&[b"h2"], &TLS13));
        for _ in 0..30 {
            let client = meet(&acceptor, &config).await.1.unwrap();
            accepted_count += u32::from(client.get_ref().1.handshake_kind() == Some(HandshakeKind::Full));
        }
        assert_eq!(accepted_count, 10, "all but the first resumed");
    });
}
