//! HTTPS to a daemon: its certificate is checked as the system checks them, or against an authority of the user's own.

use std::{io, path::Path, sync::Arc};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::ring,
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
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
    /// For the daemon at `host`. With `ca`, a file of PEM certificates, those and what they have signed are trusted, and nobody else.
    pub(super) fn new(host: &str, ca: Option<&Path>) -> Result<Self, RemoteError> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| RemoteError::BadUrl(format!("https://{host}")))?;
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider);
        let builder = builder.with_safe_default_protocol_versions().map_err(RemoteError::Tls)?;
        let builder = match ca {
            Some(path) => builder.dangerous().with_custom_certificate_verifier(Arc::new(Given::read(path)?)),
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

/// Trusts the certificates of a file, and those they have signed.
#[derive(Debug)]
struct Given {
    certificates: Vec<CertificateDer<'static>>,
    signed: Arc<WebPkiServerVerifier>,
}

impl Given {
    fn read(path: &Path) -> Result<Self, RemoteError> {
        let bad = |why: String| RemoteError::Authority { path: path.to_owned(), why };
        let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let certificates = read.map_err(|error| bad(error.to_string()))?;
        if certificates.is_empty() {
            return Err(bad("it holds no certificate in PEM form".to_owned()));
        }
        let mut roots = RootCertStore::empty();
        for certificate in &certificates {
            roots.add(certificate.clone()).map_err(|error| bad(error.to_string()))?;
        }
        let signed = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::new(ring::default_provider()));
        let signed = signed.build().map_err(|error| bad(error.to_string()))?;
        Ok(Self { certificates, signed })
    }
}

impl ServerCertVerifier for Given {
    /// A certificate from the user's file is trusted whatever it says about itself: self-signed ones usually claim to be an authority,
    /// which the rules forbid for servers.
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if self.certificates.contains(certificate) {
            return Ok(ServerCertVerified::assertion());
        }
        self.signed.verify_server_cert(certificate, intermediates, name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.signed.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.signed.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.signed.supported_verify_schemes()
    }
}

/// Why a handshake failed, as far as a user can do something about it.
pub(super) enum TlsFault {
    /// The certificate is not trusted, for this reason.
    Certificate(String),
    /// What answered does not speak TLS.
    NoTls,
    Other,
}

impl TlsFault {
    pub(super) fn of(error: &io::Error) -> Self {
        match error.get_ref().and_then(|error| error.downcast_ref()) {
            Some(rustls::Error::InvalidCertificate(fault)) => Self::Certificate(words(fault)),
            Some(rustls::Error::InvalidMessage(_)) => Self::NoTls,
            Some(_) | None => Self::Other,
        }
    }
}

fn words(fault: &CertificateError) -> String {
    match fault {
        CertificateError::UnknownIssuer => "nobody who is trusted here has signed it".to_owned(),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired".to_owned(),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it is for another name".to_owned()
        }
        CertificateError::Other(error) => error.to_string(),
        other => format!("{other:?}"),
    }
}
