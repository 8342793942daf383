//! HTTPS by rustls. The files of certificate and key are looked at before each handshake: a renewed certificate is in use from the
//! next connection on, and connections that are open keep theirs.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use rustls::{
    Error, InconsistentKeys, ServerConfig,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use tokio_rustls::TlsAcceptor;

use crate::config::TlsFiles;

/// Why the daemon cannot serve over TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("cannot read {} {}", flag(*.0), .1.display())]
    Read(Part, PathBuf, #[source] io::Error),
    #[error("{} {} holds no certificate in PEM form", flag(Part::Certificate), .0.display())]
    NoCertificate(PathBuf),
    #[error("{} {} holds no private key in PEM form; a key with a passphrase has to be decrypted first", flag(Part::Key), .0.display())]
    NoKey(PathBuf),
    #[error("the key in {} does not belong to the certificate in {}", key.display(), cert.display())]
    Mismatch { cert: PathBuf, key: PathBuf },
    #[error("{} and {} cannot be used", cert.display(), key.display())]
    Unusable { cert: PathBuf, key: PathBuf, source: Error },
}

/// One of the two files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Certificate,
    Key,
}

fn flag(part: Part) -> &'static str {
    match part {
        Part::Certificate => "--tls-cert",
        Part::Key => "--tls-key",
    }
}

/// Reads the files and makes what accepts TLS connections with them.
pub(super) fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let unusable = |source| unusable(files, source);
    let renewed = Renewed::open(files.clone(), Arc::clone(&provider))?;
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let mut config = builder.map_err(unusable)?.with_no_client_auth().with_cert_resolver(Arc::new(renewed));
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// The certificate as the files have it now.
#[derive(Debug)]
struct Renewed {
    files: TlsFiles,
    provider: Arc<CryptoProvider>,
    in_use: Mutex<InUse>,
}

#[derive(Debug)]
struct InUse {
    certificate: Arc<CertifiedKey>,
    /// What the files were like when they were last looked at, whether they could be used or not.
    seen: [Option<Stamp>; 2],
}

/// What changes with a file's content: inode, size, and the moments of the last changes to content and inode.
type Stamp = (u64, u64, [i64; 4]);

impl Renewed {
    fn open(files: TlsFiles, provider: Arc<CryptoProvider>) -> Result<Self, TlsError> {
        let seen = stamps(&files);
        let certificate = Arc::new(read(&files, &provider)?);
        Ok(Self { files, provider, in_use: Mutex::new(InUse { certificate, seen }) })
    }

    /// Two looks at the file system, and a read of two small files when they have changed. A pair that makes no sense, such as one of
    /// which only half is renewed yet, leaves the last good one in use.
    fn current(&self) -> Arc<CertifiedKey> {
        let mut in_use = self.in_use.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = stamps(&self.files);
        if seen != in_use.seen {
            in_use.seen = seen;
            match read(&self.files, &self.provider) {
                Ok(certificate) => {
                    in_use.certificate = Arc::new(certificate);
                    tracing::info!(path = %self.files.cert.display(), "the TLS certificate was read anew");
                }
                Err(error) => tracing::warn!(%error, "the TLS files have changed; the certificate before stays in use"),
            }
        }
        Arc::clone(&in_use.certificate)
    }
}

impl ResolvesServerCert for Renewed {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current())
    }
}

fn stamps(files: &TlsFiles) -> [Option<Stamp>; 2] {
    [&files.cert, &files.key].map(|path| {
        let meta = fs::metadata(path).ok()?;
        let moments = [meta.mtime(), meta.mtime_nsec(), meta.ctime(), meta.ctime_nsec()];
        Some((meta.ino(), meta.size(), moments))
    })
}

fn read(files: &TlsFiles, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
    let (cert, key) = (bytes(Part::Certificate, &files.cert)?, bytes(Part::Key, &files.key)?);
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&cert).filter_map(Result::ok).collect();
    if chain.is_empty() {
        return Err(TlsError::NoCertificate(files.cert.clone()));
    }
    let key = PrivateKeyDer::from_pem_slice(&key).map_err(|_| TlsError::NoKey(files.key.clone()))?;
    CertifiedKey::from_der(chain, key, provider).map_err(|error| match error {
        Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            TlsError::Mismatch { cert: files.cert.clone(), key: files.key.clone() }
        }
        source => unusable(files, source),
    })
}

fn bytes(part: Part, path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|source| TlsError::Read(part, path.to_owned(), source))
}

fn unusable(files: &TlsFiles, source: Error) -> TlsError {
    TlsError::Unusable { cert: files.cert.clone(), key: files.key.clone(), source }
}
