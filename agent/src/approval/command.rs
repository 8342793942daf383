//! What a command line does: reads only, changes something, or nobody knows.

use std::path::Path;

use super::{
    is_inside,
    rule::Rule,
    script::{Script, Simple},
};
use crate::{tool::Access, workspace::Workspace};

/// The effect of a call on the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Effect {
    Reads,
    Unknown,
    Changes,
}

/// Commands that only read, whatever their arguments.
const READERS: &[&str] = &[
    "[",
    "basename",
    "cat",
    "cksum",
    "cmp",
    "comm",
    "cut",
    "diff",
    "dirname",
    "du",
    "df",
    "echo",
    "expand",
    "expr",
    "false",
    "fold",
    "grep",
    "egrep",
    "fgrep",
    "head",
    "id",
    "jq",
    "ls",
    "md5sum",
    "nl",
    "nproc",
    "od",
    "paste",
    "printf",
    "ps",
    "pwd",
    "readlink",
    "realpath",
    "rev",
    "seq",
    "sha1sum",
    "sha256sum",
    "sleep",
    "stat",
    "tac",
    "tail",
    "test",
    "tr",
    "true",
    "type",
    "uname",
    "uptime",
    "wc",
    "which",
    "whoami",
];
/// Commands that change something by their nature.
const CHANGERS: &[&str] = &[
    "chmod", "chown", "cp", "dd", "install", "kill", "ln", "mkdir", "mkfifo", "mv", "patch", "rm", "rmdir", "rsync",
    "shred", "tee", "touch", "truncate", "unlink",
];
/// Readers that turn into something else with one of these arguments.
const CONDITIONAL: &[(&str, &[&str])] = &[
    ("find", &["-exec", "-execdir", "-ok", "-okdir", "-delete", "-fprint", "-fprint0", "-fprintf", "-fls"]),
    ("rg", &["--pre", "--hostname-bin", "--search-zip", "-z"]),
    ("sort", &["-o", "--output", "--compress-program", "-T"]),
    ("tree", &["-o"]),
    ("date", &["-s", "--set"]),
    ("file", &["-C", "--compile", "-m", "--magic-file"]),
];
const GIT_READERS: &[&str] = &[
    "blame",
    "cat-file",
    "describe",
    "diff",
    "log",
    "ls-files",
    "ls-tree",
    "rev-list",
    "rev-parse",
    "shortlog",
    "show",
    "status",
];
/// Git arguments that write, or run a program of somebody's choice.
const GIT_TRAPS: &[&str] =
    &["-c", "--output", "--ext-diff", "--textconv", "--exec-path", "--git-dir", "--work-tree", "-C"];
/// Programs that run what their arguments name: a rule that allows the program would allow everything.
const LAUNCHERS: &[&str] = &[
    "bash", "sh", "zsh", "dash", "fish", "env", "exec", "eval", "sudo", "su", "doas", "xargs", "nohup", "time",
    "timeout", "nice", "ssh", "python", "python3", "node", "deno", "bun", "ruby", "perl", "php", "lua", "awk",
    "source", ".", "command", "npx", "bunx", "uvx", "docker", "podman", "find", "setsid", "watch",
];
/// Programs whose first argument says what they do.
const WITH_SUBCOMMANDS: &[&str] = &[
    "cargo", "git", "go", "npm", "pnpm", "yarn", "pip", "pip3", "uv", "make", "just", "kubectl", "apt", "apt-get",
    "brew", "gh",
];

/// The strongest effect of any part.
pub(super) fn effect(line: &str, directory: &Path, workspace: &Workspace) -> Effect {
    let script = Script::parse(line);
    let parts = script.commands.iter().map(|command| simple_effect(command, directory, workspace)).max();
    let whole = if script.is_opaque { Effect::Unknown } else { Effect::Reads };
    parts.unwrap_or(Effect::Unknown).max(whole)
}

fn simple_effect(command: &Simple, directory: &Path, workspace: &Workspace) -> Effect {
    let Some(program) = command.words.first() else {
        return Effect::Unknown;
    };
    if command.redirects.iter().any(|redirect| redirect.writes && redirect.target.text != "/dev/null") {
        return Effect::Changes;
    }
    let arguments: Vec<&str> = command.words[1..].iter().map(|word| word.text.as_str()).collect();
    if CHANGERS.contains(&program.text.as_str()) || is_git_change(&program.text, &arguments) {
        return Effect::Changes;
    }
    // A variable in front (LD_PRELOAD, PATH) or a word only the shell knows can make a reader into anything.
    let is_plain = command.assignments.is_empty() && !command.is_substituted && !program.expands;
    let stays_inside = command.words[1..]
        .iter()
        .map(|word| (&word.text, word.expands))
        .chain(command.redirects.iter().map(|redirect| (&redirect.target.text, redirect.target.expands)))
        .filter(|(text, _)| *text != "/dev/null")
        .all(|(text, expands)| names_inside(text, expands, directory, workspace));
    if is_plain && stays_inside && reads_only(&program.text, &arguments) { Effect::Reads } else { Effect::Unknown }
}

