//! Runs the calls of one answer: reading and searching side by side, everything else one after the other.

use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::{
    Turn,
    permission::{self, Permission},
    reply::RawCall,
};
use crate::{
    approval::{self, Verdict},
    client::update,
    history::{Message, Part, ToolCall, ToolResponse},
    record::{Entry, ToolCallResult, ToolStatus},
    session::Session,
    stats::Decision,
    tool::{Context, Invocation, Outcome},
};

/// Calls that run side by side.
const MAX_PARALLEL: usize = 10;
/// How long a cancelled call may take to tidy up after itself.
const TIDY_TIME: Duration = Duration::from_millis(1500);

/// A call, and what is wrong with the JSON of its arguments.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) call: ToolCall,
    malformed: Option<String>,
}

/// How a batch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Done,
    /// The user rejected a call; those after it were not made.
    Rejected,
    Cancelled,
}

/// A call that is over.
struct Finished {
    outcome: Outcome,
    status: ToolStatus,
    decision: Decision,
    /// The arguments did not fit the tool.
    is_invalid: bool,
    duration: Duration,
}

impl Asked {
    pub(super) fn read(raw: &RawCall) -> Self {
        let text = if raw.arguments.trim().is_empty() { "{}" } else { &raw.arguments };
        let (args, malformed) = match serde_json::from_str::<Value>(text) {
            Ok(args) => (args, None),
            Err(error) => (Value::Object(Map::new()), Some(error.to_string())),
        };
        Self { call: ToolCall { id: raw.id.clone(), name: raw.name.clone(), args }, malformed }
    }
}

impl Turn<'_> {
    pub(super) async fn run_calls(&mut self, calls: Vec<Asked>) -> End {
        let mut rest = calls.as_slice();
        while !rest.is_empty() {
            let (group, later) = rest.split_at(parallel_run(self.session, rest));
            rest = later;
            let mut end = End::Done;
            let runs: Vec<_> = group.iter().map(|asked| run_one(self.session, asked, &self.cancel)).collect();
            let finished: Vec<Finished> = stream::iter(runs).buffered(MAX_PARALLEL).collect().await;
            for (asked, one) in group.iter().zip(finished) {
                end = match one.status {
                    ToolStatus::Cancelled if one.decision == Decision::Rejected => End::Rejected,
                    ToolStatus::Cancelled => End::Cancelled,
                    ToolStatus::Success | ToolStatus::Error => end,
                };
                if one.is_invalid {
                    *self.invalid.entry(asked.call.name.clone()).or_default() += 1;
                }
                self.keep_result(&asked.call, one);
            }
            if self.cancel.is_cancelled() {
                end = End::Cancelled;
            }
            if end != End::Done {
                self.stop_calls(rest);
                return end;
            }
        }
        End::Done
    }

    /// Closes calls that will not be made.
    pub(super) fn stop_calls(&mut self, calls: &[Asked]) {
        for asked in calls {
            let outcome = cancelled(&asked.call.name);
            let (id, name) = (&asked.call.id, &asked.call.name);
            let closing = update::tool_finished(id, name, false, &outcome.content, None);
            self.session.client.update_now(&self.session.id, &closing);
            self.keep_result(&asked.call, Finished::stopped(outcome, Decision::Rejected));
        }
    }

    /// Writes the result down and adds it to the message of results the model will read.
    fn keep_result(&mut self, call: &ToolCall, one: Finished) {
        self.session.stats().called(&call.name, &one.outcome, one.decision, one.duration);
        let response = Part::Response { response: ToolResponse::new(call, one.outcome.ok, one.outcome.to_model) };
        let result = ToolCallResult { call_id: call.id.clone(), status: one.status, result_display: one.outcome.raw };
        self.session.record(Entry::ToolResult { message: Message::user(vec![response.clone()]), result });
        match self.conversation.history.last_mut() {
            Some(last) if last.responses().next().is_some() => last.parts.push(response),
            _ => self.conversation.history.push(Message::user(vec![response])),
        }
    }
}

/// How many calls at the beginning may run side by side; at least one.
fn parallel_run(session: &Session, calls: &[Asked]) -> usize {
    let is_parallel =
        |asked: &&Asked| session.tool(&asked.call.name).is_some_and(|tool| tool.kind().runs_in_parallel());
    calls.iter().take_while(is_parallel).count().max(1)
}

