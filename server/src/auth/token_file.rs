//! The server token that outlives a run.

use std::{io, path::Path};

use super::{OpenError, Secret};
use crate::private_file;

/// The token in `path`; a new one when the file is missing. Two daemons that start at once agree on one.
pub(super) fn read_or_make(path: &Path) -> Result<Secret, OpenError> {
    let at = |source| OpenError::File { path: path.to_owned(), source };
    match private_file::read(path) {
        Ok(text) => parse(path, &text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let token = Secret::random();
            match private_file::create(path, &format!("{}\n", token.reveal())) {
                Ok(()) => Ok(token),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    parse(path, &private_file::read(path).map_err(at)?)
                }
                Err(error) => Err(at(error)),
            }
        }
        Err(error) => Err(at(error)),
    }
}

fn parse(path: &Path, text: &str) -> Result<Secret, OpenError> {
    let token = text.trim();
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(OpenError::NoToken { path: path.to_owned() });
    }
    Ok(Secret::new(token))
}
