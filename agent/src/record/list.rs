//! The sessions of a working directory.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    time::SystemTime,
};

use jiff::Timestamp;

use super::{Kind, Record};

/// Longest title, in characters.
const MAX_TITLE_CHARS: usize = 100;
/// How much of a file is read in search of its first prompt, and from its end for its title.
const MAX_SCAN_BYTES: u64 = 256 * 1024;

/// One session of a list.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Listed {
    pub(crate) session_id: String,
    pub(crate) cwd: String,
    pub(crate) title: String,
    pub(crate) updated_at: String,
    pub(crate) created_at: String,
    pub(crate) git_branch: Option<String>,
    /// Set by a person or by the agent, not taken from the prompt.
    pub(crate) has_custom_title: bool,
}

/// Sessions in which something was said, newest first, from place `skip`, at most `size`; and whether there are more.
pub(crate) fn list(chats: &Path, skip: usize, size: usize) -> (Vec<Listed>, bool) {
    let mut files: Vec<(SystemTime, PathBuf)> = fs::read_dir(chats)
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| is_transcript(path))
        .filter_map(|path| Some((fs::metadata(&path).ok()?.modified().ok()?, path)))
        .collect();
    files.sort_by(|(a_time, a), (b_time, b)| b_time.cmp(a_time).then_with(|| a.cmp(b)));
    let mut listed = files.iter().filter_map(|(modified, path)| read(path, *modified)).skip(skip);
    let page: Vec<Listed> = listed.by_ref().take(size).collect();
    let has_more = listed.next().is_some();
    (page, has_more)
}

fn is_transcript(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.strip_suffix(".jsonl").is_some_and(|stem| !stem.contains('.'))
}

fn read(path: &Path, modified: SystemTime) -> Option<Listed> {
    let mut reader = BufReader::new(File::open(path).ok()?);
    let prompt = first_prompt(&mut reader)?;
    let custom = custom_title(reader.into_inner());
    let text = prompt.message.as_ref().map(crate::history::Message::text).unwrap_or_default();
    Some(Listed {
        session_id: path.file_stem()?.to_str()?.to_owned(),
        has_custom_title: custom.is_some(),
        title: custom.unwrap_or_else(|| title(&text)),
        updated_at: Timestamp::try_from(modified).map(|time| format!("{time:.3}")).unwrap_or_default(),
        created_at: prompt.timestamp,
        cwd: prompt.cwd,
        git_branch: prompt.git_branch,
    })
}

fn first_prompt(reader: &mut BufReader<File>) -> Option<Record> {
    reader
        .take(MAX_SCAN_BYTES)
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| serde_json::from_str::<Record>(&line).ok())
        .find(|record| record.kind == Kind::User)
}

/// The newest title, looked for from the end.
fn custom_title(mut file: File) -> Option<String> {
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(MAX_SCAN_BYTES))).ok()?;
    let mut end = Vec::new();
    file.read_to_end(&mut end).ok()?;
    end.split(|byte| *byte == b'\n')
        .rev()
        .filter(|line| line.windows(12).any(|window| window == b"custom_title"))
        .filter_map(|line| serde_json::from_slice::<Record>(line).ok())
        .find(|record| record.subtype.as_deref() == Some("custom_title"))
        .and_then(|record| Some(record.system_payload?.get("customTitle")?.as_str()?.to_owned()))
}

/// The first line that says something, without control characters and doubled spaces.
pub(crate) fn title(prompt: &str) -> String {
    let line = prompt.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let clean: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let words = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(MAX_TITLE_CHARS) {
        Some((end, _)) => format!("{}…", words[..end].trim_end()),
        None => words,
    }
}
