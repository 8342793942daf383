//! Laws of the Markdown reader.
#![cfg(not(target_arch = "wasm32"))]

use proptest::prelude::*;
use roost_core::markdown::{Markdown, parse};

/// Bits of Markdown that begin, continue, end or break blocks and spans.
fn document() -> impl Strategy<Value = String> {
    let bits = prop::sample::select(vec![
        "a",
        "word ",
        "\n",
        "\n\n",
        "\n",
        "- ",
        "* ",
        "1. ",
        "2",
        "2. ",
        ". ",
        "> ",
        "# ",
        "```",
        "```rust\n",
        "~~~\n",
        "``",
        "`",
        "    ",
        "  ",
        " ",
        "\t",
        "---",
        "===",
        "-",
        "|",
        "| a | b |\n|---|---|\n",
        "|-",
        "[a]: ",
        "[a]",
        "](",
        ")",
        "/u",
        "'t",
        "'",
        "\"",
        "<!--",
        "-->",
        "<div>",
        "</div>",
        "<",
        "**",
        "*",
        "_",
        "~~",
        "![",
        "https://e.org/x",
        "\\",
        "é",
        "\u{202e}",
        "\r\n",
        "\r",
        "&amp;",
        "[ ] ",
        "[x] ",
        "+ ",
        "10) ",
    ]);
    prop::collection::vec(bits, 0..40).prop_map(|bits| bits.concat())
}

/// `text` cut into pieces at any character.
fn cut(text: &str, cuts: &[prop::sample::Index]) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(chars.len() + 1)).collect();
    places.extend([0, chars.len()]);
    places.sort_unstable();
    places.windows(2).map(|pair| chars[pair[0]..pair[1]].iter().collect()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_chunking_reads_the_same(text in document(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12)) {
        let mut markdown = Markdown::default();
        for piece in cut(&text, &cuts) {
            let before = markdown.blocks().to_vec();
            let first = markdown.append(&piece);
            prop_assert_eq!(&before[..first], &markdown.blocks()[..first], "blocks before the answer moved");
        }
        prop_assert_eq!(markdown.blocks(), parse(&text));
    }

    #[test]
    fn letter_by_letter_reads_the_same(text in document()) {
        let mut markdown = Markdown::default();
        for letter in text.chars() {
            markdown.append(letter.encode_utf8(&mut [0; 4]));
        }
        prop_assert_eq!(markdown.blocks(), parse(&text));
    }

    #[test]
    fn anything_can_be_read(text in any::<String>()) {
        let _ = parse(&text);
    }
}
