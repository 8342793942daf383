//! Every text of the page, in one table. Another language is another table.

use roost_core::{
    Millis,
    client::{ExportFormat, RuleType},
    payload::ToolKind,
};

use crate::store::{Sheet, Theme};

/// The table in force.
pub(crate) fn words() -> &'static Words {
    &ENGLISH
}

macro_rules! table {
    ($($name:ident: $english:expr,)*) => {
        /// The texts that are always the same.
        #[derive(Debug)]
        pub(crate) struct Words {
            $(pub(crate) $name: &'static str,)*
            pub(crate) key_table: &'static [(&'static str, &'static str)],
        }

        static ENGLISH: Words = Words { $($name: $english,)* key_table: KEYS };
    };
}

table! {
    add: "Add",
    add_folder: "Folder to add",
    agent_asks: "The agent asks you something",
    already_answered: "Somebody else has answered that already.",
    already_running: "It has begun already.",
    archive: "Archive",
    archived: "Archived",
    broken_off: "broken off",
    cannot_archive: "Not archived",
    cannot_arrange: "Not moved",
    cannot_cancel: "Not stopped",
    cannot_close: "Not closed",
    cannot_delete: "Not deleted",
    cannot_export: "Not exported",
    cannot_group: "The group has not changed",
    cannot_list: "The list cannot be read",
    cannot_remove: "Not removed",
    cannot_rename: "Not renamed",
    cannot_set_mode: "The mode has not changed",
    cannot_set_model: "The model has not changed",
    cannot_unarchive: "Not brought back",
    cannot_vote: "Your answer did not arrive",
    catching_up: "Catching up",
    close: "Close",
    close_list: "Close the list of sessions",
    close_sure: "Close it? Its history stays.",
    color: "Color",
    commands: "Commands",
    connect: "Connect",
    connect_hint_after: " printed, or paste the daemon’s token here.",
    connect_hint_before: "Open the link that ",
    connect_title: "Sign in to this Roost",
    connecting: "Connecting",
    conversation: "Conversation",
    copied: "Copied",
    copy: "Copy",
    copy_code: "Copy this code",
    current: "current",
    daemon_limits: "Limits",
    daemon_runs: "Now",
    delete: "Delete",
    delete_dots: "Delete…",
    delete_group_sure: "Delete this group? Its sessions stay.",
    delete_sure: "Delete it for good, with its history?",
    device_open: "This daemon asks for no token.",
    device_token: "The token is kept for this tab only, unless you have it remembered.",
    discard: "Discard",
    dismiss: "Dismiss",
    dock_tip: "1–9 or arrows choose · Ctrl+Enter allows once",
    edit: "Edit",
    ended_closed: "The session was closed",
    ended_died: "The agent has stopped",
    ended_unknown: "The daemon does not know this session",
    enter_chooses: "Enter choose",
    enter_runs: "Enter run",
    export_as: "Export as",
    failed: "failed",
    files: "Files",
    find_session: "Search sessions",
    find_setting: "Search settings",
    folder: "folder",
    folder_example: "/path/to/a/folder",
    go_there: "Go there",
    good_to_know: "Good to know",
    group_commands: "Commands",
    group_custom: "Custom",
    group_name: "Name of the group",
    group_recent: "Recent",
    group_skills: "Skills",
    help: "Help",
    hint_enter: "sends; with Shift it breaks the line. While a turn runs, what you send waits in line.",
    hint_slash: "lists every command, with what it takes.",
    hint_stop: "stops the turn. Nothing runs that changes files unless its mode or you allow it.",
    in_shell: "shell",
    keep: "Keep",
    kept_in: "Kept in",
    keys: "Keys",
    live: "Live",
    maybe_not_sent: "the page was closed before the daemon answered",
    mode_label: "Approval mode",
    model_label: "Model",
    move_to_group: "Group",
    needs_restart: "after a restart",
    never_answered: "never answered",
    new_conversation: "New session",
    new_file: "new file",
    new_group: "New group…",
    new_session: "New session",
    no_change: "No line changed",
    no_group: "None",
    no_output: "It printed nothing.",
    no_session_yet: "needs an open session",
    no_sessions: "No sessions yet. Write below to begin one.",
    no_shell: "Lines that begin with ! run in a shell, which this daemon does not offer (--enable-session-shell). Begin with a space to send it as text.",
    none_archived: "Nothing has been archived.",
    none_found: "No title has that in it.",
    not_here: "This page cannot do that.",
    not_told: "The agent was not told",
    nothing_to_copy: "There is no answer to copy yet.",
    now: "now",
    offline: "Offline",
    other_answer: "Another answer",
    other_model: "Choose another model",
    panels: "Settings and more",
    pin: "Pin",
    pinned: "Pinned",
    placeholder: "Ask for a change, or type / for commands",
    plan: "Plan",
    press_escape_again: "Press Esc again to stop",
    prompt: "Prompt",
    put_away: "Put away",
    queue: "On its way and waiting",
    queue_it: "Send after this turn",
    queued: "waits for its turn",
    recent: "Recent",
    recent_sessions: "Recent sessions",
    recording_degraded: "This session is no longer written to disk",
    remember: "Remember on this device",
    rename: "Rename",
    rename_this: "Rename this session",
    reopen: "Open again",
    retry: "Retry",
    revoked: "Your access has ended: the token is no longer valid. Open a fresh link from the daemon, or paste its token.",
    rule_example: "Bash(git status)",
    running: "Running",
    runs: "runs",
    scope: "Change it for",
    scope_user: "Me, everywhere",
    scope_workspace: "This workspace",
    send: "Send",
    send_again: "Send again",
    send_as_text: "Send as text (Ctrl+Enter)",
    sending: "sending",
    sessions: "Sessions",
    set_here: "set here",
    sign_out: "Sign out",
    skip: "Skip to the prompt",
    something_unknown: "something this page cannot show",
    spent_link: "This link has been used already, or is too old: each works once. Restart the daemon or ask it for a new link, or paste its token.",
    state_failed: "last turn failed",
    state_running: "running",
    state_waiting: "waits for you",
    step_done: "done",
    step_later: "to do",
    step_now: "in progress",
    stop: "Stop",
    stopped: "stopped",
    stopping: "Stopping",
    table: "Table",
    take_out: "Take out",
    tell_now: "Tell it now",
    tell_now_hint: "The running turn hears it before its next step (Ctrl+Shift+Enter)",
    this_device: "This device",
    thought: "Thought",
    tip_busy: "Enter sends after this turn · Esc Esc stops it",
    tip_tell_now: "Enter sends after this turn · Esc Esc stops it",
    title: "Title",
    to_end: "To the end",
    token: "Token",
    tool_done: "done",
    tool_failed: "failed",
    tool_preparing: "preparing",
    tool_running: "running",
    tool_waiting: "waits for you",
    turn_failed: "The turn failed",
    unarchive: "Bring back",
    unbounded: "none",
    unknown_theme: "There are the themes light, dark and system.",
    unpin: "Unpin",
    untitled: "Untitled session",
    untrusted: "This folder is not trusted: its own allow rules do not count.",
    waiting_for_you: "Waiting for you",
    waits_for_you: "Waits for your answer",
    what_would_happen: "What would happen",
    working: "Working",
    workspace_label: "Workspace",
    workspaces_about: "Each folder has its own sessions, settings and agent.",
    wrong_token: "The daemon does not accept this token. It is in the link that it printed, and in its token file.",
    you: "You",
    you_meanwhile: "You, meanwhile",
}

const KEYS: &[(&str, &str)] = &[
    ("Enter", "Send; after this turn, if one runs"),
    ("Shift+Enter", "Break the line"),
    ("↑ ↓", "Earlier prompts, from the first and the last line"),
    ("Esc Esc", "Stop the turn"),
    ("@", "Files of the workspace"),
    ("!", "A command for the shell, where the daemon allows it"),
    ("Ctrl+Shift+Enter", "Tell the running turn"),
    ("/", "Commands; Tab completes, Ctrl+Enter sends the line as text"),
    ("Ctrl+.", "Next approval mode"),
    ("1–9", "Answer what the agent asks"),
    ("Ctrl+Enter", "Allow it once, from anywhere"),
    ("Alt+A", "Go to the next session that waits for you"),
];

/// The texts with something in them.
impl Words {
    pub(crate) fn advice(&self, code: Option<&str>, kind: Option<&str>, message: &str) -> &'static str {
        let says = |word: &str| message.to_lowercase().contains(word) || kind.is_some_and(|kind| kind.contains(word));
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

    /// The title of the tab.
    pub(crate) fn tab(&self, waiting: usize, yolo: bool, title: &str) -> String {
        let waiting = if waiting > 0 { format!("({waiting}) ") } else { String::new() };
        let yolo = if yolo { "yolo · " } else { "" };
        if title.is_empty() { format!("{waiting}{yolo}Roost") } else { format!("{waiting}{yolo}{title} · Roost") }
    }
}

/// A length of time, as short as it can be said: `0.4 s`, `12 s`, `3 min 5 s`, `2 h 4 min`.
pub(crate) fn duration(length: Millis) -> String {
    let seconds = length.0 / 1_000;
    match seconds {
        0 => format!("0.{} s", length.0 / 100),
        1..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// How long ago something was, in a word.
pub(crate) fn when(then: Millis, now: Millis) -> String {
    let seconds = now.since(then).0 / 1_000;
    match seconds {
        0..60 => "now".to_owned(),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => format!("{} h", seconds / 3_600),
        86_400..2_592_000 => format!("{} d", seconds / 86_400),
        _ => format!("{} mo", seconds / 2_592_000),
    }
}

/// The time of day, by the browser's clock and customs.
pub(crate) fn clock_time(at: Millis) -> String {
    let date = js_sys::Date::new(&(at.0 as f64).into());
    format!("{:02}:{:02}", date.get_hours(), date.get_minutes())
}

/// A number people can read: `950`, `12.3k`.
pub(crate) fn count(number: u64) -> String {
    match number {
        0..1_000 => number.to_string(),
        1_000..100_000 => format!("{}.{}k", number / 1_000, number % 1_000 / 100),
        _ => format!("{}k", number / 1_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_short() {
        let said: Vec<_> = [40, 400, 12_000, 185_000, 7_440_000].map(|millis| duration(Millis(millis))).into();
        assert_eq!(said, ["0.0 s", "0.4 s", "12 s", "3 min 5 s", "2 h 4 min"]);
    }

    #[test]
    fn a_tab_says_first_how_many_wait() {
        assert_eq!(ENGLISH.tab(2, false, "Fix it"), "(2) Fix it · Roost");
        assert_eq!(ENGLISH.tab(0, true, ""), "yolo · Roost");
    }
}
