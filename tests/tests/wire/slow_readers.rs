//! B4, B6: of eight readers one stops. The others miss nothing, its stream ends, and it goes on later exactly where it was.

use anyhow::Context;
use roost_core::EventType;
use roost_tests::{
    client::events::{Cursor, check_gap_free, ids, message_text},
    daemon::Setup,
    fake_model::script::words,
    scripted_agent::script::Step,
};
use tokio::task::JoinSet;

use crate::spoken::Stage;

const HEALTHY: usize = 7;
const TURNS: usize = 2;
/// Together more than any socket buffer holds, so that a reader who stops really stands in the way.
const WORDS: u64 = 20_000;
/// At two milliseconds a word longer than a reader may take nothing.
const PACED: u64 = 6_500;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_eight_readers_stops_and_resumes_without_a_gap() -> anyhow::Result<()> {
    let stage = Stage::set(Setup::new().arg("--event-ring-size").arg("200000")).await?;
    let client = &stage.client;
    let session = client.new_session().await?;
    let mut readers = JoinSet::new();
    for _ in 0..HEALTHY {
        let mut stream = client.events(&session).from(Cursor::START).open().await?;
        readers.spawn(async move {
            let mut text = String::new();
            let (mut numbers, mut ended) = (Vec::new(), 0);
            while ended <= TURNS {
                let event = stream.next().await?.context("its stream goes on")?;
                anyhow::ensure!(event.kind != EventType::ClientEvicted, "it reads");
                text.push_str(&message_text([&event]));
                numbers.extend(event.id);
                ended += usize::from(event.kind == EventType::TurnComplete);
            }
            anyhow::Ok((text, numbers))
        });
    }
    // A client of its own, so that no other request shares its connection.
    let mut stuck = stage.daemon.client()?.events(&session).query("maxQueued=16").from(Cursor::START).open().await?;

    for _ in 0..TURNS {
        stage.turn(&session, [Step::Words { count: WORDS, pace_ms: 0 }]).await?;
    }
    let paced = stage.ask(&session, [Step::Words { count: PACED, pace_ms: 2 }]).await?;

    let meant = words(WORDS).repeat(TURNS) + &words(PACED);
    let mut all = Vec::new();
    while let Some(read) = readers.join_next().await {
        let (text, numbers) = read??;
        check_gap_free(&numbers)?;
        assert!(text == meant, "every word, once, in order");
        all = numbers;
    }
    let late = stuck.rest().await?;
    assert_eq!(
        late.last().map(|event| &event.kind),
        Some(&EventType::ClientEvicted),
        "it was told, and its stream ended"
    );
    assert!(ids(&late).len() < all.len(), "it had stopped reading");
    let cursor = stuck.cursor().context("it knows where it was")?;
    let mut again = client.events(&session).from(cursor).open().await?;
    let rest = again.until_end_of(&paced.prompt_id).await?;
    let numbers: Vec<u64> = ids(&late).into_iter().chain(ids(&rest)).collect();
    check_gap_free(&numbers)?;
    assert_eq!(numbers.first(), Some(&1));
    let both: Vec<_> = late.into_iter().chain(rest).collect();
    assert!(message_text(&both) == meant, "every word, once, in order");
    Ok(())
}
