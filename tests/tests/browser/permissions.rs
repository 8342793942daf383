//! Questions of the agent, and answers to them.

use roost_core::EventType;
use roost_tests::{
    client::events::Cursor,
    daemon::{Setup, scripted_agent_command},
    fake_model::{Script, Step},
    scripted_agent::script::{AgentScript, Step as AgentStep},
};
use serde_json::json;
use tempfile::TempDir;

use crate::{Stage, send, signed_in, transcript, write, written};

fn run_command() -> Script {
    let command = Step::tool_call("run_shell_command", json!({"command": "touch made.txt"}));
    Script::turns([vec![command], vec![Step::text("That is all.")]])
}

#[tokio::test]
async fn with_text_in_the_composer_a_question_leaves_the_keyboard_where_it_is() -> anyhow::Result<()> {
    let command = Step::tool_call("run_shell_command", json!({"command": "touch made.txt"}));
    let stage = Stage::set(Script::turns([vec![Step::Gate("ask".into()), command]])).await?;
    let browser = &stage.browser;
    send(browser, "go").await?;
    browser.find("button", "Stop").await?;
    write(browser, "my next th").await?;
    stage.model.open("ask");
    browser.shows("Run this command?").await?;
    browser.type_text("ought 1").await?;
    assert_eq!(written(browser).await?, "my next thought 1");
    browser.shows("touch made.txt").await?;
    assert!(!stage.daemon.workspace().join("made.txt").exists(), "a digit in a sentence is no answer");
    browser.wait_for("document.title.includes('(1)')").await
}

#[tokio::test]
async fn a_question_answered_elsewhere_goes_away_here() -> anyhow::Result<()> {
    let stage = Stage::set(run_command()).await?;
    let browser = &stage.browser;
    send(browser, "go").await?;
    browser.shows("Run this command?").await?;
    let client = stage.daemon.client()?;
    let request = browser.evaluate("document.getElementById('dock').dataset.request").await?;
    let address = browser.address().await?;
    let session = address.rsplit("/session/").next().unwrap_or_default().split(['?', '#']).next().unwrap_or_default();
    let mut stream = client.events(session).from(Cursor::START).open().await?;
    client.allow(session, request.as_str().unwrap_or_default(), "cancel").await?.ok()?;
    stream.until_type(EventType::PermissionResolved).await?;
    browser.wait_for("document.getElementById('dock') === null").await?;
    assert!(!stage.daemon.workspace().join("made.txt").exists());
    Ok(())
}

#[tokio::test]
async fn several_choices_and_ones_own_words_are_one_answer() -> anyhow::Result<()> {
    let scratch = TempDir::with_prefix("roost-script-")?;
    let script = scratch.path().join("script.json");
    AgentScript::turns([vec![AgentStep::AskMany]]).save(&script)?;
    let daemon = Setup::new().agent(scripted_agent_command(&script)?).start().await?;
    let browser = signed_in(&daemon).await?;
    send(&browser, "go").await?;
    browser.shows("The agent asks you something").await?;
    browser.click("checkbox", "Pushing").await?;
    browser.write("textbox", "Another answer", "pig").await?;
    browser.click("checkbox", "Polling").await?;
    browser.write("textbox", "Another answer", "eons").await?;
    browser.wait_for("(window.askedAt ??= performance.now(), performance.now() - window.askedAt > 500)").await?;
    browser.click("button", "Submit").await?;
    browser.shows("answered:").await?;
    let told = transcript(&browser).await?;
    assert!(told.contains("Pushing, Polling, pigeons"), "{told}");
    Ok(())
}

#[tokio::test]
async fn an_answer_by_mouse_is_an_answer() -> anyhow::Result<()> {
    let stage = Stage::set(run_command()).await?;
    let browser = &stage.browser;
    send(browser, "go").await?;
    browser.shows("Run this command?").await?;
    browser.wait_for("(window.askedAt ??= performance.now(), performance.now() - window.askedAt > 500)").await?;
    browser.click_css("#dock [data-option=proceed_once]").await?;
    browser.shows("That is all.").await?;
    assert!(stage.daemon.workspace().join("made.txt").exists());
    Ok(())
}
