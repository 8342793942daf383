//! Answering what an agent asks.

use crate::leptos::task::spawn_local;
use roost_core::{
    RequestId,
    client::{Vote, routes},
};

use super::Store;
use crate::words::words;

impl Store {
    /// Votes. The request leaves the screen when the daemon says that it is decided, not before.
    pub(super) fn vote(self, request: RequestId, option: Box<str>, answers: Option<Vec<String>>) {
        let Some(session) = self.here() else { return };
        let vote = Vote::select(option).with_answers(answers.unwrap_or_default());
        self.talk.voting.set(Some(request.clone()));
        self.complaint.set(None);
        spawn_local(async move {
            match self.ask(routes::vote(&session, &request, &vote).by(self.talk.client().as_ref())).await {
                Ok(_) => {}
                // Somebody else was faster; the stream says who.
                Err(error) if error.is_missing() => self.complaint.set(Some(words().already_answered.to_owned())),
                Err(error) => {
                    self.talk.voting.set(None);
                    self.complain(words().cannot_vote, &error);
                }
            }
        });
    }
}
