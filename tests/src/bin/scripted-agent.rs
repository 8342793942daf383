//! The scripted ACP agent as a program: `scripted-agent SCRIPT.json` speaks ACP on stdio until stdin closes.

use anyhow::{Context, bail};
use roost_tests::scripted_agent::{ScriptFile, serve_stdio};

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path] = arguments.as_slice() else { bail!("usage: scripted-agent SCRIPT.json") };
    let script = ScriptFile::open(path).with_context(|| format!("{path} is no script"))?;
    serve_stdio(script)?;
    Ok(())
}
