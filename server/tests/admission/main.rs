//! Who gets in, how often, over what, and as whom: through real sockets.

mod device_flow;
mod front;
mod program;
mod providers;
mod rates;
mod refusals;
mod tls;
