//! The list of sessions.

use fantoccini::key::Key;
use roost_tests::fake_model::{Script, Step};

use crate::{Stage, send};

#[tokio::test]
async fn sessions_are_listed_opened_renamed_and_closed() -> anyhow::Result<()> {
    let stage = Stage::set(Script::always(vec![Step::text("an answer")])).await?;
    let browser = &stage.browser;
    send(browser, "Plan the garden").await?;
    browser.shows("an answer").await?;
    browser.click("button", "New session").await?;
    send(browser, "Count the hens").await?;
    browser.wait_for("document.querySelector('.talk').innerText.includes('Count the hens')").await?;
    browser.wait_for("document.querySelector('.rail').innerText.includes('Plan the garden')").await?;

    browser.evaluate("[...document.querySelectorAll('.rail a, .rail button')].find(e => e.innerText.includes('Plan the garden')).click()").await?;
    browser.wait_for("document.querySelector('.talk').innerText.includes('Plan the garden')").await?;

    browser.click("button", "Rename this session").await?;
    browser.find("textbox", "Title").await?;
    browser.type_text(&format!("{}a{}The garden", char::from(Key::Control), char::from(Key::Null))).await?;
    browser.press(Key::Enter).await?;
    browser.wait_for("document.querySelector('.rail').innerText.includes('The garden')").await?;

    browser.click("button", "What to do with “The garden”").await?;
    browser.click("menuitem", "Close").await?;
    browser.shows("Close it? Its history stays.").await?;
    browser.click("button", "Close").await?;
    browser.wait_for("location.pathname === '/'").await?;
    browser.wait_for("document.querySelector('.rail').innerText.includes('The garden')").await
}

#[tokio::test]
async fn the_keyboard_stays_on_a_row_that_moves() -> anyhow::Result<()> {
    let script = Script::turns([vec![Step::text("busy"), Step::Gate("go".into()), Step::text(" no more")]]);
    let stage = Stage::set(script).await?;
    let browser = &stage.browser;
    send(browser, "Count the hens").await?;
    browser.shows("busy").await?;
    let row = |list: &str| format!("document.querySelector('.rail ul[aria-label={list}] .session')");
    browser.wait_for(&format!("{} !== null", row("Running"))).await?;
    browser.evaluate(&format!("({}.querySelector('.line').focus(), 0)", row("Running"))).await?;
    stage.model.open("go");
    browser.wait_for(&format!("{} !== null", row("Recent"))).await?;
    browser.wait_for(&format!("document.activeElement === {}.querySelector('.line')", row("Recent"))).await?;

    // A menu and a name lead back to the row they belong to.
    crate::open_menu(browser, "document.querySelector('.rail .more-acts')").await?;
    browser.press(Key::Enter).await?;
    browser.find("textbox", "Title").await?;
    browser.type_text("The hens").await?;
    browser.press(Key::Enter).await?;
    browser.wait_for("document.querySelector('.rail').innerText.includes('The hens')").await?;
    browser.wait_for("document.activeElement.getAttribute('aria-label') === 'What to do with “The hens”'").await
}

#[tokio::test]
async fn a_name_that_is_being_written_outlives_the_end_of_a_turn() -> anyhow::Result<()> {
    let script = Script::turns([vec![Step::text("busy"), Step::Gate("go".into()), Step::text(" no more")]]);
    let stage = Stage::set(script).await?;
    let browser = &stage.browser;
    send(browser, "Count the hens").await?;
    browser.shows("busy").await?;
    crate::open_menu(browser, "document.querySelector('.rail ul[aria-label=Running] .more-acts')").await?;
    browser.press(Key::Enter).await?;
    browser.find("textbox", "Title").await?;
    browser.type_text("The ").await?;
    stage.model.open("go");
    browser.wait_for("document.querySelector('.rail ul[aria-label=Recent] input') !== null").await?;
    browser.type_text("hens").await?;
    browser.press(Key::Enter).await?;
    browser.wait_for("document.querySelector('.rail ul[aria-label=Recent]').innerText.includes('The hens')").await
}

#[tokio::test]
async fn a_deep_link_opens_its_session() -> anyhow::Result<()> {
    let stage = Stage::set(Script::always(vec![Step::text("an answer")])).await?;
    send(&stage.browser, "Plan the garden").await?;
    stage.browser.shows("an answer").await?;
    let address = stage.browser.address().await?;
    assert!(address.contains("/session/"), "{address}");
    let other = crate::signed_in(&stage.daemon).await?;
    other.open(&address).await?;
    other.shows("an answer").await
}
