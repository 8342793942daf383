//! A session that is longer than a page reads at once.

use roost_tests::fake_model::{Script, Step};
use serde_json::json;

use crate::{Stage, send, transcript};

/// Answers with a thought between each two: more than a frame's worth of history.
const ANSWERS: usize = 200;

fn long_turn() -> Vec<Step> {
    let answer = |nth: usize| {
        let text = format!("## Answer {nth}\n\nProse of *some* length.\n\n- one\n- two\n");
        [Step::text(text), Step::Think("It goes on.".to_owned())]
    };
    (0..ANSWERS).flat_map(answer).chain([Step::text("The last word.")]).collect()
}

/// Reads the transcript from its top to its end, as somebody who scrolls does, and answers the headings by the rows they stand in.
const HEADINGS: &str = "(async () => {
    const view = document.querySelector('.talk');
    const drawn = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    const seen = new Map();
    view.scrollTop = 0;
    for (let step = 0; step < 5000; step++) {
        await drawn();
        for (const row of view.querySelectorAll('.row:has(.md > :is(h2, h3))')) seen.set(row.dataset.row, row.innerText.trim());
        if (view.scrollTop + view.clientHeight >= view.scrollHeight - 2) break;
        view.scrollTop += view.clientHeight / 2;
    }
    const place = (key) => key.split('.').map(Number);
    const order = (a, b) => place(a).map((part, nth) => part - place(b)[nth]).find((by) => by !== 0) ?? 0;
    return [...seen.keys()].sort(order).map((key) => seen.get(key));
})()";

#[tokio::test]
async fn a_long_session_opened_in_the_middle_of_a_turn_is_whole_and_goes_on() -> anyhow::Result<()> {
    let turns = [long_turn(), vec![Step::words(50), Step::Gate("go".into()), Step::text("and the end")]];
    let stage = Stage::set(Script::turns(turns)).await?;
    let browser = &stage.browser;
    send(browser, "first").await?;
    browser.shows("The last word.").await?;
    browser.gone("button", "Stop").await?;
    send(browser, "second").await?;
    browser.shows("w49").await?;

    browser.reload().await?;
    browser.shows("w49").await?;
    browser.wait_for("document.querySelector('.wire')?.dataset.state === 'live'").await?;
    stage.model.open("go");
    browser.shows("and the end").await?;
    browser.gone("button", "Stop").await?;
    let end = transcript(browser).await?;
    for once in ["The last word.", "w0 w1 ", "w49 and the end"] {
        assert_eq!(end.matches(once).count(), 1, "«{once}» in\n{end}");
    }
    let expected: Vec<String> = (0..ANSWERS).map(|nth| format!("Answer {nth}")).collect();
    assert_eq!(browser.evaluate(HEADINGS).await?, json!(expected));
    Ok(())
}
