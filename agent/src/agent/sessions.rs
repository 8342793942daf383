//! Opening, finding and ending sessions.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use agent_client_protocol::{
    self as acp, ErrorCode,
    v1::{
        ConnectionTo, Responder,
        schema::{ListSessionsRequest, LoadSessionRequest, Meta, NewSessionRequest, ResumeSessionRequest, SessionId},
    },
};
use serde_json::{Value, json};
use tokio_util::task::TaskTracker;

use super::Agent;
use crate::{
    client::{Client, update},
    command,
    record::{self, Branch, Entry, Listed, LoadError},
    session::Session,
    workspace::Workspace,
};

/// Sessions of a page of a list, when the client names no size.
const PAGE_SIZE: usize = 20;
const MAX_PAGE_SIZE: usize = 100;
/// How long turns may take to end once the client has hung up.
const SETTLE_TIME: Duration = Duration::from_secs(2);

/// The sessions of the connection, and their running turns.
#[derive(Default)]
pub(crate) struct Sessions {
    by_id: Mutex<HashMap<String, Arc<Session>>>,
    pub(super) turns: TaskTracker,
}

/// How a session comes to be.
pub(super) enum Opening {
    New(NewSessionRequest),
    /// From its record. `shows`: its history goes to the client as updates.
    Restore {
        id: SessionId,
        cwd: PathBuf,
        more: Vec<PathBuf>,
        shows: bool,
    },
}

impl From<LoadSessionRequest> for Opening {
    fn from(request: LoadSessionRequest) -> Self {
        let LoadSessionRequest { session_id: id, cwd, additional_directories: more, .. } = request;
        Self::Restore { id, cwd, more, shows: true }
    }
}

impl From<ResumeSessionRequest> for Opening {
    fn from(request: ResumeSessionRequest) -> Self {
        let ResumeSessionRequest { session_id: id, cwd, additional_directories: more, .. } = request;
        Self::Restore { id, cwd, more, shows: false }
    }
}

impl Sessions {
    pub(crate) fn get(&self, id: &str) -> Result<Arc<Session>, acp::Error> {
        self.lock().get(id).cloned().ok_or_else(|| unknown(id))
    }

    /// Cancels the session's turn, if there is such a session.
    pub(super) fn cancel(&self, id: &str) {
        if let Some(session) = self.lock().get(id) {
            session.cancel();
        }
    }

    pub(super) fn cancel_all(&self) {
        self.lock().values().for_each(|session| session.cancel());
    }

    /// Waits until no turn runs any more, or not much longer.
    pub(super) async fn settled(&self) {
        self.turns.close();
        if tokio::time::timeout(SETTLE_TIME, self.turns.wait()).await.is_err() {
            tracing::warn!("a turn did not end in time");
        }
    }

    /// Puts a session in the place of one of the same id, whose turn ends.
    fn insert(&self, session: &Arc<Session>) {
        if let Some(old) = self.lock().insert(session.id.to_string(), Arc::clone(session)) {
            old.cancel();
        }
    }

    pub(super) fn remove(&self, id: &str) -> Result<Arc<Session>, acp::Error> {
        self.lock().remove(id).ok_or_else(|| unknown(id))
    }

