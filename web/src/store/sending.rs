//! Sending: what the composer holds goes to whoever answers it, and nothing of it is lost on the way.

use std::collections::VecDeque;

use crate::leptos::task::spawn_local;
use roost_core::{
    PromptId, SessionId,
    client::{Prompt, routes},
    session::ApprovalMode,
    slash::{Action, Route},
};

use super::{Command, Control, Doing, Outgoing, Picture, Sending, Sheet, Store, Theme};
use crate::{browser, net::fetch::CallError, words::words};

/// What the page performs itself; every other command of the table is the agent's or does not exist here.
pub(super) fn performs(action: Action) -> bool {
    use Action::{
        ApprovalMode, Copy, Delete, Help, Model, New, Permissions, Plan, Release, Rename, Resume, Settings, Status,
        Theme,
    };
    matches!(action, Help | Model | ApprovalMode | Plan | New | Resume | Rename | Copy | Theme | Release)
        || matches!(action, Settings | Permissions | Status | Delete)
}

impl Store {
    /// Sends `text` where it belongs. What cannot be sent stays in the composer, with the reason.
    pub(super) fn send(self, text: &str) {
        self.complaint.set(None);
        let palette = self.talk.palette.get_untracked();
        match palette.route(text) {
            // Pictures need no words.
            Route::Nothing => self.send_prompt(""),
            Route::Perform { action, args } => {
                if self.perform(action, args) {
                    self.composer.put("");
                    self.keep_draft();
                }
            }
            Route::Forward { text } | Route::Prompt { text } => self.send_prompt(text),
            // What runs in a shell goes the way of a prompt: it may be what a session begins with, and it is not lost on the way.
            Route::Shell { .. } if self.has_shell() => self.send_prompt(text),
            Route::Shell { .. } => self.complaint.set(Some(words().no_shell.to_owned())),
            Route::Unknown { name, .. } => self.complaint.set(Some(words().unknown_command(name))),
        }
    }

    /// Sends `text` as a prompt that runs no command, even if it looks like one.
    pub(super) fn send_as_text(self, text: &str) {
        self.send_prompt(&self.talk.palette.with_untracked(|palette| palette.as_plain_text(text)));
    }

    /// Sends `text` as a prompt, whatever it looks like.
    pub(super) fn send_prompt(self, text: &str) {
        let text = text.trim_end().to_owned();
        // A command line takes no pictures; they stay for what is written next.
        let takes_pictures = !(self.has_shell() && text.starts_with('!'));
        let pictures = if takes_pictures { self.composer.pictures.get_untracked() } else { Vec::new() };
        if text.trim().is_empty() && pictures.is_empty() {
            return;
        }
        if !pictures.is_empty() {
            self.composer.pictures.set(Vec::new());
        }
        self.composer.remember(&text);
        self.composer.put("");
        self.forget_draft(self.here().as_ref());
        self.talk.to_end();
        let id = self.post(self.here(), text, pictures);
        spawn_local(self.deliver(id));
    }

    pub(super) fn resend(self, id: u64) {
        self.set_outgoing(id, |one| one.state = Sending::OnItsWay);
        spawn_local(self.deliver(id));
    }

    /// The daemon is reached: what broke off is sent again, in order.
    pub(super) fn send_cut_off(self) {
        let ids = self.cut_off();
        for id in &ids {
            self.set_outgoing(*id, |one| one.state = Sending::OnItsWay);
        }
        if !ids.is_empty() {
            spawn_local(async move {
                for id in ids {
                    self.deliver(id).await;
                }
            });
        }
    }

    /// Whether the daemon takes a prompt only once under its key.
    pub(super) fn knows_keys(self) -> bool {
        self.daemon.with_untracked(|daemon| daemon.has("session_prompt_key"))
    }

    async fn deliver(self, id: u64) {
        if self.waits_for_another(id) {
            return;
        }
        let mut line = VecDeque::from([id]);
        while let Some(outgoing) = line.pop_front().and_then(|id| self.outgoing(id)) {
            let id = outgoing.id;
            let delivered = match &outgoing.session {
                Some(session) => self.hand_over(session, &outgoing).await,
                None => match self.create().await {
                    Ok(session) => {
                        line.extend(self.settle_in(&session).into_iter().filter(|other| *other != id));
                        self.hand_over(&session, &outgoing).await
                    }
                    Err(error) => Err(error),
                },
            };
            match delivered {
                Ok(Some(prompt)) => self.accepted(id, prompt),
                // What ran in a shell is over.
                Ok(None) => self.discard(id),
                Err(error) if self.shut_out(&error) => return self.not_delivered(id, &error),
                Err(error) => self.not_delivered(id, &error),
            }
        }
    }

