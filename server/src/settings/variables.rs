//! The variables of one workspace: those of the process, and what files say.

use std::{
    env,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use roost_core::{
    dotenv::MAX_BYTES,
    settings::lookup,
    variables::{FileVariables, PROJECT_FILES},
};
use serde_json::Value;

use super::Layers;
use crate::{child::SECRET_VARIABLES, files::Files};

/// What files say about variables. Those of the process are looked up when they are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variables(FileVariables);

impl Variables {
    /// Reads the files. Blocks.
    pub(super) fn read(home: &Path, cwd: &Path, layers: &Layers) -> Self {
        let user_home = env::home_dir().map(|home| home.join(".env"));
        let user_files: Vec<PathBuf> = [home.join(".env")].into_iter().chain(user_home).collect();
        let of_user = FileVariables::of_user(user_files.iter().filter_map(|path| own_file(path)));
        let mut variables = of_user.hiding(&SECRET_VARIABLES);
        if layers.trust.is_trusted() {
            let excluded = layers.get("advanced.excludedEnvVars").unwrap_or_default();
            let is_excluded = |name: &str| excluded.as_array().is_some_and(|list| list.iter().any(|it| it == name));
            let texts = PROJECT_FILES.iter().filter_map(|file| project_file(cwd, file));
            variables = variables.with_project(texts, is_excluded);
        }
        Self(variables.with_settings(lookup(&layers.user, "env"), of_process))
    }

    /// A variable. An empty one counts as absent.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<String> {
        self.0.find(name, of_process).map(|found| found.value)
    }

    /// Every `$NAME` in the texts of settings, replaced by what it stands for; but a secret of the daemon's own stays a name.
    pub(super) fn expand(&self, settings: &mut Value) {
        self.0.expand(settings, &of_process);
    }
}

fn of_process(name: &str) -> Option<String> {
    env::var(name).ok()
}

fn own_file(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    let file = File::open(path).ok().filter(|file| file.metadata().is_ok_and(|meta| meta.is_file()))?;
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).ok()?;
    text_of(&bytes)
}

/// Beneath the workspace, wherever links lead.
fn project_file(cwd: &Path, file: &str) -> Option<String> {
    let files = Files::default().of(cwd).ok()?;
    let most = usize::try_from(MAX_BYTES).ok()?;
    text_of(&files.load(&files.path(file).ok()?, most + 1).ok()??)
}

fn text_of(bytes: &[u8]) -> Option<String> {
    (bytes.len() as u64 <= MAX_BYTES).then(|| String::from_utf8_lossy(bytes).into_owned())
}
