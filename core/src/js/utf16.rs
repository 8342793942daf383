//! Offsets: bytes here, UTF-16 units in JavaScript.

use std::ops::Range;

/// The byte offset of a UTF-16 offset. One inside a character counts as before it, one behind the end as the end.
pub(super) fn to_bytes(text: &str, units: usize) -> usize {
    let mut passed = 0;
    for (at, c) in text.char_indices() {
        passed += c.len_utf16();
        if passed > units {
            return at;
        }
    }
    text.len()
}

/// The UTF-16 offset of a byte offset.
pub(super) fn from_bytes(text: &str, bytes: usize) -> usize {
    text.char_indices().take_while(|(at, _)| *at < bytes).map(|(_, c)| c.len_utf16()).sum()
}

/// [`from_bytes`] for both ends.
pub(super) fn range(text: &str, bytes: &Range<usize>) -> [usize; 2] {
    [from_bytes(text, bytes.start), from_bytes(text, bytes.end)]
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn offsets_survive_the_way_there_and_back() {
        let text = "/é🦀x";
        for (units, bytes) in [(0, 0), (1, 1), (2, 3), (4, 7), (5, 8)] {
            assert_eq!((to_bytes(text, units), from_bytes(text, bytes)), (bytes, units));
        }
        assert_eq!(to_bytes(text, 3), 3, "inside the crab is before it");
        assert_eq!(to_bytes(text, 99), text.len());
        assert_eq!(range(text, &(3..7)), [2, 4]);
    }
}
