//! What must hold whatever the size and the colours: no overflow, no error on the console, nothing hostile that runs.

use roost_tests::{
    browser::ColorScheme,
    fake_model::{Script, Step},
};
use serde_json::json;

use crate::{Stage, send, write};

const LONG: &str = "# A heading\n\nProse with `code`, **strong** words and a [link](https://example.test).\n\n- one\n- two\n\n\
    ```rust\nfn main() { println!(\"a line of code that is rather long, so that it has to scroll within its own box and not the page\"); }\n```\n\n\
    | a | b |\n|---|---|\n| 1 | 2 |\n";

#[tokio::test]
async fn no_screen_scrolls_sideways_at_any_width() -> anyhow::Result<()> {
    let write_file = Step::tool_call(
        "write_file",
        json!({"file_path": "src/a/rather/long/path/note.txt", "content": "kept\n".repeat(12)}),
    );
    let stage = Stage::set(Script::turns([vec![Step::text(LONG), write_file]])).await?;
    let browser = &stage.browser;
    send(browser, "Show me everything").await?;
    browser.shows("Make this change?").await?;
    let cut_off = "(() => {
        const bottom = document.querySelector('.dock').getBoundingClientRect().bottom;
        return [...document.querySelectorAll('.dock-acts button')].filter(b => b.getBoundingClientRect().bottom > bottom).length;
    })()";
    for scheme in [ColorScheme::Light, ColorScheme::Dark] {
        browser.color_scheme(scheme).await?;
        for (width, height) in [(360, 640), (390, 844), (1280, 900), (2560, 1200)] {
            browser.viewport(width, height).await?;
            browser.wait_for(&format!("innerWidth === {width}")).await?;
            browser.wait_for("document.getAnimations().every(one => one.playState !== 'running')").await?;
            let overflow = browser.evaluate("document.documentElement.scrollWidth - innerWidth").await?;
            assert!(overflow.as_i64() <= Some(0), "{overflow} pixels too wide at {width}");
            assert_eq!(browser.evaluate(cut_off).await?, 0, "answers out of reach at {width}");
            browser.screenshot(&format!("permission-{scheme:?}-{width}").to_lowercase()).await?;
        }
    }
    browser.viewport(390, 844).await?;
    browser.wait_for("innerWidth === 390").await?;
    let small = "[...document.querySelectorAll('button')].filter(b => b.checkVisibility() && b.getBoundingClientRect().height < 44 \
        && b.closest('.deck, .bar')).map(b => (b.getAttribute('aria-label') ?? b.innerText) + ' ' + b.getBoundingClientRect().height)";
    assert_eq!(browser.evaluate(small).await?, json!([]), "a thumb needs 44 pixels");
    write(browser, "/").await?;
    browser.find("listbox", "Commands").await?;
    browser.screenshot("palette-phone").await?;
    let overlaps = "(() => {
        const boxes = [...document.querySelectorAll('.foot button')].filter(b => b.checkVisibility()).map(b => b.getBoundingClientRect());
        return boxes.filter((box, nth) => nth > 0 && box.left < boxes[nth - 1].right - 0.5 && box.top < boxes[nth - 1].bottom).length;
    })()";
    browser.find("button", "Tell it now").await?;
    for width in [390, 360] {
        browser.viewport(width, 844).await?;
        browser.wait_for(&format!("innerWidth === {width}")).await?;
        assert_eq!(browser.evaluate(overlaps).await?, 0, "buttons under the text box overlap at {width}");
    }
    assert_eq!(browser.console_errors().await?, Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn hostile_output_is_text() -> anyhow::Result<()> {
    let payloads = [
        "<script>window.hit = 1</script>",
        "<img src=x onerror='window.hit = 1'>",
        "<svg onload='window.hit = 1'></svg>",
        "[click](javascript:window.hit=1)",
        "[click](data:text/html,<script>window.hit=1</script>)",
        "![beacon](http://127.0.0.1:9/beacon.png)",
        "<iframe srcdoc='<script>parent.hit=1</script>'></iframe>",
        "<a href='javascript:window.hit=1'>x</a>",
        "`<script>window.hit = 1</script>`",
        "```html\n<script>window.hit = 1</script>\n```",
        "<style>body { display: none }</style>",
        "<form action='http://127.0.0.1:9/'><button>go</button></form>",
    ];
    let text = payloads.join("\n\n") + "\n\nthe end of it";
    let stage = Stage::set(Script::turns([vec![Step::Think(text.clone()), Step::text(text)]])).await?;
    let browser = &stage.browser;
    send(browser, "<img src=x onerror='window.hit = 1'>").await?;
    browser.shows("the end of it").await?;
    browser.gone("button", "Stop").await?;
    assert_eq!(browser.evaluate("window.hit ?? null").await?, json!(null));
    let bad = "[...document.querySelectorAll('.talk script, .talk img, .talk iframe, .talk svg[onload], .talk style, .talk form')].length";
    assert_eq!(browser.evaluate(bad).await?, 0);
    let links = "[...document.querySelectorAll('.talk a')].map(a => a.protocol).filter(p => !['http:', 'https:', 'mailto:'].includes(p))";
    assert_eq!(browser.evaluate(links).await?, json!([]));
    let beacons = "performance.getEntriesByType('resource').map(e => e.name).filter(n => n.includes('beacon'))";
    assert_eq!(browser.evaluate(beacons).await?, json!([]));
    assert_eq!(browser.console_errors().await?, Vec::<String>::new(), "nothing was even tried");
    Ok(())
}

#[tokio::test]
async fn the_first_usable_page_is_small() -> anyhow::Result<()> {
    let stage = Stage::set(Script::turns([])).await?;
    let bytes = "performance.getEntriesByType('navigation').concat(performance.getEntriesByType('resource'))\
        .reduce((sum, entry) => sum + entry.encodedBodySize, 0)";
    let bytes = stage.browser.evaluate(bytes).await?.as_u64().unwrap_or(u64::MAX);
    assert!(bytes <= 350_000, "{bytes} bytes came over the wire");
    Ok(())
}
