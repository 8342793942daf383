//! The flags of the daemon's front: TLS, limits on requests, identity providers.

use std::path::PathBuf;

use clap::Args;

use super::rates::RateArgs;
use crate::{
    body::MAX_BODY_BYTES,
    config::{Config, TlsFiles},
    device_flow::{IdentityProvider, ProvidersError},
};

/// The smallest body limit that still lets a client start a session.
const LEAST_BODY_BYTES: usize = 1024;

#[derive(Debug, Args)]
pub(super) struct FrontArgs {
    /// Serve HTTPS with this certificate chain (PEM); a renewed file is in use from the next connection on
    #[arg(long, value_name = "FILE", requires = "tls_key", help_heading = "Network")]
    tls_cert: Option<PathBuf>,
    /// The private key of --tls-cert (PEM, without a passphrase)
    #[arg(long, value_name = "FILE", requires = "tls_cert", help_heading = "Network")]
    tls_key: Option<PathBuf>,

    /// Identity providers to sign in at by device flow: a JSON list of {id, deviceAuthorizationEndpoint, tokenEndpoint, clientId, scope?}
    #[arg(long, value_name = "FILE", env = "ROOST_IDENTITY_PROVIDERS", help_heading = "Access")]
    identity_providers: Option<PathBuf>,
    /// Let clients connect the agent to model servers on this machine and in private networks
    #[arg(long, help_heading = "Access")]
    allow_private_auth_base_url: bool,

    /// Largest JSON body of a request, in bytes or with KB or MB
    #[arg(long, value_name = "SIZE", default_value = "10MB", value_parser = parse_size, help_heading = "Limits")]
    max_body_size: usize,
    #[command(flatten)]
    rates: RateArgs,
}

impl FrontArgs {
    /// Enters what was asked for.
    pub(super) fn configure(self, config: &mut Config) -> Result<(), ProvidersError> {
        config.rate_limits = self.rates.limits();
        config.tls = self.tls_cert.zip(self.tls_key).map(|(cert, key)| TlsFiles { cert, key });
        config.allow_private_auth_base_url = self.allow_private_auth_base_url;
        config.limits.max_body_bytes = self.max_body_size;
        let providers = self.identity_providers.as_deref().map(IdentityProvider::read).transpose()?;
        config.identity_providers = providers.unwrap_or_default();
        Ok(())
    }
}

/// `10485760`, `10240KB`, `10MB`.
fn parse_size(text: &str) -> Result<usize, String> {
    let lower = text.trim().to_ascii_lowercase();
    let (number, unit) = match lower.strip_suffix('b').unwrap_or(&lower) {
        bytes if bytes.ends_with('k') => (&bytes[..bytes.len() - 1], 1024),
        bytes if bytes.ends_with('m') => (&bytes[..bytes.len() - 1], 1024 * 1024),
        bytes => (bytes, 1),
    };
    let bytes = number.trim().parse::<usize>().ok().and_then(|number| number.checked_mul(unit));
    let most = 100 * MAX_BODY_BYTES;
    match bytes {
        Some(bytes) if (LEAST_BODY_BYTES..=most).contains(&bytes) => Ok(bytes),
        Some(_) => Err("from 1KB to 1000MB".to_owned()),
        None => Err("a number of bytes, or one with KB or MB: 10MB".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_in_bytes_or_has_its_unit() {
        for (text, bytes) in
            [("10485760", 10 << 20), ("10MB", 10 << 20), ("10 mb", 10 << 20), ("64k", 64 << 10), ("2048b", 2048)]
        {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
        for text in ["", "MB", "-1", "10GB", "1.5MB", "0", "1000b", "2000MB", "99999999999999999999MB"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }
}
