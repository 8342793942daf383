//! `/openapi.json` against real answers of the real program: whatever is asked and answered has to be as it is described.

mod scene;
mod words;

use anyhow::{Context, ensure};
use roost_tests::{client::record::Exchange, conformance, daemon::Setup, description::Description};
use serde_json::json;

/// Well and badly asked, every route that the original has, too; then everything they do not get to.
#[tokio::test]
async fn every_answer_and_every_body_that_was_taken_is_as_it_is_described() -> anyhow::Result<()> {
    let (mut description, mut exchanges) = conformance::exchanges_of_roost().await?;
    exchanges.extend(scene::asked_and_answered().await?);
    let wrong: Vec<String> = exchanges.iter().filter_map(|exchange| wrong(&mut description, exchange)).collect();
    ensure!(wrong.is_empty(), "{} of {} are not as described:\n{}", wrong.len(), exchanges.len(), wrong.join("\n"));
    for is_refusal in [false, true] {
        let unseen: Vec<String> =
            description.unseen(is_refusal).into_iter().filter(|route| !is_elsewhere(route, is_refusal)).collect();
        ensure!(unseen.is_empty(), "no {} was seen of {unseen:#?}", if is_refusal { "refusal" } else { "answer" });
    }
    Ok(())
}

fn wrong(description: &mut Description, exchange: &Exchange) -> Option<String> {
    let error = description.check(exchange).err()?;
    Some(format!("- {} {}: {error:#}", exchange.method, exchange.target))
}

/// What needs a peer of its own: a sign-in code, an identity provider, an editor. And what refuses nothing of what is asked here.
fn is_elsewhere(route: &str, is_refusal: bool) -> bool {
    let path = route.split(' ').nth(1).unwrap_or_default();
    let needs_a_peer = path == "/auth/exchange" || path.contains("/auth/device-flow") || path.ends_with("/acp");
    let takes_everything = ["/health", "/capabilities", "/metrics", "/openapi.json", "/workspace-registrations"];
    needs_a_peer && !is_refusal
        || is_refusal && (takes_everything.contains(&path) || !path.contains('{') && !path.contains("/file"))
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
