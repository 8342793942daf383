//! What the model is told before anybody speaks.

use std::{
    fmt::Write,
    path::{Path, PathBuf},
};

use crate::{language, mode::Mode, settings::Settings, small_file};

/// Names of context files, in the order they are read.
const CONTEXT_FILES: [&str; 2] = ["QWEN.md", "AGENTS.md"];
/// Longest context file that is taken whole, in bytes.
const MAX_CONTEXT_BYTES: usize = 100_000;

const ROLE: &str = "You are Roost, a coding agent. You work in the user's workspace with the tools you are given.

- Look before you change: read a file before you edit it, search before you assume.
- Do what was asked, completely, and nothing beside it. Follow the style of the code that is there.
- After a change, check it where you can: build, test, run.
- Paths in tool calls are absolute. Files outside the workspace are out of reach.
- A refused call is the user's decision. Do not try it again in another way; ask or go on without it.
- Be brief. Answer in Markdown.";

const PLAN_MODE: &str = "Plan mode is on. Read and search as much as you need, but change nothing and run nothing that \
changes anything. Finish with a plan the user can approve.";

/// The parts of the system prompt that stay the same while a session lasts.
#[derive(Clone, Debug)]
pub(crate) struct Instructions {
    place: String,
    /// What to answer in.
    language: String,
    pub(crate) context_files: Vec<ContextFile>,
}

/// A file of standing instructions.
#[derive(Clone, Debug)]
pub(crate) struct ContextFile {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

impl Instructions {
    pub(crate) fn read(home: &Path, cwd: &Path, settings: &Settings) -> Self {
        let place = format!(
            "Working directory: {}\nOperating system: {}\nDate: {}",
            cwd.display(),
            std::env::consts::OS,
            crate::record::now().get(..10).unwrap_or_default(),
        );
        let language = language::instruction(home, settings);
        // What a folder says that is not trusted does not count.
        let context_files = if settings.is_trusted() { context_files(home, cwd) } else { context_files_of(&[home]) };
        Self { place, language, context_files }
    }

    /// The whole prompt.
    pub(crate) fn text(&self, mode: Mode) -> String {
        let mut text = format!("{ROLE}\n\n{}\n\n{}\n", self.place, self.language);
        for file in &self.context_files {
            let path = file.path.display();
            // Writing to a String cannot fail.
            let _ = write!(
                text,
                "\n--- Context from: {path} ---\n{}\n--- End of context from: {path} ---\n",
                file.text.trim()
            );
        }
        if mode == Mode::Plan {
            text.push('\n');
            text.push_str(PLAN_MODE);
        }
        text
    }
}

/// The user's files, then those from the project's root down to the working directory.
fn context_files(home: &Path, cwd: &Path) -> Vec<ContextFile> {
    let mut folders: Vec<&Path> = cwd.ancestors().collect();
    let root = folders.iter().position(|folder| folder.join(".git").exists()).unwrap_or(0);
    folders.truncate(root + 1);
    folders.push(home);
    folders.reverse();
    context_files_of(&folders)
}

fn context_files_of(folders: &[&Path]) -> Vec<ContextFile> {
    let mut files: Vec<ContextFile> = Vec::new();
    for folder in folders {
        for path in CONTEXT_FILES.map(|name| folder.join(name)) {
            let is_new = files.iter().all(|file| file.path != path);
            let read = || small_file::beginning(&path, MAX_CONTEXT_BYTES as u64 + 1).ok();
            let text = is_new.then(read).flatten().map(whole_or_beginning);
            files.extend(text.filter(|text| !text.trim().is_empty()).map(|text| ContextFile { path, text }));
        }
    }
    files
}

fn whole_or_beginning(mut bytes: Vec<u8>) -> String {
    let is_cut = bytes.len() > MAX_CONTEXT_BYTES;
    bytes.truncate(MAX_CONTEXT_BYTES);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    if is_cut { format!("{text}\n[cut after {MAX_CONTEXT_BYTES} bytes]") } else { text }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn context_files_go_from_the_general_to_the_special() {
        let (home, project) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let cwd = project.path().join("crate");
        fs::create_dir_all(project.path().join(".git")).expect("makes");
        fs::create_dir(&cwd).expect("makes");
        for (path, text) in [
            (home.path().join("QWEN.md"), "of the user"),
            (project.path().join("AGENTS.md"), "of the project"),
            (cwd.join("QWEN.md"), "of the crate"),
            (cwd.join("AGENTS.md"), "  \n"),
        ] {
            fs::write(path, text).expect("writes");
        }
        let settings = Settings::open(home.path(), &cwd);
        let instructions = Instructions::read(home.path(), &cwd, &settings);
        let texts: Vec<&str> = instructions.context_files.iter().map(|file| file.text.as_str()).collect();
        assert_eq!(texts, ["of the user", "of the project", "of the crate"]);
        assert!(instructions.text(Mode::Plan).contains("Plan mode is on"));
        assert!(!instructions.text(Mode::Default).contains("Plan mode is on"));
    }
}
