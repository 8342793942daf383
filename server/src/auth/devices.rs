//! Devices that signed in. Only hashes of their credentials are stored.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{PoisonError, RwLock},
};

use roost_core::Millis;
use serde::{Deserialize, Serialize};

use super::{Digest, OpenError};
use crate::private_file;

/// Most devices remembered; the oldest is forgotten for a newer one.
const MAX_DEVICES: usize = 256;

/// The known devices, in memory and in `devices.json`.
#[derive(Debug)]
pub(super) struct Devices {
    path: PathBuf,
    known: RwLock<Vec<Device>>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Device {
    credential_sha256: Digest,
    created_at: Millis,
}

#[derive(Debug, Serialize, Deserialize)]
struct File {
    version: u8,
    devices: Vec<Device>,
}

impl Devices {
    /// Reads `path`. An unreadable file is set aside, which signs every device out; the log says so.
    pub(super) fn open(path: PathBuf) -> Result<Self, OpenError> {
        let known = read(&path).map_err(|source| OpenError::File { path: path.clone(), source })?;
        Ok(Self { path, known: RwLock::new(known) })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Looks at every device, found or not.
    pub(super) fn knows(&self, credential: &Digest) -> bool {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.iter().fold(false, |found, device| found | (device.credential_sha256 == *credential))
    }

    /// Remembers a device: on disk first, together with what other daemons on this home have written.
    pub(super) fn add(&self, now: Millis, credential: Digest) -> io::Result<()> {
        let _lock = private_file::lock(&self.path.with_extension("lock"))?;
        let mut devices = read(&self.path)?;
        devices.push(Device { credential_sha256: credential, created_at: now });
        let surplus = devices.len().saturating_sub(MAX_DEVICES);
        devices.drain(..surplus);
        let file = File { version: 1, devices };
        private_file::replace(&self.path, &serde_json::to_string_pretty(&file)?)?;
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = file.devices;
        Ok(())
    }
}

fn read(path: &Path) -> io::Result<Vec<Device>> {
    let text = match private_file::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    match serde_json::from_str::<File>(&text) {
        Ok(file) => Ok(file.devices),
        Err(error) => {
            let aside = path.with_extension("json.broken");
            std::fs::rename(path, &aside)?;
            tracing::warn!(path = %path.display(), aside = %aside.display(), %error, "the list of devices is unreadable and was set aside; sign in again");
            Ok(Vec::new())
        }
    }
}
