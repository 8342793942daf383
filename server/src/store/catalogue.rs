//! The list of a workspace's sessions, read from disk. What has not changed since it was last read is not read again.

use std::{
    collections::{HashMap, HashSet},
    fs,
    path::Path,
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

use roost_core::{Millis, SessionId, session::TitleSource};

use super::{Journal, Meta, Place, Project, Shelf, agent_records::RecordHead, is_path_safe};
use crate::git::Worktree;

/// One session of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    pub session_id: SessionId,
    /// ISO 8601.
    pub created_at: String,
    /// When its record last changed, in milliseconds since the epoch with their fraction: the order of the list, and its cursor.
    pub active_at: f64,
    pub display_name: Option<String>,
    pub title_source: Option<TitleSource>,
    pub source_type: Option<String>,
    pub source_id: Option<String>,
    pub worktree: Option<Worktree>,
}

/// A cache of summaries.
#[derive(Debug)]
pub struct Catalogue {
    project: Project,
    shelf: Shelf,
    read: Mutex<HashMap<SessionId, Cached>>,
}

#[derive(Clone, Debug)]
struct Cached {
    meta_at: Option<SystemTime>,
    /// When the session was created, in milliseconds. The clock of files ticks less often and may say that they are older.
    born_at: f64,
    summary: Summary,
    /// Kept by the agent under another name.
    agent_session_id: Option<String>,
    /// The record is of another folder whose name looks alike.
    foreign: bool,
}

impl Catalogue {
    #[must_use]
    pub fn of(project: Project, shelf: Shelf) -> Self {
        Self { project, shelf, read: Mutex::default() }
    }

    /// Every session on the shelf, the most recently active first. Reads files: not for an async task.
    #[must_use]
    pub fn list(&self) -> Vec<Summary> {
        let mut cache = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let mut fresh: HashMap<SessionId, Cached> = HashMap::with_capacity(cache.len());
        for dir in self.project.session_dirs(self.shelf) {
            let Some(id) = dir.file_name().and_then(|name| name.to_str()).map(SessionId::from) else { continue };
            if let Some(cached) = own(&dir, &id, &self.project, cache.remove(&id)) {
                fresh.insert(id, cached);
            }
        }
        let renamed: HashSet<String> = fresh.values().filter_map(|cached| cached.agent_session_id.clone()).collect();
        for (id, path) in agent_records(&self.project, self.shelf) {
            let is_known = renamed.contains(id.as_str()) || fresh.contains_key(&id);
            if !is_known && self.project.found(&id) != Place::On(self.shelf.other()) {
                let cached = foreign(&path, &id, &self.project, cache.remove(&id));
                fresh.insert(id, cached);
            }
        }
        let mut list: Vec<Summary> =
            fresh.values().filter(|cached| !cached.foreign).map(|cached| cached.summary.clone()).collect();
        *cache = fresh;
        list.sort_by(|a, b| b.active_at.total_cmp(&a.active_at).then_with(|| a.session_id.cmp(&b.session_id)));
        list
    }
}

/// A session with a record of the daemon's own. None where there is nothing of it yet, or any more.
fn own(dir: &Path, id: &SessionId, project: &Project, cached: Option<Cached>) -> Option<Cached> {
    let meta_at = modified(&dir.join(Meta::FILE));
    let active_at = fractional_millis(modified(&dir.join(Journal::FILE)).or(meta_at)?);
    if let Some(mut cached) = cached.filter(|cached| cached.meta_at == meta_at) {
        cached.summary.active_at = active_at.max(cached.born_at);
        return Some(cached);
    }
    let meta = Meta::read(dir).unwrap_or_else(|error| {
        tracing::error!(%error, session = %id, "meta.json is damaged");
        Meta::rescue(dir, id, &project.cwd)
    });
    #[expect(clippy::cast_precision_loss, reason = "moments are far below 2^53")]
    let born_at = meta.created_at.0 as f64;
    let summary = Summary {
        session_id: id.clone(),
        created_at: meta.created_at.to_iso(),
        active_at: active_at.max(born_at),
        display_name: meta.display_name.map(|name| name.as_str().to_owned()).or(meta.title),
        title_source: meta.title_source,
        source_type: meta.source_type,
        source_id: meta.source_id,
        worktree: meta.worktree,
    };
    let foreign = Path::new(&meta.cwd) != project.cwd;
    Some(Cached { meta_at, born_at, summary, agent_session_id: meta.agent_session_id, foreign })
}

/// A session only the agent has a record of.
fn foreign(path: &Path, id: &SessionId, project: &Project, cached: Option<Cached>) -> Cached {
    let meta_at = modified(path);
    if let Some(cached) = cached.filter(|cached| cached.meta_at == meta_at) {
        return cached;
    }
    let head = RecordHead::read(path).unwrap_or_else(|error| {
        tracing::error!(%error, record = %path.display(), "an agent's record cannot be read");
        RecordHead::default()
    });
    let active_at = meta_at.map_or(0.0, fractional_millis);
    let summary = Summary {
        session_id: id.clone(),
        created_at: head.created_at.unwrap_or_else(|| whole_millis(active_at).to_iso()),
        active_at,
        display_name: head.title,
        title_source: None,
        source_type: None,
        source_id: None,
        worktree: None,
    };
    let foreign = head.cwd.is_some_and(|cwd| Path::new(&cwd) != project.cwd);
    Cached { meta_at, born_at: 0.0, summary, agent_session_id: None, foreign }
}

fn agent_records(project: &Project, shelf: Shelf) -> impl Iterator<Item = (SessionId, std::path::PathBuf)> {
    let entries = fs::read_dir(project.chats_of(shelf)).into_iter().flatten().flatten();
    entries.filter_map(|entry| {
        let name = entry.file_name();
        let id = name.to_str()?.strip_suffix(".jsonl").filter(|id| is_path_safe(id) && !id.contains('.'))?;
        let kind = entry.file_type().ok()?;
        let is_file = kind.is_file() || (kind.is_symlink() && entry.path().is_file());
        is_file.then(|| (SessionId::from(id), entry.path()))
    })
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|file| file.modified()).ok()
}

fn fractional_millis(moment: SystemTime) -> f64 {
    moment.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64() * 1_000.0
}

/// Milliseconds without their fraction.
#[must_use]
pub(crate) fn whole_millis(millis: f64) -> Millis {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "moments are positive and far below 2^53"
    )]
    Millis(millis as u64)
}
