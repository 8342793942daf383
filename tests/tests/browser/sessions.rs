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
    let field = browser.find("textbox", "Title").await?;
    field.send_keys(&format!("{}a{}The garden", char::from(Key::Control), char::from(Key::Null))).await?;
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
