//! Routes for editors, which speak the Agent Client Protocol.

use super::row::{Row, delete, get, post};

pub(super) const ACP: &[Row] = &[
    get("/acp", "A stream of JSON-RPC messages, or a WebSocket")
        .plural()
        .or_status(101)
        .headers(
            "Acp-Connection-Id?: string, # needed for a stream
             Acp-Session-Id?: string, # the stream of one session
             Last-Event-ID?: int(0..9007199254740991), X-Qwen-Event-Epoch?: string",
        )
        .media(&["text/event-stream"])
        .refuses(&["400 -; 403 -; 404 -; 406 -; 503 connection_limit_exceeded"]),
    post("/acp", "A JSON-RPC message; all but `initialize` is answered on a stream")
        .plural()
        .status(202)
        .or_status(200)
        .headers(
            "Acp-Connection-Id?: string, # needed for all but `initialize`
             Acp-Session-Id?: string # the same as in the params",
        )
        .takes("RpcMessage")
        .gives("RpcMessage")
        .refuses(&["400 - !; 404 !; 415 -; 429 rate_limit_exceeded; 501 -; 503 connection_limit_exceeded"]),
    delete("/acp", "Ends a connection")
        .plural()
        .status(202)
        .headers("Acp-Connection-Id: string")
        .media(&[])
        .refuses(&["400 -"]),
];

pub(super) const SHAPES: &[(&str, &str)] = &[(
    "RpcMessage",
    "{
        jsonrpc: '2.0', id?: string | int | null, method?: string, params?: any, result?: any,
        error?: { code: int, message: string, data?: any },
    }",
)];
