//! `run_shell_command`: one command line, its output and how it ended.

use std::{os::unix::process::ExitStatusExt, path::PathBuf, time::Duration};

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::{
    Access, Context, Invocation, Kind, Outcome, Tool,
    arguments::{ArgumentError, Arguments},
    process::{self, End, Finished, Job},
    text_content,
};
use crate::{client::update, workspace::Workspace};

const DEFAULT_TIMEOUT_MS: u64 = 120_000;
const MAX_TIMEOUT_MS: u64 = 600_000;

pub(crate) struct Shell;

struct Call {
    command: String,
    description: Option<String>,
    directory: PathBuf,
    timeout: Duration,
}

impl Tool for Shell {
    fn name(&self) -> &'static str {
        "run_shell_command"
    }

    fn display(&self) -> &'static str {
        "Shell"
    }

    fn kind(&self) -> Kind {
        Kind::Execute
    }

    fn description(&self) -> &'static str {
        "Runs a command line with bash in the workspace and answers its output and exit code. Standard input is empty. \
         Every process it started ends with the call."
    }

    fn parameters(&self) -> Value {
        json!({
            "type": "object",
            "properties": {
                "command": {"type": "string", "description": "The command line"},
                "description": {"type": "string", "description": "What it does, in a few words, for the user"},
                "directory": {"type": "string", "description": "Folder to run in; the workspace by default"},
                "timeout": {
                    "type": "integer", "minimum": 1, "maximum": MAX_TIMEOUT_MS,
                    "description": "Longest time it may take, in milliseconds; 120000 by default",
                },
            },
            "required": ["command"],
        })
    }

    fn parse(&self, arguments: &Value, workspace: &Workspace) -> Result<Box<dyn Invocation>, ArgumentError> {
        let arguments = Arguments::new(arguments)?;
        if arguments.flag("is_background")? {
            let problem = "must be false: a command ends with its call".to_owned();
            return Err(ArgumentError::Value { field: "is_background", problem });
        }
        let timeout = arguments.number("timeout", 1)?.unwrap_or(DEFAULT_TIMEOUT_MS);
        if timeout > MAX_TIMEOUT_MS {
            let problem = format!("must be at most {MAX_TIMEOUT_MS} (milliseconds)");
            return Err(ArgumentError::Value { field: "timeout", problem });
        }
        let description = arguments.optional_text("description")?.map(str::trim).filter(|text| !text.is_empty());
        Ok(Box::new(Call {
            command: arguments.filled("command")?.to_owned(),
            description: description.map(str::to_owned),
            directory: arguments.folder("directory", workspace)?,
            timeout: Duration::from_millis(timeout),
        }))
    }
}

impl Invocation for Call {
    fn describe(&self) -> String {
        match &self.description {
            Some(description) => format!("{} ({description})", self.command),
            None => self.command.clone(),
        }
    }

    fn access(&self) -> Access {
        Access::Shell { command: self.command.clone(), directory: self.directory.clone() }
    }

    fn prepare<'a>(&'a mut self, context: &'a Context) -> BoxFuture<'a, Result<Vec<Value>, Outcome>> {
        Box::pin(async move {
            let place =
                context.workspace.locate(&self.directory).map_err(|error| Outcome::failed(error.to_string()))?;
            if !place.path().is_dir() {
                return Err(Outcome::failed(format!("{} is not a folder.", self.directory.display())));
            }
            Ok(Vec::new())
        })
    }

    fn run(self: Box<Self>, context: Context) -> BoxFuture<'static, Outcome> {
        Box::pin(async move {
            let job = Job {
                command: &self.command,
                directory: &self.directory,
                timeout: self.timeout,
                cancel: &context.cancel,
            };
            let live = |output: &super::output::Output| -> BoxFuture<'static, ()> {
                let progress = update::tool_progress(&context.call, &[text_content(&output.text())]);
                let (client, session) = (context.client.clone(), context.session.clone());
                Box::pin(async move { client.update(&session, &progress).await })
            };
            match process::run(&job, &live).await {
                Ok(finished) => self.report(&finished, &context.workspace),
                Err(error) => Outcome::failed(format!("Cannot run the command: {error}")),
            }
        })
    }
}

impl Call {
    fn report(&self, finished: &Finished, workspace: &Workspace) -> Outcome {
        let output = finished.output.text().trim_end().to_owned();
        let (exit, signal) = match finished.end {
            End::Itself(status) => (status.code(), status.signal()),
            End::TimedOut | End::Cancelled => (None, None),
        };
        let problem = self.problem(finished.end);
        let ok = problem.is_none();
        let text = match &problem {
            None => output.clone(),
            Some(problem) if output.is_empty() => problem.clone(),
            Some(problem) => format!("{output}\n{problem}"),
        };
        let error = match finished.end {
            End::Itself(_) => None,
            End::TimedOut | End::Cancelled => problem,
        };
        let or = |text: Option<String>, otherwise: &str| text.unwrap_or_else(|| otherwise.to_owned());
        let directory = match workspace.shown(&self.directory).as_str() {
            "." => "(root)".to_owned(),
            inside => inside.to_owned(),
        };
        let to_model = format!(
            "Command: {}\nDirectory: {directory}\nOutput: {}\nError: {}\nExit Code: {}\nSignal: {}\nProcess Group PGID: {}",
            self.command,
            if output.is_empty() { "(empty)" } else { &output },
            or(error.clone(), "(none)"),
            or(exit.map(|code| code.to_string()), "(none)"),
            or(signal.map(|number| number.to_string()), "(none)"),
            finished.group,
        );
        let raw = json!({
            "type": "shell_result", "version": 1, "text": text, "output": output, "directory": self.directory,
            "exitCode": exit, "signal": signal, "pid": finished.group, "error": error,
            "outcome": if ok { "completed" } else { "failed" },
            "notices": [], "truncated": finished.output.is_truncated(), "outputFiles": [],
        });
        Outcome { ok, ..Outcome::text(to_model).with_raw(raw) }
    }

    fn problem(&self, end: End) -> Option<String> {
        match end {
            End::Itself(status) if status.success() => None,
            End::Itself(status) => Some(match (status.code(), status.signal()) {
                (Some(code), _) => format!("Command exited with code: {code}"),
                (None, Some(signal)) => format!("Command was ended by signal {signal}"),
                (None, None) => "Command ended in an unknown way".to_owned(),
            }),
            End::TimedOut => Some(format!("Command timed out after {} ms and was stopped", self.timeout.as_millis())),
            End::Cancelled => Some("Command was cancelled".to_owned()),
        }
    }
}
