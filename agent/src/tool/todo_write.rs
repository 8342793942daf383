//! `todo_write`: the model's own list of steps, shown as a plan.

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::{
    Access, Context, Invocation, Kind, Outcome, Tool,
    arguments::{ArgumentError, Arguments},
};
use crate::workspace::Workspace;

const STATUSES: [&str; 3] = ["pending", "in_progress", "completed"];

pub(crate) struct TodoWrite;

struct Call {
    todos: Vec<Value>,
    entries: Vec<Value>,
}

impl Tool for TodoWrite {
    fn name(&self) -> &'static str {
        "todo_write"
    }

    fn display(&self) -> &'static str {
        "TodoWrite"
    }

    fn kind(&self) -> Kind {
        Kind::Think
    }

    fn description(&self) -> &'static str {
        "Replaces the list of steps shown to the user. Use it for work of several steps and keep the states up to date."
    }

    fn is_shown_as_a_plan(&self) -> bool {
        true
    }

    fn parameters(&self) -> Value {
        json!({
            "type": "object",
            "properties": {
                "todos": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {
                            "id": {"type": "string"},
                            "content": {"type": "string"},
                            "status": {"type": "string", "enum": STATUSES},
                        },
                        "required": ["id", "content", "status"],
                    },
                },
            },
            "required": ["todos"],
        })
    }

    fn parse(&self, arguments: &Value, _workspace: &Workspace) -> Result<Box<dyn Invocation>, ArgumentError> {
        let todos = Arguments::new(arguments)?.list("todos")?.ok_or(ArgumentError::Missing("todos"))?;
        let entries = todos.iter().map(entry).collect::<Result<_, _>>()?;
        Ok(Box::new(Call { todos: todos.to_vec(), entries }))
    }
}

fn entry(todo: &Value) -> Result<Value, ArgumentError> {
    let todo = Arguments::new(todo)?;
    let (content, status) = (todo.filled("content")?, todo.text("status")?);
    if !STATUSES.contains(&status) {
        let problem = format!("must be one of {}", STATUSES.join(", "));
        return Err(ArgumentError::Value { field: "status", problem });
    }
    Ok(json!({"content": content, "priority": "medium", "status": status}))
}

impl Invocation for Call {
    fn describe(&self) -> String {
        format!("{} step(s)", self.entries.len())
    }

    fn access(&self) -> Access {
        Access::Own
    }

    fn run(self: Box<Self>, _context: Context) -> BoxFuture<'static, Outcome> {
        Box::pin(async move {
            let open = self.entries.iter().filter(|entry| entry["status"] != "completed").count();
            let outcome = Outcome::text(format!("The list has {} step(s), {open} still to do.", self.entries.len()));
            let raw = json!({"type": "todo_list", "todos": self.todos});
            Outcome { plan: Some(Value::Array(self.entries)), ..outcome.with_raw(raw) }
        })
    }
}
