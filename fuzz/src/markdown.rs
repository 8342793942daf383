//! What the agent writes, as the page shows it.

use roost_core::markdown::{Block, Href, Inline, Markdown, Piece, parse, pieces};

/// Laws: blocks do not depend on the chunks a text comes in, and what is said not to change does not; what cannot be seen stands apart and
/// nothing is lost; a link leads to the web or to a mailbox.
pub fn markdown(input: &[u8]) {
    let Some((size, bytes)) = crate::cut(input) else { return };
    let text = String::from_utf8_lossy(bytes);
    let letters: Vec<char> = text.chars().collect();
    let mut grown = Markdown::default();
    for chunk in letters.chunks(size) {
        let before = grown.blocks().to_vec();
        let first = grown.append(&chunk.iter().collect::<String>());
        assert_eq!(before[..first], grown.blocks()[..first]);
    }
    assert_eq!(grown.blocks(), parse(&text));
    grown.blocks().iter().for_each(block);

    let shown = pieces(&text).map(|piece| match piece {
        Piece::Plain(text) => text.to_owned(),
        Piece::Hidden(hidden) => hidden.0.to_string(),
    });
    assert_eq!(shown.collect::<String>(), text);
    if let Some(href) = Href::parse(&text) {
        assert_eq!(href.as_str(), text);
        leads_somewhere_known(&href);
    }
}

fn block(block: &Block) {
    match block {
        Block::Paragraph(text) | Block::Heading { text, .. } => text.iter().for_each(inline),
        Block::Quote(blocks) => blocks.iter().for_each(self::block),
        Block::List { items, .. } => items.iter().flat_map(|item| &item.blocks).for_each(self::block),
        Block::Table(_) | Block::Code { .. } | Block::Rule => {}
    }
}

fn inline(inline: &Inline) {
    if let Inline::Link { href, .. } = inline {
        leads_somewhere_known(href);
    }
}

fn leads_somewhere_known(href: &Href) {
    let address = href.as_str().to_ascii_lowercase();
    assert!(["http://", "https://", "mailto:"].iter().any(|scheme| address.starts_with(scheme)), "{href}");
    assert!(!address.chars().any(|letter| letter.is_whitespace() || letter.is_control()), "{href:?}");
}
