//! `/openapi.json` against real answers of the real program: whatever is asked and answered has to be as it is described.

mod scene;
mod words;

use anyhow::{Context, ensure};
use roost_tests::{client::record::Exchange, conformance, daemon::Setup, description::Description};
use serde_json::json;

/// What goes well only with a sign-in link, a stream that is kept, or an identity provider: tests of their own have them.
const NEEDS_A_PEER: [&str; 7] = [
    "post /auth/exchange",
    "get /acp",
    "get /workspaces/{workspace}/acp",
    "delete /workspaces/{workspace}/acp",
    "post /workspaces/{workspace}/auth/device-flow",
    "get /workspaces/{workspace}/auth/device-flow/{flow}",
    "delete /workspaces/{workspace}/auth/device-flow/{flow}",
];

/// Well and badly asked, every route that the original has, too; then everything they do not get to.
#[tokio::test]
async fn every_answer_and_every_body_that_was_taken_is_as_it_is_described() -> anyhow::Result<()> {
    let (mut description, mut exchanges) = conformance::exchanges_of_roost().await?;
    exchanges.extend(scene::asked_and_answered().await?);
    let wrong: Vec<String> = exchanges.iter().filter_map(|exchange| wrong(&mut description, exchange)).collect();
    ensure!(wrong.is_empty(), "{} of {} are not as described:\n{}", wrong.len(), exchanges.len(), wrong.join("\n"));
    let mut unseen = description.unseen(false);
    unseen.retain(|route| !NEEDS_A_PEER.contains(&route.as_str()));
    ensure!(unseen.is_empty(), "nothing went well of {unseen:#?}");
    let mut unrefused = description.unseen(true);
    unrefused.retain(|route| route != "get /health");
    ensure!(unrefused.is_empty(), "nothing was refused of {unrefused:#?}");
    Ok(())
}

fn wrong(description: &mut Description, exchange: &Exchange) -> Option<String> {
    let error = description.check(exchange).err()?;
    Some(format!("- {} {}: {error:#}", exchange.method, exchange.target))
}

#[tokio::test]
async fn every_schema_of_the_document_is_one() -> anyhow::Result<()> {
    let daemon = Setup::new().start().await?;
    let schemas = Description::of(&daemon.client()?).await?.compile_all()?;
    assert!(schemas > 500, "there are only {schemas}");
    Ok(())
}

/// The document is what tools of the trade take: the program that makes it is not asked here, only what it made.
#[tokio::test]
async fn the_document_has_what_openapi_wants_of_one() -> anyhow::Result<()> {
    let daemon = Setup::new().start().await?;
    let document = daemon.client()?.get("/openapi.json").await?.ok()?;
    assert_eq!(document["openapi"], "3.1.0");
    for (pattern, operations) in document["paths"].as_object().context("there are paths")? {
        for (method, operation) in operations.as_object().context("a path has operations")? {
            let what = format!("{method} {pattern}");
            let parameters = operation["parameters"].as_array().context("parameters are a list")?;
            let mut seen = Vec::new();
            for parameter in parameters {
                let place = parameter["in"].as_str().context("a parameter has a place")?;
                ensure!(["path", "query", "header"].contains(&place), "{what}: {parameter}");
                ensure!(parameter["schema"].is_object() && parameter["name"].is_string(), "{what}: {parameter}");
                let key = (place.to_owned(), parameter["name"].clone());
                ensure!(!seen.contains(&key), "{what} has {key:?} twice");
                seen.push(key);
            }
            for part in pattern.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
                ensure!(seen.contains(&("path".to_owned(), json!(part))), "{what} does not say what {part} is");
            }
            let responses = operation["responses"].as_object().context("there are responses")?;
            ensure!(responses.keys().any(|status| status.starts_with(['1', '2'])), "{what} never goes well");
            for (status, response) in responses {
                ensure!(response["description"].is_string(), "{what} {status} has no description");
            }
        }
    }
    Ok(())
}