impl Finished {
    fn failed(outcome: Outcome) -> Self {
        let status = ToolStatus::Error;
        Self { outcome, status, decision: Decision::Unasked, is_invalid: false, duration: Duration::ZERO }
    }

    fn stopped(outcome: Outcome, decision: Decision) -> Self {
        Self { status: ToolStatus::Cancelled, decision, ..Self::failed(outcome) }
    }
}

/// What a call that was not made is closed with.
fn cancelled(tool: &str) -> Outcome {
    Outcome::failed(format!("Tool \"{tool}\" was canceled by the user."))
}

/// One call from its arguments to its last update.
async fn run_one(session: &Session, asked: &Asked, cancel: &CancellationToken) -> Finished {
    let finished = decide_and_run(session, asked, cancel).await;
    let (id, name, outcome) = (&asked.call.id, &asked.call.name, &finished.outcome);
    let closing = match &outcome.plan {
        Some(entries) => vec![update::plan(entries)],
        None => {
            // What made no plan needs a card after all.
            let late =
                (!session.shared.has_cards(name)).then(|| update::tool_started(&session.card(&asked.call), true));
            let last = update::tool_finished(id, name, outcome.ok, &outcome.content, outcome.raw.as_ref());
            late.into_iter().chain([last]).collect()
        }
    };
    for update in closing {
        if cancel.is_cancelled() {
            session.client.update_now(&session.id, &update);
        } else {
            session.update(update).await;
        }
    }
    finished
}

async fn decide_and_run(session: &Session, asked: &Asked, cancel: &CancellationToken) -> Finished {
    let call = &asked.call;
    if cancel.is_cancelled() {
        return Finished::stopped(cancelled(&call.name), Decision::Unasked);
    }
    let Some(tool) = session.tool(&call.name) else {
        return Finished::failed(Outcome::failed(format!("Tool \"{}\" not found in registry.", call.name)));
    };
    if let Some(problem) = &asked.malformed {
        let outcome = Outcome::failed(format!("Invalid arguments: not JSON: {problem}"));
        return Finished { is_invalid: true, ..Finished::failed(outcome) };
    }
    let mut invocation = match tool.parse(&call.args, &session.workspace) {
        Ok(invocation) => invocation,
        Err(error) => return Finished { is_invalid: true, ..Finished::failed(Outcome::failed(error.to_string())) },
    };
    let context = Context {
        workspace: session.workspace.clone(),
        reads: session.reads.clone(),
        cancel: cancel.clone(),
        client: session.client.clone(),
        session: session.id.clone(),
        call: call.id.clone(),
    };
    let preview = match invocation.prepare(&context).await {
        Ok(preview) => preview,
        Err(outcome) => return Finished::failed(outcome),
    };
    let access = invocation.access();
    let decision = match approval::judge(&call.name, &access, session.mode(), &session.rules(), &session.workspace) {
        Verdict::Deny(reason) => return Finished::failed(Outcome::failed(reason)),
        Verdict::Allow => {
            if !tool.is_shown_as_a_plan() {
                session.update(update::tool_started(&session.card(call), false)).await;
            }
            Decision::Unasked
        }
        Verdict::Ask { by_rule } => {
            let question = permission::Question { call, kind: tool.kind().id(), preview, by_rule };
            match permission::ask(session, &question, invocation.as_ref(), cancel).await {
                Permission::Granted => Decision::Accepted,
                Permission::Rejected => return Finished::stopped(cancelled(&call.name), Decision::Rejected),
                Permission::Withdrawn => return Finished::stopped(cancelled(&call.name), Decision::Unasked),
                Permission::Unanswered(problem) => return Finished::failed(Outcome::failed(problem)),
            }
        }
    };
    let started = Instant::now();
    let outcome = run_or_stop(invocation, context, cancel).await;
    let status = match (outcome.ok, cancel.is_cancelled()) {
        (true, _) => ToolStatus::Success,
        (false, true) => ToolStatus::Cancelled,
        (false, false) => ToolStatus::Error,
    };
    Finished { outcome, status, decision, is_invalid: false, duration: started.elapsed() }
}

/// A cancelled call gets some time to end in its own way, then it is left alone.
async fn run_or_stop(invocation: Box<dyn Invocation>, context: Context, cancel: &CancellationToken) -> Outcome {
    let late = async {
        cancel.cancelled().await;
        tokio::time::sleep(TIDY_TIME).await;
    };
    tokio::select! {
        outcome = invocation.run(context) => outcome,
        () = late => Outcome::failed(crate::history::CANCELLED),
    }
}
