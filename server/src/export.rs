//! A session as a document: `GET /session/:id/export`.
//!
//! Every format tells the same [`Document`], which is made of the same folded transcript that the page draws.

mod html;
mod json;
mod markdown;

use std::collections::BTreeMap;

use roost_core::{
    Millis, SessionId, diff,
    payload::ToolStatus,
    transcript::{Body, Entry, ShellRun, ToolCall, Transcript},
};
use sha2::{Digest, Sha256};

/// What a session is exported as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Html,
    Markdown,
    Json,
    JsonLines,
}

impl Format {
    /// The names on the wire, the default first.
    pub const NAMES: [&str; 4] = ["html", "md", "json", "jsonl"];

    /// None for a name that is not among [`Self::NAMES`].
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "html" => Some(Self::Html),
            "md" => Some(Self::Markdown),
            "json" => Some(Self::Json),
            "jsonl" => Some(Self::JsonLines),
            _ => None,
        }
    }

    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Markdown => "md",
            Self::Json => "json",
            Self::JsonLines => "jsonl",
        }
    }

    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Html => "text/html; charset=utf-8",
            Self::Markdown => "text/markdown; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
            Self::JsonLines => "application/jsonl; charset=utf-8",
        }
    }
}

/// What the past does not say about a session.
#[derive(Clone, Debug)]
pub struct Subject {
    pub session_id: SessionId,
    pub cwd: String,
    pub exported_at: Millis,
}

/// A session, ready to be written down.
#[derive(Debug)]
pub struct Document<'a> {
    subject: &'a Subject,
    started_at: Millis,
    model: Option<&'a str>,
    title: Option<&'a str>,
    prompt_count: usize,
    total_tokens: u64,
    /// Lines added and removed, by path.
    files: BTreeMap<&'a str, diff::Stat>,
    /// Older entries are missing.
    is_truncated: bool,
    messages: Vec<Message<'a>>,
}

/// One thing somebody said or did.
#[derive(Debug)]
struct Message<'a> {
    uuid: String,
    at: Millis,
    said: Said<'a>,
}

#[derive(Debug)]
enum Said<'a> {
    User(String),
    Assistant(&'a str),
    Thought(&'a str),
    Plan(String),
    Tool(&'a ToolCall),
    Shell(&'a ShellRun),
    Error(&'a str),
}

/// Writes a session down.
#[must_use]
pub fn render(transcript: &Transcript, subject: &Subject, format: Format) -> String {
    let document = Document::of(transcript, subject);
    match format {
        Format::Html => html::write(&document),
        Format::Markdown => markdown::write(&document),
        Format::Json => json::write(&document),
        Format::JsonLines => json::write_lines(&document),
    }
}

impl<'a> Document<'a> {
    fn of(transcript: &'a Transcript, subject: &'a Subject) -> Self {
        let messages: Vec<Message<'a>> = transcript.entries().filter_map(|entry| Message::of(entry, subject)).collect();
        let mut files: BTreeMap<&str, diff::Stat> = BTreeMap::new();
        for tool in transcript.entries().filter_map(completed_tool) {
            for (path, old, new) in tool.diffs() {
                let stat = diff::stat(old.unwrap_or_default(), new);
                let sum = files.entry(path).or_default();
                sum.added += stat.added;
                sum.removed += stat.removed;
            }
        }
        Self {
            subject,
            started_at: messages.first().map_or(subject.exported_at, |message| message.at),
            model: transcript.state().model.as_deref(),
            title: transcript.state().title.as_deref(),
            prompt_count: messages.iter().filter(|message| matches!(message.said, Said::User(_))).count(),
            total_tokens: transcript.turns().map(|turn| turn.usage.total_tokens).sum(),
            files,
            is_truncated: transcript.dropped().entries > 0 || transcript.state().truncation.is_some(),
            messages,
        }
    }

    fn lines_added(&self) -> usize {
        self.files.values().map(|stat| stat.added).sum()
    }

    fn lines_removed(&self) -> usize {
        self.files.values().map(|stat| stat.removed).sum()
    }
}

fn completed_tool(entry: &Entry) -> Option<&ToolCall> {
    match &entry.body {
        Body::Tool(tool) if tool.status == ToolStatus::Completed => Some(tool),
        _ => None,
    }
}

impl<'a> Message<'a> {
    /// None for what is not part of the conversation.
    fn of(entry: &'a Entry, subject: &Subject) -> Option<Self> {
        let said = match &entry.body {
            Body::User(message) => Said::User(message.texts().collect::<Vec<_>>().join("\n\n")),
            Body::Assistant(run) => Said::Assistant(&run.text),
            Body::Thought(run) => Said::Thought(&run.text),
            Body::Plan(plan) => {
                let steps = plan.steps.iter().map(|step| format!("- [{}] {}", step.status.as_str(), step.content));
                Said::Plan(steps.collect::<Vec<_>>().join("\n"))
            }
            Body::Tool(tool) => Said::Tool(tool),
            Body::Shell(run) => Said::Shell(run),
            Body::Error(error) => Said::Error(&error.message),
            Body::Media(_) | Body::Notice(_) => return None,
        };
        let is_empty = match &said {
            Said::User(text) | Said::Plan(text) => text.is_empty(),
            Said::Assistant(text) | Said::Thought(text) | Said::Error(text) => text.is_empty(),
            Said::Tool(_) | Said::Shell(_) => false,
        };
        let at = entry.at.unwrap_or(subject.exported_at);
        (!is_empty).then(|| Self { uuid: uuid(&subject.session_id, entry), at, said })
    }
}

/// The same for the same message of the same session, however often it is exported.
fn uuid(session: &SessionId, entry: &Entry) -> String {
    let place = format!("{session}/{}/{}", entry.id.0.event, entry.id.0.nth);
    let digest: [u8; 32] = Sha256::digest(place).into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

/// What a tool call shows, as plain text.
fn shown(tool: &ToolCall) -> String {
    let diffs = tool.diffs().map(|(path, old, new)| {
        let stat = diff::stat(old.unwrap_or_default(), new);
        format!("{path}: +{} -{}\n{new}", stat.added, stat.removed)
    });
    tool.texts().map(str::to_owned).chain(diffs).collect::<Vec<_>>().join("\n")
}
