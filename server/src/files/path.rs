//! A path as a client wrote it, proven to name nothing above the workspace.

use std::path::{Component, Path, PathBuf};

use super::Refusal;

/// A path beneath the workspace, as far as its text tells: relative, without `.`, `..` or NUL; empty for the workspace itself.
///
/// `..` is taken back by text, before any symlink is looked at. What symlinks do is [`Root`](super::Root)'s to judge.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct WorkspacePath(PathBuf);

impl WorkspacePath {
    /// Takes a relative path, or an absolute one beneath `workspace`.
    ///
    /// # Errors
    /// [`Refusal::Outside`], or [`Refusal::Malformed`] for a path with a NUL.
    pub fn parse(text: &str, workspace: &Path) -> Result<Self, Refusal> {
        if text.contains('\0') {
            return Err(Refusal::malformed("`path` must not contain NUL"));
        }
        let outside = || Refusal::Outside(text.to_owned());
        let path = Path::new(text);
        if !path.is_absolute() {
            return clean(path).map(Self).ok_or_else(outside);
        }
        // Nothing is above `/`, so that a `..` there stays.
        let mut clean = PathBuf::new();
        for component in path.components() {
            match component {
                Component::ParentDir => {
                    clean.pop();
                }
                other => clean.push(other),
            }
        }
        clean.strip_prefix(workspace).map(|path| Self(path.to_owned())).map_err(|_| outside())
    }

    /// A path that the file system itself has named.
    pub(super) fn found(path: PathBuf) -> Self {
        Self(path)
    }

    #[must_use]
    pub fn as_path(&self) -> &Path {
        &self.0
    }

    /// As clients see it: `.` for the workspace itself. What is not UTF-8 is replaced.
    #[must_use]
    pub fn shown(&self) -> String {
        if self.0.as_os_str().is_empty() { ".".to_owned() } else { self.0.to_string_lossy().into_owned() }
    }

    pub(super) fn join(&self, name: impl AsRef<Path>) -> Self {
        Self(self.0.join(name))
    }
}

/// `None` when `..` climbs above the start.
fn clean(path: &Path) -> Option<PathBuf> {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                if !clean.pop() {
                    return None;
                }
            }
            Component::Normal(name) => clean.push(name),
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<String> {
        WorkspacePath::parse(text, Path::new("/work/space")).ok().map(|path| path.shown())
    }

    #[test]
    fn dots_are_taken_back_and_never_climb_out() {
        let inside = [("a/./b//c/", "a/b/c"), ("a/../b", "b"), (".", "."), ("", "."), ("/work/space/x", "x")];
        for (text, shown) in inside {
            assert_eq!(parse(text).as_deref(), Some(shown), "{text}");
        }
        for text in ["..", "a/../..", "a/../../space/x", "/", "/etc", "/work/spaces", "/work/space/../x", "a\0b"] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }
}
