//! What a screen reader and a keyboard meet, checked by axe on every screen, in both themes and on a phone.

use std::{fs, path::Path};

use anyhow::Context;
use fantoccini::key::Key;
use roost_tests::{
    browser::{Browser, ColorScheme},
    daemon::{Setup, scripted_agent_command},
    fake_model::{Script, Step},
    npm, program,
    scripted_agent::script::{AgentScript, Step as AgentStep},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::{
    Stage, at_the_door, open_menu,
    pictures::{hand_over, pixel},
    send, signed_in, write,
};

/// The checker's source, as npm has it.
async fn axe() -> anyhow::Result<&'static str> {
    static SOURCE: OnceCell<String> = OnceCell::const_new();
    let read = async || {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("axe");
        npm::install(&program::repository().join("tests/axe"), &folder).await?;
        anyhow::Ok(fs::read_to_string(folder.join("node_modules/axe-core/axe.min.js"))?)
    };
    Ok(SOURCE.get_or_try_init(read).await?)
}

/// What axe has against the page as it stands: rule and element, one line each.
///
/// One finding is wanted: a text box of several lines that is a combobox. HTML's list of roles does not foresee it, screen readers do.
async fn faults(browser: &Browser) -> anyhow::Result<Vec<String>> {
    let driver = browser.webdriver();
    if browser.evaluate("typeof axe").await? == "undefined" {
        driver.execute(axe().await?, vec![]).await?;
    }
    let run = "const done = arguments[arguments.length - 1];
        const all = { resultTypes: ['violations'] };
        const wanted = (rule, node) => rule.id === 'aria-allowed-role' && node.target.join() === '#prompt';
        const lines = (rule) => rule.nodes.filter((node) => !wanted(rule, node)).map((node) =>
            `${rule.id}: ${node.html} (${[...node.any, ...node.all, ...node.none].map((check) => check.message).join('; ')})`);
        axe.run(document, all).then((found) => done(found.violations.flatMap(lines)), (error) => done([`axe failed: ${error}`]));";
    let found = driver.execute_async(run, vec![]).await?;
    serde_json::from_value(found).context("axe answers with lines")
}

/// What axe found on all screens of a test.
#[derive(Default)]
struct Report(Vec<String>);

impl Report {
    /// Looks at a screen in both themes. Nothing may move meanwhile, so that colours are the final ones.
    async fn look(&mut self, browser: &Browser, screen: &str) -> anyhow::Result<()> {
        for scheme in [ColorScheme::Light, ColorScheme::Dark] {
            browser.color_scheme(scheme).await?;
            // What a change sets in motion is in motion two frames later at the latest.
            let frames =
                "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done(true)))";
            browser.webdriver().execute_async(frames, vec![]).await?;
            let at_rest = "document.getAnimations().every((it) =>
                it.effect.getTiming().iterations === Infinity || it.playState !== 'running')";
            browser.wait_for(at_rest).await?;
            let found = faults(browser).await?;
            self.0.extend(found.into_iter().map(|fault| format!("{screen}, {scheme:?}: {fault}")));
            browser.screenshot(&format!("{}-{scheme:?}", screen.replace(' ', "-")).to_lowercase()).await?;
        }
        Ok(())
    }

    fn is_clean(&self) -> anyhow::Result<()> {
        anyhow::ensure!(self.0.is_empty(), "{}", self.0.join("\n"));
        Ok(())
    }
}

const ANSWER: &str = "# A heading\n\nProse with `code`, **strong** words and a [link](https://example.test).\n\n- one\n- [x] two\n\n\
    > quoted\n\n```rust\nfn main() { println!(\"hens\"); }\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n";

#[tokio::test]
async fn the_door_and_an_empty_room_pass() -> anyhow::Result<()> {
    let mut report = Report::default();
    let daemon = Setup::new().start().await?;
    let browser = at_the_door(&daemon).await?;
    report.look(&browser, "door").await?;
    browser.write("textbox", "Token", "wrong").await?;
    browser.click("button", "Connect").await?;
    browser.shows("The daemon does not accept this token").await?;
    report.look(&browser, "door after a wrong token").await?;

    let browser = signed_in(&daemon).await?;
    browser.shows("No sessions yet").await?;
    report.look(&browser, "empty room").await?;
    write(&browser, "/").await?;
    browser.find("listbox", "Commands").await?;
    report.look(&browser, "palette").await?;
    write(&browser, "zzz").await?;
    browser.wait_for("document.querySelector('.palette .unknown') !== null").await?;
    report.look(&browser, "palette without a match").await?;
    browser.press(Key::Escape).await?;
    browser.click_css("#modes-button").await?;
    browser.find("listbox", "Approval mode").await?;
    report.look(&browser, "modes").await?;
    report.is_clean()
}

