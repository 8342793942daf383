//! Routes about signing in at identity providers, and connecting to model providers.

use super::row::{Row, delete, get, post};

pub(super) const AUTH: &[Row] = &[
    get("/workspace/auth/status", "Who is signing in where").plural().trusted_if_named().gives(
        "{
            v: 1, workspaceCwd: string, providers: any[..0],
            pendingDeviceFlows: { deviceFlowId: string, providerId: string, expiresAt?: ms }[],
            supportedDeviceFlowProviders: string[],
        }",
    ),
    get("/workspace/auth/providers", "Providers that can be connected").plural().trusted_if_named().gives(
        "{
            v: 1, workspaceCwd: string,
            providers: {
                id: string, label: string, protocol: string, protocolOptions?: string[],
                baseUrl?: string | { url: string, *: any }[], envKey?: string,
                models?: {
                    id: string, contextWindowSize?: int(0..), enableThinking?: bool, modalities?: object,
                }[],
                *: any
            }[],
            groups: any[],
        }",
    ),
    post("/workspace/auth/provider", "Connects a provider")
        .plural()
        .strict()
        .trusted_if_named()
        .takes(
            "{
                providerId: string(1..), apiKey: string(1..8192), protocol?: string | null, baseUrl?: string | null,
                modelIds?: string(1..256)[..200] | null, wireApi?: 'chat-completions',
                advancedConfig?: {
                    replaceExisting?: bool, contextWindowSize?: int(1..10000000), maxTokens?: int(1..10000000),
                    enableThinking?: bool, multimodal?: { image?: bool, pdf?: bool, audio?: bool, video?: bool },
                } | null,
            }",
        )
        .gives(
            "{
                v: 1, providerId: string, providerLabel: string, authType: string, modelId?: string, baseUrl?: string,
                message: string,
            }",
        )
        .refuses(&[
            "400 invalid_request invalid_api invalid_base_url invalid_model_purpose unsupported_provider",
            "400 unsupported_protocol",
        ]),
    post("/workspace/auth/device-flow", "Begins to sign in")
        .plural()
        .strict()
        .trusted_if_named()
        .by_client()
        .status(201)
        .or_status(200)
        .takes("{ providerId: string(1..) }")
        .gives(
            "{
                deviceFlowId: string, providerId: string, status: FlowStatus, expiresAt: ms, intervalMs: int(0..),
                attached: bool, ...FlowCodes
            }",
        )
        .refuses(&["400 invalid_request unsupported_provider; 409 too_many_active_flows; 502 upstream_error"]),
    get("/workspace/auth/device-flow/{flow}", "How a sign-in stands")
        .plural()
        .strict()
        .trusted_if_named()
        .by_client()
        .gives(
            "{
                deviceFlowId: string, providerId: string, status: FlowStatus, createdAt: ms,
                errorKind?: 'expired_token' | 'access_denied' | 'invalid_grant' | 'upstream_error' | 'persist_failed',
                hint?: string, expiresAt?: ms, intervalMs?: int(0..), lastPolledAt?: ms, ...FlowCodes
            }",
        )
        .refuses(&["404 device_flow_not_found"]),
    delete("/workspace/auth/device-flow/{flow}", "Gives a sign-in up")
        .plural()
        .strict()
        .trusted_if_named()
        .by_client()
        .empty()
        .refuses(&["404 device_flow_not_found"]),
];

pub(super) const SHAPES: &[(&str, &str)] = &[
    ("FlowStatus", "'pending' | 'authorized' | 'expired' | 'error' | 'cancelled'"),
    (
        "FlowCodes",
        "{
            userCode?: string, # this and what follows it only for the client that began it
            verificationUri?: string, verificationUriComplete?: string, initiatorClientId?: string,
        }",
    ),
];
