//! `/status` and `/status paths`.

use crate::{record::VERSION, session::Session};

pub(super) fn status(session: &Session) -> String {
    let model = session.model();
    let server = model.base_url.as_deref().unwrap_or("built in, offline");
    [
        format!("Roost: {VERSION}"),
        format!("Model: {} ({server})", model.name),
        format!("Auth: {}", model.provider),
        format!("Approval mode: {}", session.mode().id()),
        format!("Platform: {}/{}", std::env::consts::OS, std::env::consts::ARCH),
        format!("Session: {}", session.id),
        format!("Workspace: {}", session.cwd().display()),
    ]
    .join("\n")
}

pub(super) fn paths(session: &Session) -> String {
    format!("Session: {}\nTranscript: {}", session.id, session.recorder().path().display())
}
