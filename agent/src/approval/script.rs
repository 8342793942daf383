//! Takes a command line apart: the simple commands in it, their words and redirections.
//!
//! This is no shell. Whatever it does not fully understand it marks as such, and the judgement gets stricter, never laxer.

mod parser;

use self::parser::Parser;

/// A command line, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Script {
    /// Every simple command, those inside substitutions and groups too.
    pub(super) commands: Vec<Simple>,
    /// Something was not understood: no rule may allow it by its parts.
    pub(super) is_opaque: bool,
}

/// `NAME=value word word > file`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Simple {
    pub(super) assignments: Vec<String>,
    pub(super) words: Vec<Word>,
    pub(super) redirects: Vec<Redirect>,
    /// Sits in, or contains, a command or process substitution.
    pub(super) is_substituted: bool,
}

/// A word without its quotes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: String,
    /// The shell will put something else here: a variable, a glob, a brace or tilde expansion.
    pub(super) expands: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Redirect {
    pub(super) writes: bool,
    pub(super) target: Word,
}

impl Script {
    pub(super) fn parse(line: &str) -> Self {
        let mut script = Self::default();
        Parser::new(line, &mut script).run();
        script
    }
}

impl Simple {
    /// The command as text, without assignments and redirections.
    pub(super) fn text(&self) -> String {
        self.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commands(line: &str) -> Vec<String> {
        Script::parse(line).commands.iter().map(Simple::text).collect()
    }

    #[test]
    fn a_compound_line_falls_into_its_simple_commands() {
        assert_eq!(
            commands("a 1 && b '2 && 3' || c; d | e |& f & g\nh"),
            ["a 1", "b 2 && 3", "c", "d", "e", "f", "g", "h"]
        );
        assert_eq!(commands("echo \"a; b\" # rm x"), ["echo a; b"]);
        assert_eq!(commands("! grep x f"), ["grep x f"]);
    }

    #[test]
    fn commands_hidden_in_substitutions_and_groups_are_found() {
        assert!(commands("echo $(rm -rf x)").contains(&"rm -rf x".to_owned()));
        assert!(commands("echo \"`rm x`\"").contains(&"rm x".to_owned()));
        assert!(commands("diff <(rm x) b").contains(&"rm x".to_owned()));
        assert!(commands("(cd a; rm x)").contains(&"rm x".to_owned()));
        assert!(commands("if true; then rm x; fi").contains(&"rm x".to_owned()));
        assert!(commands("echo $(echo $(rm x))").contains(&"rm x".to_owned()));
    }

    #[test]
    fn redirections_are_no_words() {
        let script = Script::parse("FOO=1 sort <in 2>&1 >>out 2>/dev/null");
        let [command] = &script.commands[..] else { panic!("one command, got {script:?}") };
        assert_eq!((command.text().as_str(), &command.assignments[..]), ("sort", &["FOO=1".to_owned()][..]));
        let targets: Vec<_> = command.redirects.iter().map(|r| (r.writes, r.target.text.as_str())).collect();
        assert_eq!(targets, [(false, "in"), (true, "out"), (true, "/dev/null")]);
    }

    #[test]
    fn what_is_not_understood_is_marked() {
        for line in
            ["echo 'a", "echo \"a", "cat <<X\nrm\nX", "for i in a; do rm $i; done", "f() { rm x; }", "echo ${x:=y}"]
        {
            assert!(Script::parse(line).is_opaque, "{line}");
        }
        assert!(!Script::parse("echo a && ls -la").is_opaque);
    }
}
