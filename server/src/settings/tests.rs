use std::{fs, path::Path, time::SystemTime};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;

struct Folders {
    home: TempDir,
    cwd: TempDir,
    system: TempDir,
}

impl Folders {
    fn new() -> Self {
        let folder = || tempfile::tempdir().expect("a folder");
        Self { home: folder(), cwd: folder(), system: folder() }
    }

    fn settings(&self) -> Settings {
        Settings::open(self.home.path(), self.cwd.path(), self.system.path())
    }

    fn user(&self, text: &str) {
        fs::write(self.home.path().join("settings.json"), text).expect("writes");
    }

    fn workspace(&self, text: &str) {
        fs::create_dir_all(self.cwd.path().join(".qwen")).expect("makes");
        fs::write(self.cwd.path().join(PROJECT_SETTINGS), text).expect("writes");
    }
}

fn age(path: &Path) {
    let file = fs::File::options().append(true).open(path).expect("opens");
    file.set_modified(SystemTime::UNIX_EPOCH).expect("sets the time");
}

fn get(settings: &Settings, key: &str) -> Value {
    settings.read().get(key).unwrap_or_default()
}

#[test]
fn each_file_outranks_the_one_before() {
    let folders = Folders::new();
    let settings = folders.settings();
    let theme = |settings: &Settings| get(settings, "ui.theme");
    fs::write(folders.system.path().join("system-defaults.json"), r#"{"ui":{"theme":"1"}}"#).expect("writes");
    assert_eq!(theme(&settings), "1");
    folders.user(r#"{"ui":{"theme":"2"}}"#);
    assert_eq!(theme(&settings), "2");
    folders.workspace(r#"{"ui":{"theme":"3"}}"#);
    assert_eq!(theme(&settings), "3");
    fs::write(folders.system.path().join("settings.json"), r#"{"ui":{"theme":"4"}}"#).expect("writes");
    assert_eq!(theme(&settings), "4");
}

#[test]
fn a_project_has_no_say_in_what_concerns_the_machine() {
    let folders = Folders::new();
    let settings = folders.settings();
    folders.workspace(
        r#"{"env":{"A":"1"},"proxy":"x","security":{"folderTrust":{"enabled":true}},"goals":{"modelProposed":"disabled","x":1}}"#,
    );
    let layers = settings.read();
    assert_eq!(Value::Object(layers.effective()), json!({"goals": {"x": 1}}));
    assert_eq!(layers.trust, Trust::Disabled);
    let ignored: Vec<&Warning> = layers.warnings.iter().collect();
    assert_eq!(ignored.len(), 4, "{ignored:?}");
}

#[test]
fn an_untrusted_folder_has_no_settings() {
    let folders = Folders::new();
    folders.user(r#"{"security":{"folderTrust":{"enabled":true}},"ui":{"theme":"mine"}}"#);
    folders.workspace(r#"{"ui":{"theme":"theirs"},"permissions":{"deny":["Edit"]}}"#);
    let settings = folders.settings();
    assert_eq!(get(&settings, "ui.theme"), "mine");
    assert_eq!(get(&settings, "permissions"), Value::Null);
    let trusted = json!({folders.cwd.path().to_str().expect("UTF-8"): "TRUST_FOLDER"});
    fs::write(folders.home.path().join("trustedFolders.json"), trusted.to_string()).expect("writes");
    assert_eq!(get(&settings, "ui.theme"), "theirs");
}

#[test]
fn a_damaged_file_is_moved_aside_once_it_has_settled() {
    let folders = Folders::new();
    let settings = folders.settings();
    folders.user("{ half");
    let path = folders.home.path().join("settings.json");
    let fresh = settings.read();
    assert!(matches!(fresh.warnings[..], [Warning::Corrupted { recovered: false, .. }]), "{:?}", fresh.warnings);
    assert!(path.exists(), "somebody may be writing it");
    assert!(settings.write(Scope::User, &[Change::set("a", json!(1))]).is_err());
    folders.user("{}");
    assert!(settings.read().warnings.is_empty(), "it was being written indeed");
    folders.user("{ half");

    age(&path);
    let settled = settings.read();
    assert!(matches!(settled.warnings[..], [Warning::Corrupted { recovered: true, .. }]), "{:?}", settled.warnings);
    assert!(!path.exists());
    let kept = fs::read_dir(folders.home.path()).expect("lists").flatten();
    let kept = kept.filter(|entry| entry.file_name().to_string_lossy().contains("corrupt"));
    assert_eq!(kept.map(|entry| fs::read_to_string(entry.path()).expect("reads")).collect::<Vec<_>>(), ["{ half"]);
    settings.write(Scope::User, &[Change::set("ui.theme", json!("x"))]).expect("a new file");
    assert_eq!(get(&settings, "ui.theme"), "x");
}

#[test]
fn a_workspace_whose_settings_lead_elsewhere_reads_and_writes_nothing_there() {
    let folders = Folders::new();
    let elsewhere = tempfile::tempdir().expect("a folder");
    fs::write(elsewhere.path().join("settings.json"), r#"{"ui":{"theme":"stolen"}}"#).expect("writes");
    std::os::unix::fs::symlink(elsewhere.path(), folders.cwd.path().join(".qwen")).expect("links");
    let settings = folders.settings();
    assert_eq!(get(&settings, "ui.theme"), Value::Null);
    assert!(settings.write(Scope::Workspace, &[Change::set("ui.theme", json!("x"))]).is_err());
    assert!(fs::read_to_string(elsewhere.path().join("settings.json")).expect("reads").contains("stolen"));
}

#[test]
fn reloading_names_the_keys_whose_meaning_has_changed() {
    let folders = Folders::new();
    folders.user(r#"{"ui":{"theme":"a"},"fastModel":"m"}"#);
    let settings = folders.settings();
    assert!(settings.take_up().is_empty());
    folders.user("{\n // said otherwise\n \"fastModel\":\"m\",\"ui\":{\"theme\":\"b\"},\"$version\":4}");
    folders.workspace(r#"{"tools":{"disabled":["x"]}}"#);
    assert_eq!(settings.take_up(), ["tools", "ui"]);
    assert!(settings.take_up().is_empty());
}

#[test]
fn what_a_project_allows_holds_once_the_user_has_allowed_it_here() {
    let folders = Folders::new();
    let settings = folders.settings();
    folders.workspace(r#"{"permissions":{"allow":["Bash"],"deny":["Read(x)"]}}"#);
    let rules = settings.permission_rules();
    assert_eq!((rules.workspace.allow, rules.merged.allow), (vec!["Bash".to_owned()], vec![]));
    assert_eq!(rules.merged.deny, ["Read(x)"]);
    settings.set_rules(Scope::Workspace, RuleKind::Allow, &["Edit".to_owned()]).expect("kept");
    let rules = settings.permission_rules();
    assert_eq!((rules.workspace.allow, rules.merged.allow), (vec!["Edit".to_owned()], vec!["Edit".to_owned()]));
    folders.workspace(r#"{"permissions":{"allow":["Bash","Edit"]}}"#);
    assert_eq!(settings.permission_rules().merged.allow, ["Edit"], "what comes back by itself is not allowed");
}

#[test]
fn writers_of_one_file_do_not_lose_each_others_changes() {
    let folders = Folders::new();
    let settings = folders.settings();
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let settings = settings.clone();
            scope.spawn(move || {
                let change = Change::set(format!("k{writer}"), json!(writer));
                settings.write(Scope::User, &[change]).expect("written");
            });
        }
    });
    let user = settings.read().user;
    assert!((0..8).all(|writer| user.get(&format!("k{writer}")) == Some(&json!(writer))), "{user:?}");
}

#[test]
fn every_row_has_a_default_of_its_own_kind() {
    let folders = Folders::new();
    let layers = folders.settings().read();
    let mut keys = BTreeSet::new();
    for row in ROWS {
        assert!(keys.insert(row.key), "{} stands twice", row.key);
        let view = serde_json::to_value(row.view(&layers)).expect("JSON");
        if let Some(fallback) = view.get("default") {
            assert_eq!(row.check(fallback), Ok(()), "{}", row.key);
        }
    }
}
