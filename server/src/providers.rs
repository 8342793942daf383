//! Model providers a user can connect to: a list of known ones, and what connecting writes to the user's settings.
//!
//! A key goes into the settings and nowhere else: no answer, event or log line has it.

mod base_url;
mod install;
mod presets;
mod wish;

pub use self::{
    base_url::{BaseUrlError, Reach},
    install::{InstallError, Installed, install},
    presets::{Preset, Presets, presets},
    wish::{Advanced, InvalidWish, Wish},
};