/// A word that may be a path must not lead out of the workspace: reading there is the user's to decide.
fn names_inside(text: &str, expands: bool, directory: &Path, workspace: &Workspace) -> bool {
    let value = text.split_once('=').map_or(text, |(_, value)| value);
    let looks_outside = |text: &str| text.starts_with(['/', '~']) || text.split('/').any(|part| part == "..");
    if expands && (text.contains('$') || text.contains('{') || looks_outside(value)) {
        return false;
    }
    [text, value].into_iter().all(|text| is_inside(text.trim_start_matches('-'), directory, workspace))
        && (!looks_outside(value) || is_inside(value, directory, workspace))
}

fn reads_only(program: &str, arguments: &[&str]) -> bool {
    if READERS.contains(&program) {
        return true;
    }
    if program == "git" {
        return arguments.first().is_some_and(|sub| GIT_READERS.contains(sub)) && !has_any(arguments, GIT_TRAPS);
    }
    // Its second file is the one it writes.
    if program == "uniq" {
        return arguments.iter().filter(|argument| !argument.starts_with('-')).count() <= 1;
    }
    CONDITIONAL.iter().any(|(name, traps)| *name == program && !has_any(arguments, traps))
}

fn is_git_change(program: &str, arguments: &[&str]) -> bool {
    const CHANGES: &[&str] = &[
        "add",
        "am",
        "apply",
        "checkout",
        "cherry-pick",
        "clean",
        "clone",
        "commit",
        "fetch",
        "init",
        "merge",
        "mv",
        "pull",
        "push",
        "rebase",
        "reset",
        "restore",
        "revert",
        "rm",
        "stash",
        "switch",
    ];
    program == "git" && arguments.first().is_some_and(|sub| CHANGES.contains(sub))
}

/// Long options match with `=value` too, short ones also glued to others (`-no`).
fn has_any(arguments: &[&str], traps: &[&str]) -> bool {
    arguments.iter().any(|argument| {
        traps.iter().any(|trap| match (trap.strip_prefix("--"), trap.strip_prefix('-')) {
            (Some(_), _) => argument.starts_with(trap),
            (None, Some(short)) if short.len() == 1 => {
                argument.starts_with('-') && !argument.starts_with("--") && argument.contains(short)
            }
            _ => argument == trap,
        })
    })
}

/// One rule for each part that does more than read. None when a part cannot be pinned down.
pub(super) fn always_rules(line: &str, directory: &Path, workspace: &Workspace) -> Vec<Rule> {
    let script = Script::parse(line);
    let parts = &script.commands;
    if script.is_opaque || parts.iter().any(|part| part.is_substituted || !part.assignments.is_empty()) {
        return Vec::new();
    }
    let mut rules: Vec<Rule> = Vec::new();
    for part in parts.iter().filter(|part| simple_effect(part, directory, workspace) != Effect::Reads) {
        let Some(pattern) = always_pattern(part) else { return Vec::new() };
        let rule = Rule::command(&pattern);
        if !rules.contains(&rule) {
            rules.push(rule);
        }
    }
    rules
}

fn always_pattern(part: &Simple) -> Option<String> {
    let program = part.words.first().filter(|word| !word.expands)?;
    let text = part.text();
    if LAUNCHERS.contains(&program.text.as_str()) || program.text.contains('/') {
        // Only this exact line; a text that a rule cannot hold unchanged is asked about again.
        return (!text.contains(['*', ')', '(', '\n', '$', '`'])).then_some(text);
    }
    match part.words.get(1).filter(|word| !word.expands && !word.text.starts_with('-')) {
        Some(sub) if WITH_SUBCOMMANDS.contains(&program.text.as_str()) => {
            Some(format!("{} {} *", program.text, sub.text))
        }
        None if WITH_SUBCOMMANDS.contains(&program.text.as_str()) => Some(text),
        _ => Some(format!("{} *", program.text)),
    }
}

/// Whether this part does nothing but read, inside the workspace.
pub(super) fn reads(command: &Simple, directory: &Path, workspace: &Workspace) -> bool {
    simple_effect(command, directory, workspace) == Effect::Reads
}

/// Whether a redirection writes to a file outside the workspace, or to one nobody knows.
pub(super) fn writes_outside(command: &Simple, directory: &Path, workspace: &Workspace) -> bool {
    command
        .redirects
        .iter()
        .filter(|redirect| redirect.writes && redirect.target.text != "/dev/null")
        .any(|redirect| redirect.target.expands || !is_inside(&redirect.target.text, directory, workspace))
}

/// The files a part reads or changes, as far as its words say. The file rules can forbid them.
pub(super) fn touched(command: &Simple, directory: &Path, workspace: &Workspace) -> Vec<Access> {
    const VIEWERS: &[&str] = &["cat", "grep", "head", "less", "more", "nl", "od", "tac", "tail", "wc"];
    let absolute = |text: &str| workspace.absolute(&directory.join(text).to_string_lossy());
    let mut touched: Vec<Access> = command
        .redirects
        .iter()
        .map(|redirect| (redirect.writes, absolute(&redirect.target.text)))
        .map(|(writes, path)| if writes { Access::Edit(path) } else { Access::Read(path) })
        .collect();
    if let Some((program, arguments)) = command.words.split_first() {
        let paths = || arguments.iter().filter(|word| !word.text.starts_with('-')).map(|word| absolute(&word.text));
        if VIEWERS.contains(&program.text.as_str()) {
            touched.extend(paths().map(Access::Read));
        } else if CHANGERS.contains(&program.text.as_str()) {
            touched.extend(paths().map(Access::Edit));
        }
    }
    touched
}
