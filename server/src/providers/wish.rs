//! What a client asks for when it connects to a provider: checked, before anything is looked up or written.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use url::Url;

use super::{
    base_url::{self, BaseUrlError, Reach},
    presets::{BaseUrls, Preset, PresetModel, presets},
};
use crate::auth::Secret;

const MAX_KEY_BYTES: usize = 8 * 1024;
const MAX_MODELS: usize = 200;
const MAX_MODEL_ID_CHARS: usize = 256;
/// Largest context window and answer, in tokens.
const MAX_TOKENS: u64 = 10_000_000;

/// A provider as it is to be written to the settings.
#[derive(Debug)]
pub struct Wish {
    pub preset: &'static Preset,
    pub protocol: String,
    /// Without a slash at its end.
    pub base_url: String,
    /// A URL that the client brought, to be looked up.
    pub(super) own_url: Option<Url>,
    pub api_key: Secret,
    pub(super) models: Models,
    pub(super) advanced: Advanced,
}

/// The models of a wish.
#[derive(Debug, Clone)]
pub(super) enum Models {
    /// All the preset has.
    Preset,
    Named(Vec<String>),
}

/// What is said of all models of a wish.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Advanced {
    pub(super) replace_existing: bool,
    pub(super) context_window_size: Option<u64>,
    pub(super) max_tokens: Option<u64>,
    pub(super) enable_thinking: Option<bool>,
    pub(super) modalities: Map<String, Value>,
}

/// Why a wish is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidWish {
    #[error("{0}")]
    Request(&'static str),
    #[error("`wireApi` must be chat-completions")]
    Api,
    #[error(transparent)]
    BaseUrl(#[from] BaseUrlError),
    #[error(
        "`baseUrl` of {label} must be one of: {urls}. For another server use the provider custom-openai-compatible"
    )]
    ForeignBaseUrl { label: String, urls: String },
    #[error("`advancedConfig.purpose` is not supported")]
    Purpose,
    #[error("`{0}` is not a provider in the list")]
    Provider(String),
    #[error("`protocol` must be one of: {0}")]
    Protocol(String),
}

impl InvalidWish {
    /// The `code` on the wire.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Request(_) => "invalid_request",
            Self::Api => "invalid_api",
            Self::BaseUrl(_) | Self::ForeignBaseUrl { .. } => "invalid_base_url",
            Self::Purpose => "invalid_model_purpose",
            Self::Provider(_) => "unsupported_provider",
            Self::Protocol(_) => "unsupported_protocol",
        }
    }
}

impl Wish {
    /// Reads the body of an install.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn parse(body: &Map<String, Value>, reach: Reach) -> Result<Self, InvalidWish> {
        let required = InvalidWish::Request("`providerId` and `apiKey` must be non-empty strings");
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
        let (Some(id), Some(key)) = (text("providerId"), text("apiKey")) else { return Err(required) };
        if key.len() > MAX_KEY_BYTES || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidWish::Request("`apiKey` must be made of visible ASCII without spaces, 8 KiB at most"));
        }
        if body.get("wireApi").is_some_and(|api| api != "chat-completions") {
            return Err(InvalidWish::Api);
        }
        let own_url = own_url(body.get("baseUrl"), reach)?;
        let advanced = Advanced::parse(body.get("advancedConfig"))?;
        let preset = presets().find(id).ok_or_else(|| InvalidWish::Provider(id.to_owned()))?;
        let protocol = protocol(preset, body.get("protocol"))?;
        let models = models(body.get("modelIds"))?;
        let (base_url, own_url) = base_url_of(preset, own_url)?;
        if preset.models.is_empty() && matches!(models, Models::Preset) {
            return Err(InvalidWish::Request("`modelIds` must name at least one model of this provider"));
        }
        Ok(Self { preset, protocol, base_url, own_url, api_key: Secret::new(key), models, advanced })
    }

    /// Where the settings keep the key. Each server of the user's own has one.
    #[must_use]
    pub fn env_key(&self) -> String {
        if let Some(env_key) = &self.preset.env_key {
            return env_key.clone();
        }
        let digest = Sha256::digest(format!("{}\0{}", self.protocol, self.base_url));
        let digest: String = digest[..6].iter().map(|byte| format!("{byte:02X}")).collect();
        let url: Vec<String> = self
            .base_url
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_ascii_uppercase)
            .collect();
        format!("QWEN_CUSTOM_API_KEY_{}_{}_{digest}", self.protocol.to_ascii_uppercase(), url.join("_"))
    }

    /// The models as entries of `modelProviders`.
    pub(super) fn entries(&self) -> Vec<Value> {
        match &self.models {
            Models::Preset => self.preset.models.iter().map(|model| self.entry(&model.id, Some(model))).collect(),
            Models::Named(ids) => {
                let known = |id: &str| self.preset.models.iter().find(|model| model.id == id);
                ids.iter().map(|id| self.entry(id, known(id))).collect()
            }
        }
    }

    fn entry(&self, id: &str, known: Option<&PresetModel>) -> Value {
        let label = self.preset.label.trim_end_matches(" API Key");
        let is_custom = self.preset.env_key.is_none();
        let name = if is_custom { id.to_owned() } else { format!("[{label}] {id}") };
        let mut entry = json!({ "id": id, "name": name, "baseUrl": self.base_url, "envKey": self.env_key() });
        let config = self.generation_config(known);
        if !config.is_empty() {
            entry["generationConfig"] = Value::Object(config);
        }
        entry
    }

    fn generation_config(&self, known: Option<&PresetModel>) -> Map<String, Value> {
        let advanced = &self.advanced;
        let mut config = Map::new();
        if let Some(thinking) = advanced.enable_thinking.or_else(|| known?.enable_thinking) {
            config.insert("extra_body".to_owned(), json!({ "enable_thinking": thinking }));
        }
        let mut modalities = known.and_then(|model| model.modalities.clone()).unwrap_or_default();
        modalities.extend(advanced.modalities.clone());
        if !modalities.is_empty() {
            config.insert("modalities".to_owned(), Value::Object(modalities));
        }
        if let Some(size) = advanced.context_window_size.or_else(|| known?.context_window_size) {
            config.insert("contextWindowSize".to_owned(), json!(size));
        }
        if let Some(most) = advanced.max_tokens {
            config.insert("samplingParams".to_owned(), json!({ "max_tokens": most }));
        }
        config
    }
}

