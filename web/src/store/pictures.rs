//! Pictures that are sent along with a prompt: pasted or dropped, looked at before they go, and refused here when they are too large.

use roost_core::payload::{ContentBlock, Media};
use serde_json::{Value, json};
use web_sys::File;

use super::{Store, composing::PROMPT};
use crate::{
    browser::{self, files},
    leptos::task::spawn_local,
    words::words,
};

/// Largest picture, and largest sum of those in one prompt, in bytes. As base64 they have to fit into one request (`--max-body-size`).
const MAX_BYTES: u64 = 5_000_000;
const MAX_SUM: u64 = 7_000_000;
/// What every browser draws, and what models take.
const KINDS: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];

/// A picture that has been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Picture {
    pub(crate) name: String,
    pub(crate) bytes: u64,
    pub(super) kind: String,
    /// Base64.
    pub(super) data: String,
}

impl Picture {
    pub(super) fn kept(&self) -> Value {
        json!([self.name, self.bytes, self.kind, self.data])
    }

    pub(super) fn recover(kept: &Value) -> Option<Self> {
        let text = |nth: usize| kept[nth].as_str().map(ToOwned::to_owned);
        Some(Self { name: text(0)?, bytes: kept[1].as_u64()?, kind: text(2)?, data: text(3)? })
    }

    /// As it stands in a prompt.
    pub(super) fn block(&self) -> ContentBlock {
        ContentBlock::Image(self.media())
    }

    pub(crate) fn media(&self) -> Media {
        Media { mime_type: self.kind.clone(), data: self.data.clone(), uri: None }
    }

    /// How large it is, as people say it.
    pub(crate) fn size(&self) -> String {
        size(self.bytes)
    }
}

/// The address of a picture's own bytes; nothing is fetched for it. `None` for what is no picture a browser draws.
pub(crate) fn source(media: &Media) -> Option<String> {
    let is_known = KINDS.contains(&media.mime_type.as_str()) && !media.data.is_empty();
    is_known.then(|| format!("data:{};base64,{}", media.mime_type, media.data))
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

impl Store {
    /// Takes in what was pasted or dropped. Says whether there was any picture in it.
    pub(crate) fn take_pictures(self, files: Vec<File>) -> bool {
        let pictures: Vec<File> = files.into_iter().filter(|file| file.type_().starts_with("image/")).collect();
        let any = !pictures.is_empty();
        if any {
            self.complaint.set(None);
            spawn_local(async move {
                for file in pictures {
                    self.take_picture(file).await;
                }
                browser::focus(PROMPT);
            });
        }
        any
    }

    async fn take_picture(self, file: File) {
        let (name, bytes, kind) = (file.name(), file.size() as u64, file.type_());
        let sum: u64 = self.composer.pictures.with_untracked(|all| all.iter().map(|one| one.bytes).sum());
        let refusal = if !KINDS.contains(&kind.as_str()) {
            Some(words().wrong_picture(&name))
        } else if bytes > MAX_BYTES {
            Some(words().large_picture(&name, &size(bytes), &size(MAX_BYTES)))
        } else if sum + bytes > MAX_SUM {
            Some(words().large_pictures(&name, &size(MAX_SUM)))
        } else {
            None
        };
        if let Some(refusal) = refusal {
            return self.complaint.set(Some(refusal));
        }
        match files::base64(&file).await {
            Some(data) => {
                self.composer.pictures.update(|all| all.push(Picture { name, bytes, kind, data }));
            }
            None => self.complaint.set(Some(words().unreadable_picture(&name))),
        }
    }

    pub(crate) fn remove_picture(self, nth: usize) {
        self.composer.pictures.update(|all| {
            if nth < all.len() {
                all.remove(nth);
            }
        });
        browser::focus(PROMPT);
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn only_pictures_that_browsers_draw_have_a_source() {
        let media = |kind: &str, data: &str| Media { mime_type: kind.to_owned(), data: data.to_owned(), uri: None };
        assert_eq!(source(&media("image/png", "AAAA")).as_deref(), Some("data:image/png;base64,AAAA"));
        assert_eq!(source(&media("image/svg+xml", "AAAA")), None);
        assert_eq!(source(&media("image/png", "")), None);
    }

    #[test]
    fn sizes_are_short() {
        assert_eq!([1, 12_345, 5_000_000, 12_340_000].map(size), ["1 kB", "13 kB", "5.0 MB", "12.3 MB"]);
    }
}
