//! `/init`: the model looks at the project and writes down what an agent should know.

use std::io;

use crate::{session::Session, small_file};

const FILE: &str = "QWEN.md";
/// What is looked at to see whether there is anything in it.
const LOOK_BYTES: u64 = 4 * 1024;

/// The prompt that is answered in the command's place.
pub(super) fn prompt(session: &Session) -> Result<String, String> {
    let path = session.cwd().join(FILE);
    let present = match small_file::beginning(&path, LOOK_BYTES) {
        Ok(text) => !text.trim_ascii().is_empty(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => return Err(format!("{} cannot be read: {error}", path.display())),
    };
    let task = if present {
        "It exists already: read it, keep what is right, and add or correct only what is missing or wrong."
    } else {
        "It does not exist yet: write it."
    };
    Ok(format!(
        "Look at this project: its README, its manifests, its layout and a few characteristic files. Then see to the file \
         {}, the standing instructions for coding agents. {task} Say in at most a page what the project is, how to build, \
         test and run it, and which conventions its code follows. Write only what you have seen.",
        path.display()
    ))
}
