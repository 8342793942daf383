//! A client of the daemon without its sockets: requests as data, answers and event streams as types.
//!
//! - [`routes`] makes a [`Call`] for each route: the [`Request`] to send, and how to read the [`Answer`] to it.
//! - [`Stream`] is the machine that keeps one session's events coming: it says when to connect, hang up and wait, and hands on each
//!   event once. [`EventReader`] is its half that knows nothing of connections.
//!
//! Whoever owns a socket performs: the page with `fetch`, the command line with hyper.
//!
//! ```
//! # use roost_core::{SessionId, client::{Answer, Prompt, routes}};
//! let call = routes::prompt(&SessionId::from("s 1"), &Prompt::text("Hello")).with_token("secret");
//! assert_eq!(call.request().path, "/session/s%201/prompt");
//! let body = br#"{"promptId":"p","lastEventId":7,"eventEpoch":"e"}"#;
//! let accepted = call.read(&Answer { status: 202, retry_after: None, body })?;
//! assert_eq!(accepted.cursor().last_event_id, 7);
//! # Ok::<(), roost_core::client::CallError>(())
//! ```

mod backoff;
mod call;
mod controls;
mod daemon;
mod event_reader;
mod failure;
mod listing;
mod organization;
mod outcome;
mod prompt;
mod request;
pub mod routes;
mod session;
mod stream;
mod unread;
mod workspace;

pub use crate::bus::Cursor;
pub use backoff::{LONGEST_WAIT, SHORTEST_WAIT, wait};
pub use call::{Answer, Call, CallError, Done};
pub use controls::{ControlState, Mode, ModeChanged, Model, Models, Modes};
pub use daemon::{Capabilities, Credential, Health, Workspace};
pub use event_reader::{EventReader, News, Resync};
pub use failure::WireFailure;
pub use listing::{SessionPage, SessionSummary, View};
pub use organization::{Arrangement, Batch, BatchError, ExportFormat, Group, GroupChange, Groups, OneGroup};
pub use outcome::PromptOutcome;
pub use prompt::{Accepted, PendingPrompt, PendingPrompts, Prompt, PromptState, Removed, Vote};
pub use request::{Method, Request, segment};
pub use session::{
    ContextState, Heartbeat, LoadedSession, Metadata, MidTurn, NewSession, ResumedSession, Scope, Session,
    ShellOutcome, Status, SupportedCommands, TurnFailure,
};
pub use stream::{DOUBT, Effect, Ending, Input, SILENCE, Stream};
pub use unread::UnreadSession;
pub use workspace::{
    Glob, Permissions, Provider, ProviderModel, Providers, RuleType, Rules, ScopedRules, Setting, SettingScope,
    SettingValues, Settings,
};
