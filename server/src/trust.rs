//! The user's `trustedFolders.json`, as it is now. The user writes that file, never the daemon: a page can only ask.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

pub use roost_core::trust::{Level, Trust};
use roost_core::trust::{TRUSTED_FOLDERS, TrustRules};
use sha2::{Digest, Sha256};

/// Largest file that is read, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// The file of trusted folders.
#[derive(Clone, Debug)]
pub struct TrustedFolders {
    path: PathBuf,
}

impl TrustedFolders {
    #[must_use]
    pub fn of(home: &Path) -> Self {
        Self { path: home.join(TRUSTED_FOLDERS) }
    }

    /// Whether `folder` (a path without links) is trusted.
    #[must_use]
    pub fn judge(&self, folder: &Path) -> Trust {
        let rules = self.text().ok().and_then(|text| TrustRules::parse(&text, real));
        rules.map_or(Trust::Unreadable, |rules| rules.judge(folder))
    }

    /// A digest that changes when the answer may.
    #[must_use]
    pub fn revision(&self, is_on: bool) -> String {
        let text = self.text().unwrap_or_default();
        let digest = Sha256::new().chain_update([u8::from(is_on)]).chain_update(text).finalize();
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Empty where there is no file.
    fn text(&self) -> io::Result<String> {
        match fs::metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
            Err(error) => Err(error),
            Ok(meta) if meta.len() > MAX_BYTES => Err(io::ErrorKind::FileTooLarge.into()),
            Ok(_) => fs::read_to_string(&self.path),
        }
    }
}

fn real(path: PathBuf) -> PathBuf {
    path.canonicalize().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_trusts_whom_it_names_and_one_that_cannot_be_read_nobody() {
        let home = tempfile::tempdir().expect("a folder");
        let folders = TrustedFolders::of(home.path());
        assert_eq!(folders.judge(Path::new("/t")), Trust::Unknown, "there is no file");
        let file = home.path().join(TRUSTED_FOLDERS);
        fs::write(&file, r#"{"/t": "TRUST_FOLDER"}"#).expect("writes");
        assert!(folders.judge(Path::new("/t/x")).is_trusted());
        fs::write(&file, [0xff]).expect("writes");
        assert_eq!(folders.judge(Path::new("/t")), Trust::Unreadable);
    }
}
