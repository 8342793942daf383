//! What an agent says it can do: the same entries in `available_commands_update` and in `supported-commands`.

use serde::Deserialize;
use serde_json::Value;

use super::{Category, Command, Hint, Source, Subcommand};
use crate::payload::{Read, readable};

/// The commands of one announcement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Advertised {
    pub commands: Vec<Command>,
    /// Entries that are not shaped like a command.
    pub skipped: usize,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    input: Option<Input>,
    #[serde(default, rename = "_meta")]
    meta: Option<Meta>,
}

readable!(Entry { name: "name"; description: "description", input: "input", meta: "_meta" });

#[derive(Deserialize)]
struct Input {
    #[serde(default)]
    hint: String,
}

readable!(Input { ; hint: "hint" });

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Meta {
    argument_hint: Option<String>,
    source: String,
    source_label: String,
    subcommands: Vec<String>,
    alt_names: Vec<String>,
}

readable!(Meta {
    ;
    argument_hint: "argumentHint", source: "source", source_label: "sourceLabel", subcommands: "subcommands",
    alt_names: "altNames"
});

impl Advertised {
    /// Reads an `update` of kind `available_commands_update`, or the body of `GET …/supported-commands`.
    #[must_use]
    pub fn read(announcement: &Value) -> Self {
        let skills = skills(announcement);
        let mut read = Self::default();
        for entry in announcement["availableCommands"].as_array().into_iter().flatten() {
            match Entry::read(entry) {
                Some(entry) if is_name(&entry.name) => read.commands.push(entry.into_command(&skills)),
                Some(_) | None => read.skipped += 1,
            }
        }
        read
    }
}

/// `availableSkills` stands beside the commands in one announcement and in `_meta` of the other.
fn skills(announcement: &Value) -> Vec<&str> {
    let list = [&announcement["availableSkills"], &announcement["_meta"]["availableSkills"]];
    list.into_iter().filter_map(Value::as_array).flatten().filter_map(Value::as_str).collect()
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(char::is_whitespace) && !name.contains(['/', '\\'])
}

impl Entry {
    fn into_command(self, skills: &[&str]) -> Command {
        let meta = self.meta.unwrap_or_default();
        let accepts_input = self.input.is_some();
        let hint = meta.argument_hint.or(self.input.map(|input| input.hint)).unwrap_or_default();
        let source = Source::from(meta.source.as_str());
        let is_skill = skills.contains(&self.name.as_str());
        Command {
            category: category(&source, &meta.source_label, is_skill),
            name: self.name,
            description: self.description,
            hint: Hint::parse(&hint),
            accepts_input,
            aliases: meta.alt_names,
            subcommands: meta.subcommands.iter().map(|name| Subcommand::bare(name)).collect(),
            source,
            source_label: meta.source_label,
            action: None,
            advertised: true,
            destructive: false,
        }
    }
}

/// Command files and skills of a folder share a source; the label tells them apart.
fn category(source: &Source, label: &str, is_skill: bool) -> Category {
    match source {
        _ if is_skill => Category::Skill,
        Source::Builtin => Category::System,
        Source::BundledSkill => Category::Skill,
        Source::SkillDir if label != "Custom" => Category::Skill,
        Source::SkillDir | Source::Plugin | Source::McpPrompt | Source::Other(_) => Category::Custom,
    }
}
