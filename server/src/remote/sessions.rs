//! `roost sessions`: what sessions there are.

use clap::Args;
use roost_core::client::{SessionSummary, routes};

use super::{
    EXIT_STATUS, Exit, RemoteError, TargetArgs,
    http::Http,
    output::{headline, print, print_json},
    target::Target,
};

const PAGE: u8 = 100;
const TITLE_CHARS: usize = 60;

/// What `roost sessions` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXIT_STATUS)]
pub struct SessionsArgs {
    /// Print one JSON array
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: TargetArgs,
}

/// Lists the sessions of the daemon's workspace, the most recently active first.
pub(super) async fn run(args: SessionsArgs) -> Result<Exit, RemoteError> {
    let http = Http::to(Target::find(&args.target)?);
    let workspace = http.call(routes::capabilities()).await?.workspace_cwd;
    let mut sessions: Vec<SessionSummary> = Vec::new();
    let mut cursor = None;
    loop {
        let page = http.call(routes::sessions(&workspace, PAGE, cursor.as_deref())).await?;
        // Sessions that are active while we read move up, and would be listed twice.
        let is_new = |new: &SessionSummary| !sessions.iter().any(|known| known.session_id == new.session_id);
        let fresh: Vec<SessionSummary> = page.sessions.into_iter().filter(is_new).collect();
        let went_on = !fresh.is_empty();
        sessions.extend(fresh);
        cursor = page.next_cursor.filter(|_| went_on);
        if cursor.is_none() {
            break;
        }
    }
    if args.json {
        print_json(&sessions)?;
    } else {
        sessions.iter().try_for_each(|session| print(&row(session)))?;
    }
    Ok(Exit::Done)
}

fn row(session: &SessionSummary) -> String {
    let state = match (session.is_waiting(), session.has_active_prompt, session.has_turn_error) {
        (true, _, _) => "waiting",
        (false, true, _) => "running",
        (false, false, true) => "failed",
        (false, false, false) => "idle",
    };
    let title = headline(session.display_name.as_deref().unwrap_or("(untitled)"), TITLE_CHARS);
    let at = session.updated_at.as_deref().unwrap_or("-");
    format!("{}  {state:<7}  {at:<24}  {title}\n", session.session_id)
}
