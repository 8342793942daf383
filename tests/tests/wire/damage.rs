//! R3: records that were cut off, emptied or changed by a bit. The daemon starts, the damage stays in its session, and what is left of it
//! is readable and goes on.
//!
//! `ROOST_DAMAGES` makes it longer: how often the daemon is killed, half its sessions damaged, and started again.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::Context;
use fastrand::Rng;
use roost_core::Envelope;
use roost_tests::{client::events::message_text, daemon::Setup, scripted_agent::script::Step};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::spoken::{Stage, text};

const ROUNDS: usize = 8;
const SESSIONS: usize = 12;
const TURNS: usize = 4;

/// What happens to a file.
#[derive(Clone, Copy, Debug)]
enum Damage {
    CutOff,
    BitFlipped,
    Emptied,
    /// A page of zeros, as a file system leaves it after a power cut.
    Zeroed,
}

impl Damage {
    fn draw(rng: &mut Rng) -> Self {
        match rng.u8(0..10) {
            0..5 => Self::CutOff,
            5..8 => Self::BitFlipped,
            8 => Self::Emptied,
            _ => Self::Zeroed,
        }
    }

    fn strike(self, path: &Path, rng: &mut Rng) -> anyhow::Result<()> {
        let mut bytes = fs::read(path)?;
        let at = rng.usize(0..bytes.len());
        match self {
            Self::CutOff => bytes.truncate(at),
            Self::BitFlipped => bytes[at] ^= 1 << rng.u8(0..8),
            Self::Emptied => bytes.clear(),
            Self::Zeroed => bytes[at..].fill(0),
        }
        Ok(fs::write(path, bytes)?)
    }
}

#[tokio::test]
async fn whatever_happens_to_a_record_happens_to_one_session() -> anyhow::Result<()> {
    let rounds = env::var("ROOST_DAMAGES").ok().and_then(|text| text.parse().ok()).unwrap_or(ROUNDS);
    let mut rng = Rng::with_seed(3);
    let mut stage = Stage::set(Setup::new()).await?;
    let mut sessions = Vec::new();
    for _ in 0..SESSIONS {
        let session = stage.client.new_session().await?;
        for turn in 0..TURNS {
            stage.turn(&session, [text(&format!("t{turn} ")), Step::Words { count: 30, pace_ms: 0 }]).await?;
        }
        let whole = load(&stage, &session).await?;
        sessions.push((session, shown(&whole)?));
    }
    stage.daemon.stop().await?;
    let kept = TempDir::with_prefix("roost-kept-")?;
    copy(&stage.daemon.home(), kept.path())?;
    for round in 0..rounds {
        copy(kept.path(), &stage.daemon.home())?;
        rng.shuffle(&mut sessions);
        let (damaged, whole) = sessions.split_at(SESSIONS / 2);
        let mut done = Vec::new();
        for (session, _) in damaged {
            let damage = Damage::draw(&mut rng);
            // One bit of `meta.json` can make another session of it, and nothing would show.
            let may_be_meta = !matches!(damage, Damage::BitFlipped) && rng.u8(0..4) == 0;
            let file = if may_be_meta { "meta.json" } else { "events.jsonl" };
            damage.strike(&file_of(&stage.daemon.home(), session, file).context("a record")?, &mut rng)?;
            done.push((damage, file));
        }
        stage.daemon.start_again().await?;
        for (session, said) in whole {
            assert_eq!(&shown(&load(&stage, session).await?)?, said, "round {round}: a session nobody touched");
        }
        for ((session, said), (damage, file)) in damaged.iter().zip(done) {
            let what = format!("round {round}: {file} of {session} was {damage:?}");
            let loaded = load(&stage, session).await.context(what.clone())?;
            let left = shown(&loaded)?;
            if matches!(damage, Damage::CutOff | Damage::Emptied) && file == "events.jsonl" {
                assert!(said.starts_with(&left), "{what}: {left}");
            }
            let is_told = loaded["partial"] == true || loaded["eventEpoch"].is_string();
            assert!(is_told, "{what}: {loaded}");
        }
        // One that was damaged goes on as well as one that was not.
        for (session, _) in [&damaged[0], &whole[0]] {
            assert_eq!(message_text(&stage.turn(session, [text("on")]).await?), "on", "round {round}");
        }
        stage.daemon.kill()?;
    }
    Ok(())
}

