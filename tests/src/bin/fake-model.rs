//! The fake model as a program: `fake-model SCRIPT.json [--port N]` prints its base URL and serves until it is killed.

use anyhow::{Context, bail};
use roost_tests::fake_model::{FakeModel, Script};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let mut port = 0;
    let mut script = None;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--port" {
            port = arguments.next().context("--port needs a number")?.parse().context("--port needs a number")?;
        } else if script.replace(argument).is_some() {
            bail!("usage: fake-model SCRIPT.json [--port N]");
        }
    }
    let path = script.context("usage: fake-model SCRIPT.json [--port N]")?;
    let json = std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    let script = Script::from_json(&json).with_context(|| format!("{path} is no script"))?;
    let model = FakeModel::start_on(port, script).await?;
    println!("{}", model.base_url());
    model.serve_forever().await;
    Ok(())
}
