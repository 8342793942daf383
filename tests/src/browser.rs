//! A headless Chromium with a profile of its own, driven over WebDriver. Elements are found as a user of a screen
//! reader finds them: by role and accessible name.

use std::{fs, process::Stdio, time::Instant};

use anyhow::{Context, bail};
use fantoccini::{
    Client, ClientBuilder, Locator,
    elements::{Element, ElementRef},
    error::CmdError,
    key::Key,
    wd::WebDriverCompatibleCommand,
};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::{
    deadline::{PATIENCE, until, within},
    processes, program,
};

/// One browser window. Dropping it ends the browser and its driver.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    driver: tokio::process::Child,
    _profile: TempDir,
}

/// The colours the page is asked for, as the system setting would.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColorScheme {
    Light,
    Dark,
}

impl Browser {
    /// Starts a driver and a browser, both fresh.
    pub async fn start() -> anyhow::Result<Self> {
        let profile = TempDir::with_prefix("roost-browser-")?;
        let (driver, port) = start_driver().await?;
        let capabilities = json!({
            "goog:chromeOptions": {"args": flags(&profile)},
            "goog:loggingPrefs": {"browser": "ALL"},
        });
        let Value::Object(capabilities) = capabilities else { bail!("capabilities are an object") };
        let url = format!("http://127.0.0.1:{port}");
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let client = builder.capabilities(capabilities).connect(&url);
        let client = within("Chromium to start", client).await?.context("Chromium did not start")?;
        Ok(Self { client, driver, _profile: profile })
    }

    /// The WebDriver session, for what has no verb here.
    #[must_use]
    pub fn webdriver(&self) -> &Client {
        &self.client
    }

    pub async fn open(&self, url: &str) -> anyhow::Result<()> {
        Ok(self.client.goto(url).await?)
    }

    pub async fn reload(&self) -> anyhow::Result<()> {
        Ok(self.client.refresh().await?)
    }

    /// The address bar, fragment included.
    pub async fn address(&self) -> anyhow::Result<String> {
        Ok(self.client.current_url().await?.to_string())
    }

    /// Waits for a visible element with this role and accessible name.
    pub async fn find(&self, role: &str, name: &str) -> anyhow::Result<Element> {
        until(&format!("{role} «{name}»"), async || self.look_for(role, name).await).await
    }

    /// Waits until no visible element has this role and accessible name.
    pub async fn gone(&self, role: &str, name: &str) -> anyhow::Result<()> {
        let what = format!("{role} «{name}» to go away");
        until(&what, async || Ok(self.look_for(role, name).await?.is_none().then_some(()))).await
    }

