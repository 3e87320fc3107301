//! Sockets: clear text or TLS 1.2/1.3 with the certificates given.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::LoadError;
use crate::plan::Plan;

/// A connected socket.
pub enum Socket {
    /// Clear text.
    Plain(TcpStream),
    /// TLS, its handshake done.
    Tls(Box<TlsStream<TcpStream>>),
}

/// Connects.
#[derive(Clone)]
pub struct Connector {
    address: String,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

impl Connector {
    /// To the address of a plan.
    ///
    /// # Errors
    /// The certificates or the name cannot be read.
    pub fn of(plan: &Plan) -> Result<Self, LoadError> {
        let address = plan.address.clone();
        if plan.ca_pem.is_empty() {
            return Ok(Self { address, tls: None });
        }
        let fault = |text: String| LoadError::Plan(format!("ca_pem or server_name: {text}"));
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(plan.ca_pem.as_bytes()) {
            let certificate = certificate.map_err(|error| fault(format!("{error:?}")))?;
            roots.add(certificate).map_err(|error| fault(error.to_string()))?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| fault(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let name = ServerName::try_from(plan.server_name.clone()).map_err(|error| fault(error.to_string()))?;
        Ok(Self { address, tls: Some((TlsConnector::from(Arc::new(config)), name)) })
    }

    /// A new connection.
    ///
    /// # Errors
    /// As the system or the handshake says.
    pub async fn connect(&self) -> io::Result<Socket> {
        let socket = TcpStream::connect(&self.address).await?;
        socket.set_nodelay(true)?;
        match &self.tls {
            None => Ok(Socket::Plain(socket)),
            Some((connector, name)) => Ok(Socket::Tls(Box::new(connector.connect(name.clone(), socket).await?))),
        }
    }
}

impl Socket {
    /// Read what there is; 0 = the peer closed.
    pub fn poll_read(&mut self, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut read = ReadBuf::new(buffer);
        let result = match self {
            Self::Plain(socket) => Pin::new(socket).poll_read(context, &mut read),
            Self::Tls(socket) => Pin::new(socket.as_mut()).poll_read(context, &mut read),
        };
        result.map_ok(|()| read.filled().len())
    }

    /// Write all of `bytes`, from `written` on; Ready when it has left.
    pub fn poll_write_all(
        &mut self,
        context: &mut Context<'_>,
        bytes: &[u8],
        written: &mut usize,
    ) -> Poll<io::Result<()>> {
        while *written < bytes.len() {
            let rest = &bytes[*written..];
            let result = match self {
                Self::Plain(socket) => Pin::new(socket).poll_write(context, rest),
                Self::Tls(socket) => Pin::new(socket.as_mut()).poll_write(context, rest),
            };
            match result {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(count)) => *written += count,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
        match self {
            Self::Plain(_) => Poll::Ready(Ok(())),
            Self::Tls(socket) => Pin::new(socket.as_mut()).poll_flush(context),
        }
    }
}
