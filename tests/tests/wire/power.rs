//! R3: the power goes. What was acknowledged had got to the disk before, and the next daemon knows it, whatever else the disk has kept of
//! what was under way.

use std::{fs, path::Path, time::Instant};

use anyhow::Context;
use fastrand::Rng;
use roost_core::{Envelope, EventType};
use roost_tests::{
    client::events::{Cursor, EventStream, message_text},
    daemon::Setup,
    deadline::until,
    disk::Disk,
    scripted_agent::script::Step,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    damage::{copy, file_of},
    spoken::{Stage, text},
};

const ROUNDS: usize = 4;

/// What the daemon said, and when that was heard.
#[derive(Debug)]
struct Promise {
    heard: Instant,
    what: What,
}

#[derive(Debug)]
enum What {
    /// The 202 of a prompt.
    Prompt(String),
    /// The end of a turn, with what the agent had said.
    End(String, String),
    /// The 200 of a vote.
    Vote { request: String, option: String },
    /// The 200 of a new name.
    Name(String),
}

/// What a disk may have kept of a journal behind what was synced.
#[derive(Clone, Copy, Debug)]
enum Tail {
    Nothing,
    Everything,
    /// Up to the middle of a line.
    Torn,
    /// The same, and zeros up to where it went.
    TornAndZeros,
    /// All of it but some sectors, which are zeros.
    Holes,
}

const TAILS: [Tail; 5] = [Tail::Nothing, Tail::Everything, Tail::Torn, Tail::TornAndZeros, Tail::Holes];
const SECTOR_BYTES: usize = 512;

