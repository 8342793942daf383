//! `/stats`, `/stats model`, `/stats tools`.

use std::time::Duration;

use crate::session::Session;

pub(super) fn summary(session: &Session) -> String {
    let stats = session.stats();
    let (ok, failed) = stats.calls();
    let sum = |count: fn(&crate::stats::ModelStats) -> u64| stats.models.values().map(count).sum::<u64>();
    let (input, output) = (sum(|model| model.tokens.input), sum(|model| model.tokens.output));
    [
        format!("Session duration: {}", duration(stats.duration())),
        format!("Prompts: {}", stats.prompts),
        format!("API requests: {}", sum(|model| model.requests)),
        format!("Tokens — prompt: {input}, output: {output}"),
        format!("Tool calls: {} ({ok} ok, {failed} fail)", ok + failed),
        format!("Files: +{} / -{} lines", stats.lines_added, stats.lines_removed),
    ]
    .join("\n")
}

pub(super) fn models(session: &Session) -> String {
    let stats = session.stats();
    let lines: Vec<String> = stats
        .models
        .iter()
        .map(|(id, model)| {
            let tokens = &model.tokens;
            format!("{id}: prompt={}, output={}, cached={}", tokens.input, tokens.output, tokens.cached)
        })
        .collect();
    if lines.is_empty() { "No model usage data yet.".to_owned() } else { lines.join("\n") }
}

pub(super) fn tools(session: &Session) -> String {
    let stats = session.stats();
    let lines: Vec<String> = stats
        .tools
        .iter()
        .map(|(name, tool)| format!("{name}: {} ({} ok, {} fail)", tool.ok + tool.failed, tool.ok, tool.failed))
        .collect();
    if lines.is_empty() { "No tool usage data yet.".to_owned() } else { lines.join("\n") }
}

fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m {seconds}s"),
        (hours, minutes, seconds) => format!("{hours}h {minutes}m {seconds}s"),
    }
}
