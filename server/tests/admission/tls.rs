use std::{fs, path::Path, sync::Arc, time::Duration};

use anyhow::Context;
use rcgen::{BasicConstraints, CertificateParams, CertifiedKey, IsCa, KeyPair, generate_simple_self_signed};
use roost_server::{
    Config,
    config::{TlsFiles, TokenSource},
    serve::StartError,
};
use roost_tests::deadline::within;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::Command,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::front::{Front, TOKEN};

/// A pair of files in a folder of their own.
struct Pair {
    folder: TempDir,
    files: TlsFiles,
}

impl Pair {
    fn new() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let files = TlsFiles { cert: folder.path().join("cert.pem"), key: folder.path().join("key.pem") };
        Ok(Self { folder, files })
    }

    /// As somebody renews them: beside, then moved into place.
    fn put(&self, path: &Path, text: &str) -> anyhow::Result<()> {
        let fresh = self.folder.path().join("fresh");
        fs::write(&fresh, text)?;
        Ok(fs::rename(fresh, path)?)
    }

    fn renew(&self) -> anyhow::Result<CertifiedKey<KeyPair>> {
        let made = certificate()?;
        self.put(&self.files.cert, &made.cert.pem())?;
        self.put(&self.files.key, &made.signing_key.serialize_pem())?;
        Ok(made)
    }
}

fn certificate() -> anyhow::Result<CertifiedKey<KeyPair>> {
    Ok(generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()])?)
}

/// A connection that trusts this certificate and no other.
async fn connect(front: &Front, trusted: &CertifiedKey<KeyPair>) -> anyhow::Result<TlsStream<TcpStream>> {
    connect_as(front, trusted, &[b"h2", b"http/1.1"]).await
}

async fn connect_as(
    front: &Front,
    trusted: &CertifiedKey<KeyPair>,
    protocols: &[&[u8]],
) -> anyhow::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.cert.der().clone())?;
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let mut config = builder.with_safe_default_protocol_versions()?.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    let stream = TcpStream::connect(front.daemon.address()).await?;
    let connector = TlsConnector::from(Arc::new(config));
    let name = ServerName::try_from("localhost")?;
    Ok(within("the handshake", connector.connect(name, stream)).await??)
}

fn presented(stream: &TlsStream<TcpStream>) -> Option<CertificateDer<'static>> {
    Some(stream.get_ref().1.peer_certificates()?.first()?.clone())
}

/// One request on a connection that stays open; the status line.
async fn ask(front: &Front, stream: &mut TlsStream<TcpStream>, header: &str) -> anyhow::Result<String> {
    let host = format!("localhost:{}", front.daemon.address().port());
    let request =
        format!("GET /capabilities HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {TOKEN}\r\n{header}\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    while !is_whole(&answer) {
        let mut bytes = [0; 4096];
        let read = within("an answer", stream.read(&mut bytes)).await??;
        anyhow::ensure!(read > 0, "the connection ended after {answer:?}");
        answer.push_str(&String::from_utf8_lossy(&bytes[..read]));
    }
    Ok(answer.lines().next().unwrap_or_default().to_owned())
}

fn is_whole(answer: &str) -> bool {
    let Some((head, body)) = answer.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
    length.is_some_and(|length| body.len() >= length)
}

async fn start(pair: &Pair, adjust: impl FnOnce(&mut Config)) -> anyhow::Result<Front> {
    let files = pair.files.clone();
    Front::start(|config| {
        config.tls = Some(files);
        adjust(config);
    })
    .await
}

#[tokio::test]
async fn requests_are_answered_over_tls_and_in_no_other_way() -> anyhow::Result<()> {
    let pair = Pair::new()?;
    let made = pair.renew()?;
    let front = start(&pair, |_| ()).await?;
    assert!(front.daemon.url().starts_with("https://127.0.0.1:"));
    assert!(front.daemon.sign_in_link().is_some_and(|link| link.reveal().starts_with("https://")));

    let mut stream = connect(&front, &made).await?;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"http/1.1".as_slice()));
    assert_eq!(ask(&front, &mut stream, "").await?, "HTTP/1.1 200 OK");
    assert!(connect_as(&front, &made, &[b"h2"]).await.is_err(), "HTTP/2 is not spoken");
    assert!(connect(&front, &certificate()?).await.is_err(), "another certificate is not this one");

    let mut plain = TcpStream::connect(front.daemon.address()).await?;
    plain.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").await?;
    let mut answer = Vec::new();
    let _reset_counts_as_closed = within("the daemon to close", plain.read_to_end(&mut answer)).await?;
    assert!(!answer.starts_with(b"HTTP"), "{}", String::from_utf8_lossy(&answer));
    Ok(())
}