    /// The visible element with this role and accessible name, if there is one now.
    pub async fn look_for(&self, role: &str, name: &str) -> anyhow::Result<Option<Element>> {
        let nominees = self.client.execute(NOMINEES, vec![json!(candidates(role)), json!(name)]).await?;
        let ids = nominees.as_array().into_iter().flatten().filter_map(|found| found[ELEMENT].as_str());
        for id in ids.map(ToOwned::to_owned) {
            let element = Element::from_element_id(self.client.clone(), id.into());
            match self.matches(&element, role, name).await {
                Ok(true) => return Ok(Some(element)),
                Ok(false) => {}
                Err(error) if went_away(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(None)
    }

    async fn matches(&self, element: &Element, role: &str, name: &str) -> Result<bool, CmdError> {
        Ok(self.computed("label", element).await? == name
            && self.computed("role", element).await? == role
            && element.is_displayed().await?)
    }

    /// What assistive technology is told about the element: its `label` or its `role`.
    async fn computed(&self, what: &'static str, element: &Element) -> Result<String, CmdError> {
        let answer = self.client.issue_cmd(Computed { what, element: element.element_id() }).await?;
        Ok(answer.as_str().unwrap_or_default().to_owned())
    }

    /// Waits for an element by CSS selector.
    pub async fn find_css(&self, selector: &str) -> anyhow::Result<Element> {
        until(&format!("an element {selector}"), async || {
            Ok(self.client.find_all(Locator::Css(selector)).await?.into_iter().next())
        })
        .await
    }

    /// Clicks the element once it is there and can be clicked.
    pub async fn click(&self, role: &str, name: &str) -> anyhow::Result<()> {
        until(&format!("a click on {role} «{name}»"), async || {
            let Some(element) = self.look_for(role, name).await? else { return Ok(None) };
            match element.click().await {
                Ok(()) => Ok(Some(())),
                Err(error) if went_away(&error) => Ok(None),
                Err(error) => Err(error.into()),
            }
        })
        .await
    }

    /// Types into whatever has the focus, as a keyboard does.
    pub async fn type_text(&self, text: &str) -> anyhow::Result<()> {
        Ok(self.client.active_element().await?.send_keys(text).await?)
    }

    /// Presses one key in whatever has the focus.
    pub async fn press(&self, key: Key) -> anyhow::Result<()> {
        self.type_text(&String::from(char::from(key))).await
    }

    /// The visible text of the page.
    pub async fn text(&self) -> anyhow::Result<String> {
        let text = self.client.execute("return document.body.innerText", vec![]).await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// Waits until the visible text of the page contains this.
    pub async fn shows(&self, text: &str) -> anyhow::Result<()> {
        let what = format!("the page to show «{text}»");
        match until(&what, async || Ok(self.text().await?.contains(text).then_some(()))).await {
            Ok(()) => Ok(()),
            Err(error) => Err(error.context(format!("the page shows:\n{}", self.text().await.unwrap_or_default()))),
        }
    }

    /// The value of a JavaScript expression.
    pub async fn evaluate(&self, expression: &str) -> anyhow::Result<Value> {
        Ok(self.client.execute(&format!("return ({expression})"), vec![]).await?)
    }

    /// Waits until a JavaScript expression is true.
    pub async fn wait_for(&self, expression: &str) -> anyhow::Result<()> {
        until(expression, async || Ok((self.evaluate(expression).await? == true).then_some(()))).await
    }

    /// The errors on the browser's console since the last look: exceptions, refused requests, policy violations.
    pub async fn console_errors(&self) -> anyhow::Result<Vec<String>> {
        let log = self.vendor("se/log", json!({"type": "browser"})).await?;
        let entries = log.as_array().map_or(&[][..], Vec::as_slice);
        let severe = entries.iter().filter(|entry| entry["level"] == "SEVERE");
        Ok(severe.filter_map(|entry| Some(entry["message"].as_str()?.to_owned())).collect())
    }

    /// Lays the page out at this size in CSS pixels, also below the smallest window.
    pub async fn viewport(&self, width: u32, height: u32) -> anyhow::Result<()> {
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await.map(drop)
    }

    pub async fn color_scheme(&self, scheme: ColorScheme) -> anyhow::Result<()> {
        let value = match scheme {
            ColorScheme::Light => "light",
            ColorScheme::Dark => "dark",
        };
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": value}]});
        self.devtools("Emulation.setEmulatedMedia", features).await.map(drop)
    }

    /// Cuts the page off from the network, or connects it again.
    pub async fn offline(&self, offline: bool) -> anyhow::Result<()> {
        self.devtools("Network.enable", json!({})).await?;
        let conditions = json!({"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1});
        self.devtools("Network.emulateNetworkConditions", conditions).await.map(drop)
    }

    /// Lets the page's requests through at this many bytes a second, nothing from its cache; `None` lifts both.
    pub async fn throttle(&self, bytes_per_second: Option<u32>) -> anyhow::Result<()> {
        self.devtools("Network.enable", json!({})).await?;
        self.devtools("Network.setCacheDisabled", json!({"cacheDisabled": bytes_per_second.is_some()})).await?;
        let throughput = bytes_per_second.map_or(-1, i64::from);
        let conditions =
            json!({"offline": false, "latency": 0, "downloadThroughput": throughput, "uploadThroughput": -1});
        self.devtools("Network.emulateNetworkConditions", conditions).await.map(drop)
    }

    /// Writes a picture of the page to `target/screenshots/<name>.png`.
    pub async fn screenshot(&self, name: &str) -> anyhow::Result<()> {
        let folder = program::repository().join("target/screenshots");
        fs::create_dir_all(&folder)?;
        Ok(fs::write(folder.join(name).with_extension("png"), self.client.screenshot().await?)?)
    }

    /// Sends a command of the DevTools protocol.
    pub async fn devtools(&self, command: &str, parameters: Value) -> anyhow::Result<Value> {
        self.vendor("goog/cdp/execute", json!({"cmd": command, "params": parameters})).await
    }

    async fn vendor(&self, path: &'static str, body: Value) -> anyhow::Result<Value> {
        Ok(self.client.issue_cmd(Vendor { path, body }).await?)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Chromium outlives a driver that is merely killed, so the whole tree goes.
        if let Some(pid) = self.driver.id().and_then(|pid| i32::try_from(pid).ok()) {
            processes::kill_tree(pid);
        }
    }
}

/// What a reference to an element is called in JSON.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Of the candidates for a role those that may have the name, wherever a name can come from. The driver is asked about few elements
/// then: each question is a way there and back.
const NOMINEES: &str = "
    const [selector, name] = arguments;
    const plain = (text) => (text ?? '').replace(/\\s+/g, '');
    const textOf = (id) => document.getElementById(id)?.textContent;
    const sources = (e) => [e.ariaLabel, e.title, e.placeholder, e.value, e.alt, e.textContent,
        (e.getAttribute('aria-labelledby') ?? '').split(' ').map(textOf).join(' '), ...[...(e.labels ?? [])].map((l) => l.textContent)];
    return [...document.querySelectorAll(selector)]
        .filter((e) => e.checkVisibility() && sources(e).some((text) => plain(String(text ?? '')).includes(plain(name))));";

/// An element that was there a moment ago and is not any more: the page is alive, look again.
fn went_away(error: &CmdError) -> bool {
    error.is_stale_element_reference() || error.is_no_such_element()
}

/// What may have the role; the driver has the last word on what does.
fn candidates(role: &str) -> &'static str {
    match role {
        "button" => "button, summary, input[type=button], input[type=submit], [role=button]",
        "link" => "a[href], [role=link]",
        "textbox" => "textarea, input, [role=textbox], [contenteditable]",
        "combobox" => "select, input, textarea, [role=combobox]",
        "checkbox" => "input[type=checkbox], [role=checkbox]",
        "radio" => "input[type=radio], [role=radio]",
        "option" => "option, [role=option]",
        "listbox" => "select, [role=listbox]",
        "heading" => "h1, h2, h3, h4, h5, h6, [role=heading]",
        "dialog" => "dialog, [role=dialog]",
        "menuitem" => "[role=menuitem]",
        "menuitemradio" => "[role=menuitemradio]",
        "tab" => "[role=tab]",
        "listitem" => "li, [role=listitem]",
        "status" => "output, [role=status]",
        "alert" => "[role=alert]",
        "log" => "[role=log]",
        "group" => "fieldset, details, [role=group]",
        _ => "body *",
    }
}

fn flags(profile: &TempDir) -> Vec<String> {
    let mut flags: Vec<String> = [
        "--headless=new",
        "--disable-gpu",
        // The sandbox needs privileges that containers do not grant; the pages under test are our own.
        "--no-sandbox",
        // Containers give /dev/shm 64 MB, which Chromium overruns.
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-extensions",
        "--window-size=1280,900",
    ]
    .map(String::from)
    .into();
    flags.push(format!("--user-data-dir={}", profile.path().display()));
    flags
}

async fn start_driver() -> anyhow::Result<(tokio::process::Child, u16)> {
    let mut driver = tokio::process::Command::new("chromedriver")
        .arg("--port=0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("cannot start chromedriver: `cargo xtask test` installs it, or says how")?;
    let stdout = driver.stdout.take().context("stdout is piped")?;
    let mut lines = BufReader::new(stdout).lines();
    let deadline = Instant::now() + PATIENCE;
    while let Some(line) = within("chromedriver to name its port", lines.next_line()).await?? {
        // "ChromeDriver was started successfully on port 40123."
        if let Some((_, port)) = line.split_once("started successfully on port ")
            && let Ok(port) = port.trim_end_matches('.').parse()
        {
            // Keeps the pipe read: a driver whose stdout is full stops.
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return Ok((driver, port));
        }
        if Instant::now() > deadline {
            break;
        }
    }
    bail!("chromedriver did not say which port it listens on within {PATIENCE:?}")
}

/// `GET /session/{id}/element/{element}/computed{label,role}`, which the client library has no verb for.
#[derive(Debug)]
struct Computed {
    what: &'static str,
    element: ElementRef,
}

/// A command of the driver that is not part of WebDriver.
#[derive(Debug)]
struct Vendor {
    path: &'static str,
    body: Value,
}

type Endpoint = Result<url::Url, url::ParseError>;

fn endpoint(base: &url::Url, session: Option<&str>, path: &str) -> Endpoint {
    base.join(&format!("session/{}/{path}", session.unwrap_or_default()))
}

impl WebDriverCompatibleCommand for Computed {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Endpoint {
        endpoint(base, session, &format!("element/{}/computed{}", self.element.as_ref(), self.what))
    }

    fn method_and_body(&self, _: &url::Url) -> (hyper::Method, Option<String>) {
        (hyper::Method::GET, None)
    }
}

impl WebDriverCompatibleCommand for Vendor {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Endpoint {
        endpoint(base, session, self.path)
    }

    fn method_and_body(&self, _: &url::Url) -> (hyper::Method, Option<String>) {
        (hyper::Method::POST, Some(self.body.to_string()))
    }
}
