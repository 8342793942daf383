//! The ACP methods.

mod extension;
mod plain;
mod prompt;
mod sessions;
mod workspace;

use std::{sync::Arc, time::Duration};

use agent_client_protocol::{
    self as acp, Agent as AgentRole, ConnectTo, UntypedMessage,
    schema::ProtocolVersion,
    v1::schema::{
        CancelNotification, InitializeRequest, ListSessionsRequest, LoadSessionRequest, NewSessionRequest,
        PromptRequest, ResumeSessionRequest, SetSessionConfigOptionRequest, SetSessionModeRequest,
    },
};
use serde_json::{Value, json};
use tokio::io::AsyncRead;

use self::{
    plain::Plain,
    sessions::{Opening, Sessions},
};
use crate::{config::Config, outbox::Outbox, record::VERSION, session::Shared, stdio};

/// The agent of one connection.
pub(crate) struct Agent {
    pub(crate) shared: Arc<Shared>,
    pub(crate) sessions: Sessions,
    outbox: Arc<Outbox>,
}

/// The client capability (`_meta`) of handing over what the user says while a turn runs.
const DRAIN: &str = "craft/drainMidTurnQueue";
/// How long a client that has hung up may take to read what was still to be said.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Serves one client until it hangs up.
pub(crate) async fn serve(
    config: Config,
    input: impl AsyncRead + Send + 'static,
    outbox: Arc<Outbox>,
) -> Result<(), acp::Error> {
    let shared = Arc::new(Shared::new(config));
    let agent = Arc::new(Agent { shared, sessions: Sessions::default(), outbox: Arc::clone(&outbox) });
    let served = connect(&agent, stdio::transport(input, Arc::clone(&outbox))).await;
    // Turns that still run have nobody to tell: they end, and with them their processes.
    agent.sessions.cancel_all();
    outbox.close();
    agent.sessions.settled().await;
    if tokio::time::timeout(LAST_WORDS, outbox.drained()).await.is_err() {
        tracing::debug!("the client did not read to the end");
    }
    served
}

/// Every method of the schema has a handler; what it does not know goes to the last one.
async fn connect(agent: &Arc<Agent>, transport: impl ConnectTo<AgentRole> + 'static) -> Result<(), acp::Error> {
    AgentRole
        .v1()
        .name("roost-agent")
        .on_receive_request(
            async move |Plain(request): Plain<InitializeRequest>, responder, _cx| {
                responder.respond(agent.initialize(&request))
            },
            acp::on_receive_request!(),
        )
        .on_receive_request(
            async move |Plain(request): Plain<NewSessionRequest>, responder, cx| {
                agent.open(Opening::New(request), responder, cx)
            },
            acp::on_receive_request!(),
        )
        .on_receive_request(
            async move |Plain(request): Plain<LoadSessionRequest>, responder, cx| {
                agent.open(request.into(), responder, cx)
            },
            acp::on_receive_request!(),
        )
        .on_receive_request(
            async move |Plain(request): Plain<ResumeSessionRequest>, responder, cx| {
                agent.open(request.into(), responder, cx)
            },
            acp::on_receive_request!(),
        )
        .on_receive_request(
            async move |Plain(request): Plain<ListSessionsRequest>, responder, _cx| {
                responder.respond_with_result(agent.list_sessions(&request).await)
            },
            acp::on_receive_request!(),
        )
        .on_receive_request(
            async move |Plain(request): Plain<PromptRequest>, responder, _cx| agent.start_prompt(request, responder),
            acp::on_receive_request!(),
        )
        .on_receive_request(
            async move |Plain(request): Plain<SetSessionModeRequest>, responder, _cx| {
                responder.respond_with_result(agent.set_mode(&request.session_id.0, &request.mode_id.0))
            },
            acp::on_receive_request!(),
        )
        .on_receive_request(
            async move |Plain(request): Plain<SetSessionConfigOptionRequest>, responder, _cx| {
                responder.respond_with_result(agent.set_config_option(&request))
            },
            acp::on_receive_request!(),
        )
        .on_receive_notification(
            async move |cancel: CancelNotification, _cx| {
                agent.sessions.cancel(&cancel.session_id.0);
                Ok(())
            },
            acp::on_receive_notification!(),
        )
        .on_receive_request(
            async move |request: UntypedMessage, responder: acp::v1::Responder<Value>, _cx| {
                let (method, params) = request.into_parts();
                agent.extend(&method, &params, responder).await
            },
            acp::on_receive_request!(),
        )
        .connect_to(transport)
        .await
}

impl Agent {
    fn initialize(&self, request: &InitializeRequest) -> Value {
        let meta = request.client_capabilities.meta.as_ref();
        let drains = meta.and_then(|meta| meta.get(DRAIN)).and_then(Value::as_bool).unwrap_or(false);
        self.shared.set_client_drains(drains);
        json!({
            "protocolVersion": ProtocolVersion::V1,
            "agentInfo": {"name": "roost-agent", "title": "Roost", "version": VERSION},
            "authMethods": [],
            "agentCapabilities": {
                "loadSession": true,
                "promptCapabilities": {"image": true, "audio": false, "embeddedContext": true},
                "sessionCapabilities": {"list": {}, "resume": {}},
                "mcpCapabilities": {"http": false, "sse": false},
            },
        })
    }
}
