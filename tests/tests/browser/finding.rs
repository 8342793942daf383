//! Finding a word in a session that is longer than the screen.

use fantoccini::key::Key;
use roost_tests::{
    browser::Browser,
    fake_model::{Script, Step},
};
use serde_json::json;

use crate::{Stage, send, transcript, write};

/// 60 sections with a needle in three of them, the last one nowhere near the end.
fn haystack() -> String {
    let section = |nth: usize| {
        let needle = if nth % 20 == 3 { ", with a **Nee**dle in it" } else { "" };
        format!("## Section {nth}\n\nWords of section {nth}{needle}.\n\n")
    };
    (1..=60).map(section).collect()
}

async fn open(browser: &Browser) -> anyhow::Result<()> {
    let chord = format!("{}f{}", char::from(Key::Control), char::from(Key::Null));
    browser.type_text(&chord).await?;
    browser.wait_for("document.activeElement.id === 'find'").await
}

async fn counts(browser: &Browser, count: &str) -> anyhow::Result<()> {
    browser.wait_for(&format!("document.querySelector('.find .count')?.innerText === {}", json!(count))).await
}

/// Waits until the word stands marked, in view, in this section.
async fn marked(browser: &Browser, section: usize) -> anyhow::Result<()> {
    let in_view = format!(
        "(() => {{
            const [range] = CSS.highlights.get('found') ?? [];
            if (!range || range.toString() !== 'Needle') return false;
            const [word, view] = [range.getBoundingClientRect(), document.getElementById('talk').getBoundingClientRect()];
            const row = range.startContainer.parentElement.closest('[data-row]').innerText;
            return row.includes('section {section},') && word.top >= view.top && word.bottom <= view.bottom;
        }})()"
    );
    browser.wait_for(&in_view).await
}

#[tokio::test]
async fn a_word_out_of_sight_is_found_counted_and_gone_to() -> anyhow::Result<()> {
    let stage = Stage::set(Script::turns([vec![Step::text(haystack())]])).await?;
    let browser = &stage.browser;
    send(browser, "Hide a needle").await?;
    browser.shows("Words of section 60").await?;
    browser.gone("button", "Stop").await?;
    assert!(!transcript(browser).await?.contains("Words of section 3,"), "it is not drawn");

    write(browser, "a draft").await?;
    open(browser).await?;
    browser.type_text("nEEdle").await?;
    // The prompt has one too.
    counts(browser, "1 of 4").await?;
    browser.press(Key::Enter).await?;
    counts(browser, "2 of 4").await?;
    marked(browser, 3).await?;
    browser.press(Key::Enter).await?;
    browser.press(Key::Enter).await?;
    counts(browser, "4 of 4").await?;
    marked(browser, 43).await?;
    browser
        .type_text(&format!("{}{}{}", char::from(Key::Shift), char::from(Key::Enter), char::from(Key::Null)))
        .await?;
    counts(browser, "3 of 4").await?;
    marked(browser, 23).await?;

    // In the conversation a letter is enough.
    browser.evaluate("(document.getElementById('talk').focus(), 0)").await?;
    browser.type_text("n").await?;
    counts(browser, "4 of 4").await?;
    browser.type_text("N").await?;
    counts(browser, "3 of 4").await?;

    open(browser).await?;
    browser.type_text("nothing like it").await?;
    counts(browser, "Not found").await?;
    assert_eq!(browser.console_errors().await?, Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn escape_ends_the_search_and_gives_the_keyboard_back() -> anyhow::Result<()> {
    let stage = Stage::set(Script::turns([vec![Step::text(haystack())]])).await?;
    let browser = &stage.browser;
    send(browser, "Hide a needle").await?;
    browser.shows("Words of section 60").await?;
    write(browser, "a draft").await?;
    open(browser).await?;
    browser.type_text("needle").await?;
    counts(browser, "1 of 4").await?;
    browser.press(Key::Escape).await?;
    browser.wait_for("document.querySelector('.find') === null && document.activeElement.id === 'prompt'").await?;
    assert_eq!(browser.evaluate("CSS.highlights.has('found')").await?, json!(false));
    browser.type_text(" goes on").await?;
    assert_eq!(crate::written(browser).await?, "a draft goes on");
    Ok(())
}
