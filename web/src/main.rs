//! The Roost page: a web shell over `roost-core`.
//!
//! - [`net`] talks to the daemon: requests, and one event stream that is kept up.
//! - [`store`] holds everything shown, as signals; [`store::Store::dispatch`] is the one way to change it.
//! - [`pages`] and [`parts`] draw: they read signals and dispatch commands.
//! - [`browser`] is the only place that knows clocks, timers, storage and the address bar; [`words`] holds every text.
//!
//! Views are built with the functions of [`dom`], not with the `view!` macro: the macro writes static parts through `innerHTML`, which
//! the page's content policy (Trusted Types) refuses.

mod app;
mod browser;
mod dom;
mod leptos;
mod net;
mod pages;
mod parts;
mod store;
mod words;

use leptos::mount_to_body;

fn main() {
    let early = app::Early::take();
    mount_to_body(move || app::app(early));
}
