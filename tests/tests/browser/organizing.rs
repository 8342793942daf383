//! Sessions put in order from the list: pins, groups, the archive, exports, deletion, the search over titles.

use fantoccini::key::Key;
use roost_core::client::segment;
use roost_tests::{
    browser::Browser,
    deadline::until,
    fake_model::{Script, Step},
};
use serde_json::{Value, json};

use crate::{Stage, open_menu, send};

/// A stage with these sessions, each with one turn; the last one is on screen.
async fn stage_with(titles: &[&str]) -> anyhow::Result<Stage> {
    let stage = Stage::set(Script::always(vec![Step::text("an answer")])).await?;
    for title in titles {
        stage.browser.click("button", "New session").await?;
        send(&stage.browser, title).await?;
        stage.browser.shows("an answer").await?;
        listed(&stage.browser, "Recent", title).await?;
    }
    Ok(stage)
}

/// Waits until the list of this name holds a session with this title.
async fn listed(browser: &Browser, list: &str, title: &str) -> anyhow::Result<()> {
    browser.wait_for(&format!("{} === true", holds(list, title))).await
}

async fn not_listed(browser: &Browser, list: &str, title: &str) -> anyhow::Result<()> {
    browser.wait_for(&format!("{} !== true", holds(list, title))).await
}

fn holds(list: &str, title: &str) -> String {
    format!("document.querySelector('.rail ul[aria-label={}]')?.innerText.includes({})", json!(list), json!(title))
}

/// Opens the menu of a session and presses one of its lines.
async fn choose(browser: &Browser, title: &str, item: &str) -> anyhow::Result<()> {
    press_menu(browser, &format!("What to do with “{title}”"), item).await
}

/// The button may be faint until its row is touched, but it is there for the keyboard.
async fn press_menu(browser: &Browser, menu: &str, item: &str) -> anyhow::Result<()> {
    open_menu(browser, &format!("document.querySelector('.rail [aria-label={}]')", json!(menu))).await?;
    let line = format!(
        "[...document.querySelectorAll('dialog.menu button')].find(b => b.innerText.trim() === {})",
        json!(item)
    );
    browser.wait_for(&format!("{line} !== undefined")).await?;
    browser.evaluate(&format!("({line}.click(), 0)")).await?;
    browser.wait_for("document.querySelector('dialog.menu') === null").await
}

