//! The peers are programs too: what the other tests take from them is tried here.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, Command, Stdio},
};

use anyhow::Context;
use fantoccini::key::Key;
use roost_core::sse::{Frame, Parser};
use roost_tests::{
    browser::Browser,
    client::Client,
    fake_model::{FakeModel, Script, Step, script::words},
    program,
    scripted_agent::{self, AgentScript},
};
use serde_json::{Value, json};
use tempfile::TempDir;

fn client_of(model: &FakeModel) -> anyhow::Result<Client> {
    let address = model.base_url();
    let address = address.trim_start_matches("http://").trim_end_matches("/v1");
    Ok(Client::new(address.parse()?).with_token("sk-fake"))
}

fn question(stream: bool) -> Value {
    json!({
        "model": "fake-model", "stream": stream, "stream_options": {"include_usage": true},
        "messages": [{"role": "user", "content": [{"type": "text", "text": "what now?"}]}],
    })
}

/// The data of every chunk of a streamed completion.
fn chunks(body: &[u8]) -> anyhow::Result<Vec<String>> {
    let (mut parser, mut frames) = (Parser::default(), Vec::new());
    parser.push(body, &mut frames)?;
    let data = frames.into_iter().filter_map(|frame| match frame {
        Frame::Event(event) => Some(event.data),
        Frame::Comment(_) | Frame::Retry(_) => None,
    });
    Ok(data.collect())
}

#[tokio::test]
async fn the_fake_model_streams_numbered_words_then_usage_then_done() -> anyhow::Result<()> {
    let turn = vec![Step::words(200), Step::Usage { prompt_tokens: 7, completion_tokens: 200 }];
    let model = FakeModel::start(Script::turns([turn])).await?;
    let answer = client_of(&model)?.post("/v1/chat/completions", &question(true)).await?;
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));

    let mut chunks = chunks(&answer.body)?;
    assert_eq!(chunks.pop().as_deref(), Some("[DONE]"));
    let chunks: Vec<Value> = chunks.iter().map(|chunk| serde_json::from_str(chunk)).collect::<Result<_, _>>()?;
    let text: String = chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect();
    assert_eq!(text, words(200));
    let finished = &chunks[chunks.len() - 2];
    assert_eq!(finished["choices"][0]["finish_reason"], "stop");
    assert_eq!(chunks[chunks.len() - 1]["usage"]["total_tokens"], 207);

    let asked = &model.requests()[0];
    assert_eq!(asked.user_text(), "what now?");
    assert_eq!(asked.authorization.as_deref(), Some("Bearer sk-fake"));
    Ok(())
}

#[tokio::test]
async fn a_tool_call_arrives_in_pieces_that_join_to_its_arguments() -> anyhow::Result<()> {
    let arguments = json!({"file_path": "ünïcode.txt", "content": "a \"quoted\" line\n"});
    let script = Script::always(vec![Step::tool_call("write_file", arguments.clone())]);
    let model = FakeModel::start(script).await?;
    let answer = client_of(&model)?.post("/v1/chat/completions", &question(true)).await?;

    let mut joined = String::new();
    let mut finish = None;
    for chunk in chunks(&answer.body)?.iter().filter(|chunk| *chunk != "[DONE]") {
        let chunk: Value = serde_json::from_str(chunk)?;
        let choice = &chunk["choices"][0];
        joined += choice["delta"]["tool_calls"][0]["function"]["arguments"].as_str().unwrap_or_default();
        finish = choice["finish_reason"].as_str().map(str::to_owned).or(finish);
    }
    assert_eq!(serde_json::from_str::<Value>(&joined)?, arguments);
    assert_eq!(finish.as_deref(), Some("tool_calls"));

    let whole = client_of(&model)?.post("/v1/chat/completions", &question(false)).await?.ok()?;
    let call = &whole["choices"][0]["message"]["tool_calls"][0]["function"];
    assert_eq!(serde_json::from_str::<Value>(call["arguments"].as_str().context("arguments are text")?)?, arguments);
    Ok(())
}

#[tokio::test]
async fn a_script_refuses_breaks_off_and_ends_as_it_says() -> anyhow::Result<()> {
    let busy = Step::Status { code: 429, retry_after_s: Some(2), body: r#"{"error":{"message":"busy"}}"#.into() };
    let broken = vec![Step::words(1), Step::CloseEarly];
    let model = FakeModel::start(Script::turns([vec![busy], broken])).await?;
    let client = client_of(&model)?;

    let refused = client.post("/v1/chat/completions", &question(true)).await?;
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("2")));
    let cut = client.post("/v1/chat/completions", &question(true)).await;
    assert!(cut.is_err(), "a connection that is dropped in the middle of a body is no answer: {cut:?}");
    let over = client.post("/v1/chat/completions", &question(true)).await?;
    assert_eq!(over.status, 400, "a request that the script does not foresee is refused");
    Ok(())
}

