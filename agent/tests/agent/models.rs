//! Model servers that refuse, fail, hang up or talk nonsense; and the models that are no OpenAI server.

use std::convert::Infallible;

use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, body::Bytes, service::service_fn};
use hyper_util::rt::TokioIo;
use roost_tests::fake_model::{FakeModel, Script, Step};
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpSocket},
    sync::mpsc,
};

use crate::support::{Scene, text_of, tool_updates};

/// What the user reads when a prompt fails.
async fn failure(scene: &Scene) -> (i32, String) {
    let mut peer = scene.start().await;
    let session = peer.open(scene).await;
    let (end, _) = peer.turn(&session, "go").await;
    let error = end.expect_err("the prompt fails");
    (error.code.value(), error.message)
}

#[tokio::test]
async fn a_busy_or_broken_server_is_asked_again() {
    let busy = Step::Status { code: 429, retry_after_s: Some(0), body: String::new() };
    let turns = [vec![busy], vec![Step::status(500)], vec![Step::CloseEarly], vec![Step::text("at last")]];
    let scene = Scene::with_turns(turns).await;
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    let (end, updates) = peer.turn(&session, "go").await;
    assert_eq!(end.expect("ends")["stopReason"], "end_turn");
    assert_eq!(text_of(&updates, "agent_message_chunk"), "at last");
    assert_eq!(updates.last().expect("updates")["_meta"]["apiRetries"], 3);
    assert_eq!(scene.model().requests().len(), 4);
}

#[tokio::test]
async fn an_answer_that_was_begun_is_not_asked_for_again() {
    let broken = vec![Step::text("half"), Step::Gate("seen".into()), Step::CloseEarly];
    let scene = Scene::with_turns([broken, vec![Step::text("again")]]).await;
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    let end = peer.prompt(&session, "go");
    peer.update_where(|update| update["content"]["text"] == "half").await;
    scene.model().open("seen");
    let error = end.await.expect("joins").expect_err("fails");
    assert!(error.message.contains("broke off"), "{}", error.message);
    assert_eq!(scene.model().requests().len(), 1);
}

#[tokio::test]
async fn a_broken_off_preparation_is_taken_back() {
    let call = Step::tool_call("glob", json!({"pattern": "*"}));
    let scene =
        Scene::with_turns([vec![call, Step::Gate("seen".into()), Step::CloseEarly], vec![Step::text("well")]]).await;
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    let end = peer.prompt(&session, "go");
    let prepared = peer.update().await;
    scene.model().open("seen");
    end.await.expect("joins").expect("ends");
    let updates = peer.updates_so_far();
    let [discarded] = tool_updates(&updates)[..] else { panic!("one update, got {updates:?}") };
    assert_eq!(prepared["toolCallId"], discarded["toolCallId"]);
    assert_eq!(discarded["_meta"]["preparationDiscarded"], true);
    assert_eq!(text_of(&updates, "agent_message_chunk"), "well");
}

#[tokio::test]
async fn a_refused_key_names_its_variable() {
    let body = r#"{"error":{"message":"Incorrect API key provided"}}"#;
    let scene = Scene::with_turns([vec![Step::Status { code: 401, retry_after_s: None, body: body.into() }]]).await;
    let (code, message) = failure(&scene).await;
    assert_eq!(code, -32603);
    assert!(message.contains("OPENAI_API_KEY") && message.contains("Incorrect API key provided"), "{message}");
    assert_eq!(scene.model().requests().len(), 1);
}

#[tokio::test]
async fn a_missing_model_is_named() {
    let scene = Scene::with_turns([vec![Step::status(404)]]).await;
    let (_, message) = failure(&scene).await;
    assert!(message.contains("`fake-model`"), "{message}");

    let nameless = Scene::with_environment([("OPENAI_BASE_URL", "http://127.0.0.1:9/v1".to_owned())]);
    assert!(failure(&nameless).await.1.contains("OPENAI_MODEL"));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    // Bound and never listened at: nobody answers there, and nobody else can.
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind("127.0.0.1:0".parse().expect("an address")).expect("binds");
    let address = socket.local_addr().expect("bound");
    let server = [("OPENAI_BASE_URL", format!("http://{address}/v1")), ("OPENAI_MODEL", "m".to_owned())];
    let (_, message) = failure(&Scene::with_environment(server)).await;
    assert!(message.contains(&address.to_string()) && message.contains("reached"), "{message}");
}

#[tokio::test]
async fn nonsense_is_shown_for_what_it_is() {
    let scene = Scene::with_turns([vec![Step::Garbage("data: <html>no model here</html>\n\n".into())]]).await;
    let (_, message) = failure(&scene).await;
    assert!(message.contains("no model here"), "{message}");
}

#[tokio::test]
async fn a_long_wait_asked_for_by_the_server_is_left_to_the_user() {
    let later = Step::Status { code: 429, retry_after_s: Some(3600), body: String::new() };
    let (code, message) = failure(&Scene::with_turns([vec![later]]).await).await;
    assert_eq!(code, 429);
    assert!(message.contains("429"), "{message}");
}