    /// Whether this one was written at home, behind another that is making the session for both.
    fn waits_for_another(self, id: u64) -> bool {
        let homeless = |one: &Outgoing| one.session.is_none() && one.state == Sending::OnItsWay;
        self.outbox.with_untracked(|all| {
            all.iter().any(|one| one.id == id && homeless(one)) && all.iter().any(|one| one.id < id && homeless(one))
        })
    }

    /// Gives all that was written at home to the session made for it; answers their numbers, in order.
    fn settle_in(self, session: &SessionId) -> Vec<u64> {
        let homeless = |one: &Outgoing| one.session.is_none() && one.state == Sending::OnItsWay;
        let ids: Vec<u64> =
            self.outbox.with_untracked(|all| all.iter().filter(|one| homeless(one)).map(|one| one.id).collect());
        for id in &ids {
            self.set_outgoing(*id, |one| one.session = Some(session.clone()));
        }
        if self.here().is_none() {
            self.move_in(session.clone());
        }
        self.refresh_sessions();
        ids
    }

    /// What has no session fails together: nobody is left to make one.
    fn not_delivered(self, id: u64, error: &CallError) {
        let alone = self.outgoing(id).is_some_and(|one| one.session.is_some());
        let with_it = |one: &Outgoing| one.id == id || (!alone && one.session.is_none());
        let ids: Vec<u64> =
            self.outbox.with_untracked(|all| all.iter().filter(|one| with_it(one)).map(|one| one.id).collect());
        for id in ids {
            let unreachable = matches!(error, CallError::Unreachable(_));
            self.set_outgoing(id, |one| {
                one.state =
                    Sending::Failed { why: error.to_string(), is_cut: unreachable && !one.text.starts_with('!') };
            });
        }
    }

    /// Answers the number of the prompt, if it is one.
    async fn hand_over(self, session: &SessionId, outgoing: &Outgoing) -> Result<Option<PromptId>, CallError> {
        match self.put_forward(session, outgoing).await {
            // The daemon was restarted, or the agent died: the session is there, this page has to enter it again.
            Err(error) if error.is_unknown_client() || error.is_missing() => {
                self.enter_again(session).await?;
                self.put_forward(session, outgoing).await
            }
            delivered => delivered,
        }
    }

    async fn put_forward(self, session: &SessionId, outgoing: &Outgoing) -> Result<Option<PromptId>, CallError> {
        // Before the page is let in, nobody knows what the daemon can do.
        self.leave_to_ask("").await?;
        let client = self.talk.client_of(session);
        let text = &outgoing.text;
        if let Some(command) = text.strip_prefix('!').map(str::trim).filter(|_| self.has_shell()) {
            return self.ask(routes::shell(session, command).by(client.as_ref())).await.map(|_| None);
        }
        let mut prompt = Prompt::text(text);
        if text.trim().is_empty() {
            prompt.blocks.clear();
        }
        prompt.blocks.extend(outgoing.pictures.iter().map(Picture::block));
        if self.knows_keys() {
            prompt = prompt.under_key(&outgoing.key);
        }
        let accepted = self.ask(routes::prompt(session, &prompt).by(client.as_ref())).await?;
        Ok(Some(accepted.prompt_id))
    }

    /// Whether lines that begin with `!` run in a shell.
    pub(crate) fn has_shell(self) -> bool {
        self.daemon.with(|daemon| daemon.has("session_shell_command"))
    }

    /// Makes the session that what was typed at home is meant for.
    async fn create(self) -> Result<SessionId, CallError> {
        let created = self.ask(routes::create(&self.wish())).await?;
        self.talk.introduce(&created.session_id, created.client_id);
        Ok(created.session_id)
    }

    pub(super) fn cancel_turn(self) {
        let Some(session) = self.here() else { return };
        self.talk.cancelling.set(true);
        spawn_local(async move {
            if let Err(error) = self.ask(routes::cancel(&session).by(self.talk.client().as_ref())).await {
                self.talk.cancelling.set(false);
                self.complain(words().cannot_cancel, &error);
            }
        });
    }

    pub(super) fn unqueue(self, prompt: PromptId) {
        let Some(session) = self.here() else { return };
        spawn_local(async move {
            let call = routes::remove_pending(&session, &prompt).by(self.talk.client().as_ref());
            if let Err(error) = self.ask(call).await {
                self.complain(words().cannot_remove, &error);
            }
        });
    }

