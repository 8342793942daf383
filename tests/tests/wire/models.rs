//! Models that are connected, and signed in for, while the agent runs.

use std::fs;

use anyhow::Context;
use roost_core::EventType;
use roost_tests::{
    client::events::{Cursor, message_text},
    daemon::Setup,
    fake_model::{FakeModel, Script, Step},
    identity_provider::{IdentityProvider, Terms},
};
use serde_json::json;

/// F3: the token of a sign-in is the agent's from the next prompt on, without a restart; one that is about to expire is renewed first.
#[tokio::test]
async fn a_token_that_was_signed_in_for_is_shown_to_the_model_with_the_next_prompt() -> anyhow::Result<()> {
    let model = FakeModel::start(Script::answer(|_| vec![Step::text("signed in")])).await?;
    let provider = IdentityProvider::start(Terms { expires_in: Some(600), interval: Some(1) }).await?;
    // Good for less than the agent wants it to be.
    provider.tokens_are_for(model.base_url(), 5);
    let list = tempfile::NamedTempFile::new()?;
    fs::write(list.path(), json!([provider.entry("qwen-oauth")]).to_string())?;
    let daemon = Setup::new().arg("--identity-providers").arg(list.path()).start().await?;
    let client = daemon.client()?;
    let session = client.new_session().await?;
    client.turn(&session, "hello").await?;
    assert!(model.requests().is_empty(), "until then the demo model answers");

    let mut stream = client.events(&session).from(Cursor::START).open().await?;
    let begun = client.post("/workspace/auth/device-flow", &json!({"providerId": "qwen-oauth"})).await?.ok()?;
    provider.approve(begun["userCode"].as_str().context("a code")?);
    stream.until_type(EventType::AuthDeviceFlowAuthorized).await?;
    for _ in 0..2 {
        assert_eq!(message_text(&client.turn(&session, "hello").await?), "signed in");
    }
    let shown: Vec<_> = model.requests().into_iter().map(|request| request.authorization).collect();
    let bearer = Some(format!("Bearer {}", IdentityProvider::access_token(1)));
    assert_eq!((provider.renewals(), shown), (1, vec![bearer.clone(), bearer]));
    assert!(!daemon.log().contains("canary"), "no token is logged");
    Ok(())
}

#[tokio::test]
async fn a_provider_that_is_connected_answers_the_next_prompt_of_a_running_session() -> anyhow::Result<()> {
    let model = FakeModel::start(Script::answer(|_| vec![Step::text("connected")])).await?;
    let daemon = Setup::new().arg("--allow-private-auth-base-url").start().await?;
    let client = daemon.client()?;
    let session = client.new_session().await?;
    client.turn(&session, "hello").await?;
    let wish = json!({
        "providerId": "custom-openai-compatible", "protocol": "openai", "baseUrl": model.base_url(),
        "apiKey": "sk-connected", "modelIds": ["local"],
    });
    client.post("/workspace/auth/provider", &wish).await?.ok()?;
    assert_eq!(message_text(&client.turn(&session, "hello").await?), "connected");
    let asked = &model.requests()[0];
    assert_eq!((asked.model(), asked.authorization.as_deref()), ("local", Some("Bearer sk-connected")));
    Ok(())
}
