//! The page in a real browser: how soon it is there, what it costs while an answer streams and while somebody scrolls.
//!
//! Figures of a headless Chromium that draws without a graphics card, on cores it shares with the daemon and the driver: they move with
//! the machine, and no test asserts one.

use std::fmt;

use anyhow::Context;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    browser::Browser,
    daemon::{Daemon, Setup, TOKEN, scripted_agent_command},
    fake_model::{FakeModel, Script, Step},
    scripted_agent::script::{AgentScript, Step as AgentStep},
};

/// One figure beside what it must reach.
#[derive(Clone, Debug)]
pub struct Figure {
    name: &'static str,
    unit: &'static str,
    value: f64,
    most: Option<f64>,
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<46}{:<6}{:>10.1}", self.name, self.unit, self.value)?;
        match self.most {
            Some(most) => write!(f, "{:>3} ≤ {most}", if self.value > most { "!" } else { "" }),
            None => Ok(()),
        }
    }
}

const ROUNDS: usize = 5;
/// Sections of the streamed document, two thirds of a second each: it outlasts [`LOOK_MS`].
const SECTIONS: usize = 24;
/// How long a stream is watched.
const LOOK_MS: u32 = 10_000;
/// Pairs of an answer and a thought in the long transcript.
const PAIRS: usize = 5_000;
const WHEEL_STEPS: usize = 80;

/// Measures everything and says each figure as it is known.
pub async fn run(say: impl Fn(&Figure)) -> anyhow::Result<()> {
    let model = FakeModel::start(Script::always(document())).await?;
    let daemon = Setup::new().model(&model).start().await?;
    arrival(&daemon, &say).await?;
    streaming(&daemon, &say).await?;
    drop(daemon);
    long_transcript(&say).await
}

/// A daemon's page, signed in, with the clock of its start taken.
async fn open(daemon: &Daemon) -> anyhow::Result<Browser> {
    let browser = Browser::start().await?;
    // Notes when the text box of the program itself is there, and keeps the memory that it runs in.
    let spy = "new MutationObserver((_, me) => {
            if (document.getElementById('prompt')) { window.usableAt = performance.now(); me.disconnect(); }
        }).observe(document, { childList: true, subtree: true });
        const start = WebAssembly.instantiateStreaming;
        WebAssembly.instantiateStreaming = async (...all) => {
            const made = await start(...all);
            window.wasmMemory = made.instance.exports.memory;
            return made;
        };";
    browser.devtools("Page.enable", json!({})).await?;
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": spy })).await?;
    browser.open(&format!("{}/#token={TOKEN}", daemon.url())).await?;
    browser.find("combobox", "Prompt").await?;
    Ok(browser)
}

async fn arrival(daemon: &Daemon, say: &impl Fn(&Figure)) -> anyhow::Result<()> {
    let browser = open(daemon).await?;
    browser.devtools("Network.setCacheDisabled", json!({"cacheDisabled": true})).await?;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        browser.reload().await?;
        browser.wait_for("window.usableAt !== undefined").await?;
        browser.wait_for("performance.getEntriesByName('first-contentful-paint').length === 1").await?;
        let times = "[performance.getEntriesByName('first-contentful-paint')[0].startTime, window.usableAt]";
        rounds.push(numbers(&browser.evaluate(times).await?));
    }
    let nth = |nth: usize| median(rounds.iter().filter_map(|round| round.get(nth).copied()));
    say(&Figure { name: "first contentful paint, cold", unit: "ms", value: nth(0), most: Some(150.0) });
    say(&Figure { name: "the program's own text box, cold", unit: "ms", value: nth(1), most: Some(400.0) });
    let entries = "performance.getEntriesByType('navigation').concat(performance.getEntriesByType('resource'))";
    let sum = format!("{entries}.reduce((sum, entry) => sum + entry.encodedBodySize, 0) / 1000");
    say(&Figure { name: "bytes over the wire", unit: "kB", value: number(&browser, &sum).await?, most: Some(350.0) });
    let program = format!("{entries}.find(entry => entry.name.endsWith('.wasm')).decodedBodySize / 1000");
    say(&Figure { name: "the program", unit: "kB", value: number(&browser, &program).await?, most: Some(900.0) });
    say(&Figure { name: "memory of a fresh page", unit: "MB", value: memory(&browser).await?, most: Some(15.0) });
    Ok(())
}

