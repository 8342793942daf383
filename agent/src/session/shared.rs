//! What all sessions of the process share.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use super::lock;
use crate::{
    config::Config,
    model::{Catalogue, ToolSpec},
    settings::{Changes, Settings},
    tool::{self, Tool},
};

/// What all sessions of the process share.
pub(crate) struct Shared {
    /// `QWEN_HOME`.
    pub(crate) home: PathBuf,
    models: Mutex<Models>,
    /// The settings of each folder, as of the last reload.
    settings: Mutex<HashMap<PathBuf, Settings>>,
    /// The client can be asked for what the user says while a turn runs.
    client_drains: AtomicBool,
    pub(super) tools: Vec<Box<dyn Tool>>,
    pub(crate) tool_specs: Vec<ToolSpec>,
}

/// The models there are, and what says so.
struct Models {
    config: Config,
    catalogue: Arc<Catalogue>,
}

impl Shared {
    pub(crate) fn new(config: Config) -> Self {
        let tools = tool::registry();
        let tool_specs = tools
            .iter()
            .map(|tool| ToolSpec { name: tool.name(), description: tool.description(), parameters: tool.parameters() })
            .collect();
        let (settings, client_drains) = (Mutex::default(), AtomicBool::new(false));
        let (home, catalogue) = (config.home.clone(), Arc::new(Catalogue::new(&config)));
        let models = Mutex::new(Models { config, catalogue });
        Self { home, models, settings, client_drains, tool_specs, tools }
    }

    /// The models, as they were last read.
    pub(crate) fn catalogue(&self) -> Arc<Catalogue> {
        Arc::clone(&lock(&self.models).catalogue)
    }

    /// The models, read again where a file they come from has changed. It is the same catalogue for as long as they are the same.
    pub(crate) fn refresh_models(&self) -> Arc<Catalogue> {
        let mut models = lock(&self.models);
        if models.config.is_stale() {
            let fresh = models.config.again();
            if !fresh.has_models_of(&models.config) {
                models.catalogue = Arc::new(Catalogue::new(&fresh));
            }
            models.config = fresh;
        }
        Arc::clone(&models.catalogue)
    }

    /// Reads the settings of a folder again. The first time, nothing counts as changed.
    pub(crate) fn reload(&self, cwd: &Path) -> Changes {
        let open = || Settings::open(&self.home, cwd);
        lock(&self.settings).entry(cwd.to_owned()).or_insert_with(open).reload()
    }

    pub(crate) fn client_drains(&self) -> bool {
        self.client_drains.load(Ordering::Relaxed)
    }

    pub(crate) fn set_client_drains(&self, drains: bool) {
        self.client_drains.store(drains, Ordering::Relaxed);
    }

    pub(crate) fn tool(&self, name: &str) -> Option<&dyn Tool> {
        self.tools.iter().find(|tool| tool.name() == name).map(AsRef::as_ref)
    }

    /// Whether calls of this tool have a card from the beginning.
    pub(crate) fn has_cards(&self, tool: &str) -> bool {
        self.tool(tool).is_none_or(|tool| !tool.is_shown_as_a_plan())
    }

    /// The name people see. A tool nobody knows shows the name the model used.
    pub(crate) fn display<'a>(&'a self, name: &'a str) -> (&'a str, &'static str) {
        self.tool(name).map_or((name, "other"), |tool| (tool.display(), tool.kind().id()))
    }
}