/// Under the name of a file lies something that would never end, or whose opening would; or a copy of another session's files.
#[tokio::test]
async fn what_only_looks_like_a_record_holds_nothing_up_and_takes_no_place() -> anyhow::Result<()> {
    let mut stage = Stage::set(Setup::new()).await?;
    let mut sessions = Vec::new();
    for name in ["no meta", "no journal", "endless", "original"] {
        let session = stage.client.new_session().await?;
        stage.turn(&session, [text(name)]).await?;
        sessions.push(session);
    }
    stage.daemon.stop().await?;
    let [no_meta, no_journal, endless, original] = &sessions[..] else { anyhow::bail!("four sessions") };
    let home = stage.daemon.home();
    let file = |session: &str, name| file_of(&home, session, name).context("a record");
    for path in [file(no_meta, "meta.json")?, file(no_journal, "events.jsonl")?] {
        fs::remove_file(&path)?;
        make_pipe(&path)?;
    }
    fs::File::options().write(true).open(file(endless, "events.jsonl")?)?.set_len(1 << 40)?;
    let dir = file(original, "meta.json")?.parent().context("a folder")?.to_owned();
    let twin = dir.with_file_name("twin");
    fs::create_dir(&twin)?;
    copy(&dir, &twin)?;
    let project = dir.ancestors().nth(2).context("a project")?;
    fs::create_dir_all(project.join("chats"))?;
    make_pipe(&project.join("chats/pipe.jsonl"))?;
    fs::create_dir(dir.with_file_name("lost+found"))?;

    stage.daemon.start_again().await?;
    let selector = stage.daemon.workspace().to_string_lossy().replace('/', "%2F");
    let list = stage.client.get(&format!("/workspace/{selector}/sessions")).await?.ok()?;
    let listed = list["sessions"].as_array().context("a list")?;
    let mut names: Vec<&str> = listed.iter().filter_map(|one| one["sessionId"].as_str()).collect();
    names.sort_unstable();
    let mut meant: Vec<&str> = sessions.iter().map(String::as_str).chain(["twin"]).collect();
    meant.sort_unstable();
    assert_eq!(names, meant);
    for session in [no_journal, endless] {
        let refused = stage.client.post(&format!("/session/{session}/load"), &json!({})).await?;
        assert_eq!((refused.status, refused.code().as_deref()), (500, Some("session_store_failed")));
    }
    assert_eq!(shown(&load(&stage, no_meta).await?)?, "no meta");
    let (first, second) = (load(&stage, original).await?, load(&stage, "twin").await?);
    assert_eq!((&first["sessionId"], &second["sessionId"]), (&json!(original), &json!("twin")));
    assert_ne!(first["eventEpoch"], second["eventEpoch"], "its numbering is its own");
    for session in [original, "twin", no_meta] {
        // Of a copy the agent knows nothing, and that is said first.
        assert!(message_text(&stage.turn(session, [text("on")]).await?).ends_with("on"));
    }
    assert_eq!(shown(&load(&stage, original).await?)?, "originalon", "the copy went on for itself");
    assert!(shown(&load(&stage, "twin").await?)?.starts_with("original"));
    Ok(())
}

fn make_pipe(path: &Path) -> anyhow::Result<()> {
    Ok(rustix::fs::mkfifoat(rustix::fs::CWD, path, rustix::fs::Mode::RWXU)?)
}

async fn load(stage: &Stage, session: &str) -> anyhow::Result<Value> {
    stage.client.post(&format!("/session/{session}/load"), &json!({})).await?.ok()
}

/// What the agent has said, as a load shows it.
fn shown(loaded: &Value) -> anyhow::Result<String> {
    let parts = ["compactedReplay", "liveJournal"].map(|part| loaded[part].as_array().cloned().unwrap_or_default());
    let events: Vec<Envelope> =
        parts.into_iter().flatten().map(serde_json::from_value).collect::<serde_json::Result<_>>()?;
    Ok(message_text(&events))
}

pub(crate) fn file_of(home: &Path, session: &str, name: &str) -> Option<PathBuf> {
    let projects = fs::read_dir(home.join("projects")).ok()?.flatten();
    projects.map(|project| project.path().join("roost").join(session).join(name)).find(|path| path.is_file())
}

/// Makes `to` what `from` is.
pub(crate) fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::remove_dir_all(to)?;
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir(&target)?;
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