#[tokio::test]
async fn a_conversation_a_question_and_a_menu_pass() -> anyhow::Result<()> {
    let mut report = Report::default();
    let write_file = |name: &str| Step::tool_call("write_file", json!({"file_path": name, "content": "one\ntwo\n"}));
    let stage = Stage::set(Script::turns([
        vec![Step::Think("Let me see.".into()), Step::text(ANSWER), write_file("poem.txt")],
        vec![Step::text("It is written."), Step::status(400)],
        vec![Step::text("On it."), write_file("other.txt")],
    ]))
    .await?;
    let browser = &stage.browser;
    fs::write(stage.daemon.workspace().join("poem.txt"), "zero\n")?;
    send(browser, "Write a poem").await?;
    browser.shows("Make this change?").await?;
    report.look(browser, "question").await?;
    browser.viewport(390, 844).await?;
    report.look(browser, "question on a phone").await?;
    browser.viewport(1280, 900).await?;
    write(browser, "and then another one").await?;
    report.look(browser, "question beside a draft").await?;
    browser.evaluate("(document.querySelector('#dock [data-option=proceed_once]').click(), 0)").await?;
    browser.shows("It is written.").await?;
    browser.gone("button", "Stop").await?;
    browser
        .evaluate("(document.querySelectorAll('.talk .fold[aria-expanded=false]').forEach(f => f.click()), 0)")
        .await?;
    report.look(browser, "conversation").await?;

    browser.evaluate("(document.querySelector('.rail .more-acts').click(), 0)").await?;
    browser.wait_for("document.querySelector('dialog.menu')?.open === true").await?;
    report.look(browser, "menu of a session").await?;
    browser.press(Key::Escape).await?;
    browser.wait_for("document.querySelector('dialog.menu') === null").await?;
    browser.click("button", "Rename this session").await?;
    browser.find("textbox", "Title").await?;
    report.look(browser, "rename").await?;
    browser.press(Key::Escape).await?;
    browser.click("button", "Archived").await?;
    browser.shows("Nothing has been archived.").await?;
    report.look(browser, "archive").await?;
    report.is_clean()
}

#[tokio::test]
async fn every_panel_passes() -> anyhow::Result<()> {
    let mut report = Report::default();
    let stage = Stage::set(Script::always(vec![Step::text("I am awake")])).await?;
    let browser = &stage.browser;
    send(browser, "hello").await?;
    browser.shows("I am awake").await?;
    browser.click("button", "Settings and more").await?;
    let ready = [
        ("Settings", "document.querySelector('.setting') !== null"),
        ("Permissions", "document.querySelector('.rules') !== null"),
        ("Workspaces", "document.querySelector('.setting code') !== null"),
        ("Daemon", "document.querySelector('.issues') !== null"),
        ("This device", "document.querySelector('.sheet .inside') !== null"),
        ("Help", "document.querySelector('.sheet kbd') !== null"),
    ];
    for (panel, is_there) in ready {
        browser.click("button", panel).await?;
        browser.find("dialog", panel).await?;
        browser.wait_for(is_there).await?;
        report.look(browser, &format!("panel {panel}")).await?;
        browser.viewport(390, 844).await?;
        report.look(browser, &format!("panel {panel} on a phone")).await?;
        browser.viewport(1280, 900).await?;
    }
    report.is_clean()
}

#[tokio::test]
async fn questions_a_queue_and_a_phone_s_list_pass() -> anyhow::Result<()> {
    let mut report = Report::default();
    let scratch = TempDir::with_prefix("roost-script-")?;
    let script = scratch.path().join("script.json");
    AgentScript::turns([vec![AgentStep::Text("Which way? ".into()), AgentStep::Ask]]).save(&script)?;
    let daemon = Setup::new().agent(scripted_agent_command(&script)?).start().await?;
    let browser = signed_in(&daemon).await?;
    send(&browser, "go").await?;
    browser.shows("The agent asks you something").await?;
    send(&browser, "and then this").await?;
    browser.find("list", "On its way and waiting").await?;
    report.look(&browser, "question with choices and a queue").await?;
    browser.viewport(390, 844).await?;
    browser.click("button", "Sessions").await?;
    browser.wait_for("document.querySelector('.rail').contains(document.activeElement)").await?;
    report.look(&browser, "list on a phone").await?;
    // Back where one writes, without a mouse.
    browser.press(Key::Escape).await?;
    browser.wait_for("document.activeElement.id === 'prompt'").await?;
    report.is_clean()
}

