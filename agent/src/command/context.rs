//! `/context`: what fills the model's context, estimated by length and scaled to what was measured.

use serde_json::{Value, json};

use crate::{history::Message, session::Session};

/// Letters a token is taken to have.
const LETTERS_PER_TOKEN: usize = 4;

/// Estimated tokens by part.
struct Parts {
    system_prompt: u64,
    /// Name and tokens.
    tools: Vec<(&'static str, u64)>,
    /// Path and tokens.
    files: Vec<(String, u64)>,
    messages: u64,
    window: u64,
    /// Tokens of the newest answer and everything before it.
    measured: Option<u64>,
    model: String,
}

impl Parts {
    fn of(session: &Session, history: &[Message]) -> Self {
        let model = session.model();
        let instructions = session.instructions();
        let files: Vec<(String, u64)> = instructions
            .context_files
            .iter()
            .map(|file| (file.path.display().to_string(), tokens(file.text.len())))
            .collect();
        let in_files: u64 = files.iter().map(|(_, tokens)| tokens).sum();
        let tool = |spec: &crate::model::ToolSpec| {
            let letters = spec.name.len() + spec.description.len() + spec.parameters.to_string().len();
            (spec.name, tokens(letters))
        };
        let measured = session.stats().context_tokens;
        let letters = history.iter().map(|message| serde_json::to_string(message).map_or(0, |json| json.len())).sum();
        let mut parts = Self {
            system_prompt: tokens(instructions.text(session.mode()).len()).saturating_sub(in_files),
            tools: session.tool_specs().iter().map(tool).collect(),
            files,
            messages: tokens(letters),
            window: model.context_limit,
            measured,
            model: model.name,
        };
        parts.fit();
        parts
    }

    /// Estimates that add up to more than was measured are reduced, each by the same share.
    fn fit(&mut self) {
        let (estimated, Some(measured)) = (self.overhead(), self.measured) else { return };
        if estimated <= measured {
            return;
        }
        let scaled = |tokens: &mut u64| *tokens = *tokens * measured / estimated;
        scaled(&mut self.system_prompt);
        self.tools.iter_mut().for_each(|(_, tokens)| scaled(tokens));
        self.files.iter_mut().for_each(|(_, tokens)| scaled(tokens));
    }

    fn tools_total(&self) -> u64 {
        self.tools.iter().map(|(_, tokens)| tokens).sum()
    }

    fn files_total(&self) -> u64 {
        self.files.iter().map(|(_, tokens)| tokens).sum()
    }

    fn overhead(&self) -> u64 {
        self.system_prompt + self.tools_total() + self.files_total()
    }

    fn used(&self) -> u64 {
        self.measured.unwrap_or_else(|| self.overhead() + self.messages)
    }

    /// Messages are what the fixed parts leave of the measured sum.
    fn messages(&self) -> u64 {
        self.measured.map_or(self.messages, |measured| measured.saturating_sub(self.overhead()))
    }
}

fn tokens(letters: usize) -> u64 {
    (letters / LETTERS_PER_TOKEN) as u64
}

/// The text of the command.
pub(crate) fn text(session: &Session, history: &[Message], detail: bool) -> String {
    let parts = Parts::of(session, history);
    let row = |name: &str, tokens: u64| {
        format!("  {name:<32}{:>8} tokens ({})", thousands(tokens), percent(tokens, parts.window))
    };
    let mut lines = vec!["## Context Usage".to_owned(), String::new()];
    lines.push(format!("Model: {}  Context window: {} tokens", parts.model, thousands(parts.window)));
    if parts.measured.is_none() {
        lines.extend([String::new(), "*No answer yet: these figures are estimates.*".to_owned()]);
    }
    lines.push(String::new());
    lines.push(row("Used", parts.used()));
    lines.push(row("Free", parts.window.saturating_sub(parts.used())));
    lines.extend([String::new(), "**By category**".to_owned(), String::new()]);
    lines.push(row("System prompt", parts.system_prompt));
    lines.push(row("Built-in tools", parts.tools_total()));
    lines.push(row("Memory files", parts.files_total()));
    lines.push(row("Messages", parts.messages()));
    if detail {
        lines.extend([String::new(), "**Built-in tools**".to_owned(), String::new()]);
        lines.extend(parts.tools.iter().map(|(name, tokens)| row(name, *tokens)));
        lines.extend([String::new(), "**Memory files**".to_owned(), String::new()]);
        lines.extend(parts.files.iter().map(|(path, tokens)| row(path, *tokens)));
    } else {
        lines.extend([String::new(), "*Run /context detail for per-item figures.*".to_owned()]);
    }
    lines.join("\n")
}

/// The `usage` of `session/context_usage`.
pub(crate) fn usage(session: &Session, history: &[Message], detail: bool) -> Value {
    let parts = Parts::of(session, history);
    let items = |items: Vec<Value>| if detail { items } else { Vec::new() };
    let tools = parts.tools.iter().map(|(name, tokens)| json!({"name": name, "tokens": tokens})).collect();
    let files = parts.files.iter().map(|(path, tokens)| json!({"path": path, "tokens": tokens})).collect();
    json!({
        "modelName": parts.model, "totalTokens": parts.used(), "contextWindowSize": parts.window,
        "breakdown": {
            "systemPrompt": parts.system_prompt, "builtinTools": parts.tools_total(), "mcpTools": 0,
            "memoryFiles": parts.files_total(), "skills": 0, "startupContext": 0, "messages": parts.messages(),
            "unattributed": 0, "freeSpace": parts.window.saturating_sub(parts.used()), "autocompactBuffer": 0,
        },
        "builtinTools": items(tools), "mcpTools": [], "memoryFiles": items(files), "skills": [],
        "isEstimated": parts.measured.is_none(), "showDetails": detail,
    })
}

fn thousands(tokens: u64) -> String {
    if tokens < 1000 { tokens.to_string() } else { format!("{}.{}k", tokens / 1000, tokens % 1000 / 100) }
}

fn percent(tokens: u64, window: u64) -> String {
    let per_mille = tokens * 1000 / window.max(1);
    format!("{}.{}%", per_mille / 10, per_mille % 10)
}
