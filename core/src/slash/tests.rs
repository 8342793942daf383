mod hints;
mod keys;
mod lines;
mod lists;

use serde_json::{Value as Json, json};

use super::*;

/// A page that performs everything, and an agent with commands, skills and an MCP prompt of its own.
fn palette() -> Palette {
    Palette::new(Catalogue::new(|_| true, Advertised::read(&announcement()).commands))
}

fn announcement() -> Json {
    let entry = |name: &str, hint: Option<&str>, meta: Json| {
        json!({
            "name": name,
            "description": format!("about {name}"),
            "input": hint.map(|hint| json!({"hint": hint})),
            "_meta": meta,
        })
    };
    json!({
        "sessionUpdate": "available_commands_update",
        "_meta": {"availableSkills": ["review"]},
        "availableCommands": [
            entry("status", Some(""), json!({"source": "builtin-command", "subcommands": ["paths"], "altNames": ["about"]})),
            entry("compress", None, json!({"source": "builtin-command", "altNames": ["summarize"]})),
            entry("context", None, json!({"source": "builtin-command", "subcommands": ["detail"]})),
            entry("effort", Some("[low|medium|high|xhigh|max]"), json!({"source": "builtin-command"})),
            entry("remember", Some("<text to remember>"), json!({"source": "builtin-command"})),
            entry("goal", Some("[<objective> | set <objective> | pause | clear]"), json!({"source": "builtin-command"})),
            entry("qc-helper", Some(""), json!({"source": "bundled-skill", "sourceLabel": "Skill"})),
            entry("new-app", Some(""), json!({"source": "skill-dir-command", "sourceLabel": "Project"})),
            entry("review", Some("[pr-number|file-path] [--effort low|high] [--fix]"), json!({"source": "plugin-command", "sourceLabel": "Plugin: review"})),
            entry("git:hi", Some(""), json!({"source": "skill-dir-command", "sourceLabel": "Custom"})),
            entry("ask", Some(""), json!({"source": "mcp-prompt", "sourceLabel": "MCP: docs"})),
            json!({"description": "no name"}),
            json!({"name": "two words"}),
        ],
    })
}

fn context() -> Context {
    let value = |text: &str| Value { text: text.to_owned(), ..Value::default() };
    let modes = ["plan", "default", "auto-edit", "yolo"].map(value);
    let sessions = [("6f1", "Fix the parser"), ("77a", "Write the docs")]
        .map(|(id, title)| Value { label: title.to_owned(), ..value(id) });
    Context {
        values: [
            (ValueKind::Mode, modes.to_vec()),
            (ValueKind::Model, vec![value("gpt-5"), Value { current: true, ..value("qwen3-coder") }]),
            (ValueKind::Session, sessions.to_vec()),
        ]
        .into(),
        ..Context::default()
    }
}

fn suggest(text: &str) -> Menu {
    palette().suggest(text, text.len(), &context())
}

fn labels(menu: &Menu) -> Vec<&str> {
    menu.rows.iter().map(|row| row.label.as_str()).collect()
}

fn first(text: &str) -> String {
    suggest(text).rows.first().map(|row| row.label.clone()).unwrap_or_default()
}
