//! Writing a provider to the user's settings, where the agent finds it with its next prompt.

use std::{
    fs::{self, OpenOptions, Permissions},
    io,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use serde_json::{Map, Value, json};

use super::{BaseUrlError, Reach, Wish, base_url};
use crate::settings::{Change, SaveError, Scope, Settings};

const OWNER_ONLY: u32 = 0o600;

/// A provider that was written to the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// The model new sessions begin with.
    pub model_id: Option<String>,
}

/// Why it was not.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    #[error(transparent)]
    BaseUrl(#[from] BaseUrlError),
    #[error(transparent)]
    Save(#[from] SaveError),
    #[error("cannot close {} to other users: {source}", path.display())]
    Private { path: PathBuf, source: io::Error },
    #[error("the daemon is stopping")]
    Stopping,
}

/// Looks the server's name up where the client gave one, then writes key, models and choice of model in one go.
///
/// # Errors
/// The name leads to a private address, or the settings cannot be written; they are as before then.
pub async fn install(settings: &Settings, wish: Wish, reach: Reach) -> Result<Installed, InstallError> {
    if let Some(url) = &wish.own_url {
        base_url::check_addresses(url, reach).await?;
    }
    settings.run(move |settings| write(settings, &wish)).await.map_err(|_| InstallError::Stopping)?
}

fn write(settings: &Settings, wish: &Wish) -> Result<Installed, InstallError> {
    let path = settings.path(Scope::User);
    make_private(&path).map_err(|source| InstallError::Private { path, source })?;
    let fresh = wish.entries();
    let model_id = fresh.first().and_then(|entry| entry["id"].as_str()).map(str::to_owned);
    let is_custom = wish.preset.env_key.is_none();
    settings.edit(Scope::User, |user| {
        let models = merged(present(user, &wish.protocol), fresh.clone(), wish);
        [
            Change::set(format!("env.{}", wish.env_key()), wish.api_key.reveal().into()),
            Change::set(format!("modelProviders.{}", wish.protocol), models.into()),
            Change::set("security.auth.selectedType", wish.protocol.as_str().into()),
            Change::set("model.name", json!(model_id)),
            // Tells apart models of the same name on several servers.
            Change::set("model.baseUrl", if is_custom { wish.base_url.as_str().into() } else { "".into() }),
        ]
    })?;
    Ok(Installed { model_id })
}

/// The settings hold a key from now on: nobody but the user reads them.
fn make_private(path: &Path) -> io::Result<()> {
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir)?;
    }
    match OpenOptions::new().write(true).create_new(true).mode(OWNER_ONLY).open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            if fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
                fs::set_permissions(path, Permissions::from_mode(OWNER_ONLY))?;
            }
            Ok(())
        }
        made => made.map(drop),
    }
}

fn present(user: &Map<String, Value>, protocol: &str) -> Vec<Value> {
    let list = user.get("modelProviders").and_then(|providers| providers.get(protocol)).and_then(Value::as_array);
    list.cloned().unwrap_or_default()
}

/// The models that are there with the fresh ones. A known provider's are replaced; those of a server of the user's own are joined,
/// unless the wish is to replace them.
fn merged(present: Vec<Value>, fresh: Vec<Value>, wish: &Wish) -> Vec<Value> {
    let env_key = wish.env_key();
    let is_replaced = wish.preset.env_key.is_some() || wish.advanced.replace_existing;
    let is_kept = |model: &Value| {
        let is_same_server = model["envKey"] == env_key.as_str();
        !is_same_server || !is_replaced && fresh.iter().all(|other| other["id"] != model["id"])
    };
    let mut models: Vec<Value> = present.into_iter().filter(is_kept).collect();
    models.extend(fresh);
    models
}
