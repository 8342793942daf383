//! The settings of the panel. What does not stand here, no client can see or change through the daemon.

use roost_core::language::{AUTO, LANGUAGES};

use super::row::{Kind, Row};

/// The UI languages, each under its own name.
const UI_LANGUAGES: [(&str, &str); LANGUAGES.len() + 1] = {
    let mut choices = [(AUTO, "Automatic"); LANGUAGES.len() + 1];
    let mut at = 0;
    while at < LANGUAGES.len() {
        choices[at + 1] = (LANGUAGES[at].code, LANGUAGES[at].own);
        at += 1;
    }
    choices
};
const EFFORTS: &[(&str, &str)] =
    &[("low", "Low"), ("medium", "Medium"), ("high", "High"), ("xhigh", "Very high"), ("max", "Most")];
const POLICIES: &[(&str, &str)] = &[
    ("first-responder", "The first answer counts"),
    ("designated", "Whoever asked decides"),
    ("consensus", "A majority decides"),
    ("local-only", "Only this machine decides"),
];
const GOALS: &[(&str, &str)] = &[("alwaysAsk", "Always ask"), ("disabled", "Never")];

/// Every row, in the order it is shown.
pub static ROWS: &[Row] = &[
    Row::choice("general.language", &UI_LANGUAGES, "Language", "General")
        .about("The language of the interface.")
        .or_text("auto")
        .restarts(),
    Row::text("general.outputLanguage", "auto", "Answer in", "General")
        .about("The language the model answers in; “auto” follows yours.")
        .restarts(),
    Row::flag("general.gitCoAuthor.commit", true, "Name the agent in commits", "General"),
    Row::flag("general.gitCoAuthor.pr", true, "Name the agent in pull requests", "General"),
    Row::new("general.cleanupPeriodDays", Kind::Number(0.0, 36_500.0), "Keep histories for (days)", "General")
        .about("How long file histories and debug logs are kept.")
        .or_number(30)
        .restarts(),
    Row::flag("general.showSessionRecap", false, "Recap after an absence", "General"),
    Row::new(
        "general.sessionRecapAwayThresholdMinutes",
        Kind::Number(0.0, 100_000.0),
        "An absence begins after (minutes)",
        "General",
    )
    .or_number(5),
    Row::flag("output.showTimestamps", false, "Show times", "General"),
    Row::text("ui.theme", "dark", "Theme", "UI"),
    Row::flag("ui.hideTips", false, "Hide tips", "UI"),
    Row::flag("ui.compactMode", false, "Compact view", "UI"),
    Row::flag("ui.showToolCallDetails", true, "Show details of tool calls", "UI"),
    Row::flag("ui.showResponseTokensPerSecond", false, "Show tokens per second", "UI").restarts(),
    Row::flag("ui.enableFollowupSuggestions", true, "Suggest what to ask next", "UI"),
    Row::new("ui.shellOutputMaxLines", Kind::Integer(0, 1_000_000), "Lines of shell output", "UI")
        .about("How many lines of a command's output are shown; 0 shows all.")
        .or_number(5),
    Row::choice("model.reasoningEffort", EFFORTS, "Reasoning effort", "Model"),
    Row::text("fastModel", "", "Fast model", "Model")
        .about("For titles, recaps and suggestions; empty is the main model."),
    Row::text("visionModel", "", "Vision model", "Model").about("For images, where the main model takes none."),
    Row::text("imageModel", "", "Image model", "Model"),
    Row::text("voiceModel", "", "Voice model", "Model"),
    Row::text("modelFallbacks", "", "Fallback models", "Model")
        .about("Up to three, separated by commas, for when the main model is overloaded.")
        .restarts(),
    Row::flag("context.fileFiltering.respectGitIgnore", true, "Respect .gitignore", "Context").restarts(),
    Row::flag("context.fileFiltering.respectQwenIgnore", true, "Respect .qwenignore", "Context").restarts(),
    Row::flag("context.fileFiltering.enableFuzzySearch", true, "Fuzzy file search", "Context").restarts(),
    Row::new("tools.shell.enableInteractiveShell", Kind::Flag, "Interactive shell", "Tools").restarts(),
    Row::flag("tools.toolSearch.enabled", true, "Search for tools", "Tools").restarts(),
    Row::new("tools.toolSearch.threshold", Kind::Number(0.0, 100.0), "Share of the context for tools (%)", "Tools")
        .or_number(0)
        .restarts(),
    Row::flag("tools.listDirectory.enabled", false, "Directory tool", "Tools").restarts(),
    Row::flag("tools.todoWrite.enabled", true, "To-do tool", "Tools").restarts(),
    Row::new("tools.webSearch.enabled", Kind::Flag, "Web search", "Tools").restarts(),
    Row::new("tools.webSearch.model", Kind::Text, "Search model", "Tools").restarts(),
    Row::flag("tools.webSearch.webExtractor", true, "Open result pages", "Tools").restarts(),
    Row::new("tools.webSearch.timeoutMs", Kind::Integer(1, 3_600_000), "Search timeout (ms)", "Tools").restarts(),
    Row::new("tools.webSearch.maxPerSession", Kind::Integer(0, 1_000_000), "Searches per session", "Tools").restarts(),
    Row::choice("policy.permissionStrategy", POLICIES, "Who answers permission requests", "Daemon")
        .or_text("first-responder")
        .restarts(),
    Row::flag("privacy.usageStatisticsEnabled", false, "Usage statistics", "Privacy").restarts(),
    Row::choice("goals.modelProposed", GOALS, "Goals the model proposes", "Advanced").or_text("alwaysAsk").restarts(),
    Row::new("mcpServers", Kind::Object, "MCP servers", "Advanced")
        .about("Servers by name. Secrets are shown as ******** and kept when written back like that.")
        .or_empty(),
    Row::flag("experimental.cron", true, "Scheduled prompts", "Experimental").restarts(),
    Row::flag("experimental.emitToolUseSummaries", true, "Summaries of tool use", "Experimental").restarts(),
    Row::flag("experimental.artifact", true, "Artifacts", "Experimental").restarts(),
    Row::flag("experimental.agentTeam", false, "Teams of agents", "Experimental").restarts(),
    Row::flag("experimental.sessionWriterLease", false, "One writer per session record", "Experimental").restarts(),
];

/// The languages by name, `auto` last.
#[must_use]
pub fn languages() -> Vec<&'static str> {
    LANGUAGES.iter().map(|language| language.code).chain([AUTO]).collect()
}
