#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

mod commonmark;

fn text(text: &str) -> Inline {
    Inline::Text(text.to_owned())
}

fn paragraph(inlines: impl IntoIterator<Item = Inline>) -> Block {
    Block::Paragraph(inlines.into_iter().collect())
}

fn link(href: &str, label: &str) -> Inline {
    Inline::Link { href: Href::parse(href).expect("an address"), text: vec![text(label)] }
}

#[test]
fn emphasis_code_and_links_become_nodes() {
    let blocks = parse("a **b** `c` [d](https://e.org)");
    let bold = Inline::Strong(vec![text("b")]);
    let code = Inline::Code(CodeText::new("c"));
    assert_eq!(blocks, [paragraph([text("a "), bold, text(" "), code, text(" "), link("https://e.org", "d")])]);
}

#[test]
fn a_link_to_a_script_is_no_link() {
    for target in
        ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "//e.org", "src/main.rs"]
    {
        let blocks = parse(&format!("[x]({target})"));
        assert_eq!(blocks, [paragraph([Inline::Unlinked { target: target.to_owned(), text: vec![text("x")] }])]);
    }
    assert_eq!(Href::parse("https://e.org/\u{202e}gnp"), None);
    assert_eq!(Href::parse("https:// e"), None);
}

#[test]
fn html_is_text() {
    let blocks = parse("<script>alert(1)</script>\n\nx <b onclick=y>z</b>");
    assert_eq!(blocks, [paragraph([text("<script>alert(1)</script>")]), paragraph([text("x <b onclick=y>z</b>")])]);
}

#[test]
fn an_image_is_a_label_and_an_address() {
    let blocks = parse("![a cat](https://e.org/cat.png)");
    let (target, label) = ("https://e.org/cat.png".to_owned(), "a cat".to_owned());
    assert_eq!(blocks, [paragraph([Inline::Image { href: Href::parse(&target), target, label }])]);
}

#[test]
fn a_bare_address_is_a_link_without_the_sentence_around_it() {
    let blocks = parse("see https://e.org/a_(b), or (http://f.org/?q=1).");
    let links = [
        text("see "),
        link("https://e.org/a_(b)", "https://e.org/a_(b)"),
        text(", or ("),
        link("http://f.org/?q=1", "http://f.org/?q=1"),
        text(")."),
    ];
    assert_eq!(blocks, [paragraph(links)]);
}

#[test]
fn tasks_and_tables_are_read() {
    let blocks = parse("- [x] done\n- [ ] open\n\n| a | b |\n|:--|--:|\n| 1 | 2 |\n");
    let item = |checked, label: &str| Item { checked: Some(checked), blocks: vec![paragraph([text(label)])] };
    assert_eq!(blocks[0], Block::List { start: None, items: vec![item(true, "done"), item(false, "open")] });
    let cells = |labels: [&str; 2]| labels.map(|label| vec![text(label)]).to_vec();
    let table =
        Table { align: vec![Align::Left, Align::Right], head: cells(["a", "b"]), rows: vec![cells(["1", "2"])] };
    assert_eq!(blocks[1], Block::Table(table));
}

#[test]
fn a_definition_is_shown_and_defines_nothing_elsewhere() {
    let blocks = parse("see [a]\n\n[a]: https://e.org\n");
    let address = link("https://e.org", "https://e.org");
    assert_eq!(blocks, [paragraph([text("see [a]")]), paragraph([text("[a]: "), address])]);
}

#[test]
fn invisible_characters_in_code_stand_apart() {
    let code = CodeText::new("rm\u{202e} -rf\u{200b}");
    let shown: Vec<_> = code.pieces().collect();
    assert_eq!(
        shown,
        [
            Piece::Plain("rm"),
            Piece::Hidden(Hidden('\u{202e}')),
            Piece::Plain(" -rf"),
            Piece::Hidden(Hidden('\u{200b}'))
        ]
    );
    assert_eq!(Hidden('\u{202e}').label(), "U+202E");
}

#[test]
fn nesting_is_bounded_and_the_innermost_text_is_kept() {
    let blocks = parse(&format!("{}deep", "> ".repeat(10_000)));
    assert!(format!("{blocks:?}").contains("deep"));
    let mut depth = 0;
    let mut inner = &blocks;
    while let Some(Block::Quote(blocks)) = inner.first() {
        depth += 1;
        inner = blocks;
    }
    assert!(depth < MAX_DEPTH);
}

#[test]
fn finished_blocks_stay_while_the_tail_grows() {
    let mut markdown = Markdown::default();
    markdown.append("# Title\n\nFirst par");
    assert_eq!(markdown.finished(), 0);
    markdown.append("agraph.\n\nSecond");
    assert_eq!(markdown.append(" one.\n\nThird\n"), 1);
    assert_eq!(markdown.finished(), 3);
    assert_eq!(markdown.blocks().len(), 4);
}

#[test]
fn an_open_fence_is_code_from_its_first_line_on() {
    let mut markdown = Markdown::default();
    for piece in ["```ru", "st\n", "let a", " = 1;\n", "let b;\n", "``", "`\n", "after"] {
        markdown.append(piece);
    }
    let code = Block::Code { language: Some("rust".into()), text: CodeText::new("let a = 1;\nlet b;") };
    assert_eq!(markdown.blocks(), [code, paragraph([text("after")])]);
}
