//! The panels: settings, permission rules, workspaces, the daemon's state; and choices made before a session exists.

use std::fs;

use fantoccini::key::Key;
use roost_tests::{
    browser::Browser,
    daemon::Setup,
    deadline::until,
    fake_model::{FakeModel, Script, Step},
};
use serde_json::{Value, json};

use crate::{Stage, send, signed_in, transcript, write, written};

/// The session on screen.
async fn session_of(browser: &Browser) -> anyhow::Result<String> {
    Ok(browser.address().await?.rsplit('/').next().unwrap_or_default().to_owned())
}

/// The line of a setting, as a JavaScript expression.
fn row(key: &str) -> String {
    format!("document.querySelector('[data-key=\"{key}\"]')")
}

#[tokio::test]
async fn a_setting_is_changed_in_the_scope_that_was_chosen() -> anyhow::Result<()> {
    let stage = Stage::set(Script::turns([])).await?;
    let (browser, client) = (&stage.browser, stage.daemon.client()?);
    send(browser, "/settings").await?;
    browser.find("dialog", "Settings").await?;
    browser.wait_for(&format!("{} !== null", row("ui.compactMode"))).await?;

    browser.evaluate(&format!("({}.querySelector('input').click(), 0)", row("ui.compactMode"))).await?;
    browser.wait_for(&format!("{}.innerText.includes('set here')", row("ui.compactMode"))).await?;
    browser.click("radio", "Me, everywhere").await?;
    browser.wait_for(&format!("!{}.innerText.includes('set here')", row("ui.compactMode"))).await?;

    let lines = browser.find("spinbutton", "Lines of shell output").await?;
    lines.send_keys(&format!("{}a{}17", char::from(Key::Control), char::from(Key::Null))).await?;
    browser.press(Key::Tab).await?;
    browser.wait_for(&format!("{}.innerText.includes('set here')", row("ui.shellOutputMaxLines"))).await?;

    let settings: Value = client.get("/workspace/settings").await?.json();
    let values = |key: &str| {
        let rows = settings["settings"].as_array().map_or(&[][..], Vec::as_slice);
        rows.iter().find(|row| row["key"] == key).map(|row| row["values"].clone()).unwrap_or_default()
    };
    assert_eq!(
        (&values("ui.compactMode")["workspace"], &values("ui.compactMode")["user"]),
        (&json!(true), &Value::Null)
    );
    assert_eq!(values("ui.shellOutputMaxLines")["user"], 17);

    browser.find_css("input[aria-label='Search settings']").await?.send_keys("compact").await?;
    browser.wait_for("document.querySelectorAll('.setting').length === 1").await?;
    assert_eq!(browser.console_errors().await?, Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn a_setting_that_is_refused_says_why() -> anyhow::Result<()> {
    let stage = Stage::set(Script::turns([])).await?;
    let browser = &stage.browser;
    send(browser, "/settings").await?;
    let lines = browser.find("spinbutton", "Lines of shell output").await?;
    lines.send_keys(&format!("{}a{}-5", char::from(Key::Control), char::from(Key::Null))).await?;
    browser.press(Key::Tab).await?;
    browser.wait_for("document.querySelector('.sheet .wrong') !== null").await?;
    let shown = format!("{}.querySelector('input').value", row("ui.shellOutputMaxLines"));
    browser.wait_for(&format!("{shown} !== '-5'")).await?;
    let settings: Value = stage.daemon.client()?.get("/workspace/settings").await?.json();
    assert!(!settings.to_string().contains("-5"), "nothing was written");
    Ok(())
}

#[tokio::test]
async fn rules_are_added_and_taken_out() -> anyhow::Result<()> {
    let stage = Stage::set(Script::always(vec![Step::text("I am awake")])).await?;
    let (browser, client) = (&stage.browser, stage.daemon.client()?);
    // Rules are the agent's to hold: it has to be there.
    send(browser, "hello").await?;
    browser.shows("I am awake").await?;
    send(browser, "/permissions").await?;
    browser.find("dialog", "Permissions").await?;
    let field = browser.find("textbox", "Rule to deny").await?;
    field.click().await?;
    browser.type_text("Bash(rm *)").await?;
    browser.press(Key::Enter).await?;
    browser
        .wait_for("document.querySelector('.rules ul[aria-label=Denied]')?.innerText.includes('Bash(rm *)')")
        .await?;
    let rules: Value = client.get("/workspace/permissions").await?.json();
    assert_eq!(rules["workspace"]["rules"]["deny"], json!(["Bash(rm *)"]));

    browser.click("button", "Remove “Bash(rm *)”").await?;
    browser.wait_for("!document.querySelector('.rules ul[aria-label=Denied]').innerText.includes('Bash')").await?;
    let rules: Value = client.get("/workspace/permissions").await?.json();
    assert_eq!(rules["workspace"]["rules"]["deny"], json!([]));
    Ok(())
}

#[tokio::test]
async fn a_new_session_begins_in_the_workspace_that_was_chosen() -> anyhow::Result<()> {
    let second = tempfile::TempDir::with_prefix("roost-hens-")?;
    let folder = second.path().canonicalize()?;
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    let model = FakeModel::start(Script::always(vec![Step::text("an answer")])).await?;
    let daemon = Setup::new().model(&model).arg("--workspace").arg(&folder).start().await?;
    let browser = signed_in(&daemon).await?;
    browser.click("button", "Workspace: workspace").await?;
    let option = format!(
        "[...document.querySelectorAll('#workspaces [role=option]')].find(o => o.innerText.includes('{name}'))"
    );
    browser.wait_for(&format!("{option} !== undefined")).await?;
    browser.press(Key::Down).await?;
    browser.press(Key::Enter).await?;
    send(&browser, "Count the hens").await?;
    browser.shows("an answer").await?;

    let client = daemon.client()?;
    let encoded = |path: &std::path::Path| path.to_string_lossy().replace('/', "%2F");
    let there: Value = client.get(&format!("/workspace/{}/sessions", encoded(&folder))).await?.json();
    assert_eq!(there["sessions"].as_array().map(Vec::len), Some(1), "{there}");
    let first: Value = client.get(&format!("/workspace/{}/sessions", encoded(&daemon.workspace()))).await?.json();
    assert_eq!(first["sessions"], json!([]));

    browser
        .wait_for("document.querySelector('.rail ul[aria-label=Recent]')?.innerText.includes('Count the hens')")
        .await?;
    browser.click("button", &format!("Workspace: {name}")).await?;
    browser.find("listbox", "Workspace").await?;
    browser.press(Key::Up).await?;
    browser.press(Key::Enter).await?;
    browser.wait_for("!document.querySelector('.rail-list').innerText.includes('Count the hens')").await
}

#[tokio::test]
async fn a_folder_is_added_while_the_daemon_runs() -> anyhow::Result<()> {
    let second = tempfile::TempDir::with_prefix("roost-added-")?;
    let folder = second.path().canonicalize()?;
    let stage = Stage::set(Script::turns([])).await?;
    let browser = &stage.browser;
    browser.click("button", "Settings and more").await?;
    browser.click("button", "Workspaces").await?;
    let field = browser.find("textbox", "Folder to add").await?;
    field.click().await?;
    browser.type_text("/no/such/folder").await?;
    browser.press(Key::Enter).await?;
    browser.wait_for("document.querySelector('.sheet .wrong') !== null").await?;
    browser.type_text(&folder.to_string_lossy()).await?;
    browser.press(Key::Enter).await?;
    browser.wait_for(&format!("document.querySelectorAll('.sheet .setting').length === 2 && document.querySelector('.sheet').innerText.includes({})", json!(folder))).await?;
    let capabilities: Value = stage.daemon.client()?.get("/capabilities").await?.json();
    assert_eq!(capabilities["workspaces"].as_array().map(Vec::len), Some(2));
    Ok(())
}

#[tokio::test]
async fn a_folder_is_taken_out_with_what_runs_in_it() -> anyhow::Result<()> {
    let second = tempfile::TempDir::with_prefix("roost-added-")?;
    let folder = second.path().canonicalize()?;
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    let stage = Stage::set(Script::turns([vec![Step::text("busy"), Step::Hang]])).await?;
    let (browser, client) = (&stage.browser, stage.daemon.client()?);
    client.post("/workspaces", &json!({"cwd": folder})).await?.ok()?;
    browser.reload().await?;
    browser.click("button", "Workspace: workspace").await?;
    browser.find("listbox", "Workspace").await?;
    browser.press(Key::Down).await?;
    browser.press(Key::Enter).await?;
    browser.find("button", &format!("Workspace: {name}")).await?;
    send(browser, "Count the hens").await?;
    browser.shows("busy").await?;

    browser.click("button", "Settings and more").await?;
    browser.click("button", "Workspaces").await?;
    browser.click("button", &format!("Take out: {name}")).await?;
    browser.shows("What runs there is stopped").await?;
    // The keyboard is on the answer that changes nothing.
    browser.press(Key::Enter).await?;
    browser.click("button", &format!("Take out: {name}")).await?;
    browser.click("button", "Take out").await?;
    browser.wait_for("document.querySelectorAll('.sheet .setting').length === 1").await?;
    browser.wait_for("location.pathname === '/'").await?;
    let capabilities: Value = client.get("/capabilities").await?.json();
    assert_eq!(capabilities["workspaces"].as_array().map(Vec::len), Some(1));
    assert_eq!(browser.console_errors().await?, Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn the_daemon_says_how_it_is() -> anyhow::Result<()> {
    let stage = Stage::set(Script::turns([vec![Step::text("busy"), Step::Hang]])).await?;
    let browser = &stage.browser;
    send(browser, "go").await?;
    browser.shows("busy").await?;
    send(browser, "/status").await?;
    browser.find("dialog", "Daemon").await?;
    let fact = |name: &str| {
        format!(
            "[...document.querySelectorAll('.sheet dt')].find(dt => dt.innerText === '{name}')?.nextSibling.innerText"
        )
    };
    browser.wait_for(&format!("{} === '1'", fact("Turns running"))).await?;
    let status: Value = stage.daemon.client()?.get("/daemon/status").await?.json();
    assert_eq!(browser.evaluate(&fact("Version")).await?, status["daemon"]["qwenCodeVersion"]);
    assert_eq!(browser.evaluate(&fact("Workspace")).await?, status["daemon"]["workspaceCwd"]);
    assert_eq!(browser.evaluate("document.querySelector('.issues').dataset.status").await?, status["status"]);
    Ok(())
}

#[tokio::test]
async fn a_panel_that_cannot_be_read_says_why_and_can_be_read_later() -> anyhow::Result<()> {
    let mut stage = Stage::set(Script::turns([])).await?;
    stage.browser.click("button", "Settings and more").await?;
    stage.browser.wait_for("document.querySelector('.setting') !== null").await?;
    stage.daemon.kill()?;
    for (panel, there) in [("Permissions", ".rules"), ("Daemon", ".issues")] {
        stage.browser.click("button", panel).await?;
        stage
            .browser
            .wait_for("document.querySelector('.sheet .wrong')?.innerText.includes('cannot be reached')")
            .await?;
        assert_eq!(stage.browser.evaluate(&format!("document.querySelector('{there}')")).await?, Value::Null);
    }
    stage.daemon.start_again().await?;
    stage.browser.click("button", "Daemon").await?;
    stage.browser.wait_for("document.querySelector('.issues') !== null").await?;
    stage.browser.wait_for("document.querySelector('.sheet .wrong') === null").await
}

#[tokio::test]
async fn a_mode_chosen_before_the_first_prompt_is_the_sessions() -> anyhow::Result<()> {
    let stage = Stage::set(Script::always(vec![Step::text("an answer")])).await?;
    let browser = &stage.browser;
    browser.click_css("#modes-button").await?;
    browser.find("listbox", "Approval mode").await?;
    browser.click_css("#modes-0").await?;
    browser.wait_for("document.querySelector('#modes-button').innerText.includes('Plan')").await?;
    send(browser, "Count the hens").await?;
    browser.shows("an answer").await?;
    let session = session_of(browser).await?;
    let context: Value = stage.daemon.client()?.get(&format!("/session/{session}/context")).await?.json();
    assert_eq!(context["state"]["modes"]["currentModeId"], "plan");
    Ok(())
}

#[tokio::test]
async fn a_queued_prompt_is_taken_back_and_edited() -> anyhow::Result<()> {
    let stage = Stage::set(Script::turns([
        vec![Step::text("busy"), Step::Gate("go".into())],
        vec![Step::text("answer to the better one")],
    ]))
    .await?;
    let browser = &stage.browser;
    send(browser, "first").await?;
    browser.shows("busy").await?;
    send(browser, "second").await?;
    browser.click("button", "Edit “second”").await?;
    browser.wait_for("document.getElementById('prompt').value === 'second'").await?;
    browser.gone("button", "Edit “second”").await?;
    write(browser, " and better").await?;
    browser.press(Key::Enter).await?;
    browser.find("button", "Remove “second and better”").await?;
    stage.model.open("go");
    browser.shows("answer to the better one").await?;
    assert_eq!(stage.model.requests().len(), 2);
    Ok(())
}

#[tokio::test]
async fn files_are_mentioned_by_a_few_of_their_letters() -> anyhow::Result<()> {
    let stage = Stage::set(Script::always(vec![Step::text("seen")])).await?;
    let browser = &stage.browser;
    let folder = stage.daemon.workspace();
    fs::create_dir_all(folder.join("src/barn"))?;
    fs::write(folder.join("src/barn/hens.rs"), "")?;
    fs::write(folder.join("notes on hens.md"), "")?;
    write(browser, "look at @hens").await?;
    browser.find("listbox", "Files").await?;
    browser.wait_for("document.querySelectorAll('#files [role=option]').length === 2").await?;
    browser.press(Key::Down).await?;
    browser.press(Key::Up).await?;
    browser.press(Key::Enter).await?;
    assert_eq!(written(browser).await?, "look at @src/barn/hens.rs ");
    assert!(stage.model.requests().is_empty(), "Enter chose a file and sent nothing");
    write(browser, "and @notes").await?;
    browser.find("listbox", "Files").await?;
    browser.press(Key::Escape).await?;
    browser.wait_for("document.querySelector('#files') === null").await?;
    browser.press(Key::Enter).await?;
    browser.shows("seen").await?;
    assert!(transcript(browser).await?.contains("look at @src/barn/hens.rs and @notes"));
    Ok(())
}

#[tokio::test]
async fn a_command_for_the_shell_runs_and_shows_what_it_printed() -> anyhow::Result<()> {
    let model = FakeModel::start(Script::turns([])).await?;
    let daemon = Setup::new().model(&model).arg("--enable-session-shell").start().await?;
    let browser = signed_in(&daemon).await?;
    write(&browser, "!").await?;
    browser.wait_for("document.querySelector('.composer').dataset.shell !== undefined").await?;
    write(&browser, "echo $((40 + 2)) hens").await?;
    browser.press(Key::Enter).await?;
    browser.wait_for("document.querySelector('.talk').innerText.includes('42 hens')").await?;
    browser.wait_for("document.querySelector('.queue') === null").await?;
    assert!(model.requests().is_empty(), "no model was asked");
    Ok(())
}

#[tokio::test]
async fn without_a_shell_the_page_says_so_and_keeps_the_line() -> anyhow::Result<()> {
    let stage = Stage::set(Script::turns([])).await?;
    send(&stage.browser, "!ls").await?;
    stage.browser.shows("--enable-session-shell").await?;
    assert_eq!(written(&stage.browser).await?, "!ls");
    Ok(())
}

#[tokio::test]
async fn a_running_turn_is_told_something() -> anyhow::Result<()> {
    let read = Step::tool_call("list_directory", json!({ "path": "." }));
    let stage = Stage::set(Script::turns([
        vec![Step::text("looking"), Step::Gate("go".into()), read],
        vec![Step::text("as you said")],
    ]))
    .await?;
    let browser = &stage.browser;
    send(browser, "look around").await?;
    browser.shows("looking").await?;
    write(browser, "mind the hens").await?;
    browser.click("button", "Tell it now").await?;
    browser.wait_for("document.getElementById('prompt').value === ''").await?;
    let (client, session) = (stage.daemon.client()?, session_of(browser).await?);
    until("the turn to have been told", async || {
        let told: Value = client.get(&format!("/session/{session}/mid-turn-messages")).await?.json();
        Ok((told["messages"][0]["text"] == "mind the hens").then_some(()))
    })
    .await?;
    stage.model.open("go");
    browser.shows("as you said").await?;
    browser.wait_for("document.querySelector('.talk').innerText.includes('mind the hens')").await?;
    let asked = stage.model.requests();
    assert_eq!(asked.len(), 2, "it was told within the turn");
    Ok(())
}
