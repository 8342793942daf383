//! Who is let in, and where the secret stays.

use fantoccini::key::Key;
use roost_tests::{
    browser::Browser,
    daemon::{Auth, Setup, TOKEN},
};

use crate::{at_the_door, written};

#[tokio::test]
async fn the_printed_link_signs_in_and_leaves_the_address_bar() -> anyhow::Result<()> {
    let daemon = Setup::new().auth(Auth::Generated).start().await?;
    let link = daemon.sign_in_link().await?;
    let browser = Browser::start().await?;
    browser.open(&link).await?;
    browser.find("combobox", "Prompt").await?;
    browser.wait_for("location.hash === ''").await?;
    browser.wait_for("document.querySelector('.wire')?.dataset.state !== 'connecting'").await?;

    // It works after a reload, and without the daemon's token anywhere in the page's storage.
    browser.reload().await?;
    browser.find("combobox", "Prompt").await?;
    browser.type_text("still here").await?;
    assert_eq!(written(&browser).await?, "still here");
    let stored = browser.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}])").await?;
    assert!(!stored.as_str().unwrap_or_default().contains(&daemon.generated_token()?));
    let requests = browser.evaluate("performance.getEntriesByType('resource').map(e => e.name).join(' ')").await?;
    let code = link.split_once("code=").map_or(link.as_str(), |(_, code)| code);
    assert!(!requests.as_str().unwrap_or_default().contains(code), "no address carries the code");

    // A second use is refused, with words that say what to do.
    let late = Browser::start().await?;
    late.open(&link).await?;
    late.shows("This link has been used already").await?;
    late.find("textbox", "Token").await?;
    Ok(())
}

#[tokio::test]
async fn a_wrong_token_is_explained_and_the_right_one_lets_in_without_a_reload() -> anyhow::Result<()> {
    let daemon = Setup::new().start().await?;
    let browser = at_the_door(&daemon).await?;
    browser.write("textbox", "Token", "wrong").await?;
    browser.click("button", "Connect").await?;
    browser.shows("The daemon does not accept this token").await?;
    let anew = format!("{}a{}{TOKEN}", char::from(Key::Control), char::from(Key::Null));
    browser.write("textbox", "Token", &anew).await?;
    browser.evaluate("(window.sameDocument = true)").await?;
    browser.click("button", "Connect").await?;
    browser.find("combobox", "Prompt").await?;
    browser.wait_for("window.sameDocument === true").await
}

#[tokio::test]
async fn a_daemon_without_a_token_asks_for_none() -> anyhow::Result<()> {
    let daemon = Setup::new().auth(Auth::Off).start().await?;
    let browser = Browser::start().await?;
    browser.open(&daemon.url()).await?;
    browser.find("combobox", "Prompt").await?;
    assert!(browser.look_for("textbox", "Token").await?.is_none());
    Ok(())
}

#[tokio::test]
async fn a_token_in_the_fragment_is_gone_from_the_address_at_once() -> anyhow::Result<()> {
    let daemon = Setup::new().start().await?;
    let browser = Browser::start().await?;
    browser.open(&format!("{}/#token={TOKEN}", daemon.url())).await?;
    browser.wait_for("location.hash === ''").await?;
    browser.find("combobox", "Prompt").await?;
    assert!(!daemon.log().contains(TOKEN));
    Ok(())
}
