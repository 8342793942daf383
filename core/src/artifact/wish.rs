//! What somebody says of an artifact, read.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::{Kind, Place, Retention, address, is_reserved, secret};

/// Longest texts, in characters.
const MAX_TITLE_CHARS: usize = 200;
const MAX_DESCRIPTION_CHARS: usize = 1_000;
const MAX_PATH_CHARS: usize = 500;
const MAX_ID_CHARS: usize = 200;
const MAX_MIME_TYPE_CHARS: usize = 120;
const MAX_KEY_CHARS: usize = 120;
/// Largest integer that every reader of JSON has exactly.
const MAX_SIZE_BYTES: u64 = 9_007_199_254_740_991;

/// A description that can be kept as it is.
#[derive(Clone, Debug, PartialEq)]
pub struct ArtifactWish {
    pub title: Box<str>,
    pub description: Option<Box<str>>,
    pub place: Place,
    /// None for what the place suggests.
    pub kind: Option<Kind>,
    pub mime_type: Option<Box<str>>,
    pub size_bytes: Option<u64>,
    pub metadata: Map<String, Value>,
    pub retention: Option<Retention>,
    pub client_retained: bool,
}

/// Why one cannot: 400 `VALIDATION_FAILED`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct InvalidArtifact {
    pub message: Cow<'static, str>,
    /// The member that is wrong, where it is one alone.
    pub field: Option<&'static str>,
}

impl InvalidArtifact {
    #[must_use]
    pub fn of(field: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { message: message.into(), field: Some(field) }
    }
}

impl ArtifactWish {
    /// Most that `metadata` may hold, in bytes of JSON.
    pub const MAX_METADATA_BYTES: usize = 4_096;

    /// # Errors
    /// What is missing, wrong or too much.
    pub fn read(members: &Map<String, Value>) -> Result<Self, InvalidArtifact> {
        let title = text(members, "title", MAX_TITLE_CHARS)?;
        let title = title.ok_or_else(|| InvalidArtifact::of("title", "title is required"))?;
        let description = text(members, "description", MAX_DESCRIPTION_CHARS)?;
        let place = place(members)?;
        let retention = retention(members)?;
        let metadata = metadata(members)?;
        let kind = match members.get("kind") {
            None | Some(Value::Null) => None,
            Some(kind) => Some(kind.as_str().and_then(Kind::read).ok_or_else(invalid_kind)?),
        };
        let mime_type = text(members, "mimeType", MAX_MIME_TYPE_CHARS)?;
        let size_bytes = match members.get("sizeBytes") {
            None => None,
            Some(size) => Some(size.as_u64().filter(|size| *size <= MAX_SIZE_BYTES).ok_or_else(invalid_size)?),
        };
        let client_retained = members.get("clientRetained").is_none_or(|retained| *retained == Value::Bool(true));
        Ok(Self { title, description, place, kind, mime_type, size_bytes, metadata, retention, client_retained })
    }
}

fn invalid_kind() -> InvalidArtifact {
    let kinds = "file, link, html, image, video, audio, pdf, notebook, document, other";
    InvalidArtifact::of("kind", format!("kind must be one of {kinds}"))
}

fn invalid_size() -> InvalidArtifact {
    InvalidArtifact::of("sizeBytes", format!("sizeBytes must be an integer from 0 to {MAX_SIZE_BYTES}"))
}

fn retention(members: &Map<String, Value>) -> Result<Option<Retention>, InvalidArtifact> {
    match members.get("retention") {
        None => Ok(None),
        Some(wanted) if wanted == "ephemeral" => Ok(Some(Retention::Ephemeral)),
        Some(wanted) if wanted == "restorable" => Ok(Some(Retention::Restorable)),
        Some(_) => Err(InvalidArtifact::of("retention", "retention must be ephemeral or restorable")),
    }
}

