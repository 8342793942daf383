//! The shortest way in for streamed text: from the encoded event, without building a tree.

use std::borrow::Cow;

use serde::Deserialize;

use crate::{
    ClientId, Envelope, Millis, PromptId, SessionId,
    transcript::{
        Change, Transcript,
        run::Speaker,
        step::{Folded, Step},
        updates,
    },
};

/// An `agent_message_chunk` or `agent_thought_chunk` of plain text that says nothing else.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PlainText<'a> {
    id: u64,
    #[serde(rename = "type", borrow)]
    kind: &'a str,
    #[serde(default)]
    prompt_id: Option<PromptId>,
    #[serde(borrow)]
    data: Data<'a>,
    #[serde(default)]
    originator_client_id: Option<ClientId>,
    #[serde(rename = "_meta")]
    meta: Stamp,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Data<'a> {
    #[serde(default, borrow)]
    session_id: Option<&'a str>,
    #[serde(borrow)]
    update: Piece<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Piece<'a> {
    #[serde(borrow)]
    session_update: &'a str,
    #[serde(borrow)]
    content: Text<'a>,
    #[serde(default, borrow)]
    message_id: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text<'a> {
    #[serde(rename = "type", borrow)]
    kind: &'a str,
    #[serde(borrow)]
    text: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Stamp {
    server_timestamp: Millis,
}

impl PlainText<'_> {
    fn speaker(&self) -> Option<Speaker> {
        match (self.kind, self.data.update.content.kind, self.data.update.session_update) {
            ("session_update", "text", "agent_message_chunk") => Some(Speaker::Assistant),
            ("session_update", "text", "agent_thought_chunk") => Some(Speaker::Thought),
            _ => None,
        }
    }
}

impl Transcript {
    /// [`Transcript::apply`] of an event that is still JSON. Does the same, faster for streamed text.
    ///
    /// # Errors
    /// When `json` is no envelope; nothing was changed then.
    pub fn apply_raw(&mut self, json: &[u8]) -> serde_json::Result<Change> {
        if let Ok(plain) = serde_json::from_slice::<PlainText<'_>>(json)
            && let Some(speaker) = plain.speaker()
        {
            return Ok(self.apply_text(&plain, speaker));
        }
        serde_json::from_slice::<Envelope>(json).map(|event| self.apply(&event))
    }

    fn apply_text(&mut self, plain: &PlainText<'_>, speaker: Speaker) -> Change {
        let mut change = Change::default();
        let Some(seq) = self.admit(Some(plain.id)) else { return change };
        if self.session_id.is_none() {
            self.session_id = plain.data.session_id.map(SessionId::from);
        }
        let step = Step {
            seq,
            at: Some(plain.meta.server_timestamp),
            prompt: plain.prompt_id.as_ref(),
            by: plain.originator_client_id.as_ref(),
            folded: Folded::default(),
        };
        let update = &plain.data.update;
        let (text, message_id) = (&*update.content.text, update.message_id.as_deref());
        let piece = updates::Piece { speaker, text, message_id, source: None, parent: None };
        self.piece(piece, &step, &mut change);
        self.shrink(&mut change);
        change
    }
}