#[tokio::test]
async fn the_page_over_tls_is_the_daemons_own_and_one_without_is_foreign() -> anyhow::Result<()> {
    let pair = Pair::new()?;
    let made = pair.renew()?;
    let front = start(&pair, |_| ()).await?;
    let port = front.daemon.address().port();
    let mut stream = connect(&front, &made).await?;
    for (origin, status) in [
        (format!("https://localhost:{port}"), "HTTP/1.1 200 OK"),
        (format!("https://127.0.0.1:{port}"), "HTTP/1.1 200 OK"),
        (format!("http://localhost:{port}"), "HTTP/1.1 403 Forbidden"),
        ("https://localhost".to_owned(), "HTTP/1.1 403 Forbidden"),
        ("https://evil.test".to_owned(), "HTTP/1.1 403 Forbidden"),
    ] {
        assert_eq!(ask(&front, &mut stream, &format!("Origin: {origin}\r\n")).await?, status, "{origin}");
    }
    Ok(())
}

#[tokio::test]
async fn a_renewed_certificate_is_used_from_the_next_connection_on() -> anyhow::Result<()> {
    let pair = Pair::new()?;
    let old = pair.renew()?;
    let front = start(&pair, |_| ()).await?;
    let mut before = connect(&front, &old).await?;
    assert_eq!(ask(&front, &mut before, "").await?, "HTTP/1.1 200 OK");

    let new = pair.renew()?;
    let mut after = connect(&front, &new).await?;
    assert_eq!(presented(&after).as_ref(), Some(new.cert.der()));
    assert_eq!(ask(&front, &mut after, "").await?, "HTTP/1.1 200 OK");
    assert_eq!(ask(&front, &mut before, "").await?, "HTTP/1.1 200 OK", "open connections are not dropped");
    assert!(connect(&front, &old).await.is_err(), "the old one is gone");
    Ok(())
}

#[tokio::test]
async fn a_half_renewed_pair_leaves_the_one_before_in_use() -> anyhow::Result<()> {
    let pair = Pair::new()?;
    let old = pair.renew()?;
    let front = start(&pair, |_| ()).await?;
    let new = certificate()?;
    pair.put(&pair.files.cert, &new.cert.pem())?;
    assert_eq!(presented(&connect(&front, &old).await?).as_ref(), Some(old.cert.der()), "the key is not there yet");
    fs::remove_file(&pair.files.key)?;
    assert_eq!(presented(&connect(&front, &old).await?).as_ref(), Some(old.cert.der()), "the key is missing");
    pair.put(&pair.files.key, &new.signing_key.serialize_pem())?;
    assert_eq!(presented(&connect(&front, &new).await?).as_ref(), Some(new.cert.der()));
    Ok(())
}