impl Tail {
    /// `synced` ends somewhere in `whole`, but for zeros: room that was made ahead.
    fn put(self, synced: &[u8], whole: &[u8], rng: &mut Rng) -> Vec<u8> {
        let lines = synced.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let (kept, rest) = (&whole[..lines], &whole[lines..]);
        let torn = &rest[..rng.usize(0..=rest.len())];
        match self {
            Self::Nothing => synced.to_vec(),
            Self::Everything => whole.to_vec(),
            Self::Torn => [kept, torn].concat(),
            Self::TornAndZeros => [kept, torn, &vec![0; rest.len() - torn.len() + SECTOR_BYTES]].concat(),
            Self::Holes => {
                let mut rest = rest.to_vec();
                rest.chunks_mut(SECTOR_BYTES).filter(|_| rng.bool()).for_each(|sector| sector.fill(0));
                [kept, &rest].concat()
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_there_after_a_power_cut_at_any_moment() -> anyhow::Result<()> {
    let disk = Disk::default();
    let mut stage = Stage::set(Setup::new().disk(&disk)).await?;
    let mut promises = Vec::new();
    let session = stage.client.new_session().await?;
    let mut stream = stage.client.events(&session).from(Cursor::START).open().await?;
    let epoch = stream.epoch().context("an epoch")?.to_owned();
    for round in 0..ROUNDS {
        live(&stage, &session, &mut stream, round, &mut promises).await?;
    }
    let hanging = stage.ask(&session, [text("half an answer"), Step::Hang]).await?.prompt_id;
    promises.push(Promise::now(What::Prompt(hanging)));
    let waiting = stage.ask(&session, [text("waited ")]).await?.prompt_id;
    promises.push(Promise::now(What::Prompt(waiting)));
    stage.daemon.kill()?;
    assert!(disk.syncs() > promises.len(), "the daemon was followed");

    let whole = TempDir::with_prefix("roost-whole-")?;
    copy(&stage.daemon.home(), whole.path())?;
    let mut rng = Rng::with_seed(14);
    for (nth, cut) in promises.iter().enumerate() {
        let tail = TAILS[nth % TAILS.len()];
        let what = format!("the power went after {cut:?}, and of what followed the disk had {tail:?}");
        disk.restore(cut.heard, &stage.daemon.home())?;
        let journal = file_of(&stage.daemon.home(), &session, "events.jsonl").with_context(|| what.clone())?;
        let written = file_of(whole.path(), &session, "events.jsonl").context("a journal")?;
        fs::write(&journal, tail.put(&fs::read(&journal)?, &fs::read(written)?, &mut rng))?;
        under_another_boot(&journal.with_file_name("meta.json"))?;

        stage.daemon.start_again().await.with_context(|| what.clone())?;
        kept(&stage, &session, &epoch, &promises[..=nth]).await.with_context(|| what.clone())?;
        let answer = stage.turn(&session, [text("on")]).await.with_context(|| what.clone())?;
        assert!(message_text(&answer).ends_with("on"), "{what}");
        stage.daemon.kill()?;
    }
    Ok(())
}

/// X1: what the disk failed to take is written once more when it works again, since the system may have forgotten it; until then the
/// session stays open.
#[cfg(target_arch = "x86_64")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_failing_disk_forgot_is_there_once_the_disk_works_again() -> anyhow::Result<()> {
    let disk = Disk::default();
    let mut stage = Stage::set(Setup::new().disk(&disk)).await?;
    let session = stage.client.new_session().await?;
    let mut stream = stage.client.events(&session).from(Cursor::START).open().await?;
    let epoch = stream.epoch().context("an epoch")?.to_owned();
    let mut promises = Vec::new();
    for (said, fails) in [("before ", false), ("while it fails ", true), ("again ", true), ("after ", false)] {
        disk.set_failing(fails);
        let prompt = stage.ask(&session, [text(said)]).await?.prompt_id;
        promises.push(Promise::now(What::Prompt(prompt.clone())));
        let heard = stream.until_end_of(&prompt).await?;
        promises.push(Promise::now(What::End(prompt, message_text(&heard))));
        if fails {
            let refused = stage.client.delete(&format!("/session/{session}")).await?;
            assert_eq!((refused.status, refused.code().as_deref()), (500, Some("session_store_failed")));
        }
    }
    stage.daemon.kill()?;

    disk.restore(Instant::now(), &stage.daemon.home())?;
    let journal = file_of(&stage.daemon.home(), &session, "events.jsonl").context("a journal")?;
    under_another_boot(&journal.with_file_name("meta.json"))?;
    stage.daemon.start_again().await?;
    kept(&stage, &session, &epoch, &promises).await
}

/// Everything that is acknowledged, once.
async fn live(
    stage: &Stage,
    session: &str,
    stream: &mut EventStream,
    round: usize,
    promises: &mut Vec<Promise>,
) -> anyhow::Result<()> {
    let write = Step::AskToWrite { path: format!("file-{round}.txt").into(), content: "x".repeat(2_000) };
    let words = Step::Words { count: 40, pace_ms: 0 };
    let asked = stage.ask(session, [words, write, text("done ")]).await?.prompt_id;
    promises.push(Promise::now(What::Prompt(asked.clone())));
    let queued = stage.ask(session, [text("and the next ")]).await?.prompt_id;
    promises.push(Promise::now(What::Prompt(queued.clone())));
    let heard = stream.until_type(EventType::PermissionRequest).await?;
    let question = &heard.last().context("it asked")?.data;
    let (request, option) = (word(&question["requestId"])?, word(&question["options"][0]["optionId"])?);
    stage.client.allow(session, &request, &option).await?.ok()?;
    promises.push(Promise::now(What::Vote { request, option }));
    let mut said = message_text(&heard);
    for prompt in [asked, queued] {
        said += &message_text(&stream.until_end_of(&prompt).await?);
        promises.push(Promise::now(What::End(prompt, std::mem::take(&mut said))));
    }
    let name = format!("Named {round}");
    let renamed = json!({"displayName": name});
    stage.client.patch(&format!("/session/{session}/metadata"), &renamed).await?.ok()?;
    promises.push(Promise::now(What::Name(name)));
    Ok(())
}

impl Promise {
    fn now(what: What) -> Self {
        Self { heard: Instant::now(), what }
    }
}

/// Whether the daemon keeps its promises; and a cursor of before, which might name what is lost, is told so.
async fn kept(stage: &Stage, session: &str, epoch: &str, promises: &[Promise]) -> anyhow::Result<()> {
    let client = &stage.client;
    let loaded = client.post(&format!("/session/{session}/load"), &json!({})).await?.ok()?;
    let before = Cursor { last_event_id: 1, epoch: Some(epoch.to_owned()) };
    let mut stream = client.events(session).from(before).open().await?;
    let replay = stream.until_type(EventType::ReplayComplete).await?;
    anyhow::ensure!(replay[0].kind == EventType::StateResyncRequired, "an old cursor was served: {:?}", replay[0]);
    until("what was under way to end", async || Ok(at_rest(stage, session).await?.then_some(()))).await?;
    let status = client.get(&format!("/session/{session}/status")).await?.ok()?;
    // Where a part of the record cannot be read, the stream begins behind it, and a load shows what is before it.
    let histories = [replay, history(&loaded)?];
    for Promise { what, .. } in promises {
        let is_kept = match what {
            What::Prompt(prompt) => has_ended(&turn(stage, session, prompt).await?),
            What::End(prompt, said) => {
                let is_said =
                    |events: &Vec<Envelope>| message_text(events.iter().filter(|event| is_of(event, prompt))) == *said;
                turn(stage, session, prompt).await?["state"] == "completed" && histories.iter().any(is_said)
            }
            What::Vote { request, option } => histories.iter().flatten().any(|event| {
                let is_it = event.kind == EventType::PermissionResolved && event.data["requestId"] == *request;
                is_it && event.data["outcome"]["optionId"] == *option
            }),
            // A later one may have got to the disk, too.
            What::Name(name) => status["displayName"].as_str().is_some_and(|shown| shown >= name.as_str()),
        };
        anyhow::ensure!(is_kept, "{what:?} is not kept: {histories:#?}");
    }
    Ok(())
}

/// What a load shows.
fn history(loaded: &Value) -> anyhow::Result<Vec<Envelope>> {
    let parts = ["compactedReplay", "liveJournal"].map(|part| loaded[part].as_array().cloned().unwrap_or_default());
    Ok(parts.into_iter().flatten().map(serde_json::from_value).collect::<serde_json::Result<_>>()?)
}

fn is_of(event: &Envelope, prompt: &str) -> bool {
    event.prompt_id.as_ref().is_some_and(|id| id.as_str() == prompt)
}

/// Whether nothing is under way any more. A prompt that nobody was promised may have come back, and nobody answers what it asks.
async fn at_rest(stage: &Stage, session: &str) -> anyhow::Result<bool> {
    let pending = stage.client.get(&format!("/session/{session}/pending-prompts")).await?.ok()?;
    let is_at_rest = pending["pendingPrompts"].as_array().is_some_and(Vec::is_empty);
    if !is_at_rest {
        stage.client.post(&format!("/session/{session}/cancel"), &json!({})).await?.ok()?;
    }
    Ok(is_at_rest)
}

async fn turn(stage: &Stage, session: &str, prompt: &str) -> anyhow::Result<Value> {
    Ok(stage.client.get(&format!("/session/{session}/turns/{prompt}")).await?.json())
}

fn has_ended(turn: &Value) -> bool {
    matches!(turn["state"].as_str(), Some("completed" | "cancelled" | "error"))
}

fn word(value: &Value) -> anyhow::Result<String> {
    value.as_str().map(str::to_owned).with_context(|| format!("a word, not {value}"))
}

/// Makes a record one that was written before the machine was started.
fn under_another_boot(meta: &Path) -> anyhow::Result<()> {
    let mut record: Value = serde_json::from_slice(&fs::read(meta)?).context("meta.json is whole")?;
    record["bootId"] = json!("the one before");
    Ok(fs::write(meta, record.to_string())?)
}
