//! What the agent is asked about a session: context, statistics, language, interrupted turns.

use std::{collections::BTreeMap, time::Duration};

use roost_core::EventType;
use roost_tests::{
    client::events::{Cursor, message_text},
    scripted_agent::{AgentScript, Step},
};
use serde_json::{Value, json};

use crate::host::{Host, saying};

fn answering(answers: &[(&str, Value)], turns: Vec<Vec<Step>>) -> AgentScript {
    let extensions: BTreeMap<String, Value> =
        answers.iter().map(|(method, answer)| ((*method).to_owned(), answer.clone())).collect();
    AgentScript { extensions, ..AgentScript::turns(turns) }
}

#[tokio::test]
async fn context_and_statistics_are_the_agents_under_the_daemons_names() -> anyhow::Result<()> {
    let host = Host::start(answering(
        &[
            (
                "qwen/status/session/context_usage",
                json!({"v": 9, "sessionId": "another", "usage": {"totalTokens": 7}, "formattedText": "7"}),
            ),
            ("qwen/status/session/stats", json!({"promptCount": 2})),
        ],
        Vec::new(),
    ))
    .await?;
    let client = host.client();
    let session = client.new_session().await?;
    let usage = client.get(&format!("/session/{session}/context-usage?detail=true")).await?.ok()?;
    let cwd = &host.config.workspace;
    assert_eq!(
        usage,
        json!({"v": 1, "sessionId": session, "workspaceCwd": cwd, "usage": {"totalTokens": 7}, "formattedText": "7"})
    );
    let stats = client.get(&format!("/session/{session}/stats")).await?.ok()?;
    assert_eq!(stats, json!({"v": 1, "sessionId": session, "workspaceCwd": cwd, "promptCount": 2}));
    assert_eq!(client.get("/session/none/stats").await?.code().as_deref(), Some("session_not_found"));
    Ok(())
}

#[tokio::test]
async fn an_agent_that_does_not_know_the_question_is_a_501() -> anyhow::Result<()> {
    let host = Host::start(saying(&[])).await?;
    let session = host.client().new_session().await?;
    let unknown = host.client().get(&format!("/session/{session}/context-usage")).await?;
    assert_eq!((unknown.status, unknown.code().as_deref()), (501, Some("not_supported_by_agent")));
    Ok(())
}

#[tokio::test]
async fn an_agent_that_does_not_answer_is_a_504() -> anyhow::Result<()> {
    let script = AgentScript { unanswered: vec!["qwen/status/session/stats".to_owned()], ..saying(&[]) };
    let host = Host::start_with(script, |config| config.timeouts.agent_answer = Duration::from_millis(200)).await?;
    let client = host.client();
    let session = client.new_session().await?;
    let silent = client.get(&format!("/session/{session}/stats")).await?;
    assert_eq!((silent.status, silent.code().as_deref()), (504, Some("init_timeout")));
    assert_eq!(silent.json()["timeoutMs"], 200);
    Ok(())
}

#[tokio::test]
async fn an_agent_that_never_opens_a_session_is_a_504() -> anyhow::Result<()> {
    let script = AgentScript { unanswered: vec!["session/new".to_owned()], ..saying(&[]) };
    let host = Host::start_with(script, |config| config.timeouts.session_restore = roost_core::Millis(200)).await?;
    let refused = host.client().post("/session", &json!({})).await?;
    assert_eq!((refused.status, refused.code().as_deref()), (504, Some("init_timeout")));
    assert_eq!(refused.json()["phase"], "session/new");
    assert!(refused.header("retry-after").is_some());
    Ok(())
}

#[tokio::test]
async fn a_language_is_set_and_told() -> anyhow::Result<()> {
    let method = "qwen/control/session/language";
    let told = json!({"language": "de", "outputLanguage": "German", "refreshed": true});
    let host = Host::start(answering(&[(method, told.clone())], Vec::new())).await?;
    let client = host.client();
    let session = client.new_session().await?;
    let mut stream = client.events(&session).from(Cursor::START).open().await?;
    let path = format!("/session/{session}/language");
    let set = client.post(&path, &json!({"language": "de", "syncOutputLanguage": true})).await?.ok()?;
    assert_eq!(set, told);
    let events = stream.until_type(EventType::LanguageChanged).await?;
    let mut data = told;
    data["sessionId"] = json!(session);
    assert_eq!(events.last().expect("it was waited for").data, data);

    let wrong = client.post(&path, &json!({"language": "klingon"})).await?;
    assert_eq!((wrong.status, wrong.code().as_deref()), (400, Some("invalid_language")));
    assert_eq!(wrong.json()["allowed"], json!(["en", "zh-TW", "zh", "ru", "de", "ja", "pt", "fr", "ca", "auto"]));
    let wrong = client.post(&path, &json!({"language": "de", "syncOutputLanguage": 1})).await?;
    assert_eq!(wrong.code().as_deref(), Some("invalid_sync_flag"));
    Ok(())
}

/// P15: an interrupted turn goes on without an echo of what was asked.
#[tokio::test]
async fn an_interrupted_turn_goes_on_from_its_cursor() -> anyhow::Result<()> {
    let verdict = json!({"accepted": true, "interruption": "interrupted_turn"});
    let script = answering(
        &[("qwen/control/session/continue", verdict)],
        vec![vec![Step::Fail { code: -32603, message: "cut off".into() }], vec![Step::Text("and so on".into())]],
    );
    let host = Host::start(script).await?;
    let client = host.client();
    let session = client.new_session().await?;
    client.turn(&session, "begin").await?;
    let path = format!("/session/{session}/continue");
    let goes_on = client.post(&path, &json!({})).await?.ok()?;
    assert_eq!((&goes_on["accepted"], &goes_on["interruption"]), (&json!(true), &json!("interrupted_turn")));
    let cursor = Cursor {
        last_event_id: goes_on["lastEventId"].as_u64().expect("a number"),
        epoch: goes_on["eventEpoch"].as_str().map(str::to_owned),
    };
    let mut stream = client.events(&session).from(cursor).open().await?;
    let events = stream.until_end_of(goes_on["promptId"].as_str().expect("an id")).await?;
    assert_eq!(message_text(&events), "and so on");
    assert!(events.iter().all(|event| event.data["update"]["sessionUpdate"] != "user_message_chunk"));
    Ok(())
}

/// P15: where nothing was interrupted, or a turn runs, nothing goes on.
#[tokio::test]
async fn nothing_goes_on_where_nothing_was_interrupted() -> anyhow::Result<()> {
    let host = Host::start(AgentScript::turns([vec![Step::Hang]])).await?;
    let client = host.client();
    let session = client.new_session().await?;
    let path = format!("/session/{session}/continue");
    let nothing = json!({"accepted": false, "interruption": "none"});
    assert_eq!(client.post(&path, &json!({})).await?.ok()?, nothing, "this agent knows of no interruptions");
    client.prompt(&session, "wait").await?;
    assert_eq!(client.post(&path, &json!({})).await?.ok()?, nothing, "a turn runs");
    Ok(())
}
