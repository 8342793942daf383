//! Files in `QWEN_HOME` that daemon and agent both write, and the locks by which they take turns.
//!
//! To change such a file, lock first (`flock`, exclusive), then read, change and replace it, then unlock. The kernel unlocks for a process
//! that dies. Reading needs no lock: a file is replaced as a whole.

/// The user's settings.
pub const SETTINGS: &str = "settings.json";
/// For every settings file that is written on this home's behalf, those of projects included.
pub const SETTINGS_LOCK: &str = "roost/settings.lock";
/// What signing in with the provider [`SIGN_IN`] got: a [`Credentials`](crate::credentials::Credentials).
pub const CREDENTIALS: &str = "oauth_creds.json";
/// For every file of credentials. It is held while a token is renewed, for as long as the identity provider takes.
pub const CREDENTIALS_LOCK: &str = "roost/credentials.lock";
/// The identity provider whose token is for models.
pub const SIGN_IN: &str = "qwen-oauth";
