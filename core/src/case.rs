//! Upper and lower case, put aside for comparison. The standard library's own tables would be twice as many bytes of every page.

use unicase::UniCase;

/// `text` in one case, whatever script it is in; only to be compared with others. It may be longer than the text.
#[must_use]
pub fn folded(text: &str) -> String {
    UniCase::new(text).to_folded_case()
}

/// The same for one letter. One that folds to several stays as it is.
#[must_use]
pub fn folded_letter(letter: char) -> char {
    if letter.is_ascii() {
        return letter.to_ascii_lowercase();
    }
    let folded = folded(letter.encode_utf8(&mut [0; 4]));
    let mut letters = folded.chars();
    match (letters.next(), letters.next()) {
        (Some(only), None) => only,
        (None, _) | (Some(_), Some(_)) => letter,
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn texts_that_differ_in_case_alone_fold_to_the_same() {
        for (one, other) in
            [("Fix", "fIX"), ("ÜBER Straße", "über STRASSE"), ("ПОИСК", "поиск"), ("東京", "東京"), ("", "")]
        {
            assert_eq!(folded(one), folded(other));
        }
        assert_ne!(folded("a"), folded("ä"));
    }

    #[test]
    fn a_letter_stays_one_letter() {
        assert_eq!(['A', 'É', 'Σ', 'ß', '-', '東'].map(folded_letter), ['a', 'é', 'σ', 'ß', '-', '東']);
    }
}
