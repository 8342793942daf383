//! Argument hints: `<required>`, `[optional]`, `[a|b|<other>]`, `[--flag]`, and whole forms apart by ` | `.

mod grammar;

use super::walk::first_word;

/// What may follow a command, as its author wrote it and as far as it can be understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hint {
    text: String,
    slots: Vec<Slot>,
}

/// One argument of a hint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slot {
    /// As written, brackets included.
    pub text: String,
    /// The command does not run without it.
    pub required: bool,
    /// The words it offers.
    pub choices: Vec<Choice>,
    /// Any other text is fine too.
    pub free: bool,
    /// Where more values come from.
    pub kind: Option<ValueKind>,
    /// A flag's value follows it as a word of its own.
    takes_value: bool,
}

/// A word a hint offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    pub word: String,
    /// What has to or may follow it, beyond the next slot.
    pub then: Then,
}

/// What can follow a line as it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Then {
    #[default]
    Nothing,
    Optional,
    Required,
}

/// Values that only the page knows, by the name a hint's placeholder gives them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ValueKind {
    Model,
    Mode,
    Session,
    Skill,
    McpServer,
    File,
}

/// A slot as the composer shows it while arguments are being typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chip {
    pub text: String,
    pub required: bool,
    pub state: ChipState,
    /// Why the word typed for it cannot be right.
    pub problem: Option<String>,
}

/// How far a slot is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChipState {
    Done,
    Current,
    Pending,
}

impl Slot {
    /// Flags stand anywhere; every other slot has its place.
    #[must_use]
    pub fn is_flag(&self) -> bool {
        !self.free && !self.choices.is_empty() && self.choices.iter().all(|choice| choice.word.starts_with('-'))
    }

    fn takes_the_rest(&self) -> bool {
        self.free && self.choices.is_empty() && self.kind.is_none()
    }

    fn problem(&self, word: &str, finished: bool) -> Option<String> {
        let fits = |choice: &Choice| if finished { choice.word == word } else { choice.word.starts_with(word) };
        if self.free || self.kind.is_some() || self.choices.iter().any(fits) {
            return None;
        }
        let words: Vec<_> = self.choices.iter().map(|choice| choice.word.as_str()).collect();
        Some(format!("one of {}", words.join(", ")))
    }
}

impl Hint {
    /// Reads a hint. Prose and unbalanced brackets are free text, never an error.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let text = text.trim();
        Self { text: text.to_owned(), slots: grammar::slots(text) }
    }

    /// As its author wrote it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    #[must_use]
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// The slots as chips, `args` being what stands before the caret. A word counts as done once a space follows it.
    #[must_use]
    pub fn chips(&self, args: &str) -> Vec<Chip> {
        let placed = self.place(args);
        let chip = |(index, slot): (usize, &Slot)| {
            let typed = placed.words.iter().find(|(at, ..)| *at == index);
            Chip {
                text: slot.text.clone(),
                required: slot.required,
                state: match typed {
                    _ if placed.current == Some(index) => ChipState::Current,
                    Some(_) => ChipState::Done,
                    None => ChipState::Pending,
                },
                problem: typed.and_then(|(_, word, finished)| slot.problem(word, *finished)),
            }
        };
        self.slots.iter().enumerate().map(chip).collect()
    }

    /// The slot that the word at the end of `args` belongs to, or the next one when `args` ends in a space.
    pub(super) fn current(&self, args: &str) -> Option<&Slot> {
        self.slots.get(self.place(args).current?)
    }

    /// What can follow `args`, all of its words counting as done.
    pub(super) fn then(&self, args: &str) -> Then {
        let args = format!("{args} ");
        let placed = self.place(&args);
        let last = if placed.beyond { None } else { placed.words.last() };
        let last_choice = last.and_then(|(slot, word, _)| {
            let choices = &self.slots.get(*slot)?.choices;
            choices.iter().find(|choice| choice.word == *word).map(|choice| choice.then)
        });
        let next = match placed.current.and_then(|slot| self.slots.get(slot)) {
            Some(slot) if slot.required && !placed.absorbs => Then::Required,
            Some(_) => Then::Optional,
            None => Then::Nothing,
        };
        next.max(last_choice.unwrap_or_default())
    }

    /// What can follow a word that stands for the whole first slot.
    pub(super) fn then_behind_first(&self) -> Then {
        match self.slots.iter().filter(|slot| !slot.is_flag()).nth(1) {
            Some(slot) if slot.required => Then::Required,
            Some(_) => Then::Optional,
            None => Then::Nothing,
        }
    }

    fn place<'a>(&self, args: &'a str) -> Placed<'a> {
        let mut positional = self.slots.iter().enumerate().filter(|(_, slot)| !slot.is_flag()).map(|(index, _)| index);
        let mut placed = Placed { words: Vec::new(), current: positional.next(), absorbs: false, beyond: false };
        let mut rest = args.trim_start();
        let mut skip_value = false;
        while !rest.is_empty() {
            let (word, after) = first_word(rest);
            let finished = word.len() < rest.len();
            rest = after;
            if std::mem::take(&mut skip_value) {
                continue;
            }
            if let Some((index, slot)) = self.flag(word) {
                placed.words.push((index, word, finished));
                skip_value = slot.takes_value;
                continue;
            }
            let Some(index) = placed.current else {
                placed.beyond = true;
                break;
            };
            placed.words.push((index, word, finished));
            if finished {
                let next = positional.next();
                placed.absorbs = next.is_none() && self.slots[index].takes_the_rest();
                if !placed.absorbs {
                    placed.current = next;
                }
            }
        }
        placed
    }

    fn flag(&self, word: &str) -> Option<(usize, &Slot)> {
        let offers = |slot: &Slot| slot.choices.iter().any(|choice| choice.word == word);
        self.slots.iter().enumerate().find(|(_, slot)| slot.is_flag() && offers(slot))
    }
}

/// The words of an argument text, each with its slot.
struct Placed<'a> {
    /// Slot, word, and whether a space follows it.
    words: Vec<(usize, &'a str, bool)>,
    current: Option<usize>,
    /// The current slot is the last one, has a word already and takes the rest of the line too.
    absorbs: bool,
    /// There are words behind the last slot.
    beyond: bool,
}

impl ValueKind {
    /// By the name of a placeholder, such as `model-id`.
    fn named(placeholder: &str) -> Option<Self> {
        Some(match placeholder {
            "model" | "model-id" => Self::Model,
            "mode" => Self::Mode,
            "session" | "session-id" => Self::Session,
            "skill" | "skill-name" => Self::Skill,
            "server" | "server-name" | "mcp-server" => Self::McpServer,
            "file" | "path" | "file-path" | "directory" => Self::File,
            _ => return None,
        })
    }
}
