//! `/auth`: how a model is connected.

use roost_core::home::{SETTINGS, SIGN_IN};

use crate::session::Session;

pub(super) fn text(session: &Session) -> String {
    let model = session.model();
    let now = match (&model.base_url, &model.masked_key) {
        (Some(url), Some(key)) => format!("{} at {url}, key {key}", model.name),
        (Some(url), None) if model.provider == SIGN_IN => format!("{} at {url}, signed in", model.name),
        (Some(url), None) => format!("{} at {url}, without a key", model.name),
        (None, _) => format!("{}, built in and offline", model.name),
    };
    format!(
        "Now: {now}\n\n\
         Models are configured by variables, of the environment or of an `.env` file:\n\
         - OPENAI_API_KEY, OPENAI_MODEL, and OPENAI_BASE_URL for any other server that speaks OpenAI's protocol\n\
         - ANTHROPIC_API_KEY and ANTHROPIC_MODEL\n\
         Or by `modelProviders` in {}. Changes of files are taken up with the next prompt.",
        session.shared.home.join(SETTINGS).display(),
    )
}
