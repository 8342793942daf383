//! The content blocks of a prompt as parts of a message.

use agent_client_protocol::v1::schema::{ContentBlock, EmbeddedResourceResource};

use crate::{
    history::{Media, Part},
    workspace::Workspace,
};

/// Longest text taken from one referenced file, in bytes.
const MAX_REFERENCE_BYTES: usize = 200_000;

/// A prompt, taken apart.
#[derive(Debug, Default)]
pub(crate) struct Prompt {
    /// What is said to the model: referenced content first, the user's words last.
    pub(crate) parts: Vec<Part>,
    /// The first text block as it was typed: the only one that can be a command.
    pub(crate) first_text: String,
}

/// A block this agent cannot take.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} content is not supported")]
pub(crate) struct UnusableBlock(&'static str);

impl Prompt {
    pub(crate) fn read(blocks: Vec<ContentBlock>, workspace: &Workspace) -> Result<Self, UnusableBlock> {
        let (mut references, mut words) = (Vec::new(), Vec::new());
        let mut first_text = None;
        for block in blocks {
            match block {
                ContentBlock::Text(text) => {
                    first_text.get_or_insert_with(|| text.text.clone());
                    words.push(Part::text(text.text));
                }
                ContentBlock::Image(image) => {
                    words.push(Part::Media { media: Media { mime_type: image.mime_type, data: image.data } });
                }
                ContentBlock::ResourceLink(link) => references.push(Part::text(linked(&link.uri, workspace))),
                ContentBlock::Resource(resource) => match resource.resource {
                    EmbeddedResourceResource::TextResourceContents(text) => {
                        references.push(Part::text(wrapped(&text.uri, &text.text)));
                    }
                    _ => return Err(UnusableBlock("binary resource")),
                },
                ContentBlock::Audio(_) => return Err(UnusableBlock("audio")),
                _ => return Err(UnusableBlock("this kind of")),
            }
        }
        references.append(&mut words);
        Ok(Self { parts: references, first_text: first_text.unwrap_or_default() })
    }
}

/// The content of a file of the workspace; for anything else, its name.
fn linked(uri: &str, workspace: &Workspace) -> String {
    let Some(path) = uri.strip_prefix("file://").map(percent_decoded) else {
        return format!("The user refers to {uri}");
    };
    let content = workspace
        .locate(&workspace.absolute(&path))
        .map_err(|error| error.to_string())
        .and_then(|place| place.read().map_err(|error| error.to_string()));
    match content.map(|content| String::from_utf8(content.bytes)) {
        Ok(Ok(text)) => wrapped(&path, &text[..text.floor_char_boundary(MAX_REFERENCE_BYTES)]),
        Ok(Err(_)) => format!("The user refers to {path}, which is not a text file"),
        Err(problem) => format!("The user refers to {path}, which cannot be read: {problem}"),
    }
}

fn wrapped(name: &str, text: &str) -> String {
    format!("--- Content of {name} ---\n{text}\n--- End of {name} ---")
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, more @ ..] = rest {
        let code = more.get(..2).filter(|_| *first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        match code.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &more[2..];
            }
            None => {
                bytes.push(*first);
                rest = more;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_file_no_more_is_taken_than_the_limit_wherever_a_letter_ends() {
        let folder = tempfile::tempdir().expect("a folder");
        let workspace = Workspace::open(folder.path(), []).expect("opens");
        let path = folder.path().join("long.txt");
        for beginning in ["", "x"] {
            std::fs::write(&path, beginning.to_owned() + &"é".repeat(MAX_REFERENCE_BYTES)).expect("writes");
            let text = linked(&format!("file://{}", path.display()), &workspace);
            let bytes = beginning.len() + text.matches('é').count() * 'é'.len_utf8();
            assert!((MAX_REFERENCE_BYTES - 1..=MAX_REFERENCE_BYTES).contains(&bytes), "{bytes} bytes");
        }
    }
}
