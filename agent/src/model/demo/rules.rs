//! What the demo model understands: a verb, and what stands behind it.

use std::path::Path;

use serde_json::{Value, json};

use crate::history::{Message, Role};

/// What it says and does next.
#[derive(Debug, PartialEq)]
pub(super) struct Answer {
    pub(super) thought: String,
    pub(super) text: String,
    pub(super) call: Option<Call>,
}

#[derive(Debug, PartialEq)]
pub(super) struct Call {
    pub(super) tool: &'static str,
    pub(super) arguments: Value,
}

/// What a prompt asks for.
#[derive(Debug, PartialEq, Eq)]
enum Wish<'a> {
    Write { file: &'a str, content: &'a str },
    Replace { file: &'a str, old: &'a str, new: &'a str },
    Read { file: &'a str },
    List { folder: &'a str },
    Find { pattern: &'a str },
    Search { text: &'a str },
    Run { command: &'a str },
    Plan { steps: Vec<&'a str> },
    Other,
}

const INTRODUCTION: &str = "I am Roost's built-in demo model: a handful of rules, not a language model. \
I run offline, so that you can see everything else work.\n\n\
Try one of these:\n\n\
- `create notes.txt with Hello` – writes a file, after asking you\n\
- `replace Hello with Goodbye in notes.txt` – edits it\n\
- `read notes.txt`, `list .`, `find **/*.rs`, `search for TODO`\n\
- `run ls -la` – runs a command\n\
- `plan bake bread, slice it, eat it` – shows a plan\n\n\
For a real model, set `OPENAI_API_KEY` and `OPENAI_MODEL`, and `OPENAI_BASE_URL` for any other server that speaks \
OpenAI's protocol, then start Roost again.\n";

/// Decides by the last thing the user said and what has been done about it since.
pub(super) fn answer(history: &[Message], cwd: &Path) -> Answer {
    let asked = history.iter().rposition(|message| message.role == Role::User && !message.text().trim().is_empty());
    let Some(asked) = asked else {
        return say("Nobody has said anything yet.", INTRODUCTION.to_owned());
    };
    let prompt = history[asked].text();
    let wish = Wish::read(prompt.trim());
    let results: Vec<(String, bool)> = history[asked + 1..]
        .iter()
        .flat_map(Message::responses)
        .map(|response| (response.text().into_owned(), response.response.contains_key("output")))
        .collect();
    let absolute = |path: &str| cwd.join(path).to_string_lossy().into_owned();
    match (&wish, results.last()) {
        (Wish::Other, _) => say("No rule of mine fits this.", INTRODUCTION.to_owned()),
        // An edit needs two steps: look, then change.
        (Wish::Replace { file, old, new }, Some((_, true))) if results.len() == 1 => Answer {
            thought: "Now I know the text and can change it. ".to_owned(),
            text: String::new(),
            call: Some(Call {
                tool: "edit",
                arguments: json!({"file_path": absolute(file), "old_string": old, "new_string": new, "replace_all": true}),
            }),
        },
        (_, Some((result, ok))) => say("The tool has answered.", wish.report(result, *ok)),
        (_, None) => wish.first_step(absolute),
    }
}

fn say(thought: &str, text: String) -> Answer {
    Answer { thought: format!("{thought} "), text, call: None }
}

impl<'a> Wish<'a> {
    fn read(prompt: &'a str) -> Self {
        let line = prompt.lines().next().unwrap_or_default();
        let polite = strip(line, &["please ", "can you ", "could you "]).unwrap_or(line);
        let (verb, rest) = polite.split_once(char::is_whitespace).unwrap_or((polite, ""));
        let rest = rest.trim();
        match verb.to_lowercase().as_str() {
            "create" | "write" | "make" | "add" => Self::write(prompt, rest),
            "replace" | "change" | "edit" => Self::replace(rest),
            "read" | "show" | "open" | "cat" | "print" if !rest.is_empty() => Self::Read { file: name(rest) },
            "list" | "ls" => Self::List { folder: folder(rest) },
            "find" | "glob" if !rest.is_empty() => Self::Find { pattern: name(rest) },
            "search" | "grep" | "look" if !rest.is_empty() => {
                Self::Search { text: unquoted(strip(rest, &["for "]).unwrap_or(rest)) }
            }
            "run" | "execute" | "exec" | "sh" | "bash" if !rest.is_empty() => Self::Run { command: unquoted(rest) },
            "plan" if !rest.is_empty() => {
                Self::Plan { steps: rest.split([',', ';']).map(str::trim).filter(|step| !step.is_empty()).collect() }
            }
            _ => Self::Other,
        }
    }

    /// `create FILE with CONTENT`; the content may go on over further lines.
    fn write(prompt: &'a str, rest: &'a str) -> Self {
        let named = strip(rest, &["a file called ", "a file named ", "the file ", "a file ", "file "]).unwrap_or(rest);
        let words =
            [" with the text ", " with the content ", " with content ", " with ", " containing ", " saying ", ": "];
        let split = words.iter().find_map(|word| named.split_once(word).map(|(file, _)| (file, *word)));
        let (file, content) = match split {
            // Taken from the whole prompt, so that further lines belong to it.
            Some((file, word)) => (file, prompt.split_once(word).map_or("", |(_, content)| content)),
            None => (named, ""),
        };
        let file = unquoted(file.trim());
        if file.is_empty() || file.contains(char::is_whitespace) {
            return Self::Other;
        }
        Self::Write { file, content: unquoted(content.trim()) }
    }

    /// `replace OLD with NEW in FILE`.
    fn replace(rest: &'a str) -> Self {
        let parts = rest.rsplit_once(" in ").and_then(|(change, file)| {
            let (old, new) = change.split_once(" with ").or_else(|| change.split_once(" to "))?;
            Some(Self::Replace { file: unquoted(file.trim()), old: unquoted(old.trim()), new: unquoted(new.trim()) })
        });
        parts.unwrap_or(Self::Other)
    }

    fn first_step(&self, absolute: impl Fn(&str) -> String) -> Answer {
        let (thought, tool, arguments) = match self {
            Self::Write { file, content } => {
                let content = if content.is_empty() { String::new() } else { format!("{content}\n") };
                (
                    format!("I shall write {file}."),
                    "write_file",
                    json!({"file_path": absolute(file), "content": content}),
                )
            }
            Self::Replace { file, .. } => {
                (format!("I must read {file} before I change it."), "read_file", json!({"file_path": absolute(file)}))
            }
            Self::Read { file } => (format!("I shall read {file}."), "read_file", json!({"file_path": absolute(file)})),
            Self::List { folder } => {
                (format!("I shall list {folder}."), "list_directory", json!({"path": absolute(folder)}))
            }
            Self::Find { pattern } => (format!("I shall find {pattern}."), "glob", json!({"pattern": pattern})),
            Self::Search { text } => (format!("I shall search for {text}."), "grep_search", json!({"pattern": text})),
            Self::Run { command } => {
                let arguments = json!({"command": command, "description": "asked for by the user"});
                (format!("I shall run {command}."), "run_shell_command", arguments)
            }
            Self::Plan { steps } => {
                let todo = |(number, step): (usize, &&str)| {
                    let status = if number == 0 { "in_progress" } else { "pending" };
                    json!({"id": (number + 1).to_string(), "content": step, "status": status})
                };
                let todos: Vec<Value> = steps.iter().enumerate().map(todo).collect();
                ("I shall write the steps down.".to_owned(), "todo_write", json!({"todos": todos}))
            }
            Self::Other => return say("No rule of mine fits this.", INTRODUCTION.to_owned()),
        };
        Answer { thought: format!("{thought} "), text: String::new(), call: Some(Call { tool, arguments }) }
    }

    fn report(&self, result: &str, ok: bool) -> String {
        if !ok {
            return format!("That did not work: {result}\n");
        }
        match self {
            Self::Write { file, .. } => format!("Done: `{file}` is written.\n"),
            Self::Replace { file, .. } => format!("Done: `{file}` is changed.\n"),
            Self::Plan { .. } => "The plan is above. A real model would now work through it.\n".to_owned(),
            Self::Read { .. } | Self::List { .. } | Self::Find { .. } | Self::Search { .. } | Self::Run { .. } => {
                format!("Here is what came back:\n\n```\n{}\n```\n", result.trim_end())
            }
            Self::Other => INTRODUCTION.to_owned(),
        }
    }
}

/// What stands behind the first of these beginnings that fits.
fn strip<'a>(text: &'a str, beginnings: &[&str]) -> Option<&'a str> {
    beginnings.iter().find_map(|beginning| {
        let head = text.get(..beginning.len())?;
        head.eq_ignore_ascii_case(beginning).then(|| text[beginning.len()..].trim_start())
    })
}

fn unquoted(text: &str) -> &str {
    let pairs = ['`', '"', '\''];
    pairs.iter().find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote)).unwrap_or(text)
}

/// A file or pattern: filler words in front do not belong to it.
fn name(rest: &str) -> &str {
    let rest = strip(rest, &["me the file ", "the file ", "me ", "file "]).unwrap_or(rest);
    unquoted(rest.trim_end_matches(['.', '?', '!']).trim())
}

fn folder(rest: &str) -> &str {
    let rest = strip(rest, &["the files in ", "files in ", "the folder ", "folder ", "in "]).unwrap_or(rest);
    let filler = ["", "files", "the files", "this folder", "here"];
    if filler.contains(&rest) { "." } else { unquoted(rest) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Part, ToolCall, ToolResponse};

    #[test]
    fn a_wish_is_read_from_its_verb() {
        for (prompt, wish) in [
            ("create hello.txt with Hello", Wish::Write { file: "hello.txt", content: "Hello" }),
            (
                "Please write a file called a/b.md containing \"one two\"",
                Wish::Write { file: "a/b.md", content: "one two" },
            ),
            ("create x.py with print(1)\nprint(2)", Wish::Write { file: "x.py", content: "print(1)\nprint(2)" }),
            ("make empty.txt", Wish::Write { file: "empty.txt", content: "" }),
            ("make me happy", Wish::Other),
            ("replace Hello with Bye in hello.txt", Wish::Replace { file: "hello.txt", old: "Hello", new: "Bye" }),
            ("read `src/main.rs`", Wish::Read { file: "src/main.rs" }),
            ("list files", Wish::List { folder: "." }),
            ("ls src", Wish::List { folder: "src" }),
            ("find **/*.rs", Wish::Find { pattern: "**/*.rs" }),
            ("search for TODO", Wish::Search { text: "TODO" }),
            ("run `touch x && ls`", Wish::Run { command: "touch x && ls" }),
            ("plan a, b", Wish::Plan { steps: vec!["a", "b"] }),
            ("what are you?", Wish::Other),
        ] {
            assert_eq!(Wish::read(prompt), wish, "{prompt}");
        }
    }

    #[test]
    fn an_edit_reads_first() {
        let cwd = Path::new("/w");
        let mut history = vec![Message::user(vec![Part::text("replace a with b in f")])];
        let first = answer(&history, cwd).call.expect("a call");
        assert_eq!(first.tool, "read_file");
        let call = ToolCall { id: "1".into(), name: first.tool.into(), args: first.arguments };
        history.push(Message::user(vec![Part::Response { response: ToolResponse::new(&call, true, "a") }]));
        assert_eq!(answer(&history, cwd).call.expect("a call").tool, "edit");
        history.push(Message::user(vec![Part::Response { response: ToolResponse::new(&call, true, "done") }]));
        assert_eq!(answer(&history, cwd).call, None);
    }

    #[test]
    fn what_it_does_not_understand_it_answers_with_what_it_is() {
        let history = [Message::user(vec![Part::text("How are you?")])];
        assert!(answer(&history, Path::new("/w")).text.contains("demo model"));
    }
}
