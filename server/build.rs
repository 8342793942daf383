//! Embeds the built page: a table of its files, each with its compressed siblings (`x.js.br`, `x.js.gz`) where they exist.
//!
//! The page is looked for in `ROOST_PAGE_DIR`, else in `web/dist`. Without one the table is empty.

use std::{
    collections::hash_map::DefaultHasher,
    env,
    error::Error,
    fmt::Write as _,
    fs,
    hash::Hasher,
    path::{Path, PathBuf},
};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-env-changed=ROOST_PAGE_DIR");
    let manifest_dir = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let dir = env::var_os("ROOST_PAGE_DIR").map_or_else(|| manifest_dir.join("../web/dist"), PathBuf::from);
    let mut files = Vec::new();
    match dir.canonicalize() {
        Ok(dir) => collect(&dir, &dir, &mut files)?,
        // Cargo reruns this when a watched path is missing, so only the parent can stand for a page yet to be built.
        Err(_) => println!("cargo:rerun-if-changed={}", dir.parent().unwrap_or(&dir).display()),
    }
    files.sort();
    let out = PathBuf::from(env::var("OUT_DIR")?).join("embedded_page.rs");
    fs::write(out, table(&files)?)?;
    Ok(())
}

/// Every file below `dir` that is not hidden and not itself a compressed sibling, as (path in the page, path on disk). Trunk keeps
/// what it is still working on in a hidden folder.
fn collect(root: &Path, dir: &Path, files: &mut Vec<(String, PathBuf)>) -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed={}", dir.display());
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        if path.is_dir() {
            collect(root, &path, files)?;
        } else if !path.extension().is_some_and(|extension| extension == "br" || extension == "gz") {
            let name = path.strip_prefix(root)?.to_str().ok_or("a file name of the page is not UTF-8")?;
            files.push((format!("/{}", name.replace('\\', "/")), path));
        }
    }
    Ok(())
}

fn table(files: &[(String, PathBuf)]) -> Result<String, Box<dyn Error>> {
    let mut table = "const EMBEDDED: &[Asset] = &[\n".to_owned();
    for (name, path) in files {
        println!("cargo:rerun-if-changed={}", path.display());
        let bytes = fs::read(path)?;
        let mut hasher = DefaultHasher::new();
        hasher.write(&bytes);
        let (brotli, gzip) = (sibling(path, "br", bytes.len()), sibling(path, "gz", bytes.len()));
        writeln!(
            table,
            "    Asset {{ path: {name:?}, hash: {:#x}, plain: include_bytes!({path:?}), brotli: {brotli}, gzip: {gzip} }},",
            hasher.finish(),
        )?;
    }
    table.push_str("];\n");
    Ok(table)
}

/// The compressed form of a file, when there is one and it is smaller.
fn sibling(path: &Path, extension: &str, plain_bytes: usize) -> String {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    let sibling = PathBuf::from(name);
    match fs::metadata(&sibling) {
        Ok(found) if found.len() < plain_bytes as u64 => format!("Some(include_bytes!({sibling:?}))"),
        Ok(_) | Err(_) => "None".to_owned(),
    }
}
