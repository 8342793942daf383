//! The agent's configuration: from its environment, the user's settings, `.env` files, and a sign-in.

mod providers;
mod variables;

use std::{
    env,
    path::{Path, PathBuf},
};

use roost_core::{
    home::{CREDENTIALS, SETTINGS},
    trust::TRUSTED_FOLDERS,
    variables::PROJECT_FILES,
};
use serde_json::{Map, Value};

use self::{providers::Providers, variables::Variables};
use crate::{settings::Settings, sign_in::SignIn, stamp::Stamp};

/// Where things are kept and which model server is meant.
#[derive(Clone, Debug)]
pub struct Config {
    /// `QWEN_HOME`: the user's settings, context files and session records.
    pub home: PathBuf,
    /// An OpenAI-compatible server, when one is named.
    pub openai: Option<OpenAi>,
    /// Anthropic, when a key and a model are named.
    pub anthropic: Option<Anthropic>,
    /// The models of the user's settings, the chosen one first, and those one is signed in for.
    pub configured: Vec<Server>,
    /// Where the process was started: the project whose `.env` files count.
    folder: PathBuf,
    user_home: PathBuf,
    /// The files this was read from, each with the version that was read.
    sources: Vec<(PathBuf, Option<Stamp>)>,
}

/// A model of the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Server {
    OpenAi(OpenAi),
    Anthropic(Anthropic),
}

/// What the settings say about a model besides its address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tuning {
    /// What people call it.
    pub label: Option<String>,
    /// In tokens.
    pub context_window: Option<u64>,
    /// Most tokens of one answer.
    pub max_tokens: Option<u32>,
    /// Members of the request's body beside ours.
    pub extra_body: Map<String, Value>,
}

/// `OPENAI_API_KEY`, `OPENAI_BASE_URL`, `OPENAI_MODEL`. Local servers often want no key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenAi {
    pub api_key: Option<Secret>,
    /// Instead of a key: the token of a sign-in, which also names the server.
    pub sign_in: Option<SignIn>,
    /// Without a slash at its end.
    pub base_url: String,
    pub model: Option<String>,
    /// Where the key is looked for.
    pub key_variable: String,
    pub tuning: Tuning,
}

/// `ANTHROPIC_API_KEY`, `ANTHROPIC_MODEL` and perhaps `ANTHROPIC_BASE_URL`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anthropic {
    pub api_key: Secret,
    /// Without a slash at its end.
    pub base_url: String,
    pub model: String,
    /// Where the key is looked for.
    pub key_variable: String,
    pub tuning: Tuning,
}

/// A key. It never shows itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

const OPENAI_BASE_URL: &str = "https://api.openai.com/v1";
const ANTHROPIC_BASE_URL: &str = "https://api.anthropic.com/v1";

impl Secret {
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// Enough to tell two keys apart, not enough to use one.
    pub(crate) fn masked(&self) -> String {
        let count = self.0.chars().count();
        let end: String = self.0.chars().skip(count.saturating_sub(4)).collect();
        if count < 12 { "****".to_owned() } else { format!("****{end}") }
    }
}