async fn streaming(daemon: &Daemon, say: &impl Fn(&Figure)) -> anyhow::Result<()> {
    let browser = open(daemon).await?;
    browser.devtools("Performance.enable", json!({"timeDomain": "timeTicks"})).await?;
    send(&browser, "stream").await?;
    browser.shows("Section 1").await?;
    let before = Metrics::read(&browser).await?;
    // Looking at the page would keep it busy.
    browser.evaluate(&format!("new Promise((done) => setTimeout(done, {LOOK_MS}))")).await?;
    browser.find("button", "Stop").await.context("the stream ended while it was watched")?;
    let after = Metrics::read(&browser).await?;
    for (name, key, most) in [
        ("main thread busy while 1,000 words/s stream", "TaskDuration", Some(15.0)),
        ("  of it: the program", "ScriptDuration", None),
        ("  of it: layout", "LayoutDuration", None),
        ("  of it: styles", "RecalcStyleDuration", None),
    ] {
        let share = 100.0 * (after.of(key) - before.of(key)) / (after.of("Timestamp") - before.of("Timestamp"));
        say(&Figure { name, unit: "%", value: share, most });
    }
    browser.gone("button", "Stop").await?;
    // Again, with a clock in the page that sees every frame; it costs time of its own.
    watch_frames(&browser).await?;
    send(&browser, "stream").await?;
    browser.find("button", "Stop").await?;
    browser.gone("button", "Stop").await?;
    say(&Figure {
        name: "longest frame of a stream",
        unit: "ms",
        value: longest_frame(&browser).await?,
        most: Some(50.0),
    });
    Ok(())
}

async fn long_transcript(say: &impl Fn(&Figure)) -> anyhow::Result<()> {
    let scratch = TempDir::with_prefix("roost-long-")?;
    let script = scratch.path().join("script.json");
    let pair = |nth: usize| {
        let code = if nth.is_multiple_of(5) { "\n\n```rust\nlet hens = 12;\nprintln!(\"{hens}\");\n```" } else { "" };
        let prose =
            "Some prose with `code` and **strong** words that fills two lines of the column, or nearly. ".repeat(2);
        [AgentStep::Text(format!("## Answer {nth}\n\n{prose}{code}\n\n")), AgentStep::Think("It goes on.".to_owned())]
    };
    AgentScript::turns([(0..PAIRS).flat_map(pair).chain([AgentStep::Text("The last word.".into())]).collect()])
        .save(&script)?;
    let daemon = Setup::new().agent(scripted_agent_command(&script)?).start().await?;
    let browser = open(&daemon).await?;
    send(&browser, "go").await?;
    browser.shows("The last word.").await?;
    browser.gone("button", "Stop").await?;

    browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": LAST_SCREEN })).await?;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        browser.reload().await?;
        browser.wait_for("window.drawnAt !== undefined").await?;
        browser.wait_for("document.querySelector('.wire')?.dataset.state === 'live'").await?;
        rounds.push(numbers(&browser.evaluate("[window.drawnAt, Math.max(0, ...window.tasks)]").await?));
    }
    let nth = |nth: usize| median(rounds.iter().filter_map(|round| round.get(nth).copied()));
    let last = "10,000 entries: from a reload to the last screen";
    say(&Figure { name: last, unit: "ms", value: nth(0), most: Some(1000.0) });
    say(&Figure { name: "longest task of it", unit: "ms", value: nth(1), most: None });
    watch_frames(&browser).await?;
    for _ in 0..WHEEL_STEPS {
        let wheel = json!({"type": "mouseWheel", "x": 700, "y": 400, "deltaX": 0, "deltaY": -240});
        browser.devtools("Input.dispatchMouseEvent", wheel).await?;
    }
    let scrolled = "document.querySelector('.talk')";
    let away = format!("{scrolled}.scrollHeight - {scrolled}.clientHeight - {scrolled}.scrollTop");
    say(&Figure { name: "scrolled by", unit: "px", value: number(&browser, &away).await?, most: None });
    let longest = longest_frame(&browser).await?;
    say(&Figure { name: "longest frame of a scroll there", unit: "ms", value: longest, most: Some(34.0) });
    let late = number(&browser, "window.frames_.filter(frame => frame > 34).length").await?;
    say(&Figure { name: "frames over 34 ms", unit: "", value: late, most: None });
    let elements = number(&browser, "document.querySelectorAll('*').length").await?;
    say(&Figure { name: "elements", unit: "", value: elements, most: Some(3000.0) });
    say(&Figure { name: "memory", unit: "MB", value: memory(&browser).await?, most: Some(40.0) });
    Ok(())
}

