//! Room for connections: every one is an open file.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises this process' limit of open files to what it may raise it to. Many systems start programs with 1,024 for the sake of old ones.
pub fn raise() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        return;
    }
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        tracing::warn!(%error, ?current, "cannot raise the limit of open files; it bounds how many clients can connect");
    }
}
