//! The main job, end to end: prompt in the browser, agent at work, an approved tool, a file on disk.

use std::fs;

use anyhow::Context;
use fantoccini::key::Key;
use roost_tests::{
    daemon::{Setup, scripted_agent_command},
    deadline::{until, until_true},
    fake_model::{Script, Step, script::words},
    scripted_agent::script::{AgentScript, Step as AgentStep},
};
use serde_json::json;
use tempfile::TempDir;

use crate::{Stage, send, signed_in, transcript, write, written};

#[tokio::test]
async fn from_a_slash_to_a_file_on_disk_seen_by_two_browsers() -> anyhow::Result<()> {
    let write_file = Step::tool_call("write_file", json!({"file_path": "poem.txt", "content": "one\ntwo\n"}));
    let stage = Stage::set(Script::turns([
        vec![Step::words(30), Step::Gate("half".into()), Step::text("and then "), write_file],
        vec![Step::text("The poem is written.")],
    ]))
    .await?;
    let browser = &stage.browser;

    // The palette opens on a slash, with argument hints.
    write(browser, "/").await?;
    browser.find("listbox", "Commands").await?;
    let hints = browser.evaluate("document.querySelectorAll('#palette .arg').length").await?;
    assert!(hints.as_u64() > Some(0), "rows show what a command takes");
    browser.press(Key::Backspace).await?;
    browser.gone("listbox", "Commands").await?;

    // Words stream before the turn ends.
    send(browser, "Write a poem").await?;
    browser.shows("w29").await?;
    browser.find("button", "Stop").await?;
    assert_eq!(written(browser).await?, "", "what was sent has left the composer");

    // A reload in the middle of the turn: whole, and nothing doubled.
    browser.reload().await?;
    browser.shows("w29").await?;
    stage.model.open("half");
    browser.shows("Make this change?").await?;
    let text = transcript(browser).await?;
    assert_eq!(text.matches("Write a poem").count(), 1, "{text}");
    let streamed = words(30);
    assert_eq!(text.matches(streamed.trim_end()).count(), 1, "{text}");
    assert_eq!(text.matches("and then").count(), 1, "{text}");

    // The permission with its diff, answered by keyboard.
    let note = browser.find("region", "What would happen").await?.text().await?;
    assert!(note.contains("poem.txt") && note.contains("one") && note.contains("two"), "{note}");
    assert!(!stage.daemon.workspace().join("poem.txt").exists());
    let second = signed_in(&stage.daemon).await?;
    let address = browser.address().await?;
    second.open(&address).await?;
    second.shows("Make this change?").await?;
    // Keys decide only once the question has been there long enough to be read.
    browser.wait_for("(window.askedAt ??= performance.now(), performance.now() - window.askedAt > 500)").await?;
    let options = browser.evaluate("[...document.querySelectorAll('#dock [data-option]')].map(o => o.dataset.option)");
    let options = options.await?;
    let once = options.as_array().context("options")?.iter().position(|option| option == "proceed_once");
    let digit = once.context("it can be allowed once")? + 1;
    browser.find_css("#dock").await?;
    browser.type_text(&digit.to_string()).await?;

    browser.shows("The poem is written.").await?;
    assert_eq!(fs::read_to_string(stage.daemon.workspace().join("poem.txt"))?, "one\ntwo\n");

    // The other browser saw all of it, the decision too.
    second.shows("The poem is written.").await?;
    second.wait_for("document.getElementById('dock') === null").await?;
    browser.wait_for("document.getElementById('dock') === null").await?;
    browser.gone("button", "Stop").await?;
    second.gone("button", "Stop").await?;
    until("both browsers to show the same", async || {
        Ok((transcript(browser).await? == transcript(&second).await?).then_some(()))
    })
    .await?;
    assert_eq!(browser.console_errors().await?, Vec::<String>::new());
    assert_eq!(second.console_errors().await?, Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn the_same_with_no_model_configured() -> anyhow::Result<()> {
    let daemon = Setup::new().start().await?;
    let browser = signed_in(&daemon).await?;
    send(&browser, "Create hello.txt with Hello from Roost").await?;
    browser.shows("Make this change?").await?;
    browser.wait_for("(window.askedAt ??= performance.now(), performance.now() - window.askedAt > 500)").await?;
    // From anywhere: allow once.
    browser
        .type_text(&format!("{}{}{}", char::from(Key::Control), char::from(Key::Enter), char::from(Key::Null)))
        .await?;
    let file = daemon.workspace().join("hello.txt");
    let is_written = || fs::read_to_string(&file).is_ok_and(|text| text.trim_end() == "Hello from Roost");
    until_true("the file to be on disk", is_written).await
}

#[tokio::test]
async fn the_same_with_a_strangers_agent() -> anyhow::Result<()> {
    let scratch = TempDir::with_prefix("roost-script-")?;
    let script = scratch.path().join("script.json");
    AgentScript::turns([vec![
        AgentStep::Text("A stranger at work. ".into()),
        AgentStep::AskToWrite { path: "strange.txt".into(), content: "by a stranger\n".into() },
        AgentStep::Text("It is done.".into()),
    ]])
    .save(&script)?;
    let daemon = Setup::new().agent(scripted_agent_command(&script)?).start().await?;
    let browser = signed_in(&daemon).await?;
    send(&browser, "go").await?;
    browser.shows("A stranger at work.").await?;
    let dock = browser.find_css("#dock").await?;
    assert!(dock.text().await?.contains("by a stranger"));
    browser.wait_for("(window.askedAt ??= performance.now(), performance.now() - window.askedAt > 500)").await?;
    browser
        .type_text(&format!("{}{}{}", char::from(Key::Control), char::from(Key::Enter), char::from(Key::Null)))
        .await?;
    browser.shows("It is done.").await?;
    assert_eq!(fs::read_to_string(daemon.workspace().join("strange.txt"))?, "by a stranger\n");
    Ok(())
}
