//! The flags that limit how many requests a client may send.

use std::num::{NonZeroU32, NonZeroU64};

use clap::{Args, builder::FalseyValueParser};
use roost_core::rate_limit::RateLimits;

#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub(super) struct RateArgs {
    /// Limit how many requests each client may send; health, heartbeats and event streams are free
    #[arg(long, env = "QWEN_SERVE_RATE_LIMIT", value_parser = FalseyValueParser::new())]
    rate_limit: bool,
    /// Prompts per window [default: 10]
    #[arg(long, value_name = "N", requires = "rate_limit", env = "QWEN_SERVE_RATE_LIMIT_PROMPT")]
    rate_limit_prompt: Option<NonZeroU32>,
    /// Other requests that change something per window [default: 30]
    #[arg(long, value_name = "N", requires = "rate_limit", env = "QWEN_SERVE_RATE_LIMIT_MUTATION")]
    rate_limit_mutation: Option<NonZeroU32>,
    /// Requests that read per window [default: 120]
    #[arg(long, value_name = "N", requires = "rate_limit", env = "QWEN_SERVE_RATE_LIMIT_READ")]
    rate_limit_read: Option<NonZeroU32>,
    /// The window, 1000 at least [default: 60000]
    #[arg(
        long,
        value_name = "MS",
        requires = "rate_limit",
        env = "QWEN_SERVE_RATE_LIMIT_WINDOW_MS",
        value_parser = parse_window
    )]
    rate_limit_window_ms: Option<NonZeroU64>,
}

impl RateArgs {
    /// None where nothing is limited.
    pub(super) fn limits(&self) -> Option<RateLimits> {
        let usual = RateLimits::default();
        self.rate_limit.then_some(RateLimits {
            prompt: self.rate_limit_prompt.unwrap_or(usual.prompt),
            mutation: self.rate_limit_mutation.unwrap_or(usual.mutation),
            read: self.rate_limit_read.unwrap_or(usual.read),
            window: self.rate_limit_window_ms.unwrap_or(usual.window),
        })
    }
}

fn parse_window(text: &str) -> Result<NonZeroU64, String> {
    let window: Option<NonZeroU64> = text.parse().ok();
    window.filter(|window| window.get() >= 1_000).ok_or_else(|| "a number of milliseconds, 1000 at least".to_owned())
}