impl Advanced {
    fn parse(value: Option<&Value>) -> Result<Self, InvalidWish> {
        let Some(value) = value.filter(|value| !value.is_null()) else { return Ok(Self::default()) };
        let members = value.as_object().ok_or(InvalidWish::Request("`advancedConfig` must be an object"))?;
        if members.contains_key("purpose") {
            return Err(InvalidWish::Purpose);
        }
        let tokens = |name: &str| match members.get(name) {
            None => Ok(None),
            Some(value) => match value.as_u64().filter(|tokens| (1..=MAX_TOKENS).contains(tokens)) {
                Some(tokens) => Ok(Some(tokens)),
                None => Err(InvalidWish::Request(
                    "`advancedConfig.contextWindowSize` and `maxTokens` must be integers from 1 to 10000000",
                )),
            },
        };
        let flag = |name: &str| match members.get(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => {
                Err(InvalidWish::Request("`advancedConfig.enableThinking` and `replaceExisting` must be true or false"))
            }
        };
        Ok(Self {
            replace_existing: flag("replaceExisting")?.unwrap_or(false),
            context_window_size: tokens("contextWindowSize")?,
            max_tokens: tokens("maxTokens")?,
            enable_thinking: flag("enableThinking")?,
            modalities: modalities(members.get("multimodal"))?,
        })
    }
}

fn modalities(value: Option<&Value>) -> Result<Map<String, Value>, InvalidWish> {
    let Some(value) = value else { return Ok(Map::new()) };
    let wrong = InvalidWish::Request(
        "`advancedConfig.multimodal` must be an object of true and false for image, pdf, audio and video",
    );
    let members = value.as_object().ok_or_else(|| wrong.clone())?;
    let is_known = |(name, value): (&String, &Value)| {
        ["image", "pdf", "audio", "video"].contains(&name.as_str()) && value.is_boolean()
    };
    if members.iter().all(is_known) { Ok(members.clone()) } else { Err(wrong) }
}

fn own_url(value: Option<&Value>, reach: Reach) -> Result<Option<Url>, InvalidWish> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
        Some(Value::String(text)) => Ok(Some(base_url::parse(text, reach)?)),
        Some(_) => Err(BaseUrlError::Malformed.into()),
    }
}

fn protocol(preset: &Preset, value: Option<&Value>) -> Result<String, InvalidWish> {
    let options = preset.protocols();
    let asked = match value {
        None | Some(Value::Null) => return Ok(preset.protocol.clone()),
        Some(value) => value.as_str().map(str::trim),
    };
    match asked {
        Some("") => Ok(preset.protocol.clone()),
        Some(asked) if options.iter().any(|option| option == asked) => Ok(asked.to_owned()),
        Some(_) | None => Err(InvalidWish::Protocol(options.join(", "))),
    }
}

fn models(value: Option<&Value>) -> Result<Models, InvalidWish> {
    let Some(value) = value.filter(|value| !value.is_null()) else { return Ok(Models::Preset) };
    let wrong = InvalidWish::Request("`modelIds` must be a list of up to 200 model names of up to 256 characters each");
    let ids = value.as_array().ok_or_else(|| wrong.clone())?;
    let id = |value: &Value| {
        let id = value.as_str()?.trim();
        let is_good = !id.is_empty() && id.chars().count() <= MAX_MODEL_ID_CHARS && !id.contains(char::is_control);
        is_good.then(|| id.to_owned())
    };
    let ids: Option<Vec<String>> = ids.iter().map(id).collect();
    match ids {
        Some(ids) if ids.len() > MAX_MODELS => Err(wrong),
        Some(ids) if ids.is_empty() => Ok(Models::Preset),
        Some(ids) => Ok(Models::Named(ids)),
        None => Err(wrong),
    }
}

/// The server's address, and the client's own URL when it is to be looked up.
fn base_url_of(preset: &'static Preset, own: Option<Url>) -> Result<(String, Option<Url>), InvalidWish> {
    let Some(urls) = &preset.base_url else {
        let own = own.ok_or(InvalidWish::Request("`baseUrl` is required for a custom provider"))?;
        return Ok((without_slash(&own), Some(own)));
    };
    let listed = match own {
        None => urls.all().next(),
        Some(own) => urls.all().find(|url| *url == without_slash(&own)),
    };
    let listed = listed.ok_or_else(|| InvalidWish::ForeignBaseUrl {
        label: preset.label.clone(),
        urls: BaseUrls::all(urls).collect::<Vec<_>>().join(", "),
    })?;
    Ok((listed.to_owned(), None))
}

fn without_slash(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}