#[tokio::test]
async fn pictures_and_a_word_that_is_looked_for_pass() -> anyhow::Result<()> {
    let mut report = Report::default();
    let stage = Stage::set(Script::always(vec![Step::text(ANSWER)])).await?;
    let browser = &stage.browser;
    hand_over(browser, "paste", "pasted.png", &pixel()).await?;
    browser.find("button", "Remove “pasted.png”").await?;
    report.look(browser, "picture to send").await?;
    send(browser, "Count the hens").await?;
    browser.shows("A heading").await?;
    browser.gone("button", "Stop").await?;
    browser.type_text(&format!("{}f{}", char::from(Key::Control), char::from(Key::Null))).await?;
    browser.wait_for("document.activeElement.id === 'find'").await?;
    browser.type_text("hens").await?;
    browser.wait_for("document.querySelector('.find .count')?.innerText === '1 of 2'").await?;
    report.look(browser, "find and a picture").await?;
    browser.viewport(390, 844).await?;
    report.look(browser, "find and a picture on a phone").await?;
    browser.type_text("nobody").await?;
    browser.wait_for("document.querySelector('.find .count')?.innerText !== '1 of 2'").await?;
    report.look(browser, "find without a match").await?;
    report.is_clean()
}

#[tokio::test]
async fn a_lost_daemon_passes() -> anyhow::Result<()> {
    let mut report = Report::default();
    let mut stage = Stage::set(Script::always(vec![Step::text("heard")])).await?;
    send(&stage.browser, "one").await?;
    stage.browser.shows("heard").await?;
    stage.daemon.kill()?;
    stage.browser.shows("Retrying in").await?;
    send(&stage.browser, "two, please").await?;
    stage.browser.find("button", "Retry").await?;
    report.look(&stage.browser, "lost daemon").await?;
    report.is_clean()
}

#[tokio::test]
async fn the_keyboard_returns_to_where_it_was() -> anyhow::Result<()> {
    let stage = Stage::set(Script::always(vec![Step::text("heard")])).await?;
    let browser = &stage.browser;
    let active = "document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.id";
    let has = async |label: &str| browser.wait_for(&format!("({active}) === {}", Value::from(label))).await;
    send(browser, "/help").await?;
    browser.find("dialog", "Help").await?;
    browser.press(Key::Escape).await?;
    has("Prompt").await?;

    let gear = "document.querySelector('.rail-foot [aria-label=\"Settings and more\"]')";
    browser.evaluate(&format!("({gear}.focus(), 0)")).await?;
    browser.press(Key::Enter).await?;
    browser.find("dialog", "Settings").await?;
    browser.press(Key::Escape).await?;
    has("Settings and more").await?;

    send(browser, "one").await?;
    browser.shows("heard").await?;
    open_menu(browser, "document.querySelector('.rail .more-acts')").await?;
    browser.press(Key::Escape).await?;
    browser.wait_for("document.querySelector('dialog.menu') === null").await?;
    browser.wait_for("document.activeElement.classList.contains('more-acts')").await
}

#[tokio::test]
async fn a_few_letters_lead_to_a_session_or_a_command() -> anyhow::Result<()> {
    let stage = Stage::set(Script::always(vec![Step::text("an answer")])).await?;
    let browser = &stage.browser;
    for title in ["Plan the garden", "Count the hens"] {
        browser.click("button", "New session").await?;
        send(browser, title).await?;
        browser.wait_for(&format!("document.querySelector('.rail ul')?.innerText.includes('{title}')")).await?;
    }
    let chord = format!("{}k{}", char::from(Key::Control), char::from(Key::Null));
    browser.type_text(&chord).await?;
    browser.find("dialog", "Go to a session or a command").await?;
    browser.wait_for("document.querySelectorAll('#ways [role=option]').length === 2").await?;
    let mut report = Report::default();
    report.look(browser, "switcher").await?;
    browser.type_text("gard").await?;
    browser
        .wait_for("document.querySelector('#ways [aria-selected=true]')?.innerText.includes('Plan the garden')")
        .await?;
    browser.press(Key::Enter).await?;
    browser.wait_for("document.querySelector('.talk').innerText.includes('Plan the garden')").await?;
    browser.wait_for("document.querySelector('.switcher') === null").await?;
    browser.wait_for("document.activeElement.id === 'prompt'").await?;

    browser.type_text(&chord).await?;
    browser.find("dialog", "Go to a session or a command").await?;
    browser.type_text("theme").await?;
    browser.wait_for("document.querySelector('#ways [aria-selected=true]')?.innerText.includes('/theme')").await?;
    browser.press(Key::Enter).await?;
    browser.wait_for("document.getElementById('prompt').value === '/theme '").await?;
    stage.model.requested(2).await;
    assert_eq!(stage.model.requests().len(), 2, "nothing was sent");
    report.is_clean()
}
