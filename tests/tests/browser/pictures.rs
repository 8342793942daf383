//! Pictures: pasted and dropped, looked at, sent, shown.

use roost_tests::{
    browser::Browser,
    fake_model::{Script, Step},
};
use serde_json::json;

use crate::{Stage, send};

/// One red pixel.
const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";

/// Hands a file to the composer, as a paste or a drop does.
pub(crate) async fn hand_over(browser: &Browser, how: &str, name: &str, bytes: &str) -> anyhow::Result<()> {
    let event = match how {
        "paste" => "new ClipboardEvent('paste', { clipboardData: files, bubbles: true, cancelable: true })",
        _ => "new DragEvent('drop', { dataTransfer: files, bubbles: true, cancelable: true })",
    };
    let script = format!(
        "const files = new DataTransfer();
        files.items.add(new File([{bytes}], '{name}', {{ type: 'image/png' }}));
        document.getElementById('prompt').dispatchEvent({event});"
    );
    browser.webdriver().execute(&script, vec![]).await?;
    Ok(())
}

pub(crate) fn pixel() -> String {
    format!("Uint8Array.from(atob('{PIXEL}'), (letter) => letter.charCodeAt(0))")
}

#[tokio::test]
async fn pictures_are_pasted_and_dropped_left_out_sent_and_shown() -> anyhow::Result<()> {
    let stage = Stage::set(Script::always(vec![Step::text("a red pixel")])).await?;
    let browser = &stage.browser;
    hand_over(browser, "paste", "pasted.png", &pixel()).await?;
    browser.find("button", "Remove “pasted.png”").await?;
    browser.shows("1 kB").await?;
    hand_over(browser, "drop", "dropped.png", &pixel()).await?;
    browser.find("button", "Remove “dropped.png”").await?;
    browser.click("button", "Remove “dropped.png”").await?;
    browser.gone("button", "Remove “dropped.png”").await?;

    send(browser, "What is it?").await?;
    browser.shows("a red pixel").await?;
    browser.gone("list", "Pictures").await?;
    let drawn = "[...document.querySelectorAll('[data-kind=you] img')].map((it) => it.naturalWidth)";
    browser.wait_for(&format!("JSON.stringify({drawn}) === '[1]'")).await?;
    let asked = format!("{:?}", stage.model.requests());
    assert!(asked.contains(PIXEL), "the model was shown it");

    browser.reload().await?;
    browser.wait_for(&format!("JSON.stringify({drawn}) === '[1]'")).await?;
    assert_eq!(browser.console_errors().await?, Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn a_picture_that_is_too_large_is_refused_before_it_is_sent() -> anyhow::Result<()> {
    let stage = Stage::set(Script::always(vec![Step::text("an answer")])).await?;
    let browser = &stage.browser;
    hand_over(browser, "paste", "huge.png", "new Uint8Array(6_000_000)").await?;
    browser.shows("huge.png is too large: it has 6.0 MB, and a picture may have 5.0 MB.").await?;
    assert_eq!(browser.evaluate("document.querySelector('.pictures')").await?, json!(null));
    send(browser, "No picture then").await?;
    browser.shows("an answer").await?;
    Ok(())
}
