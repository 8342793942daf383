//! The parts a page is made of. Each reads signals and dispatches commands; none of them fetches.

pub(crate) mod bar;
pub(crate) mod code;
pub(crate) mod composer;
pub(crate) mod diff;
pub(crate) mod dock;
pub(crate) mod entry;
pub(crate) mod find;
pub(crate) mod home;
pub(crate) mod icon;
pub(crate) mod markdown;
pub(crate) mod mention;
pub(crate) mod menu;
pub(crate) mod name_field;
pub(crate) mod palette;
pub(crate) mod panels;
pub(crate) mod picker;
pub(crate) mod queue;
pub(crate) mod rail;
pub(crate) mod sheet;
pub(crate) mod sure;
pub(crate) mod switcher;
pub(crate) mod tool;
pub(crate) mod transcript;
pub(crate) mod wire;