#[tokio::test]
async fn a_pinned_session_stands_above_the_rest_and_stays_there() -> anyhow::Result<()> {
    let stage = stage_with(&["Plan the garden", "Count the hens"]).await?;
    let browser = &stage.browser;
    choose(browser, "Plan the garden", "Pin").await?;
    listed(browser, "Pinned", "Plan the garden").await?;
    not_listed(browser, "Recent", "Plan the garden").await?;
    // The page shows at once what it has asked for.
    let client = stage.daemon.client()?;
    let list = format!("/workspace/{}/sessions?view=organized", segment(&stage.daemon.workspace().to_string_lossy()));
    until("the daemon to know of the pin", async || {
        let page: Value = client.get(&list).await?.json();
        let mut sessions = page["sessions"].as_array().into_iter().flatten();
        Ok(sessions.any(|session| session["isPinned"] == true).then_some(()))
    })
    .await?;
    browser.reload().await?;
    listed(browser, "Pinned", "Plan the garden").await?;
    choose(browser, "Plan the garden", "Unpin").await?;
    listed(browser, "Recent", "Plan the garden").await?;
    assert_eq!(browser.console_errors().await?, Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn groups_are_made_named_colored_folded_and_deleted() -> anyhow::Result<()> {
    let stage = stage_with(&["Plan the garden", "Count the hens"]).await?;
    let browser = &stage.browser;
    choose(browser, "Plan the garden", "New group…").await?;
    browser.find("textbox", "Name of the group").await?;
    browser.type_text("Farm").await?;
    browser.press(Key::Enter).await?;
    listed(browser, "Farm", "Plan the garden").await?;

    choose(browser, "Count the hens", "Farm").await?;
    listed(browser, "Farm", "Count the hens").await?;

    press_menu(browser, "Group “Farm”", "Purple").await?;
    browser.wait_for("document.querySelector('.group-head .dot')?.dataset.color === 'purple'").await?;
    press_menu(browser, "Group “Farm”", "Rename").await?;
    browser.find("textbox", "Name of the group").await?;
    browser.type_text(&format!("{}a{}Yard", char::from(Key::Control), char::from(Key::Null))).await?;
    browser.press(Key::Enter).await?;
    listed(browser, "Yard", "Count the hens").await?;

    browser.evaluate("(document.querySelector('.group-head .fold').click(), 0)").await?;
    not_listed(browser, "Yard", "Count the hens").await?;
    browser.reload().await?;
    browser.wait_for("document.querySelector('.group-head .fold')?.ariaExpanded === 'false'").await?;

    press_menu(browser, "Group “Yard”", "Delete…").await?;
    browser.shows("Delete this group? Its sessions stay.").await?;
    browser.click("button", "Delete").await?;
    listed(browser, "Recent", "Plan the garden").await?;
    listed(browser, "Recent", "Count the hens").await
}

#[tokio::test]
async fn a_session_is_put_away_and_brought_back() -> anyhow::Result<()> {
    let stage = stage_with(&["Plan the garden", "Count the hens"]).await?;
    let browser = &stage.browser;
    choose(browser, "Plan the garden", "Archive").await?;
    not_listed(browser, "Recent", "Plan the garden").await?;
    browser.click("button", "Archived").await?;
    listed(browser, "Archived", "Plan the garden").await?;
    not_listed(browser, "Archived", "Count the hens").await?;
    choose(browser, "Plan the garden", "Bring back").await?;
    not_listed(browser, "Archived", "Plan the garden").await?;
    browser.click("button", "Archived").await?;
    listed(browser, "Recent", "Plan the garden").await?;
    let link = "[...document.querySelectorAll('.rail a.line')].find(a => a.innerText.includes('Plan the garden'))";
    browser.evaluate(&format!("({link}.click(), 0)")).await?;
    browser.wait_for("document.querySelector('.talk').innerText.includes('Plan the garden')").await
}

#[tokio::test]
async fn deletion_asks_first_and_then_leaves_nothing() -> anyhow::Result<()> {
    let stage = stage_with(&["Plan the garden", "Count the hens"]).await?;
    let browser = &stage.browser;
    choose(browser, "Count the hens", "Delete…").await?;
    browser.shows("Delete it for good, with its history?").await?;
    browser.press(Key::Escape).await?;
    listed(browser, "Recent", "Count the hens").await?;
    choose(browser, "Count the hens", "Delete…").await?;
    browser.click("button", "Delete").await?;
    not_listed(browser, "Recent", "Count the hens").await?;
    browser.wait_for("location.pathname === '/'").await?;
    browser.reload().await?;
    listed(browser, "Recent", "Plan the garden").await?;
    not_listed(browser, "Recent", "Count the hens").await
}

#[tokio::test]
async fn a_session_is_exported_in_four_forms() -> anyhow::Result<()> {
    let stage = stage_with(&["Plan the garden"]).await?;
    let browser = &stage.browser;
    let spy = "(() => {
        window.saved = []; window.names = [];
        const make = URL.createObjectURL;
        URL.createObjectURL = (blob) => { blob.text().then((text) => window.saved.push(text)); return make(blob); };
        HTMLAnchorElement.prototype.click = function () { window.names.push(this.download); };
    })()";
    browser.evaluate(spy).await?;
    for (nth, item) in ["Markdown", "Web page", "JSON", "JSON lines"].into_iter().enumerate() {
        choose(browser, "Plan the garden", item).await?;
        browser.wait_for(&format!("window.saved.length === {}", nth + 1)).await?;
        let text = browser.evaluate(&format!("window.saved[{nth}]")).await?;
        assert!(text.as_str().is_some_and(|text| text.contains("an answer")), "{item}: {text}");
    }
    let names = browser.evaluate("window.names").await?;
    assert_eq!(
        names,
        json!(["Plan the garden.md", "Plan the garden.html", "Plan the garden.json", "Plan the garden.jsonl"])
    );
    Ok(())
}

#[tokio::test]
async fn the_list_is_searched_by_title() -> anyhow::Result<()> {
    let stage = stage_with(&["Plan the garden", "Count the hens"]).await?;
    let browser = &stage.browser;
    browser.click_css("input[aria-label='Search sessions']").await?;
    browser.type_text("HENS").await?;
    not_listed(browser, "Recent", "Plan the garden").await?;
    listed(browser, "Recent", "Count the hens").await?;
    browser.type_text("zzz").await?;
    browser.shows("No title has that in it.").await
}
