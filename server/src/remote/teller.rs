//! Tells a session as text while it happens: what the transcript shows, said once.

use std::collections::BTreeMap;

use roost_core::{
    Envelope,
    payload::ToolStatus,
    transcript::{Body, Entry, EntryChange, EntryId, Notice, Transcript},
};

use super::{
    RemoteError,
    output::{headline, print, remark},
};

const TITLE_CHARS: usize = 100;

/// Reads events and prints what is new in them.
#[derive(Debug)]
pub(super) struct Teller {
    transcript: Transcript,
    told: BTreeMap<EntryId, usize>,
    voice: Voice,
    mid_line: bool,
}

/// What goes where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Voice {
    /// The answer alone on stdout; what the agent does on stderr.
    Answer,
    /// Everything on stdout, the questions too.
    Story,
}

impl Teller {
    pub(super) fn new(voice: Voice) -> Self {
        Self { transcript: Transcript::default(), told: BTreeMap::new(), voice, mid_line: false }
    }

    pub(super) fn hear(&mut self, event: &Envelope) -> Result<(), RemoteError> {
        for change in self.transcript.apply(event).entries {
            match change {
                EntryChange::Added(id) | EntryChange::Appended(id) | EntryChange::Changed(id) => self.tell(id)?,
                EntryChange::Removed(id) => drop(self.told.remove(&id)),
            }
        }
        Ok(())
    }

    fn tell(&mut self, id: EntryId) -> Result<(), RemoteError> {
        let told = self.told.get(&id).copied();
        let Some(entry) = self.transcript.entry_of(id) else { return Ok(()) };
        let (news, now_told) = match &entry.body {
            Body::Assistant(run) if entry.parent.is_none() => {
                let from = told.unwrap_or_default();
                (News::Answer(run.text.get(from..).unwrap_or_default().to_owned()), run.text.len().max(from))
            }
            _ if told.is_some() => return Ok(()),
            _ => match line(entry, self.voice) {
                Some(line) => (News::Line(line), 0),
                None => return Ok(()),
            },
        };
        self.told.insert(id, now_told);
        match news {
            News::Answer(text) => self.answer(&text, told.is_none()),
            News::Line(line) => self.aside(&line),
        }
    }

    fn answer(&mut self, text: &str, begins: bool) -> Result<(), RemoteError> {
        if begins {
            self.end_line()?;
        }
        let Some(last) = text.chars().next_back() else { return Ok(()) };
        print(text)?;
        self.mid_line = last != '\n';
        Ok(())
    }

    /// A line beside the answer.
    pub(super) fn aside(&mut self, line: &str) -> Result<(), RemoteError> {
        self.end_line()?;
        match self.voice {
            Voice::Answer => remark(line),
            Voice::Story => print(&format!("{line}\n"))?,
        }
        Ok(())
    }

    /// Ends the line of an answer that did not end it itself.
    pub(super) fn end_line(&mut self) -> Result<(), RemoteError> {
        if std::mem::take(&mut self.mid_line) { print("\n") } else { Ok(()) }
    }
}

enum News {
    Answer(String),
    Line(String),
}

/// An entry that is told in one line; `None` while there is nothing to tell.
fn line(entry: &Entry, voice: Voice) -> Option<String> {
    let text = match &entry.body {
        Body::User(message) if voice == Voice::Story => {
            let asked = message.texts().collect::<Vec<_>>().join("\n");
            format!("\n> {}", super::output::harmless(&asked).replace('\n', "\n> "))
        }
        Body::Tool(tool) => {
            let mark = match tool.status {
                ToolStatus::Completed => '✓',
                ToolStatus::Failed => '✗',
                ToolStatus::Pending | ToolStatus::InProgress | ToolStatus::Unknown(_) => return None,
            };
            let depth = if entry.parent.is_some() { "    " } else { "  " };
            format!("{depth}{mark} {}", headline(tool.headline(), TITLE_CHARS))
        }
        Body::Error(error) => format!("  ! {}", headline(&error.message, 4 * TITLE_CHARS)),
        Body::Shell(run) if !run.is_running() && voice == Voice::Story => {
            format!("\n$ {}\n{}", headline(&run.command, TITLE_CHARS), super::output::harmless(run.output.trim_end()))
        }
        Body::Notice(notice) => format!("  · {}", notice_line(notice)?),
        Body::User(_) | Body::Assistant(_) | Body::Thought(_) | Body::Media(_) | Body::Plan(_) | Body::Shell(_) => {
            return None;
        }
    };
    Some(text)
}

fn notice_line(notice: &Notice) -> Option<String> {
    Some(match notice {
        Notice::ModeChanged(change, _) => format!("approval mode: {}", headline(&change.next, TITLE_CHARS)),
        Notice::ModelSwitched(switch, _) => format!("model: {}", headline(&switch.model_id, TITLE_CHARS)),
        Notice::ModelSwitchFailed(failed, _) => format!("the model stays: {}", headline(&failed.error, TITLE_CHARS)),
        Notice::Compaction { done: true, .. } => "the context was compacted".to_owned(),
        Notice::SessionClosed(..) => "the session was closed".to_owned(),
        Notice::SessionDied(..) => "the agent is gone".to_owned(),
        Notice::RecordingDegraded(_) => "the session is no longer recorded".to_owned(),
        Notice::Compaction { done: false, .. }
        | Notice::Goal(..)
        | Notice::Event(_)
        | Notice::Unknown(_)
        | Notice::Malformed(..) => return None,
    })
}
