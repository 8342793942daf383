//! The version of the settings' format, which the daemon raises in every file it writes.

use roost_core::settings::{Edit, Malformed, edited, values};
use serde_json::Value;

use super::Change;

/// The key of the version of the file format.
pub(super) const VERSION_KEY: &str = "$version";
/// The version that is written.
const VERSION: u64 = 4;

/// The text with the changes made, and of this version at least.
///
/// # Errors
/// The text is not an object, or a key leads through something that is not one.
pub(super) fn changed(text: &str, changes: &[Change]) -> Result<String, Malformed> {
    let current = Value::from(VERSION);
    let written = values(text)?.get(VERSION_KEY).and_then(Value::as_u64);
    let raise = Edit::Set { key: VERSION_KEY, value: &current };
    let raise = written.is_none_or(|version| version < VERSION).then_some(raise);
    let edits: Vec<Edit<'_>> = changes.iter().map(Change::edit).chain(raise).collect();
    edited(text, &edits)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_absent_file_becomes_one_with_the_setting_and_the_version() {
        let text = changed("", &[Change::set("a.b.c", json!(["x"]))]).expect("an edit");
        assert_eq!(Value::Object(values(&text).expect("JSON")), json!({"a": {"b": {"c": ["x"]}}, "$version": 4}));
    }

    #[test]
    fn a_newer_version_is_left_and_an_older_one_raised() {
        for (before, after) in [("{\"$version\": 7}", 7), ("{\"$version\": 1}", 4), ("{\"$version\": \"x\"}", 4)] {
            let text = changed(before, &[]).expect("an edit");
            assert_eq!(values(&text).expect("JSON")[VERSION_KEY], json!(after));
        }
    }
}
