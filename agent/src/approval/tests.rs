//! The judgement as a whole, over real folders.

use std::os::unix::fs::symlink;

use super::*;

struct Scene {
    folder: tempfile::TempDir,
    workspace: Workspace,
    rules: Rules,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let workspace = Workspace::open(folder.path(), []).expect("opens");
        Self { folder, workspace, rules: Rules::default() }
    }

    fn with(mut self, list: &str, rules: &[&str]) -> Self {
        let rules = rules.iter().map(|rule| Rule::parse(rule).expect("a rule")).collect();
        match list {
            "deny" => self.rules.deny = rules,
            "ask" => self.rules.ask = rules,
            _ => self.rules.allow = rules,
        }
        self
    }

    fn shell(&self, mode: Mode, line: &str) -> Verdict {
        let access = Access::Shell { command: line.to_owned(), directory: self.workspace.root().to_owned() };
        judge("run_shell_command", &access, mode, &self.rules, &self.workspace)
    }

    fn write(&self, mode: Mode, path: &str) -> Verdict {
        let access = Access::Edit(self.workspace.absolute(path));
        judge("write_file", &access, mode, &self.rules, &self.workspace)
    }

    fn always(&self, line: &str) -> Vec<String> {
        let access = Access::Shell { command: line.to_owned(), directory: self.workspace.root().to_owned() };
        always_rules(&access, &self.workspace).iter().map(ToString::to_string).collect()
    }
}

const ASK: Verdict = Verdict::Ask { by_rule: false };

#[test]
fn commands_that_only_read_run_unasked() {
    let scene = Scene::new();
    for line in ["ls -la", "cat a.txt | head -3", "git status && git log --oneline", "grep -rn x . 2>/dev/null", "pwd"]
    {
        assert_eq!(scene.shell(Mode::Default, line), Verdict::Allow, "{line}");
    }
}

#[test]
fn anything_else_is_put_before_the_user() {
    let scene = Scene::new();
    symlink("/etc", scene.folder.path().join("link")).expect("links");
    for line in [
        "touch x",
        "ls > out",
        "cat $(touch x)",
        "cat `touch x`",
        "PATH=. ls",
        "find . -delete",
        "find . -exec rm {} ;",
        "sort -o out in",
        "git diff --output=x",
        "git -c core.pager=x log",
        "cat /etc/passwd",
        "cat ../x",
        "cat ~/.ssh/id",
        "cat link/passwd",
        "cat $HOME/x",
        "grep --file=/etc/passwd x",
        "ls; unknown",
        "(ls)",
        "ls &\ntouch x",
        "diff <(touch x) y",
        "$cmd",
    ] {
        assert_eq!(scene.shell(Mode::Default, line), ASK, "{line}");
    }
}

#[test]
fn each_mode_draws_its_line() {
    let scene = Scene::new();
    assert_eq!(scene.write(Mode::Default, "a"), ASK);
    assert_eq!(scene.write(Mode::AutoEdit, "a"), Verdict::Allow);
    assert_eq!(scene.write(Mode::Yolo, "a"), Verdict::Allow);
    assert!(matches!(scene.write(Mode::Plan, "a"), Verdict::Deny(_)));
    assert_eq!(scene.shell(Mode::AutoEdit, "touch a"), ASK);
    assert_eq!(scene.shell(Mode::Yolo, "touch a"), Verdict::Allow);
    assert_eq!(scene.shell(Mode::Plan, "ls"), Verdict::Allow);
    assert!(matches!(scene.shell(Mode::Plan, "touch a"), Verdict::Deny(_)));
    assert!(matches!(scene.shell(Mode::Plan, "mystery"), Verdict::Ask { .. }));
}

#[test]
fn deny_rules_hold_even_in_yolo_and_inside_compound_lines() {
    let scene = Scene::new().with("deny", &["Bash(rm *)", "Edit(*.lock)", "Read(secret/**)"]);
    for line in [
        "rm x",
        "ls && rm x",
        "echo $(rm x)",
        "(cd a; rm x)",
        "if true; then rm x; fi",
        "echo x > Cargo.lock",
        "cat secret/key",
    ] {
        assert!(matches!(scene.shell(Mode::Yolo, line), Verdict::Deny(_)), "{line}");
    }
    assert!(matches!(scene.write(Mode::Yolo, "deep/Cargo.lock"), Verdict::Deny(_)));
    assert_eq!(scene.write(Mode::Yolo, "Cargo.toml"), Verdict::Allow);
}

