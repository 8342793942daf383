//! `roost prompt`: one question, its answer.

mod signals;
mod turn;

use std::{
    io::{self, IsTerminal, Read},
    rc::Rc,
};

use clap::{Args, ValueEnum};
use roost_core::{
    ClientId, SessionId,
    client::{NewSession, Prompt, routes},
    session::ApprovalMode,
};

use self::{
    signals::Signals,
    turn::{Policy, Turn},
};
use super::{
    EXIT_STATUS, Exit, RemoteError, TargetArgs, ask,
    follow::Follow,
    http::Http,
    output::remark,
    target::Target,
    teller::{Teller, Voice},
};

/// What `roost prompt` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXIT_STATUS)]
pub struct PromptArgs {
    /// What to ask; `-` reads it from stdin
    #[arg(required = true, value_name = "TEXT")]
    text: Vec<String>,
    /// Ask in this session [default: a new one, named on stderr]
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// What the agent may do without asking: plan, default, auto-edit, auto or yolo
    #[arg(long, value_name = "MODE")]
    mode: Option<ApprovalMode>,
    /// What to say when the agent asks for permission [default: ask at the terminal; without one, never]
    #[arg(long, value_name = "ANSWER")]
    allow: Option<Allow>,
    /// Print the turn's events, one JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: TargetArgs,
}

/// The answer to every permission request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Allow {
    /// Yes, to each call by itself
    Once,
    /// No
    Never,
}

pub(super) async fn run(args: PromptArgs) -> Result<Exit, RemoteError> {
    let mut signals = Signals::listen().map_err(RemoteError::Runtime)?;
    let http = Rc::new(Http::to(Target::find(&args.target)?));
    let (text, stdin_is_read) = text(&args.text)?;
    let (session, client) = enter(&http, args.session.as_deref(), args.mode).await?;
    if !args.json {
        remark(&format!("session {session}"));
    }
    let call = routes::prompt(&session, &Prompt::text(text)).by(client.as_ref());
    let accepted = http.call(call).await?;
    let can_ask = !stdin_is_read && !args.json && io::stdin().is_terminal() && io::stderr().is_terminal();
    let mut turn = Turn {
        follow: Follow::new(&http, &session, client.clone(), accepted.cursor()),
        teller: (!args.json).then(|| Teller::new(Voice::Answer)),
        policy: match args.allow {
            Some(allow) => Policy::Fixed(allow),
            None if can_ask => Policy::Person { lines: ask::typed_lines(), open: Vec::new() },
            None => Policy::Nobody,
        },
        missed: false,
        http: Rc::clone(&http),
        session: session.clone(),
        client: client.clone(),
        accepted,
    };
    let end = turn.until_its_end(&mut signals).await;
    drop(turn);
    // Nobody is left in a session that only this command used. That it stays open instead harms nothing.
    let _ = http.call(routes::detach(&session).by(client.as_ref())).await;
    end
}

/// The prompt's text, and whether stdin was read for it.
fn text(words: &[String]) -> Result<(String, bool), RemoteError> {
    let from_stdin = words == ["-"];
    let text = if from_stdin {
        let mut text = String::new();
        io::stdin().lock().read_to_string(&mut text).map_err(RemoteError::Stdin)?;
        text
    } else {
        words.join(" ")
    };
    if text.trim().is_empty() { Err(RemoteError::EmptyPrompt) } else { Ok((text, from_stdin)) }
}

/// Makes a session, or enters the one that was named.
async fn enter(
    http: &Http,
    named: Option<&str>,
    mode: Option<ApprovalMode>,
) -> Result<(SessionId, Option<ClientId>), RemoteError> {
    let Some(named) = named else {
        let made = http.call(routes::create(&NewSession { approval_mode: mode, ..NewSession::own() })).await?;
        return Ok((made.session_id, made.client_id));
    };
    let session = SessionId::from(named);
    let client = http.call(routes::resume(&session)).await?.session.client_id;
    if let Some(mode) = mode {
        http.call(routes::set_approval_mode(&session, mode, false).by(client.as_ref())).await?;
    }
    Ok((session, client))
}
