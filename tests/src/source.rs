//! Reading the project's own files, for tests of its invariants: what is code, what is comment, what is test.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::program;

/// Folders that hold nothing of ours.
const NOT_OURS: &[&str] = &["target", "dist", ".git", "node_modules", "corpus", "artifacts"];

/// A text file of the repository.
#[derive(Debug)]
pub struct Source {
    /// Relative to the repository, with `/`.
    pub path: String,
    pub text: String,
}

/// One line of Rust, taken apart.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// From 1.
    pub number: usize,
    /// What is executed, with the contents of strings and comments taken out.
    pub code: String,
    /// The text of the comments on this line.
    pub comment: String,
    /// Compiled for tests only.
    pub test: bool,
}

/// Every text file of the repository, in order of path.
pub fn all() -> io::Result<Vec<Source>> {
    let mut found = Vec::new();
    walk(&program::repository(), &mut found)?;
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// The Rust files below these folders.
pub fn rust(folders: &[&str]) -> io::Result<Vec<Source>> {
    let ours = |source: &Source| {
        source.is_rust() && folders.iter().any(|folder| source.path.starts_with(&format!("{folder}/")))
    };
    Ok(all()?.into_iter().filter(ours).collect())
}

fn walk(folder: &Path, found: &mut Vec<Source>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        if entry.file_type()?.is_dir() {
            if !NOT_OURS.iter().any(|other| name == *other) {
                walk(&path, found)?;
            }
        } else if let Ok(text) = fs::read_to_string(&path) {
            found.push(Source { path: relative(&path), text });
        }
    }
    Ok(())
}

