//! The page, as a person meets it: a real browser, a real daemon, a real agent child, a model server that speaks HTTP.

mod access;
mod composer;
mod connection;
mod finding;
mod harness;
mod history;
mod looks;
mod main_job;
mod meanwhile;
mod organizing;
mod panels;
mod permissions;
mod pictures;
mod sessions;
mod signing_in;

use roost_tests::{
    browser::Browser,
    daemon::{Daemon, Setup, TOKEN},
    deadline::until,
    fake_model::{FakeModel, Script},
};

/// A browser that is signed in to a daemon with this model behind its agent.
struct Stage {
    model: FakeModel,
    daemon: Daemon,
    browser: Browser,
}

impl Stage {
    async fn set(script: Script) -> anyhow::Result<Self> {
        let model = FakeModel::start(script).await?;
        let daemon = Setup::new().model(&model).start().await?;
        let browser = signed_in(&daemon).await?;
        Ok(Self { model, daemon, browser })
    }
}

/// A fresh browser at the page of this daemon, ready to type into.
async fn signed_in(daemon: &Daemon) -> anyhow::Result<Browser> {
    let browser = Browser::start().await?;
    browser.open(&format!("{}/#token={TOKEN}", daemon.url())).await?;
    browser.find("combobox", "Prompt").await?;
    Ok(browser)
}

/// Types into the composer as a keyboard does, wherever the focus was.
async fn write(browser: &Browser, text: &str) -> anyhow::Result<()> {
    browser.write("combobox", "Prompt", text).await
}

/// Writes a prompt and sends it with Enter.
async fn send(browser: &Browser, text: &str) -> anyhow::Result<()> {
    write(browser, text).await?;
    browser.press(fantoccini::key::Key::Enter).await
}

/// A fresh browser at the door of this daemon, which the program itself has drawn: what was there before it is replaced by it.
async fn at_the_door(daemon: &Daemon) -> anyhow::Result<Browser> {
    let browser = Browser::start().await?;
    browser.open(&daemon.url()).await?;
    browser.wait_for("document.getElementById('token') !== null").await?;
    Ok(browser)
}

/// Opens the menu of this button by keyboard, as soon as the button is there.
async fn open_menu(browser: &Browser, button: &str) -> anyhow::Result<()> {
    let is_open = "document.querySelector('dialog.menu')?.open === true";
    let focused =
        format!("({button}?.focus(), document.activeElement !== null && document.activeElement === {button})");
    until(&format!("the menu of {button}"), async || {
        if browser.evaluate(is_open).await? == true {
            return Ok(Some(()));
        }
        if browser.evaluate(&focused).await? == true {
            browser.press(fantoccini::key::Key::Enter).await?;
        }
        Ok((browser.evaluate(is_open).await? == true).then_some(()))
    })
    .await
}

/// What the composer holds.
async fn written(browser: &Browser) -> anyhow::Result<String> {
    let value = browser.evaluate("document.getElementById('prompt').value").await?;
    Ok(value.as_str().unwrap_or_default().to_owned())
}

/// The text of the transcript as the reader sees it.
async fn transcript(browser: &Browser) -> anyhow::Result<String> {
    let text = browser.evaluate("document.querySelector('.talk').innerText").await?;
    Ok(text.as_str().unwrap_or_default().to_owned())
}