/// Exactly one place, and the storage that goes with it.
fn place(members: &Map<String, Value>) -> Result<Place, InvalidArtifact> {
    let path = filled(members, "workspacePath").map(|_| path(members)).transpose()?;
    let id = text(members, "managedId", MAX_ID_CHARS)?;
    if id.as_deref().is_some_and(|id| id.contains(['/', '\\']) || id.contains("..")) {
        return Err(InvalidArtifact::of("managedId", "managedId must be an id, not a path"));
    }
    let storage = match members.get("storage") {
        None => "",
        Some(Value::String(storage)) => storage,
        Some(_) => return Err(InvalidArtifact::of("storage", "storage must be a string")),
    };
    let url = filled(members, "url").map(|_| url(members)).transpose()?;
    let place = match (path, id, url) {
        (Some(workspace_path), None, None) => Place::Workspace { workspace_path },
        (None, Some(managed_id), None) => Place::Managed { managed_id },
        (None, None, Some(url)) => Place::Web { url },
        _ => {
            let message = "give exactly one of workspacePath, managedId and url".into();
            return Err(InvalidArtifact { message, field: None });
        }
    };
    let (its_own, needed) = match (&place, storage) {
        (Place::Workspace { .. }, "" | "workspace")
        | (Place::Managed { .. }, "" | "managed")
        | (Place::Web { .. }, "" | "external_url") => return Ok(place),
        (_, "workspace") => ("workspace", "workspacePath"),
        (_, "managed") => ("managed", "managedId"),
        (_, "external_url") => ("external_url", "url"),
        (_, "published") => {
            return Err(InvalidArtifact::of("storage", "published artifacts come from publishers, not from clients"));
        }
        (_, _) => {
            let message = "storage must be workspace, external_url or managed";
            return Err(InvalidArtifact::of("storage", message));
        }
    };
    Err(InvalidArtifact::of(needed, format!("the storage {its_own} needs {needed}")))
}

/// A member that says something: neither null nor empty.
fn filled<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    members.get(name).filter(|value| !value.is_null() && *value != "")
}

fn url(members: &Map<String, Value>) -> Result<Box<str>, InvalidArtifact> {
    let url = text(members, "url", address::MAX_CHARS)?.unwrap_or_default();
    address::read(&url).map_err(|message| InvalidArtifact::of("url", message))
}

fn path(members: &Map<String, Value>) -> Result<Box<str>, InvalidArtifact> {
    let path = text(members, "workspacePath", MAX_PATH_CHARS)?.unwrap_or_default();
    if path.starts_with('/') {
        return Err(InvalidArtifact::of("workspacePath", "workspacePath must be relative to the workspace"));
    }
    let outside = || InvalidArtifact::of("workspacePath", "workspacePath must lead to a file in the workspace");
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop().ok_or_else(outside)?),
            part => parts.push(part),
        }
    }
    if parts.is_empty() { Err(outside()) } else { Ok(parts.join("/").into()) }
}

/// A text without spaces around it; None where it says nothing.
fn text(
    members: &Map<String, Value>,
    name: &'static str,
    max_chars: usize,
) -> Result<Option<Box<str>>, InvalidArtifact> {
    let refuse = |why: String| Err(InvalidArtifact::of(name, format!("{name} {why}")));
    let text = match members.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text.trim(),
        Some(_) => return refuse("must be a string".to_owned()),
    };
    if text.chars().count() > max_chars {
        return refuse(format!("must have at most {max_chars} characters"));
    }
    if text.chars().any(|c| is_invisible(c) && !(name == "description" && "\t\n\r".contains(c))) {
        return refuse("must not contain control characters".to_owned());
    }
    if name != "url" && is_markup(text) {
        return refuse("must be plain text, without markup".to_owned());
    }
    Ok((!text.is_empty()).then(|| text.into()))
}

/// Controls, and what turns the order of letters around or has no width.
fn is_invisible(c: char) -> bool {
    let turns = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    c.is_control() || turns
}

/// Text that some reader could take for more than text.
fn is_markup(text: &str) -> bool {
    let opens = |(at, _): (usize, &str)| {
        let next = text[at + 1..].trim_start().chars().next();
        next.is_some_and(|c| c.is_ascii_alphabetic() || c == '/' || c == '!')
    };
    let squeezed: String = text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect();
    text.match_indices('<').any(opens) || squeezed.contains("javascript:") || squeezed.contains("data:text/html")
}