fn relative(path: &Path) -> String {
    let path = path.strip_prefix(program::repository()).unwrap_or(path);
    path.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

impl Source {
    #[must_use]
    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// The last part of the path.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// The folder of the repository that the file belongs to: `core`, `server`, ….
    #[must_use]
    pub fn room(&self) -> &str {
        self.path.split('/').next().unwrap_or(&self.path)
    }

    /// The lines of a Rust file.
    #[must_use]
    pub fn lines(&self) -> Vec<Line> {
        let mut lines = split(&self.text);
        mark_tests(&mut lines);
        let whole = self.is_test_file();
        for line in &mut lines {
            line.test |= whole;
        }
        lines
    }

    /// A module of a test whose root says what it is about.
    #[must_use]
    pub fn is_part_of_a_test(&self) -> bool {
        let folders = self.path.matches('/').count();
        self.name() == "tests.rs" || self.path.contains("/tests/") && folders > 2
    }

    /// `tests.rs`, or anything below a folder `tests` or `benches`; the crate of that name is one as a whole.
    fn is_test_file(&self) -> bool {
        let path = PathBuf::from(&self.path);
        let in_test_folder =
            path.components().any(|part| ["tests", "benches"].iter().any(|name| part.as_os_str() == *name));
        in_test_folder || self.name() == "tests.rs"
    }
}

/// Where the scan is.
enum Place {
    Code,
    LineComment,
    BlockComment { depth: u32 },
    Text,
    RawText { hashes: usize },
}

fn split(text: &str) -> Vec<Line> {
    let chars: Vec<char> = text.chars().collect();
    let mut lines = vec![Line { number: 1, ..Line::default() }];
    let mut place = Place::Code;
    let mut at = 0;
    while at < chars.len() {
        let rest = &chars[at..];
        let number = lines.len();
        let line = &mut lines[number - 1];
        if rest[0] == '\n' {
            if matches!(place, Place::LineComment) {
                place = Place::Code;
            }
            lines.push(Line { number: number + 1, ..Line::default() });
            at += 1;
            continue;
        }
        at += match place {
            Place::Code => in_code(rest, line, &mut place),
            Place::LineComment => {
                line.comment.push(rest[0]);
                1
            }
            Place::BlockComment { ref mut depth } => match rest {
                ['*', '/', ..] if *depth == 1 => {
                    place = Place::Code;
                    2
                }
                ['*', '/', ..] => {
                    *depth -= 1;
                    2
                }
                ['/', '*', ..] => {
                    *depth += 1;
                    2
                }
                _ => {
                    line.comment.push(rest[0]);
                    1
                }
            },
            Place::Text => match rest {
                ['\\', next, ..] if *next != '\n' => 2,
                ['"', ..] => {
                    line.code.push('"');
                    place = Place::Code;
                    1
                }
                _ => 1,
            },
            Place::RawText { hashes } => {
                if rest[0] == '"' && rest[1..].iter().take_while(|c| **c == '#').count() >= hashes {
                    line.code.push('"');
                    place = Place::Code;
                    1 + hashes
                } else {
                    1
                }
            }
        };
    }
    lines
}

/// Reads one token's worth of code and returns its length in characters.
fn in_code(rest: &[char], line: &mut Line, place: &mut Place) -> usize {
    match rest {
        ['/', '/', ..] => {
            *place = Place::LineComment;
            2
        }
        ['/', '*', ..] => {
            *place = Place::BlockComment { depth: 1 };
            2
        }
        ['"', ..] => {
            line.code.push('"');
            *place = Place::Text;
            1
        }
        ['r', '"' | '#', ..]
            if !line.code.ends_with(|c: char| c.is_alphanumeric() || c == '_') || line.code.ends_with('b') =>
        {
            let hashes = rest[1..].iter().take_while(|c| **c == '#').count();
            if rest.get(1 + hashes) == Some(&'"') {
                line.code.push('"');
                *place = Place::RawText { hashes };
                2 + hashes
            } else {
                line.code.push('r');
                1
            }
        }
        // A character literal; what is left is a lifetime.
        ['\'', '\\', _, tail @ ..] => 3 + tail.iter().take_while(|c| **c != '\'').count() + 1,
        ['\'', _, '\'', ..] => 3,
        _ => {
            line.code.push(rest[0]);
            1
        }
    }
}

/// Marks what follows `#[cfg(test)]`: one item, to the end of its braces or to its semicolon.
fn mark_tests(lines: &mut [Line]) {
    let mut at = 0;
    while at < lines.len() {
        if !lines[at].code.trim_start().starts_with("#[cfg(test)]") {
            at += 1;
            continue;
        }
        let (mut depth, mut opened) = (0_usize, false);
        while at < lines.len() {
            lines[at].test = true;
            let code = lines[at].code.replace("#[cfg(test)]", "");
            for c in code.chars() {
                match c {
                    '{' => (depth, opened) = (depth + 1, true),
                    '}' => depth = depth.saturating_sub(1),
                    _ => {}
                }
            }
            at += 1;
            if depth == 0 && (opened || code.trim_end().ends_with(';')) {
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<Line> {
        Source { path: "core/src/x.rs".into(), text: text.into() }.lines()
    }

    #[test]
    fn strings_and_comments_are_no_code() {
        let text = "let a = \"std::fs\"; // std::net\nlet b = r#\"x\"y\"#; let c: &'a str = '\\''; /* one\ntwo */ d();";
        let code: Vec<String> = lines(text).into_iter().map(|line| line.code).collect();
        assert_eq!(code, ["let a = \"\"; ", "let b = \"\"; let c: &'a str = ; ", " d();"]);
        assert_eq!(lines(text)[0].comment, " std::net");
        assert_eq!(lines(text)[2].comment, "two ");
    }

    #[test]
    fn a_test_module_ends_where_its_braces_do() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() { \"}\"; }\n}\nfn c() {}\n#[cfg(test)]\nmod more;\nfn d() {}";
        let tests: Vec<usize> = lines(text).into_iter().filter(|line| line.test).map(|line| line.number).collect();
        assert_eq!(tests, [2, 3, 4, 5, 7, 8]);
    }
}
