//! Routes about workspaces.

use super::{Row, delete, get, patch, post};
use crate::routes::{
    registrations::{Forgotten, Registrations},
    workspace::acp::{Readiness, Status},
    workspaces::{Described, Gone, Registration, Removal, Renaming},
};

pub(super) const WORKSPACES: &[Row] = &[
    post("/workspaces", "Makes a folder a workspace").takes::<Registration>().gives::<Described>().status(201),
    patch("/workspaces/{workspace}", "Names a workspace").strict().takes::<Renaming>().gives::<Described>(),
    delete("/workspaces/{workspace}", "Removes a workspace; what lies in it stays")
        .strict()
        .takes::<Removal>()
        .gives::<Gone>(),
    get("/workspace-registrations", "Workspaces that are opened again at the next start").gives::<Registrations>(),
    delete("/workspace-registrations/{registration}", "Has a workspace not opened again").strict().gives::<Forgotten>(),
    get("/workspace/acp/status", "Whether the agent is up").plural().gives::<Status>(),
    post("/workspace/acp/preheat", "Starts the agent ahead of its first session").plural().gives::<Readiness>(),
];

pub(super) const CONTROLS: &[Row] = &[
    get("/workspace/settings", "The settings that can be changed here").plural(),
    post("/workspace/settings", "Changes a setting").plural().strict(),
    get("/workspace/permissions", "What the agent may do unasked, must ask for, and may not").plural(),
    post("/workspace/permissions", "Replaces a list of rules").plural().strict(),
    get("/workspace/trust", "Whether the folder is trusted").plural(),
    post("/workspace/trust/request", "Asks the daemon's owner to trust the folder, or not to")
        .plural()
        .strict()
        .status(202),
    get("/workspace/env", "What the daemon runs on").plural(),
    get("/workspace/preflight", "Whether everything that is needed is there").plural(),
    get("/workspace/providers", "The models there are").plural(),
    get("/workspace/tools", "The agent's tools").plural(),
    post("/workspace/tools/{tool}/enable", "Switches a tool on or off").plural().strict(),
    post("/workspace/init", "Writes the file that tells the agent about the project").plural().strict(),
    post("/workspace/reload", "Takes up settings that were changed by hand").plural().strict(),
    post("/language", "Switches the language everywhere"),
    get("/workspace/git", "Branch and changes").plural(),
    get("/workspace/git/diff", "Which files changed").plural(),
    get("/workspace/git/diff/file", "What changed in a file").plural(),
    get("/workspace/git/log", "The last commits").plural(),
    get("/workspace/git/log/commit", "One commit").plural(),
    get("/workspace/git/branches", "The branches").plural(),
];

pub(super) const AUTH: &[Row] = &[
    get("/workspace/auth/status", "Who is signing in where").plural(),
    get("/workspace/auth/providers", "Providers that can be connected").plural(),
    post("/workspace/auth/provider", "Connects a provider").plural().strict(),
    post("/workspace/auth/device-flow", "Begins to sign in").plural().strict().status(201),
    get("/workspace/auth/device-flow/{flow}", "How a sign-in stands").plural().strict(),
    delete("/workspace/auth/device-flow/{flow}", "Gives a sign-in up").plural().strict().empty(),
];

pub(super) const ACP: &[Row] = &[
    get("/acp", "A stream of JSON-RPC messages, or a WebSocket").plural().media("text/event-stream"),
    post("/acp", "A JSON-RPC message").plural().status(202),
    delete("/acp", "Ends a connection").plural().status(202),
];
