//! The two kinds of pattern in a rule's brackets: command lines and paths.

use std::path::Path;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::workspace::Workspace;

/// Whether a simple command matches a command pattern.
///
/// `*` stands for any text. `x *` also matches a bare `x`; without a `*` the pattern is the whole command or its first words.
pub(super) fn command_matches(pattern: &str, command: &str) -> bool {
    let legacy;
    let pattern = match pattern.strip_suffix(":*") {
        Some(prefix) => {
            legacy = format!("{prefix} *");
            legacy.as_str()
        }
        None => pattern,
    };
    if !pattern.contains('*') {
        return command.strip_prefix(pattern).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
    }
    pattern.strip_suffix(" *").is_some_and(|bare| !bare.contains('*') && bare == command) || wildcard(pattern, command)
}

/// `*` matches any text, everything else itself.
fn wildcard(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.is_empty()
}

/// Whether an absolute path matches a path pattern: `//abs`, `~/home`, `/project`, else relative to the working directory.
pub(super) fn path_matches(pattern: &str, path: &Path, workspace: &Workspace) -> bool {
    let set = match path_set(pattern, workspace) {
        Ok(set) => set,
        Err(error) => {
            tracing::warn!(pattern, %error, "a permission rule has a pattern that cannot be read");
            return false;
        }
    };
    set.is_match(path)
}

fn path_set(pattern: &str, workspace: &Workspace) -> Result<GlobSet, globset::Error> {
    let root = globset::escape(&workspace.root().to_string_lossy());
    let absolute = if let Some(absolute) = pattern.strip_prefix("//") {
        format!("/{absolute}")
    } else if let Some(inside) = pattern.strip_prefix("~/") {
        let home = std::env::home_dir().unwrap_or_default();
        format!("{}/{inside}", globset::escape(&home.to_string_lossy()))
    } else if let Some(inside) = pattern.strip_prefix('/').or_else(|| pattern.strip_prefix("./")) {
        format!("{root}/{inside}")
    } else if pattern.contains('/') {
        format!("{root}/{pattern}")
    } else {
        format!("{root}/**/{pattern}")
    };
    let absolute = absolute.trim_end_matches('/');
    let mut set = GlobSetBuilder::new();
    // A folder's pattern covers what is in it.
    for glob in [absolute, &format!("{absolute}/**")] {
        set.add(GlobBuilder::new(glob).literal_separator(true).build()?);
    }
    set.build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_patterns_match_words_not_letters() {
        for (pattern, command, expected) in [
            ("git status", "git status", true),
            ("git status", "git status -s", true),
            ("git status", "git statusx", false),
            ("npm *", "npm install", true),
            ("npm *", "npm", true),
            ("npm *", "npmx", false),
            ("npm:*", "npm install", true),
            ("*", "anything at all", true),
            ("* --help", "cargo --help", true),
            ("git * main", "git push origin main", true),
            ("git * main", "git push origin dev", false),
            ("ab*ab", "ab", false),
        ] {
            assert_eq!(command_matches(pattern, command), expected, "{pattern} / {command}");
        }
    }

    #[test]
    fn path_patterns_have_four_starting_points() {
        let folder = tempfile::tempdir().expect("a folder");
        let workspace = Workspace::open(folder.path(), []).expect("opens");
        let at = |inside: &str| workspace.root().join(inside);
        assert!(path_matches("src/**", &at("src/a/b.rs"), &workspace));
        assert!(path_matches("/src", &at("src/a/b.rs"), &workspace));
        assert!(path_matches("./src/*.rs", &at("src/a.rs"), &workspace));
        assert!(!path_matches("./src/*.rs", &at("src/a/b.rs"), &workspace));
        assert!(path_matches(".env", &at("deep/down/.env"), &workspace));
        assert!(path_matches("*.env", &at("deep/down/.env"), &workspace));
        assert!(path_matches("//etc/**", Path::new("/etc/passwd"), &workspace));
        assert!(!path_matches("/etc/**", Path::new("/etc/passwd"), &workspace));
    }
}
