//! HTTPS to a daemon: its certificate is checked as the system checks them, or against an authority of the user's own.

use std::{io, path::Path, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::RemoteError;

/// Speaks TLS with one daemon.
#[derive(Clone)]
pub(super) struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Tls {
    /// For the daemon at `host`. With `ca`, a file of PEM certificates, those are trusted and nobody else: a self-signed certificate can be
    /// one of them.
    pub(super) fn new(host: &str, ca: Option<&Path>) -> Result<Self, RemoteError> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| RemoteError::BadUrl(format!("https://{host}")))?;
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().map_err(RemoteError::Tls)?;
        let builder = match ca {
            Some(path) => builder.with_root_certificates(authorities(path)?),
            None => builder.with_platform_verifier().map_err(RemoteError::Tls)?,
        };
        let mut config = builder.with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), name })
    }

    pub(super) async fn shake(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        self.connector.connect(self.name.clone(), stream).await
    }
}

fn authorities(path: &Path) -> Result<RootCertStore, RemoteError> {
    let bad = |why: String| RemoteError::Authority { path: path.to_owned(), why };
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| bad(error.to_string()))?;
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        let certificate = certificate.map_err(|error| bad(error.to_string()))?;
        roots.add(certificate).map_err(|error| bad(error.to_string()))?;
    }
    if roots.is_empty() { Err(bad("it holds no certificate in PEM form".to_owned())) } else { Ok(roots) }
}

/// Why a handshake failed, as far as a user can do something about it.
pub(super) enum TlsFault {
    /// The certificate is not trusted, for this reason.
    Certificate(String),
    /// Somebody who speaks something else answered.
    NoTls,
    Other,
}

impl TlsFault {
    pub(super) fn of(error: &io::Error) -> Self {
        match error.get_ref().and_then(|error| error.downcast_ref()) {
            Some(rustls::Error::InvalidCertificate(fault)) => Self::Certificate(fault.to_string()),
            Some(rustls::Error::InvalidMessage(_)) => Self::NoTls,
            Some(_) | None => Self::Other,
        }
    }
}
