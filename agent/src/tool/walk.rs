//! Walks the workspace the way a programmer looks at it: git-ignored files and `.git` itself stay out.

use std::path::Path;

use ignore::{Walk, WalkBuilder};

/// Every entry below `root` that is not ignored, in any order. Links are not followed.
pub(super) fn entries(root: &Path) -> Walk {
    WalkBuilder::new(root)
        .follow_links(false)
        .require_git(false)
        .hidden(false)
        .filter_entry(|entry| entry.file_name() != ".git")
        .build()
}
