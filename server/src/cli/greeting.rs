//! What `roost serve` says once it runs.

use std::{
    fmt, fs,
    io::{self, IsTerminal},
    path::Path,
};

use roost_core::{
    credentials::Credentials,
    home::{CREDENTIALS, SIGN_IN},
};

use crate::{
    Config,
    config::TokenSource,
    serve::Daemon,
    settings::{Layers, Settings},
};

/// The start-up output: where to go, and what is running. Never the token; the link's code is good once.
#[derive(Debug)]
pub struct Greeting<'a> {
    daemon: &'a Daemon,
    link: Option<String>,
    agent: String,
    colour: bool,
}

impl<'a> Greeting<'a> {
    /// Issues the sign-in link it will show.
    #[must_use]
    pub fn new(daemon: &'a Daemon) -> Self {
        let link = daemon.sign_in_link().map(|link| link.reveal().to_owned());
        let colour = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        let agent = agent(&daemon.app().config, &daemon.app().workspaces.primary().settings);
        Self { daemon, link, agent, colour }
    }

    fn row(&self, f: &mut fmt::Formatter<'_>, label: &str, value: impl fmt::Display) -> fmt::Result {
        let (dim, plain) = if self.colour { ("\x1b[2m", "\x1b[0m") } else { ("", "") };
        writeln!(f, "  {dim}{label:<11}{plain} {value}")
    }
}

impl fmt::Display for Greeting<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let config = &self.daemon.app().config;
        let (bold, plain) = if self.colour { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
        writeln!(
            f,
            "\n  {bold}Roost{plain} {} is listening on {}\n",
            env!("CARGO_PKG_VERSION"),
            self.daemon.address()
        )?;
        match &self.link {
            Some(link) => self.row(f, "Open", format_args!("{bold}{link}{plain}"))?,
            None => self.row(f, "Open", format_args!("{bold}{}{plain}", self.daemon.url()))?,
        }
        if self.link.is_some() {
            self.row(f, "", "signs one browser in, within 10 minutes")?;
        }
        writeln!(f)?;
        self.row(f, "Workspace", Home(&config.workspace))?;
        for workspace in &config.further_workspaces {
            self.row(f, "", Home(workspace))?;
        }
        self.row(f, "Agent", &self.agent)?;
        self.row(f, "State", Home(&config.home))?;
        self.row(f, "Access", access(config, self.daemon.app().auth.token_file().map(std::path::PathBuf::as_path)))?;
        if config.page.is_empty() {
            self.row(f, "Page", "not built in; `cargo xtask build` makes a binary with it")?;
        }
        writeln!(f)?;
        if self.link.is_some() {
            self.row(f, "New link", format_args!("kill -USR1 {}", std::process::id()))?;
        }
        self.row(f, "Stop", "Ctrl-C")
    }
}

fn chosen_model(settings: &Layers) -> Option<String> {
    let providers = settings.user.get("modelProviders")?.as_object()?;
    let has_models = providers.values().any(|models| models.as_array().is_some_and(|models| !models.is_empty()));
    let name = settings.user.get("model")?.get("name")?.as_str()?;
    (has_models && !name.is_empty()).then(|| name.to_owned())
}

/// The agent, and which model it begins with.
fn agent(config: &Config, settings: &Settings) -> String {
    if config.agent.name != "built-in" {
        return config.agent.name.clone();
    }
    let variables = settings.variables();
    let is_set = |name: &&str| variables.value(name).is_some();
    let providers: [(&str, &[&str]); 2] =
        [("OPENAI_MODEL", &["OPENAI_API_KEY", "OPENAI_BASE_URL"]), ("ANTHROPIC_MODEL", &["ANTHROPIC_API_KEY"])];
    let named = providers.iter().filter(|(_, switches)| switches.iter().any(is_set));
    let models: Vec<String> = named.filter_map(|(model, _)| variables.value(model)).collect();
    if !models.is_empty() {
        return format!("built-in, model {}", models.join(" or "));
    }
    if let Some(model) = chosen_model(&settings.read()) {
        return format!("built-in, model {model}");
    }
    if is_signed_in(&config.home) {
        return format!("built-in, signed in with {SIGN_IN}");
    }
    if is_set(&"OPENAI_API_KEY") || is_set(&"OPENAI_BASE_URL") {
        return "built-in; no model is named: set OPENAI_MODEL".to_owned();
    }
    "built-in, offline demo model (set OPENAI_API_KEY and OPENAI_MODEL for a real one)".to_owned()
}

fn is_signed_in(home: &Path) -> bool {
    let kept = fs::read_to_string(home.join(CREDENTIALS)).ok();
    kept.and_then(|text| Credentials::parse(&text)?.base_url()).is_some()
}

fn access(config: &Config, token_file: Option<&Path>) -> String {
    match (&config.token, token_file) {
        (TokenSource::Off, _) if config.trust_loopback => {
            "no token: every program on this machine may do everything, settings included".to_owned()
        }
        (TokenSource::Off, _) => {
            "no token: every program on this machine may use the sessions; settings stay closed".to_owned()
        }
        (TokenSource::Kept, Some(path)) => format!("token for scripts in {}", Home(path)),
        (TokenSource::Given(_) | TokenSource::Kept, _) => "the token you gave".to_owned(),
    }
}

/// A folder, shortened with `~` where it is in the user's home.
struct Home<'a>(&'a Path);

impl fmt::Display for Home<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let below = std::env::home_dir().and_then(|home| self.0.strip_prefix(home).ok().map(Path::to_owned));
        match below {
            Some(rest) if rest.as_os_str().is_empty() => f.write_str("~"),
            Some(rest) => write!(f, "~/{}", rest.display()),
            None => write!(f, "{}", self.0.display()),
        }
    }
}
