//! Answering what an agent asks.

use leptos::{prelude::*, task::spawn_local};
use roost_core::RequestId;
use serde_json::{Map, Value};

use super::Store;
use crate::{net::api, words::words};

impl Store {
    /// Votes. The request leaves the screen when the daemon says that it is decided, not before.
    pub(super) fn vote(self, request: RequestId, option: Box<str>, answers: Option<Vec<String>>) {
        let Some(session) = self.here() else { return };
        let answers = answers.map(|answers| {
            let numbered =
                answers.into_iter().enumerate().map(|(nth, answer)| (nth.to_string(), Value::String(answer)));
            numbered.collect::<Map<_, _>>()
        });
        self.talk.voting.set(Some(request.clone()));
        self.complaint.set(None);
        spawn_local(async move {
            let answer =
                api::vote(&self.key(), &session, self.talk.client().as_ref(), &request, &option, answers).await;
            match answer {
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
