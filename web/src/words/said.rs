//! The texts with something in them, and those that stand for a name of the protocol.

use roost_core::{
    client::{ExportFormat, RuleType},
    payload::ToolKind,
};

use super::Words;
use crate::store::{Sheet, Theme};

impl Words {
    /// What a button does, and to which of several things.
    pub(crate) fn act_on(&self, label: &str, name: &str) -> String {
        format!("{label}: {name}")
    }

    pub(crate) fn advice(&self, code: Option<&str>, kind: Option<&str>, message: &str) -> &'static str {
        let says =
            |word: &str| message.to_ascii_lowercase().contains(word) || kind.is_some_and(|kind| kind.contains(word));
        if code == Some("daemon_restarted") {
            "The daemon was restarted while this ran. What was done so far stands; send it again to go on."
        } else if code == Some("prompt_deadline_exceeded") {
            "It took longer than the daemon allows. Send it again, or ask for less at once."
        } else if says("401") || says("unauthor") || says("api key") {
            "The model’s provider refused the key. Check OPENAI_API_KEY where the daemon runs, or choose another model."
        } else if says("429") || says("rate limit") {
            "The model’s provider asks for patience. Wait a little and send it again, or choose another model."
        } else if says("refused") || says("connect") || says("dns") || says("timed out") {
            "The model could not be reached. Check that it runs and that OPENAI_BASE_URL is right, then send it again."
        } else {
            "Send it again, or choose another model."
        }
    }

    pub(crate) fn alias(&self, alias: &str, about: &str) -> String {
        format!("(alias /{}) {about}", alias.trim_start_matches('/'))
    }

    pub(crate) fn allowed(&self, by_someone: bool) -> String {
        if by_someone { "allowed".to_owned() } else { "allowed by rule".to_owned() }
    }

    pub(crate) fn attachments(&self, count: usize) -> String {
        if count == 1 { "with 1 attachment".to_owned() } else { format!("with {count} attachments") }
    }

    pub(crate) fn catching_up_of(&self, done: usize, all: usize) -> String {
        format!("Catching up ({done} of {all})")
    }

    pub(crate) fn change_of(&self, path: &str) -> String {
        format!("Change of {path}")
    }

    /// What a color of the protocol is called.
    pub(crate) fn color_name(&self, color: &str) -> &'static str {
        match color {
            "red" => "Red",
            "orange" => "Orange",
            "yellow" => "Yellow",
            "green" => "Green",
            "blue" => "Blue",
            "purple" => "Purple",
            _ => "Another color",
        }
    }

    pub(crate) fn commands_found(&self, count: usize) -> String {
        if count == 1 { "1 command".to_owned() } else { format!("{count} commands") }
    }

    /// What the daemon says of itself is called.
    pub(crate) fn daemon_fact(&self, name: &str) -> &'static str {
        match name {
            "qwenCodeVersion" => "Version",
            "workspaceCwd" => "Workspace",
            "uptimeMs" => "Up for",
            "active" => "Sessions",
            "activePrompts" => "Turns running",
            "queuedPrompts" => "Prompts waiting",
            "pending" => "Questions open",
            "restSseActive" => "Streams",
            "rss" => "Memory",
            "maxSessions" => "Sessions in a workspace",
            "maxTotalSessions" => "Sessions in all",
            "maxPendingPromptsPerSession" => "Prompts waiting in a session",
            "listenerMaxConnections" => "Connections",
            "promptDeadlineMs" => "Time for a turn",
            "writerIdleTimeoutMs" => "Time for a silent reader",
            "sessionIdleTimeoutMs" => "Time for an idle session",
            _ => "",
        }
    }

    pub(crate) fn daemon_is(&self, status: &str) -> &'static str {
        match status {
            "ok" => "The daemon is well.",
            "error" => "Something is wrong with the daemon.",
            _ => "The daemon has something to say.",
        }
    }

    pub(crate) fn edit_of(&self, text: &str) -> String {
        format!("Edit “{text}”")
    }

    pub(crate) fn exit(&self, code: i64) -> String {
        format!("exit {code}")
    }

    pub(crate) fn format(&self, format: ExportFormat) -> &'static str {
        match format {
            ExportFormat::Markdown => "Markdown",
            ExportFormat::Html => "Web page",
            ExportFormat::Json => "JSON",
            ExportFormat::Jsonl => "JSON lines",
        }
    }

    pub(crate) fn group_menu(&self, name: &str) -> String {
        format!("Group “{name}”")
    }

    pub(crate) fn go_to(&self, title: &str) -> String {
        format!("Go to “{title}”")
    }

    pub(crate) fn goal(&self, kind: &str, condition: &str) -> String {
        if condition.is_empty() { format!("Goal {kind}") } else { format!("Goal {kind}: {condition}") }
    }

    pub(crate) fn kind_name(&self, kind: &ToolKind) -> &'static str {
        match kind {
            ToolKind::Read => "Read",
            ToolKind::Edit => "Edit",
            ToolKind::Delete => "Delete",
            ToolKind::Move => "Move",
            ToolKind::Search => "Search",
            ToolKind::Execute => "Run",
            ToolKind::Think => "Think",
            ToolKind::Fetch => "Fetch",
            ToolKind::SwitchMode => "Switch mode",
            ToolKind::Other | ToolKind::Unknown(_) => "Tool",
        }
    }

    pub(crate) fn large_picture(&self, name: &str, size: &str, most: &str) -> String {
        format!("{name} is too large: it has {size}, and a picture may have {most}.")
    }

    pub(crate) fn large_pictures(&self, name: &str, most: &str) -> String {
        format!("{name} does not fit: the pictures of one prompt may have {most} in all.")
    }

    pub(crate) fn menu_of(&self, title: &str) -> String {
        format!("What to do with “{title}”")
    }

    /// What an approval mode is called.
    pub(crate) fn mode(&self, id: &str) -> &'static str {
        match id {
            "plan" => "Plan",
            "auto-edit" => "Auto-edit",
            "auto" => "Auto",
            "yolo" => "Yolo",
            _ => "Default",
        }
    }

    pub(crate) fn mode_changed(&self, mode: &str) -> String {
        format!("Approval mode: {mode}")
    }

    pub(crate) fn model_changed(&self, model: &str) -> String {
        format!("Model: {model}")
    }

    pub(crate) fn model_not_changed(&self, model: &str, error: &str) -> String {
        format!("The model is not {model}: {error}")
    }

    pub(crate) fn nearest(&self, name: &str) -> String {
        format!("Use /{}", name.trim_start_matches('/'))
    }

    pub(crate) fn new_below(&self, count: usize) -> String {
        format!("{count} new")
    }

    pub(crate) fn not_sent(&self, why: &str) -> String {
        format!("not sent: {why}")
    }

    pub(crate) fn nth_of(&self, nth: usize, count: usize) -> String {
        format!("{nth} of {count}")
    }

    pub(crate) fn one_of(&self, count: usize) -> String {
        format!("1 of {count}")
    }

    pub(crate) fn permission_title(&self, kind: &str, title: &str) -> String {
        match kind {
            "execute" => "Run this command?".to_owned(),
            "edit" => "Make this change?".to_owned(),
            "delete" => "Delete this?".to_owned(),
            "move" => "Move this?".to_owned(),
            "fetch" => "Fetch this?".to_owned(),
            "read" => "Read this?".to_owned(),
            _ => format!("Allow {title}?"),
        }
    }

    pub(crate) fn picture(&self, label: &str) -> String {
        if label.is_empty() { "[picture]".to_owned() } else { format!("[picture: {label}]") }
    }

    pub(crate) fn rejected(&self, by_someone: bool) -> String {
        if by_someone { "rejected".to_owned() } else { "not allowed".to_owned() }
    }

    pub(crate) fn remove_of(&self, text: &str) -> String {
        format!("Remove “{text}”")
    }

    pub(crate) fn retrying_in(&self, seconds: u64) -> String {
        format!("Retrying in {seconds} s")
    }

    /// What rules of a kind are called, and what they say.
    pub(crate) fn rule_type(&self, kind: RuleType) -> (&'static str, &'static str) {
        match kind {
            RuleType::Deny => ("Denied", "Never runs, whatever else is said."),
            RuleType::Ask => ("Asked about", "Somebody is asked each time."),
            RuleType::Allow => ("Allowed", "Runs without a question."),
        }
    }

    pub(crate) fn add_rule(&self, kind: RuleType) -> &'static str {
        match kind {
            RuleType::Deny => "Rule to deny",
            RuleType::Ask => "Rule to ask about",
            RuleType::Allow => "Rule to allow",
        }
    }

    /// What a sheet is called.
    pub(crate) fn sheet(&self, sheet: Sheet) -> &'static str {
        match sheet {
            Sheet::Help => self.help,
            Sheet::Device => self.this_device,
            Sheet::Settings => "Settings",
            Sheet::Permissions => "Permissions",
            Sheet::Daemon => "Daemon",
            Sheet::Workspaces => "Workspaces",
        }
    }

    pub(crate) fn show_all_lines(&self, count: usize) -> String {
        format!("Show all {count} lines")
    }

    pub(crate) fn stop_reason(&self, reason: &str) -> &'static str {
        match reason {
            "max_tokens" => "cut off: the answer was too long",
            "max_turn_requests" => "stopped: too many steps",
            "refusal" => "refused by the model",
            _ => "ended",
        }
    }

    pub(crate) fn theme(&self, theme: Theme) -> &'static str {
        match theme {
            Theme::System => "Theme: as the system",
            Theme::Light => "Theme: light",
            Theme::Dark => "Theme: dark",
        }
    }

    pub(crate) fn thought_for(&self, time: &str) -> String {
        format!("Thought for {time}")
    }

    pub(crate) fn tokens(&self, input: &str, output: &str) -> String {
        format!("{input} tokens in, {output} out")
    }

    /// What a tool of the protocol is called.
    pub(crate) fn tool_name(&self, name: &str) -> Option<&'static str> {
        Some(match name {
            "read_file" | "read_many_files" => "Read",
            "write_file" => "Write",
            "edit" | "replace" => "Edit",
            "list_directory" => "List",
            "glob" => "Find files",
            "grep_search" | "search_file_content" => "Search",
            "run_shell_command" => "Run",
            "web_fetch" => "Fetch",
            "todo_write" => "Plan",
            "ask_user_question" => "Question",
            _ => return None,
        })
    }

    pub(crate) fn unchanged_lines(&self, count: usize) -> String {
        if count == 1 { "1 unchanged line".to_owned() } else { format!("{count} unchanged lines") }
    }

    pub(crate) fn unreadable_picture(&self, name: &str) -> String {
        format!("{name} cannot be read.")
    }

    pub(crate) fn unknown_command(&self, name: &str) -> String {
        format!("There is no command /{}.", name.trim_start_matches('/'))
    }

    pub(crate) fn votes(&self, received: u64, quorum: u64) -> String {
        format!("{received} of {quorum} votes")
    }

    pub(crate) fn waiting_elsewhere(&self, count: usize) -> String {
        if count == 1 {
            "Another session waits for you.".to_owned()
        } else {
            format!("{count} other sessions wait for you.")
        }
    }

    pub(crate) fn wrong_picture(&self, name: &str) -> String {
        format!("{name} is of a kind that cannot be sent: take PNG, JPEG, GIF or WebP.")
    }

    /// The title of the tab.
    pub(crate) fn tab(&self, waiting: usize, yolo: bool, title: &str) -> String {
        let waiting = if waiting > 0 { format!("({waiting}) ") } else { String::new() };
        let yolo = if yolo { "yolo · " } else { "" };
        if title.is_empty() { format!("{waiting}{yolo}Roost") } else { format!("{waiting}{yolo}{title} · Roost") }
    }
}
