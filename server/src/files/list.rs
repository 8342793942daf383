//! The entries of one folder.

use std::{collections::BTreeMap, ffi::OsString, os::unix::ffi::OsStringExt};

use rustix::fs::{AtFlags, Dir, FileType, statat};
use serde::Serialize;

use super::{EntryKind, Matched, Refusal, WorkspaceFiles, WorkspacePath, ignore_rules::IgnoreRules};

const MAX_ENTRIES: usize = 2_000;

/// The answer of `GET /list`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase", tag = "kind", rename = "list")]
pub struct Listing {
    path: String,
    entries: Vec<Entry>,
    truncated: bool,
    matched_ignore: Option<Matched>,
}

#[derive(Debug, Serialize)]
struct Entry {
    name: String,
    kind: EntryKind,
    ignored: bool,
}

impl WorkspaceFiles {
    /// The names in a directory, in their order; of more than 2,000 the first.
    ///
    /// # Errors
    /// No directory there, or it cannot be read.
    pub fn list(&self, path: &WorkspacePath, include_ignored: bool) -> Result<Listing, Refusal> {
        let (dir, found) = self.root.open_dir(path)?;
        let mut rules = IgnoreRules::of(&self.root);
        let matched_ignore = rules.matched(found.as_path(), true);
        rules.enter(found.as_path());
        let (mut first, mut truncated) = (BTreeMap::new(), false);
        for_each(&dir, |name, kind| {
            let path = found.join(&name);
            let is_dir = kind == EntryKind::Directory;
            let ignored = matched_ignore.is_some() || rules.names(path.as_path(), is_dir);
            if ignored && !include_ignored {
                return;
            }
            first.insert(name, (kind, ignored));
            if first.len() > MAX_ENTRIES {
                first.pop_last();
                truncated = true;
            }
        })
        .map_err(|errno| Refusal::system(errno, &found.shown()))?;
        let entry = |(name, (kind, ignored)): (OsString, (EntryKind, bool))| Entry {
            name: name.to_string_lossy().into_owned(),
            kind,
            ignored,
        };
        Ok(Listing { path: found.shown(), entries: first.into_iter().map(entry).collect(), truncated, matched_ignore })
    }
}

/// Visits what is in an open directory, in no order.
pub(super) fn for_each(
    dir: &impl std::os::fd::AsFd,
    mut visit: impl FnMut(OsString, EntryKind),
) -> Result<(), rustix::io::Errno> {
    for entry in Dir::read_from(dir)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if matches!(name, b"." | b"..") {
            continue;
        }
        let kind = match entry.file_type() {
            // Not every file system says.
            FileType::Unknown => statat(dir, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW)
                .map_or(FileType::Unknown, |stat| FileType::from_raw_mode(stat.st_mode)),
            known => known,
        };
        visit(OsString::from_vec(name.to_vec()), kind.into());
    }
    Ok(())
}
