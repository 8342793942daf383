//! A change of a file: lines with their numbers, signs and marked words.

use crate::dom::{Content, button, div, mark, span};
use std::sync::Arc;

use crate::leptos::{ev, prelude::*};
use roost_core::diff::{Hunk, Line, LineKind, TextChange, compare, stat};

use crate::{store::Own, words::words};

/// Lines shown before somebody asks for more.
const SHOWN_LINES: usize = 60;
/// Lines shown of a change that a person has to decide on.
const SHOWN_LINES_TO_DECIDE: usize = 400;

/// Lines added and cut.
pub(crate) fn counts(old: Option<&str>, new: &str) -> (usize, usize) {
    let stat = stat(old.unwrap_or_default(), new);
    (stat.added, stat.removed)
}

/// The change from `old` (`None`: there was no such file) to `new`, under the file's `path`.
pub(crate) fn diff(path: Option<&str>, old: Option<&str>, new: &str, to_decide: bool) -> impl Content + use<> {
    let change = Arc::new(compare(old.unwrap_or_default(), new));
    let is_new = old.is_none();
    let most = if to_decide { SHOWN_LINES_TO_DECIDE } else { SHOWN_LINES };
    let total = change.hunks.iter().map(|hunk| hunk.lines.len()).sum::<usize>();
    let all = Own::new(total <= most);
    let shown = all.clone();
    let label = words().change_of(path.unwrap_or_default());
    div().child((
        (path.is_some() || is_new).then(|| {
            let parts = [path, is_new.then_some(words().new_file)];
            div().class("diff-path").child(parts.into_iter().flatten().collect::<Vec<_>>().join(" · "))
        }),
        div()
            .class("diff")
            .attr("tabindex", "0")
            .attr("role", "region")
            .attr("aria-label", label)
            .child(move || hunks(&change, if shown.get() { usize::MAX } else { most })),
        move || {
            (!all.get()).then(|| {
                let all = all.clone();
                button()
                    .plain()
                    .class("more")
                    .on(ev::click, move |_| all.set(true))
                    .child(words().show_all_lines(total))
            })
        },
    ))
}

fn hunks(change: &TextChange, most: usize) -> AnyView {
    if change.hunks.is_empty() {
        return div().class("diff-gap").child(words().no_change).view();
    }
    let mut left = most;
    let mut last = 0;
    let mut views = Vec::new();
    for hunk in &change.hunks {
        if left == 0 {
            break;
        }
        if let Some(gap) = gap(hunk, last) {
            views.push(gap);
        }
        for line in hunk.lines.iter().take(left) {
            views.push(row(line));
        }
        left = left.saturating_sub(hunk.lines.len());
        last = hunk.lines.iter().filter_map(|line| line.new).max().unwrap_or(last);
    }
    div().class("diff-lines").child(views).view()
}

fn gap(hunk: &Hunk, last: usize) -> Option<AnyView> {
    let skipped = hunk.new_start.saturating_sub(last + 1);
    (skipped > 0).then(|| div().class("diff-gap").child(words().unchanged_lines(skipped)).view())
}

fn row(line: &Line) -> AnyView {
    let (side, sign) = match line.kind {
        LineKind::Same => ("same", " "),
        LineKind::Added => ("add", "+"),
        LineKind::Removed => ("cut", "−"),
    };
    let number = |number: Option<usize>| number.map(|number| number.to_string()).unwrap_or_default();
    let text: Vec<AnyView> = line
        .spans
        .iter()
        .map(|piece| match piece.is_marked {
            true => mark().child(piece.text.clone()).view(),
            false => piece.text.clone().view(),
        })
        .collect();
    div()
        .class("diff-line")
        .attr("data-side", side)
        .attr("data-old", number(line.old))
        .child((
            span().class("new-no").attr("data-new", number(line.new)),
            span().class("sign").child(sign),
            span().child(text),
        ))
        .view()
}
