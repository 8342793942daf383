//! The user's `settings.json`, as far as the daemon writes it. What it does not touch keeps its order and its comments.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use jsonc_parser::{ParseOptions, cst::CstRootNode, json};
use roost_core::session::ApprovalMode;

/// Why a setting was not saved.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    #[error("{path} is not JSON: {reason}")]
    Malformed { path: PathBuf, reason: String },
    #[error("cannot write {path}: {source}")]
    Io { path: PathBuf, source: io::Error },
}

/// Sets `tools.approvalMode` in the settings at `path`; a failure is logged, since the mode itself is in force already.
pub async fn save_approval_mode(path: &Path, mode: ApprovalMode) {
    let path = path.to_owned();
    let saved = tokio::task::spawn_blocking(move || set_approval_mode(&path, mode)).await;
    if let Ok(Err(error)) = saved {
        tracing::error!(%error, "the approval mode is not persisted");
    }
}

fn set_approval_mode(path: &Path, mode: ApprovalMode) -> Result<(), SaveError> {
    let failed = |source| SaveError::Io { path: path.to_owned(), source };
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        text => text.map_err(failed)?,
    };
    let malformed = |reason: String| SaveError::Malformed { path: path.to_owned(), reason };
    let edited = edit(&text, mode).map_err(malformed)?;
    replace(path, edited.as_bytes()).map_err(failed)
}

fn edit(text: &str, mode: ApprovalMode) -> Result<String, String> {
    let root = CstRootNode::parse(text, &ParseOptions::default()).map_err(|error| error.to_string())?;
    let settings = root.object_value_or_create().ok_or("it is no object")?;
    let tools = settings.object_value_or_create("tools").ok_or("`tools` is no object")?;
    match tools.get("approvalMode") {
        Some(property) => property.set_value(json!(mode.as_str())),
        None => drop(tools.append("approvalMode", json!(mode.as_str()))),
    }
    Ok(root.to_string())
}

/// A reader sees the old file or the new one.
fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir)?;
    }
    let fresh = path.with_extension("json.new");
    let mut file = fs::File::create(&fresh)?;
    file.write_all(text)?;
    file.sync_data()?;
    fs::rename(fresh, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_other_keys_stay_where_they_are() {
        let text = "{\n  // mine\n  \"ui\": {\"theme\": \"dark\"},\n  \"tools\": {\"approvalMode\": \"yolo\"}\n}\n";
        let edited = edit(text, ApprovalMode::Plan).expect("an edit");
        assert_eq!(edited, text.replace("yolo", "plan"));
    }

    #[test]
    fn an_absent_file_becomes_one_with_the_setting_alone() {
        let edited = edit("", ApprovalMode::AutoEdit).expect("an edit");
        let value: serde_json::Value = serde_json::from_str(&edited).expect("JSON");
        assert_eq!(value, serde_json::json!({"tools": {"approvalMode": "auto-edit"}}));
    }

    #[test]
    fn a_file_that_is_no_object_is_left_alone() {
        assert!(edit("[1]", ApprovalMode::Plan).is_err());
        assert!(edit("{ nonsense", ApprovalMode::Plan).is_err());
    }
}
