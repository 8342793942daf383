//! Settings as files: what counts, what does not, and what is written.

use std::{fs, os::unix::fs::PermissionsExt, thread};

use super::*;

#[test]
fn a_kept_rule_leaves_comments_and_other_keys_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("settings.json");
    fs::write(
        &path,
        "{\n  // mine\n  \"ui\": {\"theme\": \"dark\"},\n  \"permissions\": {\"allow\": [\"Bash(ls *)\"]}\n}\n",
    )
    .expect("writes");
    let mut settings = Settings::open(folder.path(), folder.path());
    let rule = Rule::parse("Bash(touch *)").expect("a rule");
    settings.allow(Scope::User, std::slice::from_ref(&rule)).expect("kept");
    let text = fs::read_to_string(&path).expect("reads");
    assert!(text.contains("// mine") && text.contains("\"theme\": \"dark\""), "{text}");
    assert!(settings.rules().allow.contains(&rule));
    let again = Settings::open(folder.path(), folder.path());
    assert_eq!(again.rules().allow.len(), 2);
    assert!(again.rules().allow.contains(&rule));
}

#[test]
fn a_file_that_is_no_json_is_not_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("settings.json");
    fs::write(&path, "{ not json").expect("writes");
    let mut settings = Settings::open(folder.path(), folder.path());
    let rule = Rule::parse("Bash(touch *)").expect("a rule");
    assert!(settings.allow(Scope::User, &[rule]).is_err());
    assert_eq!(fs::read_to_string(&path).expect("reads"), "{ not json");
}

#[test]
fn what_stands_where_a_list_of_rules_belongs_is_not_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("settings.json");
    for text in ["[\"mine\"]", r#"{"permissions": "mine"}"#, r#"{"permissions": {"allow": "mine"}}"#] {
        fs::write(&path, text).expect("writes");
        let mut settings = Settings::open(folder.path(), folder.path());
        let rule = Rule::parse("Bash(touch *)").expect("a rule");
        settings.allow(Scope::User, &[rule]).expect_err("it cannot be kept");
        assert_eq!(fs::read_to_string(&path).expect("reads"), text);
    }
}

