//! How deep a JSON value may be nested before it is passed on.
//!
//! Readers give up on JSON of more than 128 levels, the daemon's own and the page's alike. What comes in is wrapped (in an
//! event, a note in the journal, a history) before it is read again, so it has to stay below that by more levels than the wrapping adds.

use memchr::memchr2_iter;

/// Levels of objects and arrays that are taken in.
pub const MAX_NESTING: usize = 100;

/// Whether well-formed JSON has more than [`MAX_NESTING`] levels. Looks at every byte only of what has that many brackets at all.
#[must_use]
pub fn is_too_deep(json: &str) -> bool {
    let bytes = json.as_bytes();
    memchr2_iter(b'{', b'[', bytes).nth(MAX_NESTING).is_some() && depth(bytes) > MAX_NESTING
}

fn depth(json: &[u8]) -> usize {
    let (mut open, mut deepest) = (0_usize, 0);
    let (mut in_text, mut escaped) = (false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_text,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b'{' | b'[' => {
                open += 1;
                deepest = deepest.max(open);
            }
            b'}' | b']' => open = open.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use serde_json::Value;

    use super::*;

    fn nested(levels: usize) -> String {
        format!("{}{}", "[".repeat(levels), "]".repeat(levels))
    }

    #[test]
    fn a_hundred_levels_are_taken_and_one_more_is_not() {
        assert!(!is_too_deep(&nested(MAX_NESTING)));
        assert!(is_too_deep(&nested(MAX_NESTING + 1)));
        let objects = format!("{}1{}", r#"{"a":"#.repeat(101), "}".repeat(101));
        assert!(is_too_deep(&objects));
    }

    #[test]
    fn many_values_side_by_side_and_brackets_in_texts_are_no_depth() {
        assert!(!is_too_deep(&format!("[{}]", vec!["[]"; 500].join(","))));
        assert!(!is_too_deep(&format!(r#"["\"{}\\",{}]"#, "[{".repeat(500), r#""[","#.repeat(300) + "1")));
    }

    /// What is taken in can still be read once it has been wrapped.
    #[test]
    fn there_is_room_for_what_goes_around_it() {
        let wrapped = format!(r#"{{"a":[{{"data":{{"update":{{"content":[{}]}}}}}}]}}"#, nested(MAX_NESTING));
        assert!(serde_json::from_str::<Value>(&wrapped).is_ok());
    }
}
