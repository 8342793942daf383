//! Markdown: what was said stands as it was said, since it is markdown itself; what tools show stands in fences.

use std::fmt::Write;

use super::{Document, Message, Said, shown};

pub(super) fn write(document: &Document<'_>) -> String {
    let mut text = String::from("# Chat Session Export\n\n");
    // Writing to a string cannot fail.
    let _ = head(&mut text, document);
    for message in &document.messages {
        let _ = section(&mut text, message);
    }
    text
}

fn head(text: &mut String, document: &Document<'_>) -> std::fmt::Result {
    writeln!(text, "- **Session ID**: `{}`", document.subject.session_id)?;
    writeln!(text, "- **Start Time**: {}", document.started_at.to_iso())?;
    writeln!(text, "- **Exported**: {}\n", document.subject.exported_at.to_iso())?;
    writeln!(text, "- **Working Directory**: `{}`\n", document.subject.cwd)?;
    if let Some(model) = document.model {
        writeln!(text, "- **Model**: {model}")?;
    }
    writeln!(text, "- **Channel**: daemon")?;
    writeln!(text, "- **Prompt Count**: {}\n", document.prompt_count)?;
    if document.total_tokens > 0 {
        writeln!(text, "- **Total Tokens**: {}\n", document.total_tokens)?;
    }
    writeln!(text, "- **Files Written**: {}", document.files.len())?;
    writeln!(text, "- **Lines Added**: {}", document.lines_added())?;
    writeln!(text, "- **Lines Removed**: {}", document.lines_removed())?;
    if document.is_truncated {
        writeln!(text, "- **Truncated**: older entries are missing")?;
    }
    writeln!(text, "\n---\n")
}

fn section(text: &mut String, message: &Message<'_>) -> std::fmt::Result {
    match &message.said {
        Said::User(said) => writeln!(text, "## User\n\n{said}\n\n"),
        Said::Assistant(said) => writeln!(text, "## Assistant\n\n{said}\n\n"),
        Said::Thought(thought) => writeln!(text, "## Thought\n\n{}\n\n", quoted(thought)),
        Said::Plan(steps) => writeln!(text, "## Plan\n\n{steps}\n\n"),
        Said::Error(error) => writeln!(text, "## Error\n\n{}\n\n", fenced(error)),
        Said::Shell(run) => {
            writeln!(text, "## Shell\n\n{}\n\n", fenced(&format!("$ {}\n{}", run.command, run.output)))
        }
        Said::Tool(tool) => {
            let title = tool.headline().replace(['\n', '\r'], " ");
            writeln!(text, "## Tool: {title}\n\n**Status**: {}\n", tool.status.as_str())?;
            if let Some(input) = tool.input() {
                writeln!(text, "{}\n", fenced(&serde_json::to_string_pretty(input).unwrap_or_default()))?;
            }
            let shown = shown(tool);
            if !shown.is_empty() {
                writeln!(text, "{}\n", fenced(&shown))?;
            }
            writeln!(text)
        }
    }
}

fn quoted(text: &str) -> String {
    text.lines().map(|line| format!("> {line}")).collect::<Vec<_>>().join("\n")
}

/// In a fence longer than any that the text has, so that nothing gets out of it.
fn fenced(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}\n{}\n{fence}", text.trim_end_matches('\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_gets_out_of_its_fence() {
        assert_eq!(fenced("a\n````\nb\n"), "`````\na\n````\nb\n`````");
        assert_eq!(fenced("plain"), "```\nplain\n```");
    }
}
