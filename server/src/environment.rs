//! What the daemon runs in, as far as it may be told: which variables are set, never what they hold.

use std::{env, fs};

use serde::Serialize;

/// Variables whose presence explains how agents behave.
const VARIABLES: &[&str] = &[
    "OPENAI_API_KEY",
    "ANTHROPIC_API_KEY",
    "GEMINI_API_KEY",
    "GOOGLE_API_KEY",
    "DASHSCOPE_API_KEY",
    "OPENROUTER_API_KEY",
    "QWEN_SERVER_TOKEN",
    "OPENAI_BASE_URL",
    "ANTHROPIC_BASE_URL",
    "OPENAI_API_BASE",
    "OPENAI_MODEL",
    "ANTHROPIC_MODEL",
    "QWEN_HOME",
    "SSL_CERT_FILE",
    "TZ",
    "LANG",
    "LC_ALL",
    "TERM",
];

const PROXIES: &[&str] = &["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"];

/// One thing about the daemon's surroundings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cell {
    pub kind: Kind,
    pub name: String,
    pub status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub present: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// What a cell is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Runtime,
    Platform,
    Memory,
    Sandbox,
    Proxy,
    EnvVar,
}

/// `Disabled`: not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Ok,
    Disabled,
    Unknown,
}

/// The cells in their order. `variable` looks one up; empty counts as absent.
#[must_use]
pub fn cells(variable: impl Fn(&str) -> Option<String>) -> Vec<Cell> {
    let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
    let known = |kind, name: &str, value: Option<String>| {
        let status = if value.is_some() { Status::Ok } else { Status::Unknown };
        Cell { kind, name: name.to_owned(), status, present: None, value }
    };
    let set = |kind, name: &str, present: bool, value| {
        let status = if present { Status::Ok } else { Status::Disabled };
        Cell { kind, name: name.to_owned(), status, present: Some(present), value }
    };
    let mut cells = vec![
        known(Kind::Runtime, "roost", Some(env!("CARGO_PKG_VERSION").to_owned())),
        known(Kind::Platform, env::consts::OS, Some(platform())),
        known(Kind::Memory, "rss", resident_memory()),
    ];
    let sandbox = variable("SANDBOX");
    cells.push(set(Kind::Sandbox, "SANDBOX", sandbox.is_some(), sandbox));
    cells.extend(PROXIES.iter().map(|name| {
        let value = variable(name).or_else(|| variable(&name.to_ascii_lowercase()));
        let shown = value.as_deref().map(|value| if *name == "NO_PROXY" { value.to_owned() } else { address(value) });
        set(Kind::Proxy, name, shown.is_some(), shown)
    }));
    cells.extend(VARIABLES.iter().map(|name| set(Kind::EnvVar, name, variable(name).is_some(), None)));
    cells
}

fn platform() -> String {
    match fs::read_to_string("/proc/sys/kernel/osrelease") {
        Ok(release) => format!("{} ({})", env::consts::ARCH, release.trim()),
        Err(_) => env::consts::ARCH.to_owned(),
    }
}

/// What of this process is in memory.
fn resident_memory() -> Option<String> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(format!("{:.1} MB", kibibytes / 1024.0))
}

/// `host:port` of a proxy's URL: its user and password are nobody's business.
fn address(proxy: &str) -> String {
    let (_, rest) = proxy.split_once("://").unwrap_or(("", proxy));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit_once('@').map_or(authority, |(_, address)| address).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_variable_shows_its_value_and_no_proxy_its_password() {
        let cells = cells(|name| match name {
            "OPENAI_API_KEY" | "QWEN_SERVER_TOKEN" => Some("sk-secret".to_owned()),
            "https_proxy" => Some("http://user:secret@proxy.local:3128/path".to_owned()),
            "NO_PROXY" => Some("localhost,.internal".to_owned()),
            "ANTHROPIC_API_KEY" => Some(String::new()),
            _ => None,
        });
        let named = |name: &str| cells.iter().find(|cell| cell.name == name).expect("a cell");
        assert_eq!((named("OPENAI_API_KEY").present, &named("OPENAI_API_KEY").value), (Some(true), &None));
        assert_eq!(named("ANTHROPIC_API_KEY").present, Some(false));
        assert_eq!(named("HTTPS_PROXY").value.as_deref(), Some("proxy.local:3128"));
        assert_eq!(named("NO_PROXY").value.as_deref(), Some("localhost,.internal"));
        assert!(!format!("{cells:?}").contains("secret"));
    }
}