    pub(super) fn all(&self) -> Vec<Arc<Session>> {
        self.lock().values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Session>>> {
        self.by_id.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Agent {
    /// Opens a session off the dispatch loop, answers, and then says which commands there are.
    pub(super) fn open(
        self: &Arc<Self>,
        opening: Opening,
        responder: Responder<Value>,
        cx: ConnectionTo<acp::Client>,
    ) -> Result<(), acp::Error> {
        let (agent, client) = (Arc::clone(self), Client::new(cx.into_raw(), Arc::clone(&self.outbox)));
        self.sessions.turns.spawn(async move {
            let opened = agent.opened(opening, client).await;
            let answered = match &opened {
                Ok(session) => {
                    let mut state = session.state();
                    state["sessionId"] = json!(&*session.id);
                    responder.respond(state)
                }
                Err(error) => responder.respond_with_error(error.clone()),
            };
            if let (Ok(()), Ok(session)) = (answered, opened) {
                session.client.update_after_answers(&session.id, &update::commands(&command::advertised()));
            }
        });
        Ok(())
    }

    async fn opened(&self, opening: Opening, client: Client) -> Result<Arc<Session>, acp::Error> {
        match opening {
            Opening::New(request) => self.new_session(&request, client),
            Opening::Restore { id, cwd, more, shows } => {
                self.restore(&id.0, workspace(&cwd, &more)?, client, shows).await
            }
        }
    }

    fn new_session(&self, request: &NewSessionRequest, client: Client) -> Result<Arc<Session>, acp::Error> {
        let id = wanted_id(request.meta.as_ref())?.unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
        let workspace = workspace(&request.cwd, &request.additional_directories)?;
        if record::file(&self.shared.home, workspace.root(), &id).exists() {
            return Err(acp::Error::new(ErrorCode::INVALID_PARAMS, format!("The session {id} exists already")));
        }
        let session = Arc::new(Session::new(&id, workspace, client, Arc::clone(&self.shared)));
        // From here on the session can be loaded, even before anything is said in it.
        session.record(Entry::System { subtype: "session_source", payload: json!({"sourceType": "acp"}) });
        session.recorder().close();
        self.sessions.insert(&session);
        Ok(session)
    }

    async fn restore(
        &self,
        id: &str,
        workspace: Workspace,
        client: Client,
        shows: bool,
    ) -> Result<Arc<Session>, acp::Error> {
        if id.is_empty() || !id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
            return Err(not_found(&LoadError::Unknown(id.to_owned())));
        }
        let path = record::file(&self.shared.home, workspace.root(), id);
        let loading = {
            let id = id.to_owned();
            tokio::task::spawn_blocking(move || Branch::load(&path, &id))
        };
        let branch = loading.await.map_err(acp::Error::into_internal_error)?.map_err(|error| not_found(&error))?;
        let session = Arc::new(Session::restored(id, workspace, client, Arc::clone(&self.shared), &branch));
        if shows {
            let has_cards = |tool: &str| self.shared.has_cards(tool);
            for update in record::replay(&branch, |call| session.card(call), has_cards) {
                session.update(update).await;
            }
        }
        self.sessions.insert(&session);
        Ok(session)
    }

    pub(super) async fn list_sessions(&self, request: &ListSessionsRequest) -> Result<Value, acp::Error> {
        let Some(cwd) = request.cwd.clone() else {
            return Err(acp::Error::new(ErrorCode::INVALID_PARAMS, "`cwd` is required"));
        };
        let malformed = |_| acp::Error::new(ErrorCode::INVALID_PARAMS, "`cursor` is not one of this agent's");
        let skip: usize = request.cursor.as_deref().map_or(Ok(0), str::parse).map_err(malformed)?;
        let size = request.meta.as_ref().and_then(|meta| meta.get("size")?.as_u64()?.try_into().ok());
        let size = size.unwrap_or(PAGE_SIZE).clamp(1, MAX_PAGE_SIZE);
        let chats = record::chats(&self.shared.home, &cwd.canonicalize().unwrap_or(cwd));
        let listing = tokio::task::spawn_blocking(move || record::list(&chats, skip, size));
        let (page, has_more) = listing.await.map_err(acp::Error::into_internal_error)?;
        let mut result = json!({"sessions": page.iter().map(row).collect::<Vec<_>>()});
        if has_more {
            result["nextCursor"] = json!((skip + size).to_string());
        }
        Ok(result)
    }
}

/// A client may choose the id of a session: a UUID in `_meta.sessionId`.
fn wanted_id(meta: Option<&Meta>) -> Result<Option<String>, acp::Error> {
    let Some(wanted) = meta.and_then(|meta| meta.get("sessionId")) else { return Ok(None) };
    let id = wanted.as_str().and_then(|text| uuid::Uuid::parse_str(text).ok());
    let invalid = || acp::Error::new(ErrorCode::INVALID_PARAMS, "`_meta.sessionId` must be a UUID");
    id.map(|id| Some(id.to_string())).ok_or_else(invalid)
}

fn unknown(id: &str) -> acp::Error {
    acp::Error::new(ErrorCode::INVALID_PARAMS, format!("Session not found: {id}"))
}

fn workspace(cwd: &Path, more: &[PathBuf]) -> Result<Workspace, acp::Error> {
    if !cwd.is_absolute() {
        return Err(acp::Error::new(ErrorCode::INVALID_PARAMS, "`cwd` must be an absolute path"));
    }
    Workspace::open(cwd, more.iter().map(PathBuf::as_path))
        .map_err(|error| acp::Error::new(ErrorCode::INVALID_PARAMS, error.to_string()))
}

fn row(listed: &Listed) -> Value {
    let mut meta = json!({
        "createdAt": listed.created_at, "startTime": listed.created_at, "preview": listed.title,
        "titleSource": if listed.has_custom_title { "manual" } else { "auto" },
    });
    if let Some(branch) = &listed.git_branch {
        meta["gitBranch"] = json!(branch);
    }
    json!({
        "sessionId": listed.session_id, "cwd": listed.cwd, "title": listed.title,
        "updatedAt": listed.updated_at, "_meta": meta,
    })
}

fn not_found(error: &LoadError) -> acp::Error {
    match error {
        LoadError::Unknown(_) => acp::Error::new(ErrorCode::RESOURCE_NOT_FOUND, error.to_string()),
        LoadError::Read { .. } => acp::Error::new(ErrorCode::INTERNAL_ERROR, error.to_string()),
    }
}
