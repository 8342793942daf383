//! Routes about what is asked of the agent, and what it asks.

use super::{
    refusals::{AGENT, BUSY, OWNER, PAST},
    row::{Row, delete, get, post},
};

pub(super) const TURNS: &[Row] = &[
    post("/session/{id}/prompt", "Asks the agent; the outcome comes on the stream")
        .status(202)
        .by_client()
        .takes(
            "{
                prompt: { type: string, *: any }[1..], # content blocks as the Agent Client Protocol has them
                deadlineMs?: int(1..) | null, # shortens the daemon's own deadline, where it has one
                retry?: bool, # the last words again, in the place of their answer
                includeSessionMeta?: bool | null, # the agent is told what clients have noted about the session
                _meta?: PromptMeta | null, # handed to the agent, as every other member is
                *: any
            }",
        )
        .gives("AcceptedPrompt")
        .refuses(&["400 - invalid_deadline_ms invalid_prompt_key; 409 prompt_key_conflict", BUSY, "403 trust_gate; 503 prompt_queue_full", OWNER]),
    post("/session/{id}/cancel", "Cancels the running prompt").by_client().takes("{}").empty(),
    post("/session/{id}/continue", "Goes on with a turn that was interrupted")
        .strict()
        .by_client()
        .takes("{}")
        .gives(
            "{ accepted: true, interruption: string, ...AcceptedPrompt }
             | { accepted: false, interruption: string }",
        )
        .refuses(&[BUSY, AGENT]),
    get("/session/{id}/pending-prompts", "Prompts that run or wait").by_client().gives(
        "{
            pendingPrompts: {
                promptId: string, text: string, queuedAt: ms, state: 'running' | 'queued', originatorClientId?: string,
            }[],
        }",
    ),
    delete("/session/{id}/pending-prompts/{prompt}", "Takes a prompt back; the running one is cancelled")
        .by_client()
        .gives("{ removed: bool }"),
    post("/session/{id}/mid-turn-message", "Says something to the agent while it works")
        .by_client()
        .takes(
            "{
                message?: string(..16384) | null, # may be missing where there is content
                messageId?: string(1..128) | null, # a name to send it again by; the daemon gives one where it is missing
                content?: { type: 'image' | 'audio' | 'resource', *: any }[1..16] | null,
            }",
        )
        .gives("{ accepted: bool, messageId?: string, reason?: 'session_idle' | 'queue_full' | 'message_id_conflict' }")
        .refuses(&["400 -"]),
    get("/session/{id}/mid-turn-messages", "What was said and the agent has not heard yet").by_client().gives(
        "{
            messages: { messageId: string, text: string, content?: object[] }[],
            settledMessageIds: string[], promotedMessageIds: string[], # prompts of their own by now
        }",
    ),
    delete("/session/{id}/mid-turn-messages/{message}", "Takes back what was said")
        .by_client()
        .gives("{ removed: bool }"),
    get("/session/{id}/turns/current", "How the running turn stands, else the last one")
        .gives("TurnStatus")
        .refuses(&[BUSY, PAST, OWNER]),
    get("/session/{id}/turns/{prompt}", "How a turn stands or ended")
        .gives("TurnStatus")
        .refuses(&[BUSY, "404 prompt_not_found", PAST, OWNER]),
    post("/session/{id}/shell", "Runs a command line of the user's")
        .strict()
        .by_client()
        .takes("{ command: string(1..32768) }")
        .gives("{ exitCode: int | null, output: string, aborted: bool }")
        .refuses(&["400 -; 403 session_shell_disabled client_id_required; 500 shell_failed"]),
    post("/session/{id}/permission/{request}", "Votes on what the agent asks")
        .by_client()
        .takes("Vote")
        .gives("{}")
        .refuses(&["400 - invalid_option_id; 403 permission_forbidden; 404 -"]),
    post("/permission/{request}", "Votes on what an agent asks, in whichever session")
        .by_client()
        .takes("Vote")
        .gives("{}")
        .refuses(&["400 - invalid_option_id; 403 permission_forbidden; 404 - session_not_found"]),
];

pub(super) const SHAPES: &[(&str, &str)] = &[
    (
        "PromptMeta",
        "{
            roost.promptKey?: string(1..128) | null, # sent again under its key it is the same prompt; the agent does not see it
            *: any
        }",
    ),
    (
        "AcceptedPrompt",
        "{
            promptId: string, lastEventId: int(0..), # from here on the stream has all of the turn
            eventEpoch: string,
        }",
    ),
    (
        "Vote",
        "{
            outcome: { outcome: 'selected', optionId: string(1..) } | { outcome: 'cancelled' },
            answers?: { *: string } | null, # to a question of the agent's, by `answerKey`
        }",
    ),
    (
        "TurnStatus",
        "{
            sessionId: string, state: 'idle' | 'queued' | 'running' | 'completed' | 'cancelled' | 'error', promptId?: string,
            promptText?: string, queuedAt?: ms, startedAt?: ms, endedAt?: ms, stopReason?: string, resultText?: string,
            error?: { message: string, code?: string }, originatorClientId?: string,
        }",
    ),
];
