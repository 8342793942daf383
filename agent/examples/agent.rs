//! The agent as a program of its own, for trying it over pipes: `cargo run --example agent`.

fn main() -> anyhow::Result<()> {
    roost_agent::run()
}
