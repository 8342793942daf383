//! Slash commands: what a line says, who answers it, and the palette that helps to write it.
//!
//! - [`Line`] reads and renders one command line; [`walk`] finds what it names in a tree of commands (the agent's side).
//! - [`Catalogue`] merges the commands an agent advertises with those a page performs itself, and [`Catalogue::route`] says
//!   who answers a text from the composer.
//! - [`Palette`] ranks, completes and hints. It decides what Enter and Tab mean, and performs nothing.
//!
//! Law: a line survives parse → render → parse. Offsets into texts are in bytes.

mod action;
mod advertised;
mod catalogue;
mod command;
mod hint;
mod line;
mod local;
mod nearest;
mod palette;
mod rank;
mod route;
mod walk;

pub use action::{Action, Executor};
pub use advertised::Advertised;
pub use catalogue::Catalogue;
pub use command::{Category, Command, Source, Subcommand};
pub use hint::{Chip, ChipState, Choice, Hint, Slot, Then, ValueKind};
pub use line::{Line, escape, unescape};
pub use palette::{Context, Edit, Enter, Group, Menu, NoSuchCommand, OnEnter, Palette, Row, RowKind, Value};
pub use rank::{Class, Match};
pub use route::Route;
pub use walk::{Found, Node, walk};

#[cfg(test)]
mod tests;