#[tokio::test]
async fn files_that_make_no_sense_are_named_at_start() -> anyhow::Result<()> {
    let pair = Pair::new()?;
    let (one, other) = (pair.renew()?, certificate()?);
    let (cert, key) = (one.cert.pem(), one.signing_key.serialize_pem());
    let (cert_path, key_path) = (pair.files.cert.display().to_string(), pair.files.key.display().to_string());
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_owned();
    for (cert, key, said) in [
        (None, Some(key.clone()), format!("cannot read --tls-cert {cert_path}")),
        (Some(cert.clone()), None, format!("cannot read --tls-key {key_path}")),
        (Some(key.clone()), Some(key.clone()), format!("--tls-cert {cert_path} holds no certificate")),
        (Some(cert.clone()), Some(cert.clone()), format!("--tls-key {key_path} holds no private key")),
        (Some(cert), Some(other.signing_key.serialize_pem()), format!("the key in {key_path} does not belong")),
        (Some(broken), Some(key), "cannot be used".to_owned()),
    ] {
        for (path, text) in [(&pair.files.cert, cert), (&pair.files.key, key)] {
            match text {
                Some(text) => fs::write(path, text)?,
                None => fs::remove_file(path)?,
            }
        }
        let refusal = Front::refused(|config| config.tls = Some(pair.files.clone())).await?;
        assert!(matches!(refusal, StartError::Tls(_)), "{refusal:?}");
        assert!(refusal.to_string().contains(&said), "{refusal} does not say: {said}");
    }
    Ok(())
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_not_waited_for() -> anyhow::Result<()> {
    let pair = Pair::new()?;
    pair.renew()?;
    let front = start(&pair, |config| config.timeouts.header_read = Duration::from_millis(100)).await?;
    let mut silent = TcpStream::connect(front.daemon.address()).await?;
    let mut half = TcpStream::connect(front.daemon.address()).await?;
    half.write_all(&[0x16, 0x03, 0x01]).await?;
    for stream in [&mut silent, &mut half] {
        let _reset_counts_as_closed = within("the daemon to close", stream.read_to_end(&mut Vec::new())).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_daemon_that_stops_ends_its_tls_connections_in_good_order() -> anyhow::Result<()> {
    let pair = Pair::new()?;
    let made = pair.renew()?;
    let front = start(&pair, |_| ()).await?;
    let mut talking = connect(&front, &made).await?;
    ask(&front, &mut talking, "").await?;
    let mut shaking = TcpStream::connect(front.daemon.address()).await?;
    within("the daemon to stop", front.daemon.stop()).await?;
    let mut rest = Vec::new();
    let ended = within("the connection to end", talking.read_to_end(&mut rest)).await?;
    ended.context("TLS ends with a word, not with a cut")?;
    assert!(rest.is_empty());
    let _reset_counts_as_closed = within("the connection to end", shaking.read_to_end(&mut rest)).await?;
    Ok(())
}

#[tokio::test]
async fn tls_is_no_reason_to_do_without_a_token() -> anyhow::Result<()> {
    let pair = Pair::new()?;
    pair.renew()?;
    let refusal = Front::refused(|config| {
        config.tls = Some(pair.files.clone());
        config.hostname = "0.0.0.0".to_owned();
        config.token = TokenSource::Off;
    });
    assert!(matches!(refusal.await?, StartError::Contradiction(_)));
    Ok(())
}

#[tokio::test]
async fn the_command_line_trusts_the_certificate_it_is_given_and_no_stranger() -> anyhow::Result<()> {
    let pair = Pair::new()?;
    pair.renew()?;
    let front = start(&pair, |_| ()).await?;
    let other = pair.folder.path().join("other.pem");
    fs::write(&other, certificate()?.cert.pem())?;
    let sessions = async |front: &Front, ca: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_roost"));
        command.args(["sessions", "--json", "--ca"]).arg(ca).env_clear();
        command
            .env("HOME", pair.folder.path())
            .env("QWEN_SERVER_TOKEN", TOKEN)
            .env("ROOST_URL", front.daemon.url().replace("http:", "https:"));
        let output = within("the command to end", command.output()).await??;
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        anyhow::Ok((output.status.code(), said))
    };
    assert_eq!(sessions(&front, &pair.files.cert).await?, (Some(0), "[]\n".to_owned()));
    // As most people make one for themselves: it calls itself an authority, and names nobody we ask for.
    let mut parameters = CertificateParams::new(["elsewhere.example".to_owned()])?;
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate()?;
    pair.put(&pair.files.cert, &parameters.self_signed(&key)?.pem())?;
    pair.put(&pair.files.key, &key.serialize_pem())?;
    assert_eq!(sessions(&front, &pair.files.cert).await?, (Some(0), "[]\n".to_owned()));
    let (code, said) = sessions(&front, &other).await?;
    assert!(code == Some(3) && said.contains("is not trusted") && said.contains("--ca"), "{said}");
    let (code, said) = sessions(&front, &pair.files.key).await?;
    assert!(code == Some(1) && said.contains("holds no certificate"), "{said}");
    let plain = Front::start(|_| ()).await?;
    let (code, said) = sessions(&plain, &pair.files.cert).await?;
    assert!(code == Some(3) && said.contains("does not speak TLS"), "{said}");
    Ok(())
}
