use std::fs;

use roost_core::EventType;
use roost_tests::scripted_agent::ScriptFile;
use serde_json::{Value, json};

use crate::{
    host::Host,
    place::{agent, code, daemon, listener, next, originator, put, trust, user_file, workspace_file},
};

const PERMISSIONS: &str = "/workspace/permissions";

async fn reloading() -> anyhow::Result<Host> {
    Host::start(agent(&[("qwen/control/workspace/reload", json!({}))])).await
}

#[tokio::test]
async fn rules_are_shown_by_file_and_as_they_hold() -> anyhow::Result<()> {
    let host = daemon().await?;
    put(&user_file(&host), r#"{"permissions":{"allow":["Bash(ls *)"],"deny":["Edit"]}}"#)?;
    put(&workspace_file(&host), r#"{"permissions":{"allow":["Bash"],"deny":["Edit","Read(x)"]}}"#)?;
    let rules = host.client().get(PERMISSIONS).await?.ok()?;
    let expected = json!({
        "v": 1,
        "user": {"path": user_file(&host), "rules": {"allow": ["Bash(ls *)"], "ask": [], "deny": ["Edit"]}},
        "workspace": {"path": workspace_file(&host), "rules": {"allow": ["Bash"], "ask": [], "deny": ["Edit", "Read(x)"]}},
        // Nobody has allowed the project what it allows itself.
        "merged": {"allow": ["Bash(ls *)"], "ask": [], "deny": ["Edit", "Read(x)"]},
        "isTrusted": true,
    });
    assert_eq!(rules, expected);
    Ok(())
}

#[tokio::test]
async fn a_list_is_replaced_told_to_the_agent_and_announced() -> anyhow::Result<()> {
    let host = reloading().await?;
    let (client, id, mut events) = listener(&host).await?;
    let body = json!({"scope": "workspace", "ruleType": "allow", "rules": ["Bash(ls *)", " Edit ", "Bash(ls *)"]});
    let rules = client.post(PERMISSIONS, &body).await?.ok()?;
    let list = json!(["Bash(ls *)", "Edit"]);
    assert_eq!((&rules["workspace"]["rules"]["allow"], &rules["merged"]["allow"]), (&list, &list));
    let event = next(&mut events, &EventType::SettingsChanged).await?;
    assert_eq!(event.data, json!({"key": "permissions.allow", "value": list, "scope": "workspace"}));
    assert_eq!(originator(&event), Some(id.as_str()));
    let script = &host.config.agent.args[0];
    assert_eq!(ScriptFile::heard(script.as_ref()), ["qwen/control/workspace/reload"]);

    let body = json!({"scope": "workspace", "ruleType": "allow", "rules": []});
    let rules = client.post(&format!("/workspaces/{}/permissions", host.selector()), &body).await?.ok()?;
    assert_eq!(rules["merged"]["allow"], json!([]));
    Ok(())
}

/// What a project allows itself holds only as far as the user has said so here; saying it through this route counts.
#[tokio::test]
async fn allowing_in_a_workspace_is_noted_outside_of_it() -> anyhow::Result<()> {
    let host = reloading().await?;
    let (client, _, _events) = listener(&host).await?;
    let body = json!({"scope": "workspace", "ruleType": "allow", "rules": ["Bash(ls *)"]});
    client.post(PERMISSIONS, &body).await?.ok()?;
    let project = fs::read_dir(host.config.home.join("projects"))?.flatten().next().expect("a project");
    let noted: Value = serde_json::from_str(&fs::read_to_string(project.path().join("approved-rules.json"))?)?;
    assert_eq!(noted["permissions"], json!({"allow": ["Bash(ls *)"]}));

    put(&workspace_file(&host), r#"{"permissions":{"allow":["Bash(ls *)","Bash"]}}"#)?;
    let rules = client.get(PERMISSIONS).await?.ok()?;
    assert_eq!(rules["merged"]["allow"], json!(["Bash(ls *)"]));
    let body = json!({"scope": "user", "ruleType": "deny", "rules": ["Edit"]});
    client.post(PERMISSIONS, &body).await?.ok()?;
    let noted: Value = serde_json::from_str(&fs::read_to_string(project.path().join("approved-rules.json"))?)?;
    assert_eq!(noted["permissions"], json!({"allow": ["Bash(ls *)"]}), "other lists are nobody's approval");
    Ok(())
}

#[tokio::test]
async fn what_is_no_list_of_rules_is_refused_before_anybody_is_asked() -> anyhow::Result<()> {
    let host = reloading().await?;
    let client = host.client();
    for (body, expected) in [
        (json!({}), "invalid_scope"),
        (json!({"scope": "system"}), "invalid_scope"),
        (json!({"scope": "user"}), "invalid_rule_type"),
        (json!({"scope": "user", "ruleType": "permit"}), "invalid_rule_type"),
        (json!({"scope": "user", "ruleType": "allow"}), "invalid_rules"),
        (json!({"scope": "user", "ruleType": "allow", "rules": "Bash"}), "invalid_rules"),
        (json!({"scope": "user", "ruleType": "allow", "rules": [""]}), "invalid_rules"),
        (json!({"scope": "user", "ruleType": "allow", "rules": [5]}), "invalid_rules"),
        (json!({"scope": "user", "ruleType": "allow", "rules": ["Bash(ls"]}), "invalid_rules"),
        (json!({"scope": "user", "ruleType": "allow", "rules": ["(ls)"]}), "invalid_rules"),
        (json!({"scope": "user", "ruleType": "allow", "rules": vec!["Bash"; 1_001]}), "invalid_rules"),
    ] {
        assert_eq!(code(&client.post(PERMISSIONS, &body).await?), (400, expected.to_owned()), "{body}");
    }
    let body = json!({"scope": "user", "ruleType": "allow", "rules": ["Bash"]});
    let plural = client.post(&format!("/workspaces/{}/permissions", host.selector()), &body).await?;
    assert_eq!(code(&plural), (400, "global_scope_not_supported_for_workspace_route".to_owned()));
    assert_eq!(code(&client.post(PERMISSIONS, &body).await?), (409, "permission_session_required".to_owned()));
    assert!(!user_file(&host).exists());
    Ok(())
}

#[tokio::test]
async fn an_untrusted_folder_has_no_rules_and_gets_none() -> anyhow::Result<()> {
    let host = reloading().await?;
    trust(&host, Some("DO_NOT_TRUST"))?;
    put(&workspace_file(&host), r#"{"permissions":{"allow":["Bash"],"ask":["Edit"]}}"#)?;
    let (client, _, _events) = listener(&host).await?;
    let rules = client.get(PERMISSIONS).await?.ok()?;
    let none = json!({"allow": [], "ask": [], "deny": []});
    assert_eq!((&rules["workspace"]["rules"], &rules["merged"], &rules["isTrusted"]), (&none, &none, &json!(false)));
    let body = json!({"scope": "workspace", "ruleType": "allow", "rules": ["Bash"]});
    assert_eq!(code(&client.post(PERMISSIONS, &body).await?), (403, "untrusted_workspace".to_owned()));
    Ok(())
}
