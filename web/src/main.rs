//! The Roost page.
use leptos::{mount::mount_to_body, prelude::*, html::div};

fn main() {
    let n = RwSignal::new(1);
    mount_to_body(move || div().class("a").child(move || n.get()));
}
