//! Slash commands the agent runs itself.

use serde_json::json;

use crate::support::{Scene, text_of};

#[tokio::test]
async fn every_advertised_command_runs() {
    let scene = Scene::talkative().await;
    let mut peer = scene.start().await;
    let session = json!({"cwd": scene.workspace(), "mcpServers": []});
    let session =
        peer.call("session/new", session).await.expect("opens")["sessionId"].as_str().expect("an id").to_owned();
    let commands = peer.update().await;
    let commands = commands["availableCommands"].as_array().expect("commands");
    for command in commands {
        let name = command["name"].as_str().expect("a name");
        let hint = &command["_meta"]["argumentHint"];
        assert!(hint.is_null() || *hint == command["input"]["hint"], "/{name}: the hint is one, wherever it stands");
        let names = command["_meta"]["altNames"].as_array().into_iter().flatten().filter_map(|name| name.as_str());
        let subcommands =
            command["_meta"]["subcommands"].as_array().expect("a list").iter().filter_map(|sub| sub.as_str());
        let lines = std::iter::once(name.to_owned())
            .chain(names.map(str::to_owned))
            .chain(subcommands.map(|sub| format!("{name} {sub}")));
        for line in lines {
            let (end, updates) = peer.turn(&session, &format!("/{line}")).await;
            assert_eq!(end.expect("ends")["stopReason"], "end_turn", "/{line}");
            assert!(!text_of(&updates, "agent_message_chunk").is_empty(), "/{line} says something");
        }
    }
}

#[tokio::test]
async fn a_command_answers_in_hard_lines_and_leaves_the_history_alone() {
    let scene = Scene::talkative().await;
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    let (end, updates) = peer.turn(&session, "/stats").await;
    end.expect("ends");
    let [update] = updates.as_slice() else { panic!("one update, got {updates:?}") };
    let expected = json!({
        "sessionUpdate": "agent_message_chunk", "content": {"type": "text", "text": update["content"]["text"]},
        "_meta": {"source": "slash_command"},
    });
    assert_eq!(*update, expected);
    let (duration, rest) = text_of(&updates, "agent_message_chunk").split_once("  \n").map_or_else(
        || panic!("lines that end hard: {update}"),
        |(duration, rest)| (duration.to_owned(), rest.to_owned()),
    );
    assert!(duration.starts_with("Session duration: ") && duration.ends_with('s'), "{duration}");
    let text = "Prompts: 1  \nAPI requests: 0  \nTokens — prompt: 0, output: 0  \nTool calls: 0 (0 ok, 0 fail)  \nFiles: +0 / -0 lines";
    assert_eq!(rest, text);
    let (_, updates) = peer.turn(&session, "/status paths").await;
    assert!(text_of(&updates, "agent_message_chunk").contains(&scene.records(&session).display().to_string()));
    peer.turn(&session, "hello").await.0.expect("ends");
    assert_eq!(scene.model().requests()[0].messages().len(), 2);
}

#[tokio::test]
async fn clear_forgets_and_goes_on_under_the_same_id() {
    let scene = Scene::talkative().await;
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    peer.turn(&session, "remember this").await.0.expect("ends");
    peer.turn(&session, "/clear").await.0.expect("ends");
    peer.turn(&session, "what?").await.0.expect("ends");
    let messages = scene.model().requests()[1].messages().to_vec();
    assert_eq!(messages.len(), 2, "{messages:?}");
    peer.stop().await;
    let mut peer = scene.start().await;
    let load = json!({"sessionId": session, "cwd": scene.workspace(), "mcpServers": []});
    peer.call("session/load", load).await.expect("loads");
    assert_eq!(text_of(&peer.updates_so_far(), "user_message_chunk"), "/clearwhat?");
}

#[tokio::test]
async fn commands_of_other_places_are_refused_and_other_slashes_are_text() {
    let scene = Scene::talkative().await;
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    let error = peer.turn(&session, "/help me").await.0.expect_err("refused");
    assert_eq!(error.code.value(), -32603);
    assert!(error.message.starts_with("The command /help is not supported in ACP integration"), "{}", error.message);
    for text in ["/etc/passwd is a file", "// comment", "/* comment */", " /stats", "/STATS", "/nonsense"] {
        peer.turn(&session, text).await.0.expect("ends");
        let requests = scene.model().requests();
        assert_eq!(requests.last().expect("the model is asked").user_text(), text);
    }
}
