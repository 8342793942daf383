//! Laws of Roost's parsers. Each target takes any bytes and panics when a law is broken.
//!
//! `cargo +nightly fuzz run sse_parser` searches for such bytes; `cargo test` replays the corpus on any toolchain.

mod acp_framing;
mod diff;
mod markdown;
mod slash_line;
mod sse_parser;
mod transcript;

pub use acp_framing::acp_framing;
pub use diff::diff;
pub use markdown::markdown;
pub use slash_line::slash_line;
pub use sse_parser::sse_parser;
pub use transcript::transcript;

/// One target.
pub type Target = fn(&[u8]);

/// Every target, by the name of its corpus folder.
pub const TARGETS: &[(&str, Target)] = &[
    ("sse_parser", sse_parser),
    ("slash_line", slash_line),
    ("acp_framing", acp_framing),
    ("markdown", markdown),
    ("transcript", transcript),
    ("diff", diff),
];

/// The first byte of an input says how the rest is cut.
fn cut(input: &[u8]) -> Option<(usize, &[u8])> {
    let (size, bytes) = input.split_first()?;
    Some((usize::from(*size % 61) + 1, bytes))
}
