//! The command line as a client: `roost prompt`, `roost sessions`, `roost attach`.
//!
//! The protocol is `roost_core::client`; here are its socket, the terminal, and what a script wants: the answer alone on stdout,
//! everything else on stderr, NDJSON on request, and an exit status that says what happened ([`Exit`]).

mod ask;
mod attach;
mod follow;
mod http;
mod output;
mod prompt;
mod sessions;
mod target;
mod teller;
mod tls;

use std::process::ExitCode;

use roost_core::client::{CallError, WireFailure};

pub use attach::AttachArgs;
pub use prompt::{Allow, PromptArgs};
pub use sessions::SessionsArgs;
pub use target::TargetArgs;

/// How a command ended, as its exit status says it. 2 is a wrong command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: done; for a prompt: answered.
    Done,
    /// 1: refused, or the turn failed.
    Failed,
    /// 3: no daemon answers there.
    Unreachable,
    /// 4: the daemon lets nobody in without the right token.
    Unauthorized,
    /// 5: there is no such session.
    UnknownSession,
    /// 130: the turn was cancelled, here or elsewhere.
    Cancelled,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Unreachable => 3,
            Exit::Unauthorized => 4,
            Exit::UnknownSession => 5,
            Exit::Cancelled => 130,
        })
    }
}

/// Why a command could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    #[error("{0} is not the address of a daemon; such an address looks like http://127.0.0.1:4170")]
    BadUrl(String),
    #[error("the address of a daemon begins with http or https, not {0}")]
    NotHttp(String),
    #[error("--ca {}: {why}", path.display())]
    Authority { path: std::path::PathBuf, why: String },
    #[error("TLS cannot be used here: {0}")]
    Tls(rustls::Error),
    #[error(
        "the certificate of {url} is not trusted ({why}). If it is your own, name the file of it, or of who signed it, with --ca."
    )]
    Untrusted { url: String, why: String },
    #[error("the token has characters that a header cannot carry; use visible ASCII without spaces")]
    UnsendableToken,
    #[error("cannot read the token in {}: {source}", path.display())]
    TokenFile { path: std::path::PathBuf, source: std::io::Error },
    #[error(
        "no daemon answers at {url} ({why}). Start one with `roost serve`, or name another with --url or ROOST_URL."
    )]
    Unreachable { url: String, why: String },
    #[error("the daemon at {url} does not let us in: {tried}")]
    Unauthorized { url: String, tried: String },
    #[error("{}{}", .0.message, hint(.0))]
    Refused(Box<WireFailure>),
    #[error("the daemon’s answer was not understood: {0}")]
    Garbled(String),
    #[error("there is nothing to ask: the prompt is empty")]
    EmptyPrompt,
    #[error("cannot read the prompt from stdin: {0}")]
    Stdin(std::io::Error),
    #[error("cannot write the output: {0}")]
    Output(std::io::Error),
    #[error("the connection was lost for so long that the end of the turn is not known; see `roost attach`")]
    EndUnknown,
    #[error("the session ended before the turn did ({0})")]
    SessionEnded(String),
    #[error("an event of the session is too large to read")]
    Oversize,
    #[error("cannot start: {0}")]
    Runtime(std::io::Error),
}

impl RemoteError {
    fn of(error: CallError) -> Self {
        match error {
            CallError::Refused(failure) => Self::Refused(failure),
            CallError::Garbled(why) => Self::Garbled(why),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Unreachable { .. } | Self::Untrusted { .. } => Exit::Unreachable,
            Self::Unauthorized { .. } => Exit::Unauthorized,
            Self::Refused(failure) if failure.is("session_not_found") => Exit::UnknownSession,
            Self::BadUrl(_)
            | Self::NotHttp(_)
            | Self::Authority { .. }
            | Self::Tls(_)
            | Self::UnsendableToken
            | Self::TokenFile { .. }
            | Self::Refused(_)
            | Self::Garbled(_)
            | Self::EmptyPrompt
            | Self::Stdin(_)
            | Self::Output(_)
            | Self::EndUnknown
            | Self::SessionEnded(_)
            | Self::Oversize
            | Self::Runtime(_) => Exit::Failed,
        }
    }
}

/// What to do about a refusal that says only what is wrong.
fn hint(failure: &WireFailure) -> &'static str {
    if failure.is("session_not_found") { "; `roost sessions` lists those there are" } else { "" }
}

/// `roost prompt`.
#[must_use]
pub fn prompt(args: PromptArgs) -> ExitCode {
    conclude(run(prompt::run(args)))
}

/// `roost sessions`.
#[must_use]
pub fn sessions(args: SessionsArgs) -> ExitCode {
    conclude(run(sessions::run(args)))
}

/// `roost attach`.
#[must_use]
pub fn attach(args: AttachArgs) -> ExitCode {
    conclude(run(attach::run(args)))
}

fn run(command: impl Future<Output = Result<Exit, RemoteError>>) -> Result<Exit, RemoteError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(RemoteError::Runtime)?;
    runtime.block_on(command)
}

fn conclude(result: Result<Exit, RemoteError>) -> ExitCode {
    let exit = result.unwrap_or_else(|error| {
        // Whoever closed the pipe has read enough and needs no word about it.
        let is_cut = matches!(&error, RemoteError::Output(why) if why.kind() == std::io::ErrorKind::BrokenPipe);
        if !is_cut {
            output::remark(&format!("roost: {error}"));
        }
        error.exit()
    });
    exit.into()
}

const EXIT_STATUS: &str = "\
Exit status:
  0  done                 3  no daemon answers
  1  refused or failed    4  the token is missing or wrong
  2  wrong command line   5  there is no such session
                        130  cancelled";
