//! What happens at the page while an answer is on its way: requests are held back here, so that the moment in between lasts.

use fantoccini::key::Key;
use roost_tests::{
    browser::Browser,
    daemon::{Daemon, Setup, TOKEN},
    fake_model::{FakeModel, Script, Step},
};
use serde_json::json;
use tempfile::TempDir;

use crate::{Stage, send, signed_in, write, written};

/// Notes every request of the page in `window.asked`. Those whose method and path match `window.held` wait for `window.letGo()`, or for
/// the page to call them off, which `window.cut` counts.
const SPY: &str = "
    window.asked = []; window.cut = 0; window.held ??= null;
    const open = new Promise((go) => { window.letGo = () => { window.held = null; go(); } });
    const send = window.fetch;
    window.fetch = (path, init = {}) => {
        const line = `${init.method ?? 'GET'} ${path}`;
        window.asked.push(line);
        if (window.held === null || !window.held.test(line)) return send(path, init);
        const off = new Promise((_, no) => init.signal?.addEventListener('abort', () => { window.cut++; no(init.signal.reason); }));
        return Promise.race([open.then(() => send(path, init)), off]);
    };";

async fn spy_on(browser: &Browser) -> anyhow::Result<()> {
    browser.webdriver().execute(SPY, vec![]).await?;
    Ok(())
}

/// What makes the page read its lists anew.
const LOOK_AGAIN: &str = "(document.dispatchEvent(new Event('visibilitychange')), 0)";

async fn second_folder(daemon: &Daemon) -> anyhow::Result<(TempDir, String, String)> {
    let folder = TempDir::with_prefix("roost-added-")?;
    let cwd = folder.path().canonicalize()?;
    let name = cwd.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    let added: serde_json::Value = daemon.client()?.post("/workspaces", &json!({"cwd": cwd})).await?.ok()?;
    Ok((folder, added["id"].as_str().unwrap_or_default().to_owned(), name))
}

async fn go_to_workspace(browser: &Browser, name: &str) -> anyhow::Result<()> {
    browser.reload().await?;
    browser.click("button", "Workspace: workspace").await?;
    browser.find("listbox", "Workspace").await?;
    browser.press(Key::Down).await?;
    browser.press(Key::Enter).await?;
    browser.find("button", &format!("Workspace: {name}")).await.map(drop)
}