fn metadata(members: &Map<String, Value>) -> Result<Map<String, Value>, InvalidArtifact> {
    let refuse = |why: String| InvalidArtifact::of("metadata", format!("metadata {why}"));
    let said = match members.get("metadata") {
        None => return Ok(Map::new()),
        Some(Value::Object(said)) => said,
        Some(_) => return Err(refuse("must be an object".to_owned())),
    };
    let mut kept = Map::new();
    for (key, value) in said.iter().filter(|(key, _)| !is_reserved(key)) {
        if key.is_empty() || key.chars().count() > MAX_KEY_CHARS || key.chars().any(is_invisible) || is_markup(key) {
            return Err(refuse(format!("has keys of 1 to {MAX_KEY_CHARS} characters of plain text")));
        }
        let text = value.as_str().unwrap_or_default();
        if secret::is_name_of_one(key) || secret::is_one(text) {
            return Err(refuse(format!("must not have what looks like a credential, as under {key:?}")));
        }
        if value.is_object() || value.is_array() || text.chars().any(is_invisible) || is_markup(text) {
            return Err(refuse(format!("has plain texts, numbers, booleans and nulls only, unlike under {key:?}")));
        }
        kept.insert(key.clone(), value.clone());
    }
    let bytes = serde_json::to_string(&kept).map_or(usize::MAX, |json| json.len());
    let most = ArtifactWish::MAX_METADATA_BYTES;
    if bytes > most { Err(refuse(format!("must have at most {most} bytes of JSON"))) } else { Ok(kept) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn read(value: &Value) -> Result<ArtifactWish, InvalidArtifact> {
        ArtifactWish::read(value.as_object().expect("an object"))
    }

    fn wrong(member: &str, value: Value) -> InvalidArtifact {
        let mut wish = json!({"title": "A", "url": "https://e.org"});
        wish[member] = value;
        read(&wish).expect_err("it is refused")
    }

    #[test]
    fn a_wish_is_read_with_what_it_leaves_out() {
        let wish =
            read(&json!({"title": " A ", "url": "https://e.org", "kind": null, "description": ""})).expect("a wish");
        assert_eq!(&*wish.title, "A");
        assert_eq!(wish.place, Place::Web { url: "https://e.org/".into() });
        assert_eq!((wish.kind, wish.retention, wish.client_retained), (None, None, true));
        let wish =
            read(&json!({"title": "A", "workspacePath": "./a/../b//c.txt", "url": null, "clientRetained": false}));
        let wish = wish.expect("a wish");
        assert_eq!(wish.place.workspace_path(), Some("b/c.txt"));
        assert!(!wish.client_retained);
    }

    #[test]
    fn a_wrong_member_is_named() {
        for (member, values) in [
            ("title", vec![json!(""), json!(7), json!(null), json!("x".repeat(201)), json!("a\u{0}b"), json!("<b>x")]),
            ("description", vec![json!(7), json!("x".repeat(1_001)), json!("javascript: x"), json!("\u{202e}x")]),
            ("kind", vec![json!("nope"), json!(7)]),
            ("storage", vec![json!("attic"), json!("published"), json!(7), json!(null)]),
            ("retention", vec![json!("pinned"), json!(null), json!(7)]),
            ("sizeBytes", vec![json!(-1), json!(1.5), json!(null), json!("1"), json!(u64::MAX)]),
            ("mimeType", vec![json!(7), json!("x".repeat(121))]),
            (
                "metadata",
                vec![
                    json!([]),
                    json!(null),
                    json!({"a": {}}),
                    json!({"": 1}),
                    json!({"apiKey": "x"}),
                    json!({"a": "sk-0123456789abcdef"}),
                    json!({"a": "x".repeat(5_000)}),
                    json!({"a": "<i>x"}),
                ],
            ),
            ("url", vec![json!(7), json!("nope"), json!("file:///x")]),
        ] {
            for value in values {
                assert_eq!(wrong(member, value.clone()).field, Some(member), "{member}: {value}");
            }
        }
        assert_eq!(wrong("storage", json!("workspace")).field, Some("workspacePath"));
        assert_eq!(wrong("managedId", json!("a/b")).field, Some("managedId"));
        assert_eq!(wrong("workspacePath", json!("/etc/passwd")).field, Some("workspacePath"));
        for path in ["..", "a/../..", ".", "a/.."] {
            assert_eq!(wrong("workspacePath", json!(path)).field, Some("workspacePath"), "{path}");
        }
    }

    #[test]
    fn it_has_exactly_one_place() {
        assert_eq!(read(&json!({"title": "A"})).map_err(|error| error.field), Err(None));
        assert_eq!(wrong("managedId", json!("m")).field, None);
        assert_eq!(wrong("workspacePath", json!("a.txt")).field, None);
    }

    #[test]
    fn nobody_says_how_a_file_looks_but_the_daemon() {
        let said = json!({"qwen.workspace.sha256": "x", "qwen.published.sha256": "y", "mine": null});
        let wish = read(&json!({"title": "A", "managedId": "m", "metadata": said})).expect("a wish");
        assert_eq!(json!(wish.metadata), json!({"mine": null}));
    }
}
