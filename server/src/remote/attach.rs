//! `roost attach`: a session's history, then whatever happens in it.

use std::rc::Rc;

use clap::Args;
use roost_core::{
    Envelope, EventType, SessionId,
    client::{Ending, routes},
    payload::PermissionRequest,
};

use super::{
    EXIT_STATUS, Exit, RemoteError, TargetArgs,
    follow::{Follow, Told},
    http::Http,
    output::{headline, print_json, remark},
    target::Target,
    teller::{Teller, Voice},
};

/// What `roost attach` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXIT_STATUS)]
pub struct AttachArgs {
    /// The session, as `roost sessions` names it
    #[arg(value_name = "ID")]
    session: String,
    /// Print the events, one JSON object a line: the history folded, then each as it happens
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: TargetArgs,
}

/// Follows until the session ends; an interrupt ends only this command.
pub(super) async fn run(args: AttachArgs) -> Result<Exit, RemoteError> {
    let http = Rc::new(Http::to(Target::find(&args.target)?));
    let session = SessionId::from(args.session);
    let loaded = http.call(routes::load(&session)).await?;
    let mut teller = (!args.json).then(|| Teller::new(Voice::Story));
    for event in loaded.history() {
        tell(&mut teller, event)?;
    }
    let client = loaded.resumed.session.client_id.clone();
    let mut follow = Follow::new(&http, &session, client, loaded.cursor());
    loop {
        match follow.next().await {
            Told::Event(event) => tell(&mut teller, &event)?,
            Told::Missing(what) => remark(&what),
            Told::Cut => remark("the connection is lost; trying again"),
            Told::Back => remark("connected again"),
            Told::Over(Ending::Session(EventType::SessionClosed)) => return Ok(Exit::Done),
            Told::Over(Ending::Session(kind)) => return Err(RemoteError::SessionEnded(kind.as_str().to_owned())),
            Told::Over(Ending::Refused(failure)) if failure.is_unauthorized() => {
                return Err(http.target().unauthorized());
            }
            Told::Over(Ending::Refused(failure)) => return Err(RemoteError::Refused(Box::new(failure))),
            Told::Over(Ending::Oversize(_)) => return Err(RemoteError::Oversize),
        }
    }
}

fn tell(teller: &mut Option<Teller>, event: &Envelope) -> Result<(), RemoteError> {
    let Some(teller) = teller else { return print_json(event) };
    teller.hear(event)?;
    match event.kind {
        EventType::PermissionRequest => {
            let asked = PermissionRequest::parse(&event.data).ok().and_then(|request| request.tool_call.title);
            let what = headline(asked.as_deref().unwrap_or("a call"), 100);
            teller.aside(&format!("  ? waits for an answer in the page: {what}"))
        }
        EventType::TurnComplete | EventType::TurnError => teller.end_line(),
        _ => Ok(()),
    }
}
