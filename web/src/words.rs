//! Every text of the page, in one table. Another language is another table.

mod said;

use roost_core::Millis;

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
    being_taken_out: "being taken out…",
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
    end_find: "Stop searching",
    find_after: "Next place",
    find_before: "Place before",
    find_here: "Find in this session",
    find_session: "Search sessions",
    find_setting: "Search settings",
    folder: "folder",
    folder_example: "/path/to/a/folder",
    go_there: "Go there",
    go_to_what: "Go to a session or a command",
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
    not_copied: "Not copied",
    not_found: "Not found",
    not_here: "This page cannot do that.",
    not_told: "The agent was not told",
    nothing_to_copy: "There is no answer to copy yet.",
    now: "now",
    offline: "Offline",
    other_answer: "Another answer",
    other_model: "Choose another model",
    panels: "Settings and more",
    pictures: "Pictures",
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
    reading: "Reading…",
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
    take_out_sure: "Serve it no longer? What runs there is stopped; its files and histories stay.",
    tell_now: "Tell it now",
    tell_now_hint: "The running turn hears it before its next step (Ctrl+Shift+Enter)",
    this_device: "This device",
    thought: "Thought",
    tip_busy: "Enter sends after this turn · Esc Esc stops it",
    tip_tell_now: "Enter: after this turn · Ctrl+Shift+Enter: now · Esc Esc stops",
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
    ("Ctrl+F", "Find in this session; Enter and Shift+Enter, or n and N in the conversation, go on"),
    ("Ctrl+K", "To a session or a command"),
    ("Ctrl+.", "Next approval mode"),
    ("1–9", "Answer what the agent asks"),
    ("Ctrl+Enter", "Allow it once, from anywhere"),
    ("Alt+A", "Go to the next session that waits for you"),
];

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
    use wasm_bindgen_test::wasm_bindgen_test as test;

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
