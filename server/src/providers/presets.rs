//! The providers that are known by name: `presets.json`, as it goes over the wire.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What `GET /workspace/auth/providers` lists.
#[derive(Debug, Serialize, Deserialize)]
pub struct Presets {
    pub providers: Vec<Preset>,
    pub groups: Vec<Value>,
}

/// One provider. What only a dialog needs is passed on as it is written.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Preset {
    pub id: String,
    pub label: String,
    /// `openai` or `anthropic`: what its servers speak unless a client chooses from `protocol_options`.
    pub protocol: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol_options: Option<Vec<String>>,
    /// None where the user says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_url: Option<BaseUrls>,
    /// The setting that holds the key; none where it depends on the base URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env_key: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub models: Vec<PresetModel>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// Where a provider is.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum BaseUrls {
    One(String),
    /// One of several, the first unless a client chooses.
    Of(Vec<Region>),
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Region {
    url: String,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PresetModel {
    pub id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context_window_size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_thinking: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modalities: Option<Map<String, Value>>,
}

/// The list.
#[must_use]
pub fn presets() -> &'static Presets {
    static PRESETS: LazyLock<Presets> = LazyLock::new(|| {
        serde_json::from_str(include_str!("presets/presets.json")).expect("a test reads the same file")
    });
    &PRESETS
}

impl Presets {
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&Preset> {
        self.providers.iter().find(|preset| preset.id == id)
    }
}

impl Preset {
    /// The protocols a client may choose from.
    #[must_use]
    pub fn protocols(&self) -> &[String] {
        self.protocol_options.as_deref().unwrap_or(std::slice::from_ref(&self.protocol))
    }
}

impl BaseUrls {
    /// Every address, the usual one first.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        let (one, several) = match self {
            Self::One(url) => (Some(url.as_str()), [].as_slice()),
            Self::Of(regions) => (None, regions.as_slice()),
        };
        one.into_iter().chain(several.iter().map(|region| region.url.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    #[test]
    fn every_preset_can_be_connected_to() {
        for preset in &presets().providers {
            assert!(preset.protocols().iter().all(|protocol| ["openai", "anthropic"].contains(&protocol.as_str())));
            let urls: Vec<&str> = preset.base_url.iter().flat_map(BaseUrls::all).collect();
            assert!(urls.iter().all(|url| Url::parse(url).is_ok_and(|url| url.scheme() == "https")), "{}", preset.id);
            let is_custom = preset.id == "custom-openai-compatible";
            assert_eq!(
                (urls.is_empty(), preset.models.is_empty(), preset.env_key.is_none()),
                (is_custom, is_custom, is_custom)
            );
        }
    }

    #[test]
    fn the_list_goes_over_the_wire_as_it_is_written() {
        let written: Value = serde_json::from_str(include_str!("presets/presets.json")).expect("JSON");
        assert_eq!(serde_json::to_value(presets()).expect("JSON"), written);
    }
}
