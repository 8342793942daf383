//! The rules of CommonMark and of tables, each by an example. What is read is written down in short: `em(…)`, `b(…)`, `del(…)`, `c(…)` for
//! code, `a(target|text)`, `img(target|label)`, `/` for a break that is a blank and `//` for one that is a line.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::markdown::{Block, Inline, Item, parse};

#[track_caller]
fn read(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(blocks(&parse(text)), *expected, "{text:?}");
    }
}

fn blocks(blocks: &[Block]) -> String {
    blocks.iter().map(block).collect::<Vec<_>>().join(" ")
}

fn block(block: &Block) -> String {
    let cells = |row: &[Vec<Inline>]| row.iter().map(|cell| inlines(cell)).collect::<Vec<_>>().join("|");
    match block {
        Block::Paragraph(text) => format!("p({})", inlines(text)),
        Block::Heading { level, text } => format!("h{level}({})", inlines(text)),
        Block::Code { language, text } => format!("pre{:?}", (language.as_deref().unwrap_or_default(), text.as_str())),
        Block::Quote(inside) => format!("quote({})", blocks(inside)),
        Block::List { start: None, items } => format!("ul({})", self::items(items)),
        Block::List { start: Some(start), items } => format!("ol{start}({})", self::items(items)),
        Block::Table(table) => {
            let rows = table.rows.iter().map(|row| format!("; {}", cells(row)));
            format!("table({}{})", cells(&table.head), rows.collect::<String>())
        }
        Block::Rule => "hr".to_owned(),
    }
}

fn items(items: &[Item]) -> String {
    items.iter().map(|item| format!("[{}]", blocks(&item.blocks))).collect()
}

fn inlines(text: &[Inline]) -> String {
    text.iter().map(inline).collect()
}

fn inline(inline: &Inline) -> String {
    match inline {
        Inline::Text(text) => text.clone(),
        Inline::Code(code) => format!("c({})", code.as_str()),
        Inline::Emphasis(text) => format!("em({})", inlines(text)),
        Inline::Strong(text) => format!("b({})", inlines(text)),
        Inline::Strike(text) => format!("del({})", inlines(text)),
        Inline::Link { href, text } => format!("a({href}|{})", inlines(text)),
        Inline::Unlinked { target, text } => format!("a({target}|{})", inlines(text)),
        Inline::Image { target, label, .. } => format!("img({target}|{label})"),
        Inline::SoftBreak => "/".to_owned(),
        Inline::HardBreak => "//".to_owned(),
    }
}

#[test]
fn headings_and_rules() {
    read(&[
        ("# one #\n###### six\n####### seven", "h1(one) h6(six) p(####### seven)"),
        ("#one\n#\n# a #b", "p(#one) h1() h1(a #b)"),
        ("one\ntwo\n===\nthree\n---", "h1(one/two) h2(three)"),
        ("a\n    ---\n\n---\n* * *\n_ _", "p(a/---) hr hr p(_ _)"),
        ("> a\n---\n- b\n***", "quote(p(a)) hr ul([p(b)]) hr"),
    ]);
}