#[test]
fn an_edited_file_is_read_again() {
    let (home, project) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let mut settings = Settings::open(home.path(), project.path());
    assert!(settings.rules().deny.is_empty());
    fs::create_dir(project.path().join(".qwen")).expect("makes");
    fs::write(project.path().join(".qwen/settings.json"), r#"{"permissions":{"deny":["Bash(rm *)"]}}"#)
        .expect("writes");
    settings.refresh();
    assert_eq!(settings.rules().deny.len(), 1);
}

#[test]
fn what_a_project_allows_itself_holds_only_once_the_user_has_allowed_it() {
    let (home, project) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    fs::create_dir(project.path().join(".qwen")).expect("makes");
    let file = project.path().join(".qwen/settings.json");
    fs::write(&file, r#"{"permissions":{"allow":["Bash", "Bash(touch *)"],"deny":["Bash(rm *)"]}}"#).expect("writes");
    let mut settings = Settings::open(home.path(), project.path());
    assert!(settings.rules().allow.is_empty());
    assert_eq!(settings.rules().deny.len(), 1, "what it forbids holds at once");

    let rule = Rule::parse("Bash(touch *)").expect("a rule");
    settings.allow(Scope::Project, std::slice::from_ref(&rule)).expect("kept");
    let again = Settings::open(home.path(), project.path());
    assert_eq!(again.rules().allow, [rule]);

    fs::write(&file, "{}").expect("writes");
    settings.refresh();
    assert!(settings.rules().allow.is_empty(), "a rule taken out of the project's file is gone");
}

#[test]
fn a_project_may_ask_for_a_stricter_mode_and_not_for_a_laxer_one() {
    let (home, project) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    fs::create_dir(project.path().join(".qwen")).expect("makes");
    let modes = |user: &str, asked: &str| {
        let text = |mode: &str| format!(r#"{{"tools":{{"approvalMode":"{mode}","disabled":["glob",7]}}}}"#);
        fs::write(home.path().join("settings.json"), text(user)).expect("writes");
        fs::write(project.path().join(".qwen/settings.json"), text(asked)).expect("writes");
        let settings = Settings::open(home.path(), project.path());
        assert!(settings.disables("glob") && !settings.disables("edit"));
        settings.approval_mode()
    };
    assert_eq!(modes("auto-edit", "yolo"), Mode::AutoEdit);
    assert_eq!(modes("auto-edit", "plan"), Mode::Plan);
    assert_eq!(modes("auto-edit", "no mode"), Mode::AutoEdit);
    assert_eq!(modes("no mode", "yolo"), Mode::Default);
}

#[test]
fn a_reload_names_what_became_different() {
    let (home, project) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let file = home.path().join("settings.json");
    fs::write(&file, r#"{"env":{"A":"1","B":"2"},"model":{"name":"m"}}"#).expect("writes");
    let mut settings = Settings::open(home.path(), project.path());
    assert_eq!(settings.reload(), Changes::default());
    fs::write(&file, r#"{"env":{"A":"3"},"model":{"name":"m"},"general":{"vimMode":true}}"#).expect("writes");
    let changes = settings.reload();
    assert_eq!(changes.keys, BTreeSet::from(["env".to_owned(), "general".to_owned()]));
    assert_eq!((changes.env_updated, changes.env_removed), (["A".to_owned()].into(), ["B".to_owned()].into()));
}

#[test]
fn what_a_folder_says_that_is_not_trusted_does_not_count() {
    let (home, project) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let rule = Rule::parse("Bash(touch *)").expect("a rule");
    Settings::open(home.path(), project.path()).allow(Scope::Project, &[rule]).expect("kept");
    fs::write(
        home.path().join("settings.json"),
        r#"{"tools":{"approvalMode":"yolo"},"permissions":{"deny":["Bash(rm *)"]}}"#,
    )
    .expect("writes");
    let own = r#"{"permissions":{"allow":["Bash(touch *)"],"deny":["Read"]},"tools":{"approvalMode":"plan","disabled":["glob"]},
        "security":{"folderTrust":{"enabled":false}}}"#;
    fs::write(project.path().join(".qwen/settings.json"), own).expect("writes");
    let mut settings = Settings::open(home.path(), project.path());
    assert!(settings.is_trusted() && settings.disables("glob"));
    assert_eq!((settings.rules().allow.len(), settings.rules().deny.len()), (1, 2));

    fs::write(
        home.path().join("settings.json"),
        r#"{"tools":{"approvalMode":"yolo"},"permissions":{"deny":["Bash(rm *)"]},"security":{"folderTrust":{"enabled":true}}}"#,
    )
    .expect("writes");
    assert!(settings.refresh(), "it is trusted no more");
    assert!(!settings.is_trusted() && !settings.disables("glob"));
    assert_eq!((settings.rules().allow.len(), settings.rules().deny.len()), (0, 1));
    assert_eq!(settings.approval_mode(), Mode::Default);

    let trusted = serde_json::json!({project.path().to_string_lossy(): "TRUST_FOLDER"});
    fs::write(home.path().join(TRUSTED_FOLDERS), trusted.to_string()).expect("writes");
    assert!(settings.refresh() && settings.is_trusted());
    assert_eq!((settings.rules().allow.len(), settings.approval_mode()), (1, Mode::Plan));
}

#[test]
fn the_administrators_file_wins_and_the_defaults_give_way() {
    let [home, project, system] = std::array::from_fn(|_| tempfile::tempdir().expect("a folder"));
    fs::write(
        system.path().join("system-defaults.json"),
        r#"{"tools":{"approvalMode":"auto-edit","disabled":["glob"]}}"#,
    )
    .expect("writes");
    let mut settings = Settings::open_with(home.path(), project.path(), system.path());
    assert_eq!(settings.approval_mode(), Mode::AutoEdit);
    fs::write(
        home.path().join("settings.json"),
        r#"{"tools":{"approvalMode":"yolo"},"security":{"folderTrust":{"enabled":false}}}"#,
    )
    .expect("writes");
    settings.refresh();
    assert_eq!(settings.approval_mode(), Mode::Yolo);
    fs::write(
        system.path().join("settings.json"),
        r#"{"tools":{"approvalMode":"plan"},"security":{"folderTrust":{"enabled":true}}}"#,
    )
    .expect("writes");
    settings.refresh();
    assert_eq!(settings.approval_mode(), Mode::Plan);
    assert!(settings.disables("glob") && !settings.is_trusted());
}

#[test]
fn a_file_stays_as_private_as_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("settings.json");
    fs::write(&path, "{}").expect("writes");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("closed");
    Settings::open(folder.path(), folder.path()).set_of_user("general.language", "de").expect("kept");
    assert_eq!(fs::metadata(&path).expect("is there").permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_projects_file_that_is_a_link_out_of_it_is_not_written() {
    let [home, project, elsewhere] = std::array::from_fn(|_| tempfile::tempdir().expect("a folder"));
    let target = elsewhere.path().join("other.json");
    fs::create_dir(project.path().join(".qwen")).expect("makes");
    std::os::unix::fs::symlink(&target, project.path().join(".qwen/settings.json")).expect("links");
    let mut settings = Settings::open(home.path(), project.path());
    let rule = Rule::parse("Bash(touch *)").expect("a rule");
    settings.allow(Scope::Project, std::slice::from_ref(&rule)).expect_err("a link to nothing");
    assert!(!target.exists());
    fs::write(&target, "{}").expect("writes");
    settings.allow(Scope::Project, &[rule]).expect_err("a link out");
    assert_eq!(fs::read_to_string(&target).expect("reads"), "{}");
}

/// Agents of several folders write the user's file, each with what it read before.
#[test]
fn writers_of_one_file_take_turns_and_nothing_is_lost() {
    let home = tempfile::tempdir().expect("a folder");
    let rules = |writer: usize| (0..20).map(move |number| format!("Bash(w{writer}-{number} *)"));
    thread::scope(|scope| {
        for writer in 0..4 {
            let home = home.path();
            scope.spawn(move || {
                let mut settings = Settings::open(home, home);
                for rule in rules(writer) {
                    settings.allow(Scope::User, &[Rule::parse(&rule).expect("a rule")]).expect("kept");
                }
            });
        }
    });
    let kept = Settings::open(home.path(), home.path());
    let kept: Vec<String> = kept.rules().allow.iter().map(ToString::to_string).collect();
    let lost: Vec<String> = (0..4).flat_map(rules).filter(|rule| !kept.contains(rule)).collect();
    assert_eq!((lost, kept.len()), (Vec::new(), 80));
}