#[tokio::test]
async fn nothing_is_asked_of_a_folder_that_is_being_taken_out() -> anyhow::Result<()> {
    let stage = Stage::set(Script::turns([vec![Step::text("busy"), Step::Hang]])).await?;
    let browser = &stage.browser;
    let (_folder, id, name) = second_folder(&stage.daemon).await?;
    go_to_workspace(browser, &name).await?;
    send(browser, "Count the hens").await?;
    browser.shows("busy").await?;
    spy_on(browser).await?;

    // One reading of its list is under way, and stays so.
    let list = format!("/workspace/{id}/sessions");
    browser.evaluate(&format!("(window.held = /{id}/, 0)")).await?;
    browser.evaluate(LOOK_AGAIN).await?;
    browser.wait_for(&format!("asked.some((line) => line.includes({}))", json!(list))).await?;
    browser.click("button", "Settings and more").await?;
    browser.click("button", "Workspaces").await?;
    browser.click("button", &format!("Take out: {name}")).await?;
    browser.click("button", "Take out").await?;
    browser.wait_for(&format!("asked.some((line) => line === 'DELETE /workspaces/{id}')")).await?;
    browser.wait_for("cut > 0").await?;

    browser.evaluate("(window.asked.length = 0, 0)").await?;
    for _ in 0..3 {
        browser.evaluate(LOOK_AGAIN).await?;
    }
    browser.wait_for("asked.filter((line) => line.includes('/sessions?')).length >= 3").await?;
    browser.wait_for("asked.some((line) => line.includes('/session-groups'))").await?;
    browser.shows("being taken out").await?;
    browser.evaluate("(letGo(), 0)").await?;
    browser.wait_for("document.querySelectorAll('.sheet .setting').length === 1").await?;
    browser.wait_for("location.pathname === '/'").await?;
    browser.evaluate(LOOK_AGAIN).await?;
    browser.wait_for("asked.filter((line) => line.includes('/sessions?')).length >= 4").await?;
    assert_eq!(browser.evaluate(&format!("asked.filter((line) => line.includes({}))", json!(id))).await?, json!([]));
    assert_eq!(browser.console_errors().await?, Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn a_folder_that_cannot_be_taken_out_is_asked_again() -> anyhow::Result<()> {
    let stage = Stage::set(Script::always(vec![Step::text("an answer")])).await?;
    let browser = &stage.browser;
    let (_folder, _, name) = second_folder(&stage.daemon).await?;
    go_to_workspace(browser, &name).await?;
    send(browser, "Count the hens").await?;
    browser.shows("an answer").await?;
    let listed = "document.querySelector('.rail ul[aria-label=Recent]').innerText.includes('Count the hens')";
    browser.wait_for(listed).await?;

    let refuse = "const send = window.fetch; window.fetch = (path, init = {}) => init.method === 'DELETE'
        ? Promise.resolve(Response.json({ error: 'It stays where it is' }, { status: 409 })) : send(path, init);";
    browser.webdriver().execute(refuse, vec![]).await?;
    browser.click("button", "Settings and more").await?;
    browser.click("button", "Workspaces").await?;
    browser.click("button", &format!("Take out: {name}")).await?;
    browser.click("button", "Take out").await?;
    browser.shows("It stays where it is").await?;
    browser.find("button", &format!("Take out: {name}")).await?;
    browser.press(Key::Escape).await?;
    browser.find("button", &format!("Workspace: {name}")).await?;
    browser.wait_for(listed).await?;
    browser.wait_for("document.querySelector('.talk').innerText.includes('an answer')").await?;
    Ok(())
}

#[tokio::test]
async fn a_folder_taken_out_elsewhere_is_no_error_here() -> anyhow::Result<()> {
    let stage = Stage::set(Script::always(vec![Step::text("an answer")])).await?;
    let browser = &stage.browser;
    let (_folder, id, name) = second_folder(&stage.daemon).await?;
    go_to_workspace(browser, &name).await?;
    stage.daemon.client()?.delete(&format!("/workspaces/{id}")).await?.ok()?;
    browser.evaluate(LOOK_AGAIN).await?;
    browser.gone("button", &format!("Workspace: {name}")).await?;
    send(browser, "Plan the garden").await?;
    browser.shows("an answer").await?;
    browser
        .wait_for("document.querySelector('.rail ul[aria-label=Recent]').innerText.includes('Plan the garden')")
        .await?;
    assert_eq!(browser.evaluate("document.querySelector('.elsewhere')").await?, json!(null), "no complaint");
    Ok(())
}

#[tokio::test]
async fn what_is_typed_and_sent_before_the_daemon_lets_one_in_is_kept() -> anyhow::Result<()> {
    let model = FakeModel::start(Script::always(vec![Step::text("an answer")])).await?;
    let daemon = Setup::new().model(&model).start().await?;
    let browser = Browser::start().await?;
    let held = format!("window.held = /capabilities/; {SPY}");
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({"source": held})).await?;
    browser.open(&format!("{}/#token={TOKEN}", daemon.url())).await?;
    write(&browser, "Count the hens").await?;
    browser.press(Key::Enter).await?;
    write(&browser, "and then ").await?;
    assert_eq!(browser.evaluate("asked.filter((line) => / .(session|workspace)/.test(line))").await?, json!([]));
    browser.evaluate("(letGo(), 0)").await?;
    browser.shows("an answer").await?;
    browser.type_text("the geese").await?;
    assert_eq!(written(&browser).await?, "and then the geese");
    assert_eq!(model.requests().len(), 1);
    assert_eq!(browser.console_errors().await?, Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn what_is_typed_at_a_session_before_it_is_there_belongs_to_it() -> anyhow::Result<()> {
    let stage = Stage::set(Script::always(vec![Step::text("an answer")])).await?;
    send(&stage.browser, "Count the hens").await?;
    stage.browser.shows("an answer").await?;
    let address = stage.browser.address().await?;
    let browser = signed_in(&stage.daemon).await?;
    let held = format!("window.held = /capabilities/; {SPY}");
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({"source": held})).await?;
    browser.open(&address).await?;
    write(&browser, "and then ").await?;
    browser.evaluate("(letGo(), 0)").await?;
    browser.shows("an answer").await?;
    browser.type_text("the geese").await?;
    assert_eq!(written(&browser).await?, "and then the geese");
    browser.click("button", "New session").await?;
    assert_eq!(written(&browser).await?, "");
    Ok(())
}

/// Lets every prompt reach the daemon, and no answer to one reach the page.
const DEAF_TO_PROMPTS: &str = "
    window.heard = 0;
    const send = window.fetch;
    window.fetch = (path, init = {}) => init.method === 'POST' && path.endsWith('/prompt')
        ? send(path, init).then(() => { window.heard++; return new Promise(() => {}); }) : send(path, init);";

/// P17: nobody can tell the page that its prompt arrived, so the next page sends it again, under the same key.
#[tokio::test]
async fn a_prompt_whose_answer_is_lost_runs_once_also_when_the_page_is_loaded_anew() -> anyhow::Result<()> {
    let stage = Stage::set(Script::always(vec![Step::text("an answer")])).await?;
    let browser = &stage.browser;
    send(browser, "Count the hens").await?;
    browser.shows("an answer").await?;
    browser.gone("button", "Stop").await?;
    browser.webdriver().execute(DEAF_TO_PROMPTS, vec![]).await?;
    send(browser, "Count the geese").await?;
    browser.wait_for("heard === 1").await?;
    browser.wait_for("document.querySelector('.talk').innerText.match(/an answer/g)?.length === 2").await?;
    assert_ne!(browser.evaluate("sessionStorage.getItem('roost.outbox')").await?, json!(null), "it is still kept");

    browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({"source": SPY})).await?;
    browser.reload().await?;
    browser.wait_for("asked.some((line) => line.endsWith('/prompt'))").await?;
    browser.wait_for("sessionStorage.getItem('roost.outbox') === null").await?;
    browser.gone("list", "On its way and waiting").await?;
    let said = crate::transcript(browser).await?;
    assert_eq!(said.matches("Count the geese").count(), 1, "{said}");
    assert_eq!(stage.model.requests().len(), 2, "it ran once");
    Ok(())
}

/// Holds back what the event stream brings while `window.gate` is shut, and notes what the daemon has said to prompts.
const SLOW_STREAM: &str = "
    window.gate = null; window.answered = 0;
    window.shut = () => { window.gate = new Promise((go) => { window.openGate = go; }); };
    const send = window.fetch;
    window.fetch = async (path, init = {}) => {
        const answer = await send(path, init);
        if (init.method === 'POST' && path.endsWith('/prompt')) window.answered++;
        if (!path.includes('/events') || !answer.body) return answer;
        const late = new TransformStream({ transform: async (chunk, out) => { await window.gate; out.enqueue(chunk); } });
        return new Response(answer.body.pipeThrough(late), { status: answer.status, headers: answer.headers });
    };";

#[tokio::test]
async fn a_prompt_that_was_accepted_stays_in_sight_until_the_stream_shows_it() -> anyhow::Result<()> {
    let script = Script::turns([vec![Step::text("busy"), Step::Gate("go".into())], vec![Step::text("done")]]);
    let stage = Stage::set(script).await?;
    let browser = &stage.browser;
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({"source": SLOW_STREAM})).await?;
    browser.reload().await?;
    send(browser, "first").await?;
    browser.shows("busy").await?;
    let times = "(document.querySelector('.queue')?.innerText.match(/second/g) ?? []).length \
        + (document.querySelector('.talk').innerText.match(/second/g) ?? []).length";
    browser.evaluate("(shut(), window.answered = 0)").await?;
    send(browser, "second").await?;
    browser.wait_for("answered === 1").await?;
    // Whatever the answer changes has been drawn two frames later.
    browser.evaluate("(requestAnimationFrame(() => requestAnimationFrame(() => { window.drawn = true; })), 0)").await?;
    browser.wait_for("window.drawn === true").await?;
    assert_eq!(browser.evaluate(times).await?, json!(1), "between its 202 and its place in the queue");

    let look = format!(
        "window.wrong = []; const look = () => {{
        const seen = {times}; if (seen !== 1) wrong.push(seen);
        requestAnimationFrame(look);
    }}; look();"
    );
    browser.webdriver().execute(&look, vec![]).await?;
    browser.evaluate("(openGate(), 0)").await?;
    browser.find("button", "Remove “second”").await?;
    stage.model.open("go");
    browser.shows("done").await?;
    assert_eq!(browser.evaluate("wrong").await?, json!([]), "in no frame was it seen twice or not at all");
    Ok(())
}
