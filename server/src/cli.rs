//! The command line: `roost serve`, `roost agent`, and the client's `roost prompt`, `roost sessions`, `roost attach`.

mod bounds;
mod front;
mod greeting;
mod rates;

use std::{
    env, io,
    num::NonZeroUsize,
    path::{self, PathBuf},
};

use clap::{Args, Parser, Subcommand};

pub use self::greeting::Greeting;
use self::{bounds::BoundArgs, front::FrontArgs};

use crate::{
    admission::OriginPattern,
    auth::Secret,
    config::{AgentCommand, Config, TokenSource},
    daemon_log::LogFile,
    device_flow::ProvidersError,
    remote::{AttachArgs, PromptArgs, SessionsArgs},
};

/// Coding agents that keep working on this machine, shared by every browser, editor and script you let in.
#[derive(Debug, Parser)]
#[command(
    name = "roost",
    version,
    propagate_version = true,
    disable_help_subcommand = true,
    arg_required_else_help = true
)]
#[command(after_help = "Start with `roost serve` in a project's folder, and open the link it prints.")]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the daemon, for one folder or several
    Serve(Box<ServeArgs>),
    /// Run the built-in agent: speaks ACP (Agent Client Protocol) on stdin and stdout
    Agent,
    /// Wait for the end of the daemon that started this, and end what it left running
    #[command(hide = true)]
    Keeper,
    /// Ask a running daemon something and print the answer
    Prompt(PromptArgs),
    /// List the sessions of a running daemon
    Sessions(SessionsArgs),
    /// Show a session and follow it; Ctrl-C leaves it running
    Attach(AttachArgs),
}

/// What `roost serve` takes.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub struct ServeArgs {
    /// Folder the sessions work in; repeat it for more, the first is the primary one [default: the current one]
    #[arg(long, value_name = "DIR", help_heading = "Work")]
    workspace: Vec<PathBuf>,
    /// Any program that speaks ACP on stdio, with its arguments [default: the built-in agent]
    #[arg(long, value_name = "COMMAND", env = "ROOST_AGENT", hide_env_values = true, help_heading = "Work")]
    agent: Option<String>,

    /// Address to listen on; beyond loopback a token is always required
    #[arg(long, value_name = "HOST", default_value = "127.0.0.1", help_heading = "Network")]
    hostname: String,
    /// Port to listen on; 0 picks a free one
    #[arg(long, default_value_t = 4170, help_heading = "Network")]
    port: u16,
    /// Also answer to this host name, as a proxy or port mapping may send it: NAME or NAME:PORT (repeatable)
    #[arg(long, value_name = "NAME", help_heading = "Network")]
    allow_host: Vec<String>,
    /// Let pages of this origin call: scheme://host[:port], or * for all (repeatable)
    #[arg(long, value_name = "ORIGIN", help_heading = "Network")]
    allow_origin: Vec<OriginPattern>,
    /// Most TCP connections at a time
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "Network")]
    max_connections: usize,
    #[command(flatten)]
    front: FrontArgs,

    /// Bearer token clients must send; better given in the environment, where other users cannot see it [default: generated once and kept]
    #[arg(long, env = "QWEN_SERVER_TOKEN", hide_env_values = true, help_heading = "Access")]
    token: Option<String>,
    /// Require the token for /health too
    #[arg(long, help_heading = "Access")]
    require_auth: bool,
    /// Let clients run command lines in the folders of their sessions, as the user who runs the daemon
    #[arg(long, help_heading = "Access")]
    enable_session_shell: bool,
    /// Let every program on this machine in without a token; routes that change settings stay closed
    #[arg(long, help_heading = "Access")]
    no_auth: bool,
    /// With --no-auth, open the routes that change settings too
    #[arg(long, requires = "no_auth", help_heading = "Access")]
    trust_loopback: bool,

    /// File to log to [default: QWEN_HOME/roost/log/daemon.log]; it is put aside when it has grown to 10 MB
    #[arg(long, value_name = "FILE", help_heading = "Logging")]
    log_file: Option<PathBuf>,
    /// Log to stderr only
    #[arg(long, conflicts_with = "log_file", help_heading = "Logging")]
    no_log_file: bool,

    #[command(flatten)]
    bounds: BoundArgs,
}

const AFTER_HELP: &str = "\
0 means no limit in every flag that ends in -ms but --channel-idle-timeout-ms, and for connections, sessions and prompts.

Environment:
  QWEN_HOME         where sessions, settings and the token are kept [default: ~/.qwen]
  OPENAI_API_KEY, OPENAI_BASE_URL, OPENAI_MODEL, ANTHROPIC_API_KEY, ANTHROPIC_MODEL
                    the model of the built-in agent, in .env files too; without any it runs an offline demo
  QWEN_SERVE_ACP_HTTP
                    0 serves no ACP over HTTP and WebSocket at /acp
  ROOST_LOG         what to log to stderr: error, warn (default), info (a line per request), debug
  ROOST_LOG_FILE    the same for the log file; off for none

Signals:
  SIGINT, SIGTERM   stop: turns and streams are ended, the agent's processes too
  SIGUSR1           print a new sign-in link";