    /// Takes a queued prompt back into the composer, in front of what is written there.
    pub(super) fn edit_queued(self, prompt: PromptId, text: String) {
        let Some(session) = self.here() else { return };
        spawn_local(async move {
            let call = routes::remove_pending(&session, &prompt).by(self.talk.client().as_ref());
            match self.ask(call).await {
                Ok(out) if out.removed => {
                    let written = self.composer.text();
                    let text = if written.trim().is_empty() { text } else { format!("{text}\n{written}") };
                    self.composer.put(&text);
                    self.keep_draft();
                    browser::focus("prompt");
                }
                Ok(_) => self.complaint.set(Some(words().already_running.to_owned())),
                Err(error) => self.complain(words().cannot_remove, &error),
            }
        });
    }

    /// Whether a running turn can be told something.
    pub(crate) fn can_tell_now(self) -> bool {
        self.talk.busy.get() && self.daemon.with(|daemon| daemon.has("session_mid_turn_message_mutation"))
    }

    pub(super) fn tell_now(self, text: &str) {
        let text = text.trim().to_owned();
        let Some(session) = self.here().filter(|_| !text.is_empty()) else { return };
        self.composer.remember(&text);
        self.composer.put("");
        self.forget_draft(Some(&session));
        spawn_local(async move {
            match self.ask(routes::mid_turn_message(&session, &text).by(self.talk.client().as_ref())).await {
                Ok(told) if told.accepted => {}
                // It came too late for this turn, so it begins the next.
                Ok(_) => self.send_prompt(&text),
                Err(error) => {
                    self.composer.put(&text);
                    self.complain(words().not_told, &error);
                }
            }
        });
    }

    /// Does what a command asks of the page. Says whether the composer is done with it.
    fn perform(self, action: Action, args: &str) -> bool {
        match action {
            Action::Help => self.dispatch(Command::ShowSheet(Some(Sheet::Help))),
            Action::Settings => return self.open_panel(Sheet::Settings),
            Action::Permissions => return self.open_panel(Sheet::Permissions),
            Action::Status => return self.open_panel(Sheet::Daemon),
            Action::Delete => match self.here() {
                Some(session) => {
                    self.rail_open.set(true);
                    self.dispatch(Command::Do(Some(Doing::Deleting(session))));
                }
                None => return self.refuse(words().no_session_yet),
            },
            Action::New => self.dispatch(Command::NewSession),
            Action::Model if args.is_empty() => self.composer.pick(Control::Model),
            Action::Model => self.choose(Control::Model, args.to_owned()),
            Action::ApprovalMode if args.is_empty() => self.composer.pick(Control::Mode),
            Action::ApprovalMode => self.choose(Control::Mode, args.to_owned()),
            Action::Plan => return self.plan(args),
            Action::Theme if args.is_empty() => self.wear(self.theme.get_untracked().next()),
            Action::Theme => match Theme::named(args) {
                Some(theme) => self.wear(theme),
                None => return self.refuse(words().unknown_theme),
            },
            Action::Rename => match self.here() {
                Some(session) if !args.is_empty() => self.rename(session, args),
                Some(_) => self.talk.renaming.set(true),
                None => return self.refuse(words().no_session_yet),
            },
            Action::Resume if args.is_empty() => self.rail_open.set(true),
            Action::Resume => self.dispatch(Command::Open(args.into())),
            Action::Copy => match self.talk.last_answer() {
                Some(answer) if browser::copy(&answer) => {}
                Some(_) => return self.refuse(words().not_copied),
                None => return self.refuse(words().nothing_to_copy),
            },
            Action::Release => match self.here() {
                Some(session) => self.close_session(session),
                None => return self.refuse(words().no_session_yet),
            },
            // `performs` keeps the rest out of the catalogue.
            _ => return self.refuse(words().not_here),
        }
        true
    }

    /// Plan mode first, then the prompt in it.
    fn plan(self, prompt: &str) -> bool {
        let Some(session) = self.here() else { return self.refuse(words().no_session_yet) };
        let prompt = prompt.to_owned();
        spawn_local(async move {
            let call = routes::set_approval_mode(&session, ApprovalMode::Plan, false);
            match self.ask(call.by(self.talk.client().as_ref())).await {
                Ok(_) if !prompt.is_empty() => self.send_prompt(&prompt),
                Ok(_) => {}
                Err(error) => self.complain(words().cannot_set_mode, &error),
            }
        });
        true
    }

    fn open_panel(self, sheet: Sheet) -> bool {
        if !self.daemon.with_untracked(|daemon| sheet.is_offered(|tag| daemon.has(tag))) {
            return self.refuse(words().not_here);
        }
        self.dispatch(Command::ShowSheet(Some(sheet)));
        true
    }

    fn refuse(self, why: &str) -> bool {
        self.complaint.set(Some(why.to_owned()));
        false
    }
}
