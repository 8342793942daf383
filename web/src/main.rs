//! The Roost page.

fn main() {}
