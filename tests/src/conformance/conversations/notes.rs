//! What has been heard so far, and how far somebody has listened.

use super::{Conversation, heard::Heard};

/// The notes of one conversation.
#[derive(Debug, Default)]
pub(super) struct Notes {
    told: Conversation,
    /// Every event in words, also those that came several on end.
    words: Vec<String>,
    /// Of these, how many were waited for or passed over.
    passed: usize,
    /// How many ends of turns were waited for.
    ends: usize,
}

/// Events that come when they come: what the agent tells of itself after it has begun, titles, suggestions, the repository.
const ASIDES: &[&str] = &[
    "available_commands_update",
    "session_info_update",
    "session_metadata_updated auto",
    "followup_suggestion",
    "_qwen/notify session_closed",
    // Over `/acp` one prompt ends the one before, and waits for that or comes after it.
    "_qwen/notify pending_prompt_",
    "git_branch_changed",
    "git_status_changed",
];

impl Notes {
    pub(super) fn answer(&mut self, heard: Heard) {
        self.told.answers.push(heard);
    }

    pub(super) fn event(&mut self, heard: Heard) {
        self.words.push(heard.what().to_owned());
        if ASIDES.iter().any(|aside| heard.what().contains(aside)) {
            self.aside(heard);
        } else {
            match self.told.events.last_mut() {
                Some(last) if last.what() == heard.what() => last.again(heard),
                Some(_) | None => self.told.events.push(heard),
            }
        }
    }

    pub(super) fn aside(&mut self, heard: Heard) {
        let what = heard.what().to_owned();
        let shape = match self.told.asides.remove(&what) {
            Some(had) => had.or(heard.shape),
            None => heard.shape,
        };
        self.told.asides.insert(what, shape);
    }

    /// Whether something like this has come since the last that was waited for; then that is passed.
    pub(super) fn pass(&mut self, fits: impl Fn(&str) -> bool) -> bool {
        let found = self.words[self.passed..].iter().position(|what| fits(what));
        self.passed += found.map_or(0, |at| at + 1);
        found.is_some()
    }

    /// Begins to wait for the end of one more turn.
    pub(super) fn await_end(&mut self) {
        self.ends += 1;
    }

    /// Whether as many of these have come as ends were waited for.
    pub(super) fn has_every_end(&self, is_end: impl Fn(&str) -> bool) -> bool {
        self.words.iter().filter(|what| is_end(what)).count() >= self.ends
    }

    /// Everything so far in words, for whoever waits for something else.
    pub(super) fn so_far(&self) -> String {
        self.words.join(", ")
    }

    pub(super) fn told(self) -> Conversation {
        self.told
    }
}
