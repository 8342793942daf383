//! A headless Chromium with a profile of its own, driven over WebDriver. Elements are found as a user of a screen
//! reader finds them: by role and accessible name.

mod driver;
mod find;
mod order;
mod passing;

use std::{fs, path::Path};

use anyhow::{Context, bail};
use fantoccini::{Client, ClientBuilder, error::CmdError, key::Key};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use self::{
    driver::Driver,
    order::Vendor,
    passing::{at_last, is_passing},
};
use crate::{
    deadline::{until, within},
    program,
};

/// One browser window. Dropping it ends the browser and its driver, and takes along what they have written.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    driver: Driver,
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
        let driver = Driver::start().await?;
        let capabilities = json!({
            "goog:chromeOptions": {"args": flags(driver.folder())},
            "goog:loggingPrefs": {"browser": "ALL"},
        });
        let Value::Object(capabilities) = capabilities else { bail!("capabilities are an object") };
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let address = driver.url();
        let client = builder.capabilities(capabilities).connect(&address);
        let client = within("Chromium to start", client).await?.context("Chromium did not start")?;
        Ok(Self { client, driver })
    }

    /// The folder that everything it writes is in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.driver.folder()
    }

    /// The driver and all processes of the browser, as of now.
    #[must_use]
    pub fn processes(&self) -> Vec<i32> {
        self.driver.processes()
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

    /// Clicks the element once it is there and can be clicked.
    pub async fn click(&self, role: &str, name: &str) -> anyhow::Result<()> {
        until(&format!("a click on {role} «{name}»"), async || {
            let Some(element) = self.look_for(role, name).await? else { return Ok(None) };
            at_last(element.click().await)
        })
        .await
    }

    /// The same for an element by CSS selector.
    pub async fn click_css(&self, selector: &str) -> anyhow::Result<()> {
        until(&format!("a click on {selector}"), async || {
            let Some(element) = self.look_for_css(selector).await? else { return Ok(None) };
            at_last(element.click().await)
        })
        .await
    }

    /// Clicks a field and types into it, once it is there, wherever the keyboard was.
    pub async fn write(&self, role: &str, name: &str, text: &str) -> anyhow::Result<()> {
        self.click(role, name).await?;
        until(&format!("{role} «{name}» to be written in"), async || {
            let Some(element) = self.look_for(role, name).await? else { return Ok(None) };
            at_last(element.send_keys(text).await)
        })
        .await
    }

    /// Types into whatever has the focus, as a keyboard does.
    pub async fn type_text(&self, text: &str) -> anyhow::Result<()> {
        until("something to type into", async || {
            let typed = async { self.client.active_element().await?.send_keys(text).await };
            at_last(typed.await)
        })
        .await
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
        let waited = self.wait_for(&format!("document.body.innerText.includes({})", json!(text))).await;
        match waited {
            Ok(()) => Ok(()),
            Err(error) => Err(error.context(format!("the page shows:\n{}", self.text().await.unwrap_or_default()))),
        }
    }

    /// The value of a JavaScript expression.
    pub async fn evaluate(&self, expression: &str) -> anyhow::Result<Value> {
        Ok(self.value_of(expression).await?)
    }

    async fn value_of(&self, expression: &str) -> Result<Value, CmdError> {
        self.client.execute(&format!("return ({expression})"), vec![]).await
    }

    /// Waits until a JavaScript expression is true. One that throws is not true yet: what it looks at may be still to come.
    pub async fn wait_for(&self, expression: &str) -> anyhow::Result<()> {
        let mut thrown = None;
        let waited = until(expression, async || match self.value_of(expression).await {
            Ok(value) => Ok((value == true).then_some(())),
            Err(error) if is_passing(&error) => {
                thrown = Some(error.to_string());
                Ok(None)
            }
            Err(error) => Err(error.into()),
        });
        let waited = waited.await;
        match thrown {
            Some(thrown) => waited.with_context(|| format!("it said last: {thrown}")),
            None => waited,
        }
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
        self.network(offline, None).await
    }

    /// Lets the page's requests through at this many bytes a second, nothing from its cache; `None` lifts both.
    pub async fn throttle(&self, bytes_per_second: Option<u32>) -> anyhow::Result<()> {
        self.devtools("Network.enable", json!({})).await?;
        self.devtools("Network.setCacheDisabled", json!({"cacheDisabled": bytes_per_second.is_some()})).await?;
        self.network(false, bytes_per_second).await
    }

    async fn network(&self, offline: bool, bytes_per_second: Option<u32>) -> anyhow::Result<()> {
        self.devtools("Network.enable", json!({})).await?;
        let throughput = bytes_per_second.map_or(-1, i64::from);
        let conditions =
            json!({"offline": offline, "latency": 0, "downloadThroughput": throughput, "uploadThroughput": -1});
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

fn flags(profile: &Path) -> Vec<String> {
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
        "--disable-crash-reporter",
        "--window-size=1280,900",
    ]
    .map(String::from)
    .into();
    flags.push(format!("--user-data-dir={}", profile.display()));
    flags
}
