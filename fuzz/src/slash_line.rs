//! The composer's line.

use std::sync::LazyLock;

use roost_core::slash::{Catalogue, Context, Enter, Hint, Line, Palette, Route, escape, unescape};

static PALETTE: LazyLock<Palette> = LazyLock::new(|| Palette::new(Catalogue::new(|_| true, [])));

/// Laws: parse → render → parse keeps a line; an escape hides every command and is undone; Enter runs known commands
/// only; whatever a key writes has its caret on a character.
pub fn slash_line(input: &[u8]) {
    let Some((caret, bytes)) = crate::cut(input) else { return };
    let text = String::from_utf8_lossy(bytes);

    if let Some(line) = Line::parse(&text) {
        assert_eq!(Line::parse(&line.to_string()), Some(line));
    }
    let escaped = escape(&text);
    assert_eq!((Line::parse(&escaped), unescape(&escaped)), (None, &*text));
    assert_eq!(Hint::parse(&text).text(), text.trim());

    if let Route::Perform { .. } | Route::Forward { .. } = PALETTE.route(&text) {
        assert!(is_known(text.trim()), "{text:?}");
    }
    let menu = PALETTE.suggest(&text, caret.min(text.len()), &Context::default());
    let accepted = (0..menu.rows.len()).filter_map(|row| menu.accept(row));
    for edit in accepted.chain(menu.tab(None)) {
        assert!(edit.text.is_char_boundary(edit.caret), "{edit:?}");
    }
    if let Enter::Run { line } = menu.enter(None) {
        assert!(is_known(&line), "{line:?}");
    }
}

fn is_known(line: &str) -> bool {
    Line::parse(line).is_some_and(|line| PALETTE.catalogue().find(line.name).is_some())
}
