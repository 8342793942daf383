//! What the page says and does when the line breaks.

use anyhow::Context;
use roost_tests::{
    browser::Browser,
    fake_model::{Script, Step},
};

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
async fn a_prompt_that_cannot_be_sent_is_kept_and_sent_later_once() -> anyhow::Result<()> {
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
    if let Some(retry) = stage.browser.look_for("button", "Retry").await? {
        retry.click().await?;
    }
    stage.browser.gone("button", "Retry").await?;
    stage.model.requested(2).await;
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
