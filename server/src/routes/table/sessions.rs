//! Routes about sessions, their turns, and the order they are kept in.

use super::{Row, delete, get, patch, post, put};

pub(super) const SESSIONS: &[Row] = &[
    post("/session", "A new session, or a place on the shared one"),
    delete("/session/{id}", "Closes a session; its record stays").empty(),
    post("/session/{id}/load", "Brings a session back, with its history"),
    post("/session/{id}/resume", "Brings a session back, without its history"),
    post("/session/{id}/detach", "Leaves a session").empty(),
    post("/session/{id}/heartbeat", "Says that a client is still there"),
    get("/session/{id}/status", "How a live session stands"),
    get("/session/{id}/context", "Models, modes and options of a session"),
    get("/session/{id}/context-usage", "What fills the model's context"),
    get("/session/{id}/supported-commands", "Slash commands of a session"),
    get("/session/{id}/stats", "What a session has used"),
    get("/session/{id}/events", "The stream of a session's events").media("text/event-stream"),
    patch("/session/{id}/metadata", "Names a session").strict(),
    get("/session/{id}/_meta", "What clients have noted about a session"),
    put("/session/{id}/_meta", "Replaces what is noted about a session").strict(),
    patch("/session/{id}/_meta", "Adds to what is noted about a session").strict(),
    delete("/session/{id}/_meta", "Forgets what is noted about a session").strict(),
    post("/session/{id}/model", "Switches the model"),
    // Open on some daemons. Closed is what no client with a token can tell apart.
    post("/session/{id}/approval-mode", "Switches what the agent may do unasked").strict(),
    post("/session/{id}/language", "Switches the language"),
    get("/session/{id}/transcript", "A session's past, page by page").plural(),
    get("/session/{id}/export", "A session's past as a document").plural().media("application/octet-stream"),
    get("/workspaces/{workspace}/session/{session}/archive/export", "An archived session's past as a document")
        .media("application/octet-stream"),
];

pub(super) const TURNS: &[Row] = &[
    post("/session/{id}/prompt", "Asks the agent; the outcome comes on the stream").status(202),
    post("/session/{id}/cancel", "Cancels the running prompt").empty(),
    post("/session/{id}/continue", "Goes on with a turn that was interrupted").strict(),
    get("/session/{id}/pending-prompts", "Prompts that run or wait"),
    delete("/session/{id}/pending-prompts/{prompt}", "Takes a prompt back"),
    post("/session/{id}/mid-turn-message", "Says something to the agent while it works"),
    get("/session/{id}/mid-turn-messages", "What was said and the agent has not heard yet"),
    delete("/session/{id}/mid-turn-messages/{message}", "Takes back what was said"),
    get("/session/{id}/turns/current", "How the running turn stands, else the last one"),
    get("/session/{id}/turns/{prompt}", "How a turn stands or ended"),
    post("/session/{id}/shell", "Runs a command line of the user's").strict(),
    post("/session/{id}/permission/{request}", "Votes on what the agent asks"),
    post("/permission/{request}", "Votes on what an agent asks, in whichever session"),
];

pub(super) const ORDER: &[Row] = &[
    get("/workspace/{id}/sessions", "The sessions of a workspace, page by page").plural(),
    get("/workspace/{id}/session-info", "How many sessions there are").plural(),
    get("/workspaces/{workspace}/sessions/live-state", "How the live sessions stand, cheap to ask often"),
    patch("/session/{id}/organization", "Pins a session, puts it in a group, colours it"),
    get("/workspace/{id}/session-groups", "The groups of sessions").plural(),
    post("/workspace/{id}/session-groups", "A new group").plural().status(201),
    patch("/workspace/{id}/session-groups/{group}", "Changes a group").plural(),
    delete("/workspace/{id}/session-groups/{group}", "Removes a group; its sessions stay").plural(),
    post("/sessions/archive", "Puts sessions away").plural(),
    post("/sessions/unarchive", "Gets sessions back").plural(),
    post("/sessions/delete", "Removes sessions for good").plural(),
];