/// Why the command line and environment make no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("the workspace {} cannot be used", path.display())]
    Workspace { path: PathBuf, source: std::io::Error },
    #[error("the workspace {} is not a folder", path.display())]
    NotAFolder { path: PathBuf },
    #[error("the workspace {} has a name that is not UTF-8, which the protocol cannot express", path.display())]
    NotUtf8 { path: PathBuf },
    #[error("there is no home directory to keep state in; set QWEN_HOME")]
    NoHome,
    #[error("--token holds characters no header can carry; use visible ASCII without spaces")]
    UnsendableToken,
    #[error("--no-auth contradicts --token and QWEN_SERVER_TOKEN; leave one of them out")]
    TokenForNobody,
    #[error("--agent is not a command: {0}")]
    Agent(String),
    #[error("cannot find this program's own file, which the built-in agent runs from")]
    OwnProgram(#[source] std::io::Error),
    #[error(transparent)]
    IdentityProviders(#[from] ProvidersError),
}

impl ServeArgs {
    /// The configuration these flags ask for.
    pub fn config(self) -> Result<Config, ConfigError> {
        let (primary, further) = workspaces(self.workspace)?;
        let mut config = Config::new(primary, home()?, agent(self.agent.as_deref())?);
        config.further_workspaces = further;
        config.hostname = self.hostname;
        config.port = self.port;
        config.token = token(self.token.as_deref(), self.no_auth)?;
        config.require_auth = self.require_auth;
        config.enable_session_shell = self.enable_session_shell;
        config.trust_loopback = self.trust_loopback;
        config.allow_origins = self.allow_origin;
        config.allow_hosts = self.allow_host;
        self.front.configure(&mut config)?;
        config.log = log_file(&config, self.log_file, self.no_log_file);
        config.limits.max_connections = NonZeroUsize::new(self.max_connections);
        if env::var_os("QWEN_SERVE_ACP_HTTP").is_some_and(|wanted| wanted == "0") {
            config.acp = None;
        }
        self.bounds.configure(&mut config);
        Ok(config)
    }
}

/// The log file that flags and `ROOST_LOG_FILE` ask for.
fn log_file(config: &Config, path: Option<PathBuf>, is_off: bool) -> Option<LogFile> {
    let wanted = env::var("ROOST_LOG_FILE").ok().filter(|wanted| !wanted.is_empty());
    if is_off || wanted.as_deref() == Some("off") {
        return None;
    }
    let usual = LogFile::of(&config.state_dir());
    Some(LogFile { path: path.unwrap_or(usual.path), filter: wanted.unwrap_or(usual.filter), ..usual })
}

/// The primary workspace, and the others; one that is named twice is one.
fn workspaces(asked: Vec<PathBuf>) -> Result<(PathBuf, Vec<PathBuf>), ConfigError> {
    let mut asked = asked.into_iter();
    let primary = workspace(asked.next().unwrap_or_else(|| PathBuf::from(".")))?;
    let mut further = Vec::new();
    for path in asked {
        let path = workspace(path)?;
        if path != primary && !further.contains(&path) {
            further.push(path);
        }
    }
    Ok((primary, further))
}

fn workspace(path: PathBuf) -> Result<PathBuf, ConfigError> {
    let canonical = path.canonicalize().map_err(|source| ConfigError::Workspace { path: path.clone(), source })?;
    if !canonical.is_dir() {
        return Err(ConfigError::NotAFolder { path });
    }
    if canonical.to_str().is_none() {
        return Err(ConfigError::NotUtf8 { path });
    }
    Ok(canonical)
}

/// `QWEN_HOME`, or its default.
pub(crate) fn home() -> Result<PathBuf, ConfigError> {
    let set = env::var_os("QWEN_HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    let home = set.or_else(|| Some(env::home_dir()?.join(".qwen"))).ok_or(ConfigError::NoHome)?;
    std::path::absolute(&home).map_err(|_| ConfigError::NoHome)
}

fn token(given: Option<&str>, no_auth: bool) -> Result<TokenSource, ConfigError> {
    match given.map(str::trim).filter(|token| !token.is_empty()) {
        Some(_) if no_auth => Err(ConfigError::TokenForNobody),
        Some(token) if token.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(TokenSource::Given(Secret::new(token))),
        Some(_) => Err(ConfigError::UnsendableToken),
        None if no_auth => Ok(TokenSource::Off),
        None => Ok(TokenSource::Kept),
    }
}

fn agent(command: Option<&str>) -> Result<AgentCommand, ConfigError> {
    let Some(command) = command.map(str::trim).filter(|command| !command.is_empty()) else {
        let program = env::current_exe().map_err(ConfigError::OwnProgram)?;
        return Ok(AgentCommand { program, args: vec!["agent".to_owned()], name: "built-in".to_owned() });
    };
    let mut words = shell_words::split(command).map_err(|error| ConfigError::Agent(error.to_string()))?.into_iter();
    let program = words.next().ok_or_else(|| ConfigError::Agent("it is empty".to_owned()))?;
    let program = from_here(program.into()).map_err(|error| ConfigError::Agent(error.to_string()))?;
    Ok(AgentCommand { program, args: words.collect(), name: command.to_owned() })
}

/// A path is meant from where the user types it; the agent starts in the workspace. A bare name is looked for on `PATH`.
fn from_here(program: PathBuf) -> io::Result<PathBuf> {
    if program.components().count() > 1 { path::absolute(program) } else { Ok(program) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agents_path_is_meant_from_here_and_a_bare_name_is_not_a_path() -> Result<(), Box<dyn std::error::Error>> {
        let here = env::current_dir()?;
        assert_eq!(agent(Some("./bin/agent --acp 'a b'"))?.program, here.join("bin/agent"));
        assert_eq!(agent(Some("/opt/agent"))?.program, PathBuf::from("/opt/agent"));
        let named = agent(Some("agent --acp 'a b'"))?;
        assert_eq!((named.program, named.args), (PathBuf::from("agent"), vec!["--acp".to_owned(), "a b".to_owned()]));
        Ok(())
    }
}
