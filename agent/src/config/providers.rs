//! The models of the user's settings: `modelProviders`, their keys in `env`, and the one that is chosen (`model.name`). A project has
//! no say in where keys are sent, so its settings are not read here. `$NAME` in a text stands for the user's variable of that name.

use roost_core::home::SIGN_IN;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Anthropic, OpenAi, Secret, Server, Tuning, Variables, without_slash};
use crate::sign_in::SignIn;

/// The model of a sign-in, where the settings name none.
const SIGN_IN_MODEL: &str = "coder-model";

/// The user's settings, as they are written.
#[derive(Debug)]
pub(super) struct Providers<'a>(&'a Map<String, Value>);

/// What they say about models. What makes no sense in them is left out and reported.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Models {
    model_providers: Map<String, Value>,
    model: Chosen,
    security: Security,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Chosen {
    name: Option<String>,
    base_url: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Security {
    auth: Auth,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Auth {
    selected_type: Option<String>,
}

/// One entry of `modelProviders.<protocol>`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    id: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    base_url: Option<String>,
    #[serde(default)]
    env_key: Option<String>,
    #[serde(default)]
    generation_config: GenerationConfig,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct GenerationConfig {
    context_window_size: Option<u64>,
    sampling_params: SamplingParams,
    #[serde(rename = "extra_body")]
    extra_body: Map<String, Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SamplingParams {
    max_tokens: Option<u32>,
}

impl<'a> Providers<'a> {
    pub(super) fn of(user_settings: &'a Map<String, Value>) -> Self {
        Self(user_settings)
    }

    /// `env`: variables that count where nobody else has them.
    pub(super) fn env(&self) -> Option<&'a Value> {
        self.0.get("env")
    }

    /// The models that can be asked, the chosen one first, those one is signed in for last. `variables` has the keys.
    pub(super) fn servers(&self, variables: &Variables<'_>, sign_in: &SignIn) -> Vec<Server> {
        let models = self.models(variables);
        let find = |name: &str| variables.value(name);
        let mut servers = Vec::new();
        for (protocol, make) in [("openai", openai as Make), ("anthropic", anthropic)] {
            for entry in models.entries(protocol) {
                let is_chosen = models.is_chosen(protocol, &entry);
                servers.extend(make(entry, &find).map(|server| (is_chosen, server)));
            }
        }
        if let Some(base_url) = sign_in.base_url() {
            let mut entries = models.entries(SIGN_IN);
            if entries.is_empty() {
                entries.push(Entry::named(SIGN_IN_MODEL));
            }
            let is_any_chosen = entries.iter().any(|entry| models.is_chosen(SIGN_IN, entry));
            let is_wanted = models.security.auth.selected_type.as_deref() == Some(SIGN_IN);
            for entry in entries {
                let is_chosen = if is_any_chosen { models.is_chosen(SIGN_IN, &entry) } else { is_wanted };
                servers.push((is_chosen, signed_in(entry, &base_url, sign_in.clone())));
            }
        }
        servers.sort_by_key(|(is_chosen, _)| !is_chosen);
        servers.into_iter().map(|(_, server)| server).collect()
    }

    fn models(&self, variables: &Variables<'_>) -> Models {
        let mut values = Value::Object(self.0.clone());
        variables.expand(&mut values);
        serde_json::from_value(values).unwrap_or_else(|error| {
            tracing::warn!(%error, "the models of the settings are ignored");
            Models::default()
        })
    }
}

impl Models {
    fn entries(&self, protocol: &str) -> Vec<Entry> {
        let values = self.model_providers.get(protocol).and_then(Value::as_array).into_iter().flatten();
        let read = |value: &Value| {
            Entry::deserialize(value)
                .inspect_err(|error| tracing::warn!(protocol, %error, "a model of the settings is ignored"))
                .ok()
        };
        values.filter_map(read).collect()
    }

    fn is_chosen(&self, protocol: &str, entry: &Entry) -> bool {
        let wanted = |choice: &Option<String>, fact: &str| {
            choice.as_deref().filter(|choice| !choice.is_empty()).is_none_or(|choice| choice == fact)
        };
        let base_url = entry.base_url.as_deref().map(without_slash).unwrap_or_default();
        self.model.name.as_deref() == Some(entry.id.as_str())
            && wanted(&self.security.auth.selected_type, protocol)
            && wanted(&self.model.base_url.as_deref().map(without_slash), &base_url)
    }
}

impl Entry {
    fn named(id: &str) -> Self {
        let generation_config = GenerationConfig::default();
        Self { id: id.to_owned(), name: None, base_url: None, env_key: None, generation_config }
    }
}

fn signed_in(entry: Entry, base_url: &str, sign_in: SignIn) -> Server {
    Server::OpenAi(OpenAi {
        api_key: None,
        sign_in: Some(sign_in),
        base_url: base_url.to_owned(),
        model: Some(entry.id),
        key_variable: String::new(),
        tuning: tuning(entry.name, entry.generation_config),
    })
}

type Make = fn(Entry, &dyn Fn(&str) -> Option<String>) -> Option<Server>;

fn openai(entry: Entry, variable: &dyn Fn(&str) -> Option<String>) -> Option<Server> {
    let key_variable = entry.env_key.unwrap_or_else(|| "OPENAI_API_KEY".to_owned());
    Some(Server::OpenAi(OpenAi {
        api_key: variable(&key_variable).map(Secret::from),
        sign_in: None,
        base_url: without_slash(entry.base_url.as_deref().unwrap_or(super::OPENAI_BASE_URL)),
        model: Some(entry.id),
        key_variable,
        tuning: tuning(entry.name, entry.generation_config),
    }))
}

/// None without a key: there is no server of this protocol that wants none.
fn anthropic(entry: Entry, variable: &dyn Fn(&str) -> Option<String>) -> Option<Server> {
    let key_variable = entry.env_key.unwrap_or_else(|| "ANTHROPIC_API_KEY".to_owned());
    Some(Server::Anthropic(Anthropic {
        api_key: variable(&key_variable).map(Secret::from)?,
        base_url: without_slash(entry.base_url.as_deref().unwrap_or(super::ANTHROPIC_BASE_URL)),
        model: entry.id,
        key_variable,
        tuning: tuning(entry.name, entry.generation_config),
    }))
}

fn tuning(label: Option<String>, config: GenerationConfig) -> Tuning {
    Tuning {
        label,
        context_window: config.context_window_size,
        max_tokens: config.sampling_params.max_tokens,
        extra_body: config.extra_body,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const SETTINGS: &str = r#"{
        // The user's.
        "env": {"KEY_A": "a", "KEY_B": "b", "NUMBER": 7},
        "modelProviders": {
            "openai": [
                {"id": "one", "envKey": "KEY_A", "baseUrl": "https://a.example/v1/", "generationConfig": {
                    "contextWindowSize": 5000, "samplingParams": {"max_tokens": 9}, "extra_body": {"enable_thinking": true}}},
                {"id": 7},
                {"id": "two", "name": "Two", "envKey": "MISSING", "baseUrl": "https://b.example/v1"},
            ],
            "anthropic": [{"id": "one", "envKey": "KEY_B"}, {"id": "keyless", "envKey": "MISSING"}],
            "gemini": [{"id": "one"}],
        },
        "model": {"name": "CHOSEN", "baseUrl": "URL"}, "security": {"auth": {"selectedType": "TYPE"}},
    }"#;

    fn servers(name: &str, url: &str, protocol: &str) -> Vec<Server> {
        let text = SETTINGS.replace("CHOSEN", name).replace("URL", url).replace("TYPE", protocol);
        let settings = roost_core::settings::values(&text).expect("settings");
        let providers = Providers::of(&settings);
        let variables = Variables::new(&|_| None, &[]).with_settings(providers.env());
        providers.servers(&variables, &SignIn::of(Path::new("/nowhere")))
    }

    fn names(servers: &[Server]) -> Vec<(&str, &str)> {
        fn name(server: &Server) -> (&str, &str) {
            match server {
                Server::OpenAi(server) => ("openai", server.model.as_deref().unwrap_or_default()),
                Server::Anthropic(server) => ("anthropic", &server.model),
            }
        }
        servers.iter().map(name).collect()
    }

    #[test]
    fn the_chosen_model_comes_first_and_the_others_in_their_order() {
        let all = [("openai", "one"), ("openai", "two"), ("anthropic", "one")];
        assert_eq!(names(&servers("none", "", "")), all);
        assert_eq!(names(&servers("two", "", "openai"))[0], ("openai", "two"));
        assert_eq!(names(&servers("one", "", "anthropic"))[0], ("anthropic", "one"));
        assert_eq!(names(&servers("two", "https://b.example/v1/", "openai"))[0], ("openai", "two"));
        assert_eq!(names(&servers("two", "https://elsewhere.example", "openai"))[0], ("openai", "one"));
    }

    #[test]
    fn a_model_has_its_own_address_key_and_tuning() {
        let servers = servers("one", "", "openai");
        let Server::OpenAi(one) = &servers[0] else { panic!("{servers:?}") };
        assert_eq!((one.base_url.as_str(), one.key_variable.as_str()), ("https://a.example/v1", "KEY_A"));
        assert_eq!(one.api_key.as_ref().map(Secret::expose), Some("a"));
        assert_eq!((one.tuning.context_window, one.tuning.max_tokens), (Some(5_000), Some(9)));
        assert_eq!(one.tuning.extra_body["enable_thinking"], true);
        let Server::OpenAi(two) = &servers[1] else { panic!("{servers:?}") };
        assert_eq!((two.tuning.label.as_deref(), &two.api_key), (Some("Two"), &None), "a local server may want no key");
    }
}
