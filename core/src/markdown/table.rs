//! Tables: a row of names, a row of dashes under it, and rows of as many cells.

use super::{Align, Inline, Table, inline};

/// The table that begins with these two lines.
pub(super) fn begin(names: &str, dashes: &str) -> Option<Table> {
    let plausible = |byte: u8| matches!(byte, b'|' | b'-' | b':' | b' ' | b'\t');
    let is_table = dashes.bytes().all(plausible) && dashes.contains('|') && names.contains('|');
    (is_table && names.trim() != "|").then_some(())?;
    let align = cells(dashes).iter().map(|cell| alignment(cell)).collect::<Option<Vec<_>>>()?;
    let head = row(names, None);
    (head.len() == align.len()).then_some(Table { align, head, rows: Vec::new() })
}

impl Table {
    pub(super) fn add_row(&mut self, text: &str) {
        self.rows.push(row(text, Some(self.head.len())));
    }
}

fn alignment(cell: &str) -> Option<Align> {
    let dashes = cell.trim_start_matches(':').trim_end_matches(':');
    let colons = cell.len() - dashes.len();
    let is_dashes = !dashes.is_empty() && dashes.bytes().all(|byte| byte == b'-');
    match (cell.starts_with(':'), cell.ends_with(':'), colons) {
        _ if !is_dashes => None,
        (true, true, 2) => Some(Align::Center),
        (true, false, 1) => Some(Align::Left),
        (false, true, 1) => Some(Align::Right),
        (false, false, _) => Some(Align::None),
        _ => None,
    }
}

fn row(text: &str, count: Option<usize>) -> Vec<Vec<Inline>> {
    let mut row: Vec<_> = cells(text).iter().map(|cell| inline::read(cell)).collect();
    if let Some(count) = count {
        row.resize(count, Vec::new());
    }
    row
}

/// The cells of a row, without the blanks around them. A bar behind a backslash divides nothing.
fn cells(text: &str) -> Vec<String> {
    let text = text.trim_matches([' ', '\t']);
    let text = text.strip_prefix('|').unwrap_or(text);
    let mut cells = vec![String::new()];
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let last = cells.len() - 1;
        match letter {
            '\\' if letters.next_if_eq(&'|').is_some() => cells[last].push('|'),
            // The bar at the end of the row closes its last cell.
            '|' if letters.peek().is_none() => {}
            '|' => cells.push(String::new()),
            other => cells[last].push(other),
        }
    }
    cells.iter_mut().for_each(|cell| *cell = cell.trim_matches([' ', '\t']).to_owned());
    cells
}
