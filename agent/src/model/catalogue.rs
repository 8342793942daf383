//! The models a session can choose from.

use std::sync::Arc;

use roost_core::home::SIGN_IN;
use serde_json::{Value, json};

use super::{SharedModel, anthropic::AnthropicModel, demo::DemoModel, openai::OpenAiModel};
use crate::config::{Anthropic, Config, OpenAi, Secret, Server, Tuning};

/// The context window, in tokens, of a model about which nothing is configured.
const DEFAULT_CONTEXT_LIMIT: u64 = 200_000;

/// Every configured model; the demo model when none is.
#[derive(Debug)]
pub(crate) struct Catalogue(Vec<Entry>);

/// A model with its names.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// `name(provider)`: what clients switch by.
    pub(crate) id: String,
    /// What the provider calls it.
    pub(crate) name: String,
    pub(crate) provider: &'static str,
    pub(crate) base_url: Option<String>,
    pub(crate) masked_key: Option<String>,
    pub(crate) context_limit: u64,
    pub(crate) model: SharedModel,
    description: String,
}

/// A model that is not configured.
#[derive(Debug, thiserror::Error)]
#[error("The model `{id}` is not configured. Configured: {configured}.")]
pub(crate) struct UnknownModel {
    id: String,
    configured: String,
}

impl Catalogue {
    pub(crate) fn new(config: &Config) -> Self {
        // A server that the environment names without a model can only report what is missing, so it comes last.
        let (named, unnamed): (Vec<_>, Vec<_>) = config.openai.iter().partition(|server| server.model.is_some());
        let mut entries: Vec<Entry> = named.into_iter().map(openai).collect();
        entries.extend(config.anthropic.iter().map(anthropic));
        for server in &config.configured {
            let entry = match server {
                Server::OpenAi(server) => openai(server),
                Server::Anthropic(server) => anthropic(server),
            };
            // Of two with one name the first counts: it is the chosen one, or the first in the settings.
            if entries.iter().all(|other| other.id != entry.id) {
                entries.push(entry);
            }
        }
        entries.extend(unnamed.into_iter().map(openai));
        if entries.is_empty() {
            entries.push(demo());
        }
        Self(entries)
    }

    /// The model of a new session.
    pub(crate) fn first(&self) -> &Entry {
        &self.0[0]
    }

    /// Finds a model by id, by bare name, or by a runtime id (`$runtime|openai|name(openai)`).
    pub(crate) fn find(&self, id: &str) -> Result<&Entry, UnknownModel> {
        let wanted = id.rsplit('|').next().unwrap_or(id);
        let by_id = self.0.iter().find(|entry| entry.id == wanted);
        by_id.or_else(|| self.0.iter().find(|entry| entry.name == wanted)).ok_or_else(|| UnknownModel {
            id: id.to_owned(),
            configured: self.0.iter().map(|entry| entry.id.as_str()).collect::<Vec<_>>().join(", "),
        })
    }

    /// `models` of a session's state.
    pub(crate) fn state(&self, current: &str) -> Value {
        let available: Vec<Value> = self
            .0
            .iter()
            .map(|entry| {
                json!({
                    "modelId": entry.id, "name": entry.name, "description": entry.description,
                    "_meta": {"contextLimit": entry.context_limit},
                })
            })
            .collect();
        json!({"currentModelId": current, "availableModels": available})
    }

    /// The rows of `workspace/providers`: one a provider, with its models.
    pub(crate) fn providers(&self) -> Value {
        let mut providers: Vec<&'static str> = Vec::new();
        for entry in &self.0 {
            if !providers.contains(&entry.provider) {
                providers.push(entry.provider);
            }
        }
        let current = &self.first().id;
        let row = |provider: &&'static str| {
            let models: Vec<Value> =
                self.0.iter().filter(|entry| entry.provider == *provider).map(|entry| entry.row(current)).collect();
            let is_current = self.first().provider == *provider;
            json!({
                "kind": "model_provider", "status": "ok", "authType": provider, "current": is_current, "models": models,
            })
        };
        providers.iter().map(row).collect()
    }

    /// The choices of the `model` config option.
    pub(crate) fn choices(&self) -> Vec<Value> {
        let choice = |entry: &Entry| json!({"value": entry.id, "name": entry.name, "description": entry.description});
        self.0.iter().map(choice).collect()
    }
}

impl Entry {
    fn row(&self, current: &str) -> Value {
        let mut row = json!({
            "modelId": self.id, "baseModelId": self.name, "name": self.name, "description": self.description,
            "contextLimit": self.context_limit, "isCurrent": self.id == current, "isRuntime": true,
        });
        if let Some(base_url) = &self.base_url {
            row["baseUrl"] = json!(base_url);
        }
        row
    }
}

fn openai(server: &OpenAi) -> Entry {
    let name = server.model.clone().unwrap_or_else(|| "no model named".to_owned());
    let provider = if server.sign_in.is_some() { SIGN_IN } else { "openai" };
    Entry {
        id: format!("{name}({provider})"),
        name,
        provider,
        base_url: Some(server.base_url.clone()),
        masked_key: server.api_key.as_ref().map(Secret::masked),
        context_limit: server.tuning.context_window.unwrap_or(DEFAULT_CONTEXT_LIMIT),
        model: Arc::new(OpenAiModel::new(server.clone())),
        description: description(&server.tuning, &server.base_url),
    }
}

fn anthropic(provider: &Anthropic) -> Entry {
    Entry {
        id: format!("{}(anthropic)", provider.model),
        name: provider.model.clone(),
        provider: "anthropic",
        base_url: Some(provider.base_url.clone()),
        masked_key: Some(provider.api_key.masked()),
        context_limit: provider.tuning.context_window.unwrap_or(DEFAULT_CONTEXT_LIMIT),
        model: Arc::new(AnthropicModel::new(provider.clone())),
        description: description(&provider.tuning, &provider.base_url),
    }
}

fn description(tuning: &Tuning, base_url: &str) -> String {
    match &tuning.label {
        Some(label) => format!("{label}, at {base_url}"),
        None => format!("At {base_url}"),
    }
}

fn demo() -> Entry {
    Entry {
        id: "roost-demo".to_owned(),
        name: "roost-demo".to_owned(),
        provider: "demo",
        base_url: None,
        masked_key: None,
        context_limit: DEFAULT_CONTEXT_LIMIT,
        model: Arc::new(DemoModel),
        description: "A small set of rules that runs offline and shows how Roost works; no language model".to_owned(),
    }
}
