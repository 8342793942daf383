//! The page: built by Trunk, checked for what the daemon's content policy forbids, and compressed once and for all.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    time::{Instant, SystemTime},
};

use anyhow::{Context, bail};

use crate::{
    progress::{clock, fine, run},
    project::{self, command},
    tools,
};

/// What the page is made from, apart from the crates that the lock file pins.
const SOURCES: &[&str] =
    &["index.html", "Trunk.toml", "Cargo.toml", "Cargo.lock", "web", "core/Cargo.toml", "core/src"];

/// Files that are stored in a compressed form already.
const COMPRESSED: &[&str] = &["png", "jpg", "webp", "woff2", "br", "gz"];

/// Builds `web/dist`, unless nothing has changed since it was built.
pub(crate) fn build() -> anyhow::Result<()> {
    if is_fresh() {
        fine("page is up to date");
        return Ok(());
    }
    tools::wasm_target()?;
    tools::trunk()?;
    tools::wasm_bindgen()?;
    let mut trunk = command("trunk");
    trunk.arg("build").env("TRUNK_SKIP_VERSION_CHECK", "true");
    // The library's own version: what Trunk would download otherwise is what `tools` has just installed.
    trunk.env("TRUNK_TOOLS_WASM_BINDGEN", project::locked_version("wasm-bindgen")?);
    // Trunk reads this variable as a flag of its own and refuses the value "1" that others set it to.
    trunk.env_remove("NO_COLOR");
    run("build the page", &mut trunk)?;
    check_policy(&project::dist().join("index.html"))?;
    compress(&project::dist())?;
    fs::write(stamp(), "").context("cannot note that the page is built")
}

/// Written when the page is whole; lies outside `web/dist`, all of which is embedded.
fn stamp() -> PathBuf {
    project::target().join("page-is-built")
}

fn is_fresh() -> bool {
    let built = fs::metadata(stamp()).and_then(|stamp| stamp.modified());
    let newest = SOURCES.iter().filter_map(|source| newest_change(&project::root().join(source))).max();
    match (built, newest) {
        (Ok(built), Some(newest)) => newest < built && project::dist().join("index.html").is_file(),
        (Err(_), _) | (_, None) => false,
    }
}

/// The latest modification at or below `path`. Folders count: a removed file shows in its folder's time.
fn newest_change(path: &Path) -> Option<SystemTime> {
    if path == project::dist() {
        return None;
    }
    // The folder that holds `dist` changes when `dist` is made, which is no change of the page's sources.
    let own = if path == project::root().join("web") { None } else { fs::metadata(path).ok()?.modified().ok() };
    let entries = fs::read_dir(path).into_iter().flatten().filter_map(Result::ok);
    entries.filter_map(|entry| newest_change(&entry.path())).chain(own).max()
}

/// The daemon serves the page under a policy that allows no inline script and no inline style.
fn check_policy(index: &Path) -> anyhow::Result<()> {
    let html = fs::read_to_string(index).with_context(|| format!("Trunk wrote no {}", index.display()))?;
    match inline_code(&html) {
        Some(tag) => bail!("the built index.html holds `{tag}`, which the content policy blocks: move it into a file"),
        None => Ok(()),
    }
}

/// The first tag that carries code of its own.
fn inline_code(html: &str) -> Option<&str> {
    let tags = html.match_indices('<').map(|(at, _)| {
        let tag = &html[at..];
        &tag[..tag.find('>').map_or(tag.len(), |end| end + 1)]
    });
    let carries_code = |tag: &&str| {
        let inline_script = tag.starts_with("<script") && !tag.contains(" src=");
        inline_script || tag.starts_with("<style") || tag.contains(" style=") || tag.contains(" onclick=")
    };
    tags.into_iter().find(carries_code)
}

/// Writes `x.br` and `x.gz` beside every file that gains by it. Done once here, never per request.
fn compress(folder: &Path) -> anyhow::Result<()> {
    let started = Instant::now();
    let (mut plain_bytes, mut brotli_bytes) = (0, 0);
    for file in files(folder)? {
        if file.extension().is_some_and(|extension| COMPRESSED.iter().any(|known| extension == *known)) {
            continue;
        }
        let plain = fs::read(&file)?;
        let brotli = brotli(&plain)?;
        plain_bytes += plain.len();
        brotli_bytes += brotli.len();
        fs::write(file.with_added_extension("br"), brotli)?;
        fs::write(file.with_added_extension("gz"), gzip(&plain)?)?;
    }
    let (plain, brotli) = (plain_bytes.div_ceil(1024), brotli_bytes.div_ceil(1024));
    fine(&format!("compress the page, {plain} kB to {brotli} kB, {}", clock(started.elapsed())));
    Ok(())
}

fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() { found.extend(files(&path)?) } else { found.push(path) }
    }
    Ok(found)
}

/// The smallest brotli makes it: quality 11, a window of 4 MB.
fn brotli(plain: &[u8]) -> anyhow::Result<Vec<u8>> {
    let parameters =
        brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 22, size_hint: plain.len(), ..Default::default() };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &plain[..], &mut compressed, &parameters).context("brotli failed")?;
    Ok(compressed)
}

fn gzip(plain: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(plain)?;
    Ok(encoder.finish()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inline_script_and_style_are_found_and_files_are_not() {
        assert_eq!(inline_code(r#"<link rel="stylesheet" href="a.css"><script src="/boot.js"></script>"#), None);
        assert_eq!(inline_code(r#"<p>x</p><script type="module">go()</script>"#), Some(r#"<script type="module">"#));
        assert_eq!(inline_code(r#"<p style="color:red">"#), Some(r#"<p style="color:red">"#));
    }
}
