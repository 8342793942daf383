//! S10: an agent that speaks to the terminal of whoever reads the log, or lists sessions, is shown as text.

use roost_core::EventType;
use roost_tests::{client::events::Cursor, daemon::Setup, program, scripted_agent::script::Step};
use serde_json::json;

use crate::spoken::{Stage, text};

/// Retitles a window, writes to its clipboard, clears it, asks it to type, each in the old and in the eight-bit spelling.
const ESCAPES: &str =
    "\u{1b}]0;owned\u{7}\u{1b}]52;c;b3duZWQ=\u{7}\u{1b}[2J\u{1b}[6n\u{9b}2J\u{9d}0;owned\u{9c}\u{90}q\u{9c}";

fn commands(text: &str) -> Vec<char> {
    text.chars().filter(|c| c.is_control() && *c != '\n' && *c != '\t').collect()
}

#[tokio::test]
async fn the_log_holds_no_command_for_a_terminal() -> anyhow::Result<()> {
    let setup = Setup::new().env("ROOST_LOG", "debug").env("ROOST_LOG_FILE", "debug");
    let mut stage = Stage::set(setup).await?;
    let session = stage.client.new_session().await?;
    let mut stream = stage.client.events(&session).from(Cursor::START).open().await?;
    let method = json!({"jsonrpc": "2.0", "method": format!("x{ESCAPES}"), "params": {}}).to_string();
    let turn = [
        Step::Stderr(format!("from stderr {ESCAPES}")),
        Step::RawLine(format!("no JSON {ESCAPES}")),
        Step::RawLine(method),
        text(ESCAPES),
        Step::Stderr(format!("last words {ESCAPES}")),
        Step::Exit(1),
    ];
    stage.ask(&session, turn).await?;

    let rest = stream.rest().await?;

    let died = rest.last().filter(|event| event.kind == EventType::SessionDied);
    let reason = died.and_then(|event| event.data["reason"].as_str()).unwrap_or_default();
    assert!(commands(reason).is_empty(), "{reason:?}");
    stage.client.get(&format!("/session/%1b%5d0;owned%07/status?x={}", "%9b2J")).await?;
    stage.daemon.stop().await?;
    let file = std::fs::read_to_string(stage.daemon.home().join("roost/log/daemon.log"))?;
    for log in [stage.daemon.log(), file] {
        assert!(log.contains("from stderr") && log.contains("no JSON"), "it is logged: {log}");
        assert!(commands(&log).is_empty(), "{log:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_title_is_shown_as_text_and_what_is_hidden_in_it_is_named() -> anyhow::Result<()> {
    let stage = Stage::set(Setup::new()).await?;
    let session = stage.client.new_session().await?;
    let titled = |title: &str| {
        let update = json!({"sessionUpdate": "session_info_update", "title": title});
        let params = json!({"sessionId": session, "update": update});
        Step::RawLine(json!({"jsonrpc": "2.0", "method": "session/update", "params": params}).to_string())
    };
    stage.turn(&session, [titled("plain\u{202e}txt.exe\u{9b}2J"), text("done")]).await?;

    let listed = std::process::Command::new(program::roost()?)
        .args(["sessions", "--url", &stage.daemon.url()])
        .env_clear()
        .env("QWEN_HOME", stage.daemon.home())
        .env("QWEN_SERVER_TOKEN", roost_tests::daemon::TOKEN)
        .output()?;

    let shown = String::from_utf8(listed.stdout)?;
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    assert!(shown.contains("plain<U+202E>txt.exe"), "{shown:?}");
    assert!(commands(&shown).is_empty(), "{shown:?}");
    Ok(())
}