#[test]
fn a_deny_rule_finds_a_file_behind_a_link() {
    let scene = Scene::new().with("deny", &["Edit(secret/**)"]);
    std::fs::create_dir(scene.folder.path().join("secret")).expect("makes");
    symlink("secret", scene.folder.path().join("public")).expect("links");
    assert!(matches!(scene.write(Mode::Yolo, "public/x"), Verdict::Deny(_)));
}

#[test]
fn an_allow_rule_does_not_reach_through_a_link() {
    let scene = Scene::new().with("allow", &["Edit(public/**)"]);
    std::fs::create_dir(scene.folder.path().join("secret")).expect("makes");
    symlink("secret", scene.folder.path().join("public")).expect("links");
    assert_eq!(scene.write(Mode::Default, "public/x"), ASK);
}

#[test]
fn ask_rules_win_over_allow_rules() {
    let scene = Scene::new().with("allow", &["Bash"]).with("ask", &["Bash(git push *)"]);
    assert_eq!(scene.shell(Mode::Default, "touch x"), Verdict::Allow);
    assert_eq!(scene.shell(Mode::Default, "ls; git push origin"), Verdict::Ask { by_rule: true });
}

#[test]
fn a_line_is_allowed_only_when_each_part_is() {
    let scene = Scene::new().with("allow", &["Bash(touch *)"]);
    for (line, expected) in [
        ("touch a", Verdict::Allow),
        ("touch a && ls", Verdict::Allow),
        ("touch a && mkdir b", ASK),
        ("touch $(mkdir b)", ASK),
        ("touch a > /tmp/elsewhere", ASK),
        ("for i in 1; do touch $i; done", ASK),
        ("touchy a", ASK),
    ] {
        assert_eq!(scene.shell(Mode::Default, line), expected, "{line}");
    }
}

#[test]
fn always_rules_are_as_wide_as_the_program_deserves() {
    let scene = Scene::new();
    assert_eq!(scene.always("touch made.txt && ls"), ["Bash(touch *)"]);
    assert_eq!(scene.always("cargo test -p x; npm install"), ["Bash(cargo test *)", "Bash(npm install *)"]);
    assert_eq!(scene.always("python3 run.py --now"), ["Bash(python3 run.py --now)"]);
    assert_eq!(scene.always("./build.sh"), ["Bash(./build.sh)"]);
    for line in ["touch $(ls)", "for i in 1; do touch $i; done", "FOO=1 touch x", "bash -c 'a (b)'"] {
        assert!(scene.always(line).is_empty(), "{line}");
    }
}

#[test]
fn an_always_rule_allows_what_it_was_made_from() {
    for line in ["touch made.txt && ls", "cargo test -p x", "python3 run.py", "mkdir -p a/b", "git commit -m 'a b'"] {
        let mut scene = Scene::new();
        assert_eq!(scene.shell(Mode::Default, line), ASK, "{line}");
        scene.rules.allow = scene.always(line).iter().map(|rule| Rule::parse(rule).expect("a rule")).collect();
        assert_eq!(scene.shell(Mode::Default, line), Verdict::Allow, "{line}");
    }
}

#[test]
fn an_unclosed_rule_is_no_rule() {
    assert_eq!(Rule::parse("Bash(rm"), None);
    assert_eq!(Rule::parse(""), None);
}

#[test]
fn settings_and_git_hooks_are_asked_about_even_where_edits_are_not() {
    let scene = Scene::new();
    std::fs::create_dir(scene.folder.path().join(".qwen")).expect("makes");
    symlink(scene.folder.path().join(".qwen"), scene.folder.path().join("alias")).expect("links");
    for path in [".qwen/settings.json", "sub/.qwen/settings.json", ".git/hooks/pre-commit", "alias/settings.json"] {
        assert_eq!(scene.write(Mode::AutoEdit, path), Verdict::Ask { by_rule: true }, "{path}");
    }
    assert_eq!(scene.write(Mode::AutoEdit, "src/.qwenignore"), Verdict::Allow);
}