#[tokio::test]
async fn a_server_that_cannot_stream_is_understood() {
    let answer = json!({"choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "whole"}}]});
    let (address, _requests) = serve("application/json", answer.to_string()).await;
    let server = [("OPENAI_BASE_URL", format!("http://{address}/v1")), ("OPENAI_MODEL", "m".to_owned())];
    let scene = Scene::with_environment(server);
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    let (end, updates) = peer.turn(&session, "go").await;
    end.expect("ends");
    assert_eq!(text_of(&updates, "agent_message_chunk"), "whole");
}

#[tokio::test]
async fn anthropic_streams_text_and_calls_tools() {
    let events = [
        json!({"type": "message_start", "message": {"id": "m", "type": "message", "role": "assistant", "content": [], "model": "c", "usage": {"input_tokens": 7, "output_tokens": 1}}}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Looking. "}}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "content_block_start", "index": 1, "content_block": {"type": "tool_use", "id": "toolu_1", "name": "read_file", "input": {}}}),
        json!({"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": "{\"file_path\":"}}),
        json!({"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": "\"a.txt\"}"}}),
        json!({"type": "content_block_stop", "index": 1}),
        json!({"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 9}}),
        json!({"type": "message_stop"}),
    ];
    let stream: String = events
        .iter()
        .map(|event| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().expect("a type")))
        .collect();
    let (address, mut requests) = serve("text/event-stream", stream).await;
    let scene = Scene::with_environment([
        ("ANTHROPIC_BASE_URL", format!("http://{address}/v1")),
        ("ANTHROPIC_API_KEY", "sk-ant".to_owned()),
        ("ANTHROPIC_MODEL", "claude-test".to_owned()),
    ]);
    scene.write("a.txt", "hello\n");
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    let _end = peer.prompt(&session, "go");
    let read = peer.update_where(|update| update["status"] == "completed").await;
    assert_eq!(read["content"][0]["content"]["text"], "hello\n");
    let first = requests.recv().await.expect("a request");
    assert_eq!((&first["model"], &first["stream"]), (&json!("claude-test"), &json!(true)));
    let second = requests.recv().await.expect("the result is told to the model");
    let results = second["messages"].to_string();
    assert!(results.contains("tool_result") && results.contains("toolu_1") && results.contains("hello"), "{results}");
}

#[tokio::test]
async fn without_a_provider_the_demo_model_says_what_it_is() {
    let scene = Scene::with_environment::<&str>([]);
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    let (end, updates) = peer.turn(&session, "Who are you?").await;
    assert_eq!(end.expect("ends")["stopReason"], "end_turn");
    let text = text_of(&updates, "agent_message_chunk");
    assert!(text.contains("demo model") && text.contains("OPENAI_API_KEY"), "{text}");
    assert!(!text_of(&updates, "agent_thought_chunk").is_empty());
    assert!(updates.len() > 20, "it streams word by word");
}

#[tokio::test]
async fn the_demo_model_writes_a_file_after_asking() {
    let scene = Scene::with_environment::<&str>([]);
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    let end = peer.prompt(&session, "create hello.txt with Hello");
    let question = peer.question().await;
    assert_eq!(question.params["toolCall"]["_meta"]["toolName"], "write_file");
    question.choose("proceed_once");
    assert_eq!(end.await.expect("joins").expect("ends")["stopReason"], "end_turn");
    assert_eq!(scene.read("hello.txt").as_deref(), Some("Hello\n"));
    let end = peer.prompt(&session, "replace Hello with Goodbye in hello.txt");
    peer.question().await.choose("proceed_once");
    end.await.expect("joins").expect("ends");
    assert_eq!(scene.read("hello.txt").as_deref(), Some("Goodbye\n"));
}

/// A server that answers everything with the same body, and hands on what it is asked.
async fn serve(kind: &'static str, body: String) -> (std::net::SocketAddr, mpsc::Receiver<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let address = listener.local_addr().expect("bound");
    let (asked, requests) = mpsc::channel(16);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (body, asked) = (body.clone(), asked.clone());
            tokio::spawn(async move {
                let service = service_fn(move |request: Request<hyper::body::Incoming>| {
                    let (body, asked) = (body.clone(), asked.clone());
                    async move {
                        let bytes = request.into_body().collect().await.expect("a body").to_bytes();
                        let _ = asked.send(serde_json::from_slice(&bytes).expect("JSON")).await;
                        let response =
                            Response::builder().header("content-type", kind).body(Full::new(Bytes::from(body)));
                        Ok::<_, Infallible>(response.expect("a response"))
                    }
                });
                let _ =
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    (address, requests)
}

#[tokio::test]
async fn a_model_of_the_settings_is_asked_with_its_key_and_tuning() {
    let model = FakeModel::start(Script::turns([vec![Step::text("hello")]])).await.expect("the model starts");
    let scene = Scene::with_environment::<String>([]);
    let settings = json!({
        "env": {"KEY_OF_MINE": "sk-of-mine"},
        "modelProviders": {"openai": [
            {"id": "other", "baseUrl": "http://127.0.0.1:1/v1", "envKey": "KEY_OF_MINE"},
            {"id": "mine", "baseUrl": model.base_url(), "envKey": "KEY_OF_MINE", "generationConfig": {
                "contextWindowSize": 5_000, "samplingParams": {"max_tokens": 77}, "extra_body": {"enable_thinking": true, "model": "no"}}},
        ]},
        "security": {"auth": {"selectedType": "openai"}},
        "model": {"name": "mine", "baseUrl": ""},
    });
    scene.write_home("settings.json", &settings.to_string());
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    let (end, updates) = peer.turn(&session, "go").await;
    end.expect("ends");
    assert_eq!(text_of(&updates, "agent_message_chunk"), "hello");
    let request = &model.requests()[0];
    assert_eq!((request.model(), request.authorization.as_deref()), ("mine", Some("Bearer sk-of-mine")));
    assert_eq!((&request.body["max_tokens"], &request.body["enable_thinking"]), (&77.into(), &true.into()));
}