/// Notes when the last word of the long transcript is drawn, and every task too long to be missed (over 50 ms).
const LAST_SCREEN: &str = "
    new MutationObserver((_, me) => {
        if (!document.querySelector('.column')?.textContent.includes('The last word.')) return;
        me.disconnect();
        requestAnimationFrame(() => requestAnimationFrame(() => { window.drawnAt = performance.now(); }));
    }).observe(document, { childList: true, subtree: true, characterData: true });
    window.tasks = [];
    new PerformanceObserver((list) => list.getEntries().forEach((task) => window.tasks.push(task.duration)))
        .observe({ type: 'longtask', buffered: true });";

/// A document of prose, lists and code at about 1,000 words a second.
fn document() -> Vec<Step> {
    let words = |count| Step::Words { count, chunks_per_packet: 16, pace_ms: 16 };
    let section = |nth: usize| {
        let mut steps = vec![Step::text(format!("\n\n## Section {nth}\n\n")), words(240)];
        for _ in 0..6 {
            steps.extend([Step::text("\n\n"), words(80)]);
        }
        for _ in 0..6 {
            steps.extend([Step::text("\n- "), words(16)]);
        }
        steps.push(Step::text("\n\n```rust\n"));
        for _ in 0..12 {
            steps.extend([words(16), Step::text("\n")]);
        }
        steps.push(Step::text("```\n"));
        steps
    };
    (0..SECTIONS).flat_map(section).collect()
}

async fn send(browser: &Browser, text: &str) -> anyhow::Result<()> {
    browser.find("combobox", "Prompt").await?.send_keys(text).await?;
    browser.press(fantoccini::key::Key::Enter).await
}

async fn watch_frames(browser: &Browser) -> anyhow::Result<()> {
    let watch = "(() => {
        window.frames_ = [];
        let last = performance.now();
        const note = (now) => { window.frames_.push(now - last); last = now; requestAnimationFrame(note); };
        requestAnimationFrame(note);
    })()";
    browser.evaluate(watch).await.map(drop)
}

async fn longest_frame(browser: &Browser) -> anyhow::Result<f64> {
    // What was scrolled last is drawn two frames later.
    let longest = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() =>
        done(Math.max(...window.frames_)))))";
    number(browser, longest).await
}

/// JavaScript's heap after a collection, and the program's own memory.
async fn memory(browser: &Browser) -> anyhow::Result<f64> {
    browser.devtools("HeapProfiler.collectGarbage", json!({})).await?;
    browser.devtools("Performance.enable", json!({})).await?;
    let heap = Metrics::read(browser).await?.of("JSHeapUsedSize");
    let wasm = number(browser, "window.wasmMemory?.buffer.byteLength ?? 0").await?;
    Ok((heap + wasm) / 1_000_000.0)
}

struct Metrics(Value);

impl Metrics {
    async fn read(browser: &Browser) -> anyhow::Result<Self> {
        Ok(Self(browser.devtools("Performance.getMetrics", json!({})).await?["metrics"].clone()))
    }

    /// Durations and the time stamp in seconds, sizes in bytes.
    fn of(&self, name: &str) -> f64 {
        let rows = self.0.as_array().map_or(&[][..], Vec::as_slice);
        rows.iter().find(|row| row["name"] == name).and_then(|row| row["value"].as_f64()).unwrap_or(f64::NAN)
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut all: Vec<f64> = values.collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
}

async fn number(browser: &Browser, expression: &str) -> anyhow::Result<f64> {
    browser.evaluate(expression).await?.as_f64().with_context(|| format!("{expression} is no number"))
}

fn numbers(values: &Value) -> Vec<f64> {
    values.as_array().into_iter().flatten().filter_map(Value::as_f64).collect()
}
