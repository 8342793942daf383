//! What the page says and does when the line breaks.

use anyhow::Context;
use fantoccini::wd::WindowHandle;
use roost_tests::{
    browser::Browser,
    daemon::TOKEN,
    fake_model::{Script, Step},
};
use serde_json::json;

use crate::{Stage, send, transcript};

async fn state(browser: &Browser, state: &str) -> anyhow::Result<()> {
    let reached = browser.wait_for(&format!("document.querySelector('.wire')?.dataset.state === '{state}'")).await;
    let line = browser.evaluate("document.querySelector('.wire')?.innerText ?? null").await?;
    reached.with_context(|| format!("the line says {line}"))
}

#[tokio::test]
async fn a_restarted_daemon_is_told_and_the_session_goes_on() -> anyhow::Result<()> {
    let mut stage =
        Stage::set(Script::turns([vec![Step::text("before the crash")], vec![Step::text("after the crash")]])).await?;
    send(&stage.browser, "one").await?;
    stage.browser.shows("before the crash").await?;
    state(&stage.browser, "live").await?;

    stage.daemon.kill()?;
    state(&stage.browser, "retrying").await?;
    stage.browser.shows("Retrying in").await?;
    stage.daemon.start_again().await?;
    state(&stage.browser, "live").await?;

    send(&stage.browser, "two").await?;
    stage.browser.shows("after the crash").await?;
    let text = transcript(&stage.browser).await?;
    assert_eq!(text.matches("before the crash").count(), 1, "{text}");
    Ok(())
}

#[tokio::test]
async fn a_prompt_that_cannot_be_sent_is_kept_and_sent_once_when_the_daemon_is_back() -> anyhow::Result<()> {
    let mut stage = Stage::set(Script::always(vec![Step::text("heard")])).await?;
    send(&stage.browser, "one").await?;
    stage.browser.shows("heard").await?;
    stage.daemon.kill()?;
    state(&stage.browser, "retrying").await?;
    send(&stage.browser, "two, please").await?;
    stage.browser.shows("two, please").await?;
    stage.browser.find("button", "Retry").await?;
    stage.daemon.start_again().await?;
    state(&stage.browser, "live").await?;
    stage.browser.gone("button", "Retry").await?;
    let answers = "document.querySelector('.talk').innerText.match(/heard/g).length";
    stage.browser.wait_for(&format!("{answers} === 2")).await?;
    stage.browser.gone("button", "Stop").await?;
    assert_eq!(transcript(&stage.browser).await?.matches("two, please").count(), 1);
    assert_eq!(stage.model.requests().len(), 2, "sent once");
    Ok(())
}

#[tokio::test]
async fn a_killed_agent_is_told_and_the_session_can_be_opened_again() -> anyhow::Result<()> {
    let stage =
        Stage::set(Script::turns([vec![Step::text("half an answer"), Step::Hang], vec![Step::text("a whole answer")]]))
            .await?;
    let browser = &stage.browser;
    send(browser, "go").await?;
    browser.shows("half an answer").await?;
    for pid in stage.daemon.agents()? {
        roost_tests::processes::kill(pid);
    }
    browser.shows("The agent has stopped").await?;
    browser.click("button", "Open again").await?;
    state(browser, "live").await?;
    send(browser, "again").await?;
    browser.shows("a whole answer").await?;
    assert_eq!(transcript(browser).await?.matches("half an answer").count(), 1);
    Ok(())
}

/// A browser has six connections to one daemon for all its tabs, and only the tab in front holds one for its stream. So the twelfth
/// tab loads as the first did, and each goes on where it was as soon as it is looked at.
#[tokio::test]
async fn twelve_tabs_are_loaded_and_each_goes_on_when_it_is_looked_at() -> anyhow::Result<()> {
    const TABS: usize = 12;
    let stage = Stage::set(Script::always(vec![Step::text("said behind its back")])).await?;
    let (browser, client) = (&stage.browser, stage.daemon.client()?);
    let mut tabs = Vec::new();
    for _ in 0..TABS {
        let session = client.new_session().await?;
        let tab = browser.webdriver().new_window(true).await?.handle;
        look_at(browser, &tab).await?;
        browser.open(&format!("{}/session/{session}#token={TOKEN}", stage.daemon.url())).await?;
        state(browser, "live").await?;
        tabs.push((tab, session));
    }
    for (_, session) in &tabs {
        client.turn(session, "go").await?;
    }
    browser.shows("said behind its back").await.context("in the tab in front, as it happens")?;
    for (tab, _) in [&tabs[0], &tabs[6], &tabs[0]] {
        look_at(browser, tab).await?;
        browser.shows("said behind its back").await?;
        state(browser, "live").await?;
        assert_eq!(transcript(browser).await?.matches("said behind its back").count(), 1);
    }
    Ok(())
}

async fn look_at(browser: &Browser, tab: &WindowHandle) -> anyhow::Result<()> {
    browser.webdriver().switch_to_window(tab.clone()).await?;
    browser.devtools("Page.bringToFront", json!({})).await?;
    browser.wait_for("document.visibilityState === 'visible'").await
}