impl From<String> for Secret {
    fn from(key: String) -> Self {
        Self(key)
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

impl Config {
    /// Reads the environment, and files for what it leaves open. An empty variable counts as absent.
    #[must_use]
    pub fn from_env() -> Self {
        let folder = env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
        Self::read(&|name| env::var(name).ok(), &env::home_dir().unwrap_or_else(env::temp_dir), &folder)
    }

    /// Whether a file has changed since.
    pub(crate) fn is_stale(&self) -> bool {
        self.sources.iter().any(|(path, stamp)| Stamp::of(path) != *stamp)
    }

    /// Reads everything again.
    pub(crate) fn again(&self) -> Self {
        let home = self.home.to_string_lossy();
        let variable = |name: &str| if name == "QWEN_HOME" { Some(home.to_string()) } else { env::var(name).ok() };
        Self::read(&variable, &self.user_home, &self.folder)
    }

    /// Whether the models are the same ones.
    pub(crate) fn has_models_of(&self, other: &Self) -> bool {
        (&self.openai, &self.anthropic, &self.configured) == (&other.openai, &other.anthropic, &other.configured)
    }

    fn read(process: &dyn Fn(&str) -> Option<String>, user_home: &Path, folder: &Path) -> Self {
        let said = process("QWEN_HOME").map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let home = said.map_or_else(|| user_home.join(".qwen"), PathBuf::from);
        let own_files = [home.join(".env"), user_home.join(".env")];
        let project_files = PROJECT_FILES.map(|file| folder.join(file));
        let kept = [home.join(SETTINGS), home.join(TRUSTED_FOLDERS), home.join(CREDENTIALS)];
        let files = own_files.iter().chain(&project_files).chain(&kept).cloned();
        // Looked at before they are read: what changes in between is read again.
        let sources = files.map(|path| (path.clone(), Stamp::of(&path))).collect();

        let mut variables = Variables::new(process, &own_files);
        let settings = Settings::open(&home, folder);
        if settings.is_trusted() {
            let excluded: Vec<&str> = settings.excluded_variables().collect();
            variables = variables.with_project(&project_files, &excluded);
        }
        let providers = Providers::of(settings.of_user());
        let variables = variables.with_settings(providers.env());
        let configured = providers.servers(&variables, &SignIn::of(&home));
        Self {
            openai: openai(&variables),
            anthropic: anthropic(&variables),
            configured,
            folder: folder.to_owned(),
            user_home: user_home.to_owned(),
            sources,
            home,
        }
    }
}

fn openai(variables: &Variables<'_>) -> Option<OpenAi> {
    let key_variable = "OPENAI_API_KEY";
    let (api_key, base_url) = (variables.value(key_variable), variables.address("OPENAI_BASE_URL", key_variable));
    (api_key.is_some() || base_url.is_some()).then(|| OpenAi {
        api_key: api_key.map(Secret),
        sign_in: None,
        base_url: without_slash(base_url.as_deref().unwrap_or(OPENAI_BASE_URL)),
        model: variables.value("OPENAI_MODEL"),
        key_variable: key_variable.to_owned(),
        tuning: Tuning::default(),
    })
}

fn anthropic(variables: &Variables<'_>) -> Option<Anthropic> {
    let key_variable = "ANTHROPIC_API_KEY";
    let base_url = variables.address("ANTHROPIC_BASE_URL", key_variable);
    Some(Anthropic {
        api_key: Secret(variables.value(key_variable)?),
        base_url: without_slash(base_url.as_deref().unwrap_or(ANTHROPIC_BASE_URL)),
        model: variables.value("ANTHROPIC_MODEL")?,
        key_variable: key_variable.to_owned(),
        tuning: Tuning::default(),
    })
}

fn without_slash(url: &str) -> String {
    url.trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Config {
        let find = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Config::read(&find, Path::new("/home/u"), Path::new("/home/u/project"))
    }

    #[test]
    fn nothing_set_means_no_provider() {
        let config = read(&[("OPENAI_API_KEY", " "), ("OPENAI_MODEL", "x")]);
        assert_eq!(config.openai, None);
        assert_eq!(config.home, PathBuf::from("/home/u/.qwen"));
    }

    #[test]
    fn a_local_server_needs_no_key() {
        let config = read(&[("OPENAI_BASE_URL", "http://localhost:1/v1/"), ("OPENAI_MODEL", "m")]);
        let openai = config.openai.expect("a server");
        assert_eq!((openai.base_url.as_str(), openai.api_key), ("http://localhost:1/v1", None));
    }

    #[test]
    fn a_key_is_never_shown_whole() {
        assert_eq!(Secret("sk-0123456789abcd".into()).masked(), "****abcd");
        assert_eq!(Secret("short".into()).masked(), "****");
        assert_eq!(format!("{:?}", Secret("sk-0123456789abcd".into())), "Secret");
    }
}
