//! Who is let in: the server token, the credentials of signed-in devices, and the one-time codes that are traded for such credentials.

mod devices;
mod secret;
mod sign_in;
mod token_file;

use std::{
    net::IpAddr,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use roost_core::Millis;

pub use secret::{Digest, Secret};
pub use sign_in::{CODE_LIFETIME, Refusal};

use self::{devices::Devices, sign_in::SignIn};
use crate::{
    config::{Config, TokenSource},
    private_file,
};

/// Every credential the daemon accepts. Without a server token (`--no-auth`) every request is admitted.
#[derive(Debug)]
pub struct Auth {
    server_token: Option<ServerToken>,
    devices: Devices,
    sign_in: Mutex<SignIn>,
}

#[derive(Debug)]
struct ServerToken {
    digest: Digest,
    kept_in: Option<PathBuf>,
}

/// Why the credentials cannot be read or made.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("cannot keep private files in {path}")]
    Directory { path: PathBuf, source: std::io::Error },
    #[error("cannot read or write {path}")]
    File { path: PathBuf, source: std::io::Error },
    #[error("{path} holds no token; delete it and start again to get a new one")]
    NoToken { path: PathBuf },
}

/// Why a sign-in code gave no credential.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("cannot remember the device in {path}: {source}")]
    Remember { path: PathBuf, source: std::io::Error },
}

impl Auth {
    /// Reads what earlier runs left in the state directory, and makes what is missing.
    pub fn open(config: &Config) -> Result<Self, OpenError> {
        let dir = config.state_dir();
        private_file::make_dir(&dir).map_err(|source| OpenError::Directory { path: dir.clone(), source })?;
        let server_token = match &config.token {
            TokenSource::Off => None,
            TokenSource::Given(token) => Some(ServerToken { digest: token.digest(), kept_in: None }),
            TokenSource::Kept => {
                let path = dir.join("token");
                let digest = token_file::read_or_make(&path)?.digest();
                Some(ServerToken { digest, kept_in: Some(path) })
            }
        };
        let devices = Devices::open(dir.join("devices.json"))?;
        Ok(Self { server_token, devices, sign_in: Mutex::default() })
    }

    /// Whether requests need a bearer at all.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.server_token.is_some()
    }

    /// Where the server token can be read by its owner; `None` when it was given by flag or environment, or there is none.
    #[must_use]
    pub fn token_file(&self) -> Option<&PathBuf> {
        self.server_token.as_ref()?.kept_in.as_ref()
    }

    /// Whether `bearer` is the server token or a device's credential. Takes the same time for every wrong answer.
    #[must_use]
    pub fn admits(&self, bearer: &[u8]) -> bool {
        let Some(server) = &self.server_token else { return true };
        let offered = Digest::of(bearer);
        let is_server = server.digest == offered;
        let is_device = self.devices.knows(&offered);
        is_server | is_device
    }

    /// A new single-use code, good for [`CODE_LIFETIME`].
    #[must_use]
    pub fn issue_sign_in_code(&self, now: Millis) -> Secret {
        let code = Secret::random();
        self.sign_in.lock().unwrap_or_else(PoisonError::into_inner).issue(now, code.digest());
        code
    }

    /// Trades a code for a new device credential, which is on disk (as a hash) before it is returned. Blocks on that disk write.
    pub fn exchange(&self, now: Millis, peer: IpAddr, code: &str) -> Result<Secret, ExchangeError> {
        self.sign_in.lock().unwrap_or_else(PoisonError::into_inner).redeem(now, peer, &Digest::of(code.as_bytes()))?;
        let credential = Secret::random();
        let remembered = self.devices.add(now, credential.digest());
        remembered.map_err(|source| ExchangeError::Remember { path: self.devices.path().to_owned(), source })?;
        Ok(credential)
    }
}