#[tokio::test]
async fn a_gate_holds_the_stream_until_the_test_opens_it() -> anyhow::Result<()> {
    let turn = vec![Step::text("before "), Step::Gate("go on".into()), Step::text("after")];
    let model = FakeModel::start(Script::turns([turn])).await?;
    let client = client_of(&model)?;
    let asked = tokio::spawn(async move { client.post("/v1/chat/completions", &question(true)).await });
    model.requested(1).await;
    assert!(!asked.is_finished());
    model.open("go on");
    assert!(asked.await??.text().contains("after"));
    Ok(())
}

/// The scripted agent with its pipes, spoken to by hand.
struct Agent {
    process: Child,
    lines: BufReader<std::process::ChildStdout>,
}

impl Agent {
    fn start(script: &AgentScript, folder: &TempDir) -> anyhow::Result<Self> {
        let path = folder.path().join("script.json");
        script.save(&path)?;
        let mut process =
            Command::new(program::scripted_agent()?).arg(path).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let lines = BufReader::new(process.stdout.take().context("stdout is piped")?);
        Ok(Self { process, lines })
    }

    fn send(&mut self, message: &Value) -> anyhow::Result<()> {
        let stdin = self.process.stdin.as_mut().context("stdin is piped")?;
        Ok(writeln!(stdin, "{message}")?)
    }

    fn read(&mut self) -> anyhow::Result<Value> {
        let mut line = String::new();
        self.lines.read_line(&mut line)?;
        serde_json::from_str(&line).with_context(|| format!("no JSON: {line:?}"))
    }

    /// Opens a session in `folder` and prompts it; the answers to come are the turn's.
    fn prompt(&mut self, folder: &TempDir) -> anyhow::Result<()> {
        self.send(&json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {"protocolVersion": 1}}))?;
        assert_eq!(self.read()?["result"]["protocolVersion"], 1);
        let new = json!({"cwd": folder.path(), "mcpServers": []});
        self.send(&json!({"jsonrpc": "2.0", "id": 1, "method": "session/new", "params": new}))?;
        let session = self.read()?["result"]["sessionId"].clone();
        let prompt = json!({"sessionId": session, "prompt": [{"type": "text", "text": "go"}]});
        self.send(&json!({"jsonrpc": "2.0", "id": 2, "method": "session/prompt", "params": prompt}))
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn the_scripted_agent_writes_a_file_only_after_it_was_allowed_to() -> anyhow::Result<()> {
    for (option, written) in [("yes", true), ("no", false)] {
        let folder = TempDir::new()?;
        let step = scripted_agent::Step::AskToWrite { path: "note.txt".into(), content: "hello\n".into() };
        let mut agent = Agent::start(&AgentScript::turns([vec![step]]), &folder)?;
        agent.prompt(&folder)?;

        assert_eq!(agent.read()?["params"]["update"]["sessionUpdate"], "tool_call");
        let request = agent.read()?;
        assert_eq!(request["method"], "session/request_permission");
        assert!(!folder.path().join("note.txt").exists());
        let result = json!({"outcome": {"outcome": "selected", "optionId": option}});
        agent.send(&json!({"jsonrpc": "2.0", "id": request["id"], "result": result}))?;

        let status = if written { "completed" } else { "failed" };
        assert_eq!(agent.read()?["params"]["update"]["status"], status);
        assert_eq!(agent.read()?["result"]["stopReason"], "end_turn");
        assert_eq!(folder.path().join("note.txt").exists(), written);
    }
    Ok(())
}

#[test]
fn a_restarted_scripted_agent_goes_on_in_its_script() -> anyhow::Result<()> {
    use roost_tests::scripted_agent::Step;
    let folder = TempDir::new()?;
    let script =
        AgentScript::turns([vec![Step::Text("first".into()), Step::Exit(3)], vec![Step::Text("second".into())]]);
    let mut agent = Agent::start(&script, &folder)?;
    agent.prompt(&folder)?;
    assert_eq!(agent.read()?["params"]["update"]["content"]["text"], "first");
    assert!(agent.read().is_err(), "the process has ended in the middle of the turn");
    assert_eq!(agent.process.wait()?.code(), Some(3));

    let mut agent = Agent::start(&script, &folder)?;
    agent.prompt(&folder)?;
    assert_eq!(agent.read()?["params"]["update"]["content"]["text"], "second");
    Ok(())
}

#[tokio::test]
async fn the_browser_finds_what_a_screen_reader_would_and_types_like_a_keyboard() -> anyhow::Result<()> {
    let page = "data:text/html,<button aria-label='Send it'>x</button><label>Name <input autofocus></label>\
                <button hidden>Not there</button><script>document.querySelector('button').onclick = () => \
                { document.body.append('sent to ' + document.querySelector('input').value); }</script>";
    let browser = Browser::start().await?;
    browser.open(page).await?;
    browser.find("textbox", "Name").await?.click().await?;
    browser.type_text("Ada").await?;
    browser.press(Key::Tab).await?;
    assert!(browser.look_for("button", "Not there").await?.is_none());
    browser.click("button", "Send it").await?;
    browser.shows("sent to Ada").await?;
    browser.viewport(390, 844).await?;
    assert_eq!(browser.evaluate("innerWidth").await?, 390);
    assert_eq!(browser.console_errors().await?, Vec::<String>::new());
    Ok(())
}
