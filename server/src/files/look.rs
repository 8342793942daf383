//! How a file looks, and all of its bytes, for artifacts that point at it.

use std::io::{self, Read};

use roost_core::artifact::{Fingerprint, Look};
use sha2::{Digest, Sha256};

use super::{Refusal, WorkspaceFiles, WorkspacePath, root::Opened, stat::size_of};

/// Largest file whose bytes are compared; a larger one that was written again counts as changed.
const MAX_HASHED_BYTES: u64 = 1024 * 1024;

impl WorkspaceFiles {
    /// How a file looks; its bytes are read where `asks_for_bytes` says of the rest that they matter.
    ///
    /// # Errors
    /// The path leads out of the workspace or to something else than a file, or the disk refuses. What is not there is no error.
    pub fn look(
        &self,
        path: &WorkspacePath,
        asks_for_bytes: impl FnOnce(&Fingerprint) -> bool,
    ) -> Result<Look, Refusal> {
        match self.root.open_file(path) {
            Ok(opened) => {
                fingerprint(&opened, asks_for_bytes).map(Look::Found).map_err(|error| Refusal::io(error, &path.shown()))
            }
            Err(Refusal::NotFound(_) | Refusal::NotADirectory(_)) => Ok(Look::Missing),
            Err(refusal) => Err(refusal),
        }
    }

    /// All bytes of a file.
    ///
    /// # Errors
    /// It has more than `max_bytes`, is no regular file, or cannot be read.
    pub fn whole(&self, path: &WorkspacePath, max_bytes: usize) -> Result<Vec<u8>, Refusal> {
        let opened = self.root.open_file(path)?;
        let mut bytes = Vec::new();
        let read = opened.file.take(max_bytes as u64 + 1).read_to_end(&mut bytes);
        read.map_err(|error| Refusal::io(error, &path.shown()))?;
        if bytes.len() > max_bytes {
            return Err(Refusal::TooLarge { size_bytes: size_of(&opened.stat), max_bytes });
        }
        Ok(bytes)
    }
}

fn fingerprint(opened: &Opened, asks_for_bytes: impl FnOnce(&Fingerprint) -> bool) -> io::Result<Fingerprint> {
    let size_bytes = size_of(&opened.stat);
    let modified_ms = opened.stat.st_mtime as f64 * 1e3 + opened.stat.st_mtime_nsec as f64 / 1e6;
    let mut seen = Fingerprint { size_bytes, modified_ms, sha256: None };
    if size_bytes <= MAX_HASHED_BYTES && asks_for_bytes(&seen) {
        seen.sha256 = Some(hashed(&opened.file)?);
    }
    Ok(seen)
}

fn hashed(file: impl Read) -> io::Result<String> {
    let (mut digest, mut file) = (Sha256::new(), file.take(MAX_HASHED_BYTES));
    let mut buffer = [0; 16 * 1024];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => digest.update(&buffer[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
