//! Typing, the palette, the queue, stopping.

use fantoccini::key::Key;
use roost_tests::{
    deadline::until,
    fake_model::{Script, Step},
};
use serde_json::json;

use crate::{Stage, send, transcript, write, written};

#[tokio::test]
async fn the_full_name_of_every_command_selects_it() -> anyhow::Result<()> {
    let stage = Stage::set(Script::turns([])).await?;
    let browser = &stage.browser;
    write(browser, "/").await?;
    browser.find("listbox", "Commands").await?;
    let names = "[...document.querySelectorAll('#palette [role=option] .name')]\
        .map(n => n.innerText.slice(0, n.innerText.length - (n.querySelector('.arg')?.innerText.length ?? 0)).trim())";
    let names = browser.evaluate(names).await?;
    let names: Vec<String> = serde_json::from_value(names)?;
    assert!(names.len() > 5, "{names:?}");
    for name in names {
        browser.evaluate("(document.getElementById('prompt').value = '', 0)").await?;
        write(browser, &name).await?;
        browser.wait_for(&format!("document.getElementById('prompt').value === {}", json!(name))).await?;
        let chosen = "document.querySelector('#palette [aria-selected=true] .name').innerText";
        browser.wait_for(&format!("{chosen}.startsWith({})", json!(name))).await?;
    }
    Ok(())
}

#[tokio::test]
async fn help_runs_with_one_enter_and_asks_no_model() -> anyhow::Result<()> {
    let stage = Stage::set(Script::turns([])).await?;
    send(&stage.browser, "/help").await?;
    stage.browser.find("dialog", "Help").await?;
    assert!(stage.model.requests().is_empty());
    stage.browser.press(Key::Escape).await?;
    stage.browser.gone("dialog", "Help").await
}

#[tokio::test]
async fn an_unknown_command_is_not_sent_before_it_is_confirmed() -> anyhow::Result<()> {
    let stage = Stage::set(Script::turns([vec![Step::text("As you wish.")]])).await?;
    let browser = &stage.browser;
    send(browser, "/zzzqq do it").await?;
    browser.shows("/zzzqq").await?;
    assert_eq!(written(browser).await?, "/zzzqq do it", "the text stays");
    assert!(stage.model.requests().is_empty());
    browser
        .type_text(&format!("{}{}{}", char::from(Key::Control), char::from(Key::Enter), char::from(Key::Null)))
        .await?;
    browser.shows("As you wish.").await
}

#[tokio::test]
async fn enter_on_an_empty_composer_does_nothing() -> anyhow::Result<()> {
    let stage = Stage::set(Script::turns([])).await?;
    send(&stage.browser, "   ").await?;
    stage.browser.press(Key::Enter).await?;
    assert!(stage.model.requests().is_empty());
    Ok(())
}

#[tokio::test]
async fn what_is_sent_during_a_turn_waits_in_line_and_can_be_removed() -> anyhow::Result<()> {
    let stage = Stage::set(Script::turns([
        vec![Step::text("busy"), Step::Gate("go".into())],
        vec![Step::text("answer to the second")],
    ]))
    .await?;
    let browser = &stage.browser;
    send(browser, "first").await?;
    browser.shows("busy").await?;
    send(browser, "second").await?;
    send(browser, "third").await?;
    browser.find("button", "Remove “second”").await?;
    browser.find("list", "On its way and waiting").await?;
    browser.click("button", "Remove “third”").await?;
    browser.gone("button", "Remove “third”").await?;
    stage.model.open("go");
    browser.shows("answer to the second").await?;
    let asked = stage.model.requests();
    assert_eq!(asked.len(), 2, "the removed prompt never reached the model");
    assert_eq!(transcript(browser).await?.matches("second").count(), 2, "the prompt once, its answer once");
    Ok(())
}

#[tokio::test]
async fn escape_twice_stops_the_turn() -> anyhow::Result<()> {
    let stage = Stage::set(Script::turns([vec![Step::text("working"), Step::Hang]])).await?;
    let browser = &stage.browser;
    send(browser, "go").await?;
    browser.shows("working").await?;
    write(browser, "").await?;
    // The second press has to come soon, and the hint goes when it does not: it is noted by whoever sees it first.
    let watch = "new MutationObserver(() => {
        window.hinted ||= document.body.innerText.includes('Press Esc again to stop');
    }).observe(document.querySelector('.composer'), { subtree: true, childList: true, characterData: true })";
    browser.evaluate(&format!("({watch}, 0)")).await?;
    browser.press(Key::Escape).await?;
    browser.wait_for("window.hinted === true").await?;
    browser.find("button", "Stop").await?;
    until("the turn to be stopped", async || {
        browser.press(Key::Escape).await?;
        Ok(transcript(browser).await?.contains("stopped").then_some(()))
    })
    .await?;
    browser.gone("button", "Stop").await
}

#[tokio::test]
async fn history_and_the_draft_come_back() -> anyhow::Result<()> {
    let stage = Stage::set(Script::always(vec![Step::text("understood")])).await?;
    let browser = &stage.browser;
    send(browser, "the first prompt").await?;
    browser.shows("understood").await?;
    write(browser, "a draft").await?;
    browser.press(Key::Home).await?;
    browser.press(Key::Up).await?;
    assert_eq!(written(browser).await?, "the first prompt");
    browser.press(Key::Down).await?;
    assert_eq!(written(browser).await?, "a draft");
    browser.reload().await?;
    browser.wait_for("document.getElementById('prompt')?.value === 'a draft'").await
}

#[tokio::test]
async fn keys_typed_before_the_program_has_arrived_are_kept() -> anyhow::Result<()> {
    let stage = Stage::set(Script::turns([vec![Step::text("heard you")]])).await?;
    let browser = &stage.browser;
    browser.throttle(Some(20_000)).await?;
    browser.evaluate("(setTimeout(() => location.reload()), 0)").await?;
    browser.wait_for("document.getElementById('early-prompt') !== null").await?;
    browser.find_css("#early-prompt").await?.send_keys("typed early").await?;
    browser.throttle(None).await?;
    browser.wait_for("document.getElementById('prompt')?.value === 'typed early'").await?;
    send(browser, "").await?;
    browser.shows("heard you").await?;
    assert_eq!(stage.model.requests().len(), 1, "sent once");
    Ok(())
}