#[test]
fn code_blocks() {
    read(&[
        ("```Rust ignore\n  a\n\n``\n```\nb", r#"pre("rust", "  a\n\n``") p(b)"#),
        ("~~~\n```\n~~~~\na", r#"pre("", "```") p(a)"#),
        ("  ```\n    a\n b\n  ```", r#"pre("", "  a\nb")"#),
        ("    a\n\n      b\n\n\nc\n    d", r#"pre("", "a\n\n  b") p(c/d)"#),
        ("``` a`b\nc", "p(``` a`b/c)"),
        ("> ```\n> a\nb", r#"quote(pre("", "a")) p(b)"#),
        ("- a\n\n      b\n\n  ```\n  c\n  ```", r#"ul([p(a) pre("", "b") pre("", "c")])"#),
    ]);
}

#[test]
fn quotes_and_lists() {
    read(&[
        ("> a\nb\n>c\n\nd", "quote(p(a/b/c)) p(d)"),
        ("> - a\nb\n> - c", "quote(ul([p(a/b)][p(c)]))"),
        ("- a\n- b\n\n  c\n* d\n+ e", "ul([p(a)][p(b) p(c)]) ul([p(d)]) ul([p(e)])"),
        ("- a\n  - b\n    - c\n- d", "ul([p(a) ul([p(b) ul([p(c)])])][p(d)])"),
        ("3. a\n4. b\n1) c", "ol3([p(a)][p(b)]) ol1([p(c)])"),
        ("a\n2. b\n1. c\n-", "p(a/2. b) ol1([p(c)]) ul([])"),
        ("-\n  a\n-\n\n  b", "ul([p(a)][]) p(b)"),
        ("1.  a\n\n    b\n\n   c", "ol1([p(a) p(b)]) p(c)"),
        ("- a\n\n\n- b\n\nc", "ul([p(a)][p(b)]) p(c)"),
        ("-     a\n\n  b", r#"ul([pre("", "a") p(b)])"#),
        ("-a\n1234567890. b", "p(-a/1234567890. b)"),
    ]);
}

#[test]
fn tabs_count_as_blanks_up_to_the_next_stop() {
    read(&[
        ("\ta\tb", r#"pre("", "a\tb")"#),
        ("- a\n\n\tb\n\n\t\tc", r#"ul([p(a) p(b) pre("", "  c")])"#),
        (">\t\ta", r#"quote(pre("", "  a"))"#),
        ("-\t\ta", r#"ul([pre("", "  a")])"#),
    ]);
}

#[test]
fn emphasis() {
    read(&[
        ("*a* _b_ **c** __d__ ***e***", "p(em(a) em(b) b(c) b(d) em(b(e)))"),
        ("a*b*c a_b_c 2 * 3 * 4", "p(aem(b)c a_b_c 2 * 3 * 4)"),
        ("*a **b** c* **a *b***", "p(em(a b(b) c) b(a em(b)))"),
        ("**a*b*", "p(**aem(b))"),
        ("*a**b*", "p(em(a**b))"),
        ("*(**a**)* \"*b*\"c", "p(em((b(a))) \"em(b)\"c)"),
        ("*a `*` b* *[c*](/d)", "p(em(a c(*) b) *a(/d|c*))"),
        (r"\*a\* *b\* **c", r"p(*a* *b* **c)"),
        ("~~a~~ ~b~ c~d~e ~~~f~~~", "p(del(a) del(b) c~d~e ~~~f~~~)"),
        ("**中文，**后 *é*", "p(**中文，**后 em(é))"),
    ]);
}

#[test]
fn code_spans_html_and_named_characters() {
    read(&[
        ("``a ` b`` ` c ` `` ` `` ` `", "p(c(a ` b) c(c) c(`) c( ))"),
        ("`a\nb` `c", "p(c(a b) `c)"),
        (r"`\` <a title='`'>*b*", r"p(c(\) <a title='`'>em(b))"),
        ("<!-- *a*\n\n*b* -->\n*c*", "p(<!-- *a*\n\n*b* -->) p(em(c))"),
        ("<div>\n*a*\n\n*b*", "p(<div>\n*a*) p(em(b))"),
        ("<x y=1>\n*a*", "p(<x y=1>\n*a*)"),
        ("a <x-y z> </x> < b> <1>", "p(a <x-y z> </x> < b> <1>)"),
        ("&amp;&lt;&#35;&#x1F600;&nope; &copy", "p(&<#\u{1f600}&nope; &copy)"),
    ]);
}

#[test]
fn links_and_images() {
    read(&[
        ("[a](/b \"c\") [d](</e f> 'g') [h]()", "p(a(/b|a) a(/e f|d) a(|h))"),
        ("[a](b(c)d) [e](f\\)g) [h](i j)", "p(a(b(c)d|a) a(f)g|e) [h](i j))"),
        ("[a [b](/c) d](/e) ![f [g](/h)](/i)", "p([a a(/c|b) d](/e) img(/i|f g))"),
        ("[![a](/b)](/c) [`]`](/d) [a] [b][c]", "p(a(/c|img(/b|a)) a(/d|c(])) [a] [b][c])"),
        (
            "<https://e.org/*a*> <me@e.org> <a:> <nope>",
            "p(a(https://e.org/*a*|https://e.org/*a*) a(mailto:me@e.org|me@e.org) <a:> <nope>)",
        ),
        ("*see https://e.org/a_b_c*, now", "p(em(see a(https://e.org/a_b_c|https://e.org/a_b_c)), now)"),
    ]);
}

#[test]
fn breaks() {
    read(&[("a  \nb\\\nc \n  d\\", "p(a//b//c/d\\)"), ("# a\\\n`b  \nc`", "h1(a\\) p(c(b   c))")]);
}

#[test]
fn tables() {
    read(&[
        ("a | b\n- | -\n1 | 2 | 3\n4\n\nc", "table(a|b; 1|2; 4|) p(c)"),
        ("text\n| a |\n|---|\n| `b \\| c` |\n> d", "p(text) table(a; c(b | c)) quote(p(d))"),
        ("| a | b |\n|---|\n\n| a |\n|:x:|", "p(| a | b |/|---|) p(| a |/|:x:|)"),
        ("- | a |\n  |---|\n  | b |\n  - c", "ul([table(a; b) ul([p(c)])])"),
    ]);
}
