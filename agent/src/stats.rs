//! What a session has used so far.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant, SystemTime},
};

use serde_json::{Map, Value, json};

use crate::{model::Usage, tool::Outcome};

/// Counters of one session since it was opened or cleared.
#[derive(Debug)]
pub(crate) struct Stats {
    started: SystemTime,
    since: Instant,
    pub(crate) prompts: u64,
    pub(crate) models: BTreeMap<String, ModelStats>,
    pub(crate) tools: BTreeMap<String, ToolStats>,
    pub(crate) lines_added: u64,
    pub(crate) lines_removed: u64,
    /// Tokens of the newest answer and all before it: how full the context is.
    pub(crate) context_tokens: Option<u64>,
}

#[derive(Debug, Default)]
pub(crate) struct ModelStats {
    pub(crate) requests: u64,
    pub(crate) errors: u64,
    latency: Duration,
    pub(crate) tokens: Usage,
}

#[derive(Debug, Default)]
pub(crate) struct ToolStats {
    pub(crate) ok: u64,
    pub(crate) failed: u64,
    duration: Duration,
    decisions: Decisions,
}

#[derive(Debug, Default)]
struct Decisions {
    accept: u64,
    reject: u64,
    auto_accept: u64,
}

/// How a call came to run, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Accepted,
    Rejected,
    Unasked,
}

impl Stats {
    pub(crate) fn new() -> Self {
        Self {
            started: SystemTime::now(),
            since: Instant::now(),
            prompts: 0,
            models: BTreeMap::new(),
            tools: BTreeMap::new(),
            lines_added: 0,
            lines_removed: 0,
            context_tokens: None,
        }
    }

    pub(crate) fn duration(&self) -> Duration {
        self.since.elapsed()
    }

    pub(crate) fn answered(&mut self, model: &str, usage: Option<Usage>, latency: Duration, retries: u32) {
        let stats = self.models.entry(model.to_owned()).or_default();
        stats.requests += 1 + u64::from(retries);
        stats.errors += u64::from(retries);
        stats.latency += latency;
        if let Some(usage) = usage {
            let tokens = &mut stats.tokens;
            tokens.input += usage.input;
            tokens.output += usage.output;
            tokens.total += usage.total;
            tokens.thoughts += usage.thoughts;
            tokens.cached += usage.cached;
            self.context_tokens = Some(usage.total);
        }
    }

    pub(crate) fn request_failed(&mut self, model: &str) {
        let stats = self.models.entry(model.to_owned()).or_default();
        stats.requests += 1;
        stats.errors += 1;
    }

    pub(crate) fn called(&mut self, tool: &str, outcome: &Outcome, decision: Decision, duration: Duration) {
        let stats = self.tools.entry(tool.to_owned()).or_default();
        *(if outcome.ok { &mut stats.ok } else { &mut stats.failed }) += 1;
        stats.duration += duration;
        match decision {
            Decision::Accepted => stats.decisions.accept += 1,
            Decision::Rejected => stats.decisions.reject += 1,
            Decision::Unasked => stats.decisions.auto_accept += 1,
        }
        self.lines_added += outcome.lines_added;
        self.lines_removed += outcome.lines_removed;
    }

    pub(crate) fn calls(&self) -> (u64, u64) {
        self.tools.values().fold((0, 0), |(ok, failed), tool| (ok + tool.ok, failed + tool.failed))
    }

    /// The result of `session/stats`.
    pub(crate) fn to_json(&self) -> Value {
        let started = self.started.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let models: Map<String, Value> = self
            .models
            .iter()
            .map(|(id, model)| {
                let tokens = json!({
                    "prompt": model.tokens.input, "candidates": model.tokens.output, "total": model.tokens.total,
                    "cached": model.tokens.cached, "thoughts": model.tokens.thoughts,
                });
                let latency = model.latency.as_millis();
                let api =
                    json!({"totalRequests": model.requests, "totalErrors": model.errors, "totalLatencyMs": latency});
                (id.clone(), json!({"api": api, "tokens": tokens}))
            })
            .collect();
        let by_name: Map<String, Value> =
            self.tools.iter().map(|(name, tool)| (name.clone(), tool.to_json())).collect();
        let (ok, failed) = self.calls();
        let duration: Duration = self.tools.values().map(|tool| tool.duration).sum();
        json!({
            "sessionStartTimeMs": started.as_millis(), "durationMs": self.duration().as_millis(),
            "promptCount": self.prompts, "models": models, "sources": [],
            "tools": {
                "totalCalls": ok + failed, "totalSuccess": ok, "totalFail": failed,
                "totalDurationMs": duration.as_millis(), "byName": by_name,
            },
            "files": {"totalLinesAdded": self.lines_added, "totalLinesRemoved": self.lines_removed},
            // There are no skills to call.
            "skills": {"totalCalls": 0, "totalSuccess": 0, "totalFail": 0, "byName": {}},
        })
    }
}

impl ToolStats {
    fn to_json(&self) -> Value {
        let Decisions { accept, reject, auto_accept } = self.decisions;
        json!({
            "count": self.ok + self.failed, "success": self.ok, "fail": self.failed,
            "durationMs": self.duration.as_millis(),
            "decisions": {"accept": accept, "reject": reject, "modify": 0, "auto_accept": auto_accept},
        })
    }
}
