use std::fs;

use roost_core::EventType;
use serde_json::{Value, json};

use crate::{
    host::Host,
    place::{agent, code, daemon, listener, next, originator, put, trust, user_file, workspace_file},
};

const SETTINGS: &str = "/workspace/settings";

fn row<'a>(panel: &'a Value, key: &str) -> &'a Value {
    let rows = panel["settings"].as_array().map_or(&[][..], Vec::as_slice);
    rows.iter().find(|row| row["key"] == key).unwrap_or(&Value::Null)
}

#[tokio::test]
async fn a_row_shows_its_kind_its_default_and_where_its_value_comes_from() -> anyhow::Result<()> {
    let host = daemon().await?;
    let client = host.client();
    let panel = client.get(SETTINGS).await?.ok()?;
    assert_eq!((&panel["v"], panel.get("warnings")), (&json!(1), None));
    let language = row(&panel, "general.language");
    assert_eq!((&language["type"], &language["default"]), (&json!("enum"), &json!("auto")));
    assert_eq!(language["options"][0], json!({"value": "auto", "label": "Automatic"}));
    assert_eq!((&language["values"], &language["requiresRestart"]), (&json!({"effective": "auto"}), &json!(true)));
    assert_eq!(row(&panel, "tools.webSearch.enabled")["values"], json!({}), "nothing is said and nothing assumed");

    put(&user_file(&host), "{ \"ui\": { \"theme\": \"mine\", /* why not */ }, }")?;
    put(&workspace_file(&host), r#"{"ui":{"theme":"ours"}}"#)?;
    for path in [SETTINGS.to_owned(), format!("/workspaces/{}/settings", host.selector())] {
        let panel = client.get(&path).await?.ok()?;
        let expected = json!({"effective": "ours", "user": "mine", "workspace": "ours"});
        assert_eq!(row(&panel, "ui.theme")["values"], expected, "what other hands write is seen at once");
    }
    Ok(())
}

/// B9: every live session hears of it, each in its own numbering.
#[tokio::test]
async fn a_change_is_written_where_it_belongs_and_every_session_hears_who_made_it() -> anyhow::Result<()> {
    let host = daemon().await?;
    put(&user_file(&host), "{\n  // mine\n  \"odd\": 1,\n  \"ui\": { \"theme\": \"a\" } // here\n}\n")?;
    let (client, id, mut events) = listener(&host).await?;
    let (_, _, mut others) = listener(&host).await?;
    let body = json!({"scope": "user", "key": "ui.theme", "value": "b"});
    let saved = client.post(SETTINGS, &body).await?.ok()?;
    let expected = json!({"key": "ui.theme", "scope": "user", "value": "b", "requiresRestart": false});
    assert_eq!(saved, expected);
    for events in [&mut events, &mut others] {
        let event = next(events, &EventType::SettingsChanged).await?;
        assert_eq!(event.data, json!({"key": "ui.theme", "value": "b", "scope": "user"}));
        assert_eq!(originator(&event), Some(id.as_str()));
        assert!(event.id.is_some());
    }
    let text = fs::read_to_string(user_file(&host))?;
    let kept = "{\n  // mine\n  \"odd\": 1,\n  \"ui\": { \"theme\": \"b\" }, // here\n  \"$version\": 4\n}\n";
    assert_eq!(text, kept);

    let body = json!({"scope": "workspace", "key": "ui.hideTips", "value": true});
    client.post(&format!("/workspaces/{}/settings", host.selector()), &body).await?.ok()?;
    let written: Value = serde_json::from_str(&fs::read_to_string(workspace_file(&host))?)?;
    assert_eq!(written, json!({"ui": {"hideTips": true}, "$version": 4}));
    Ok(())
}

#[tokio::test]
async fn what_is_no_setting_of_the_panel_or_no_value_of_its_kind_is_refused() -> anyhow::Result<()> {
    let host = daemon().await?;
    let client = host.client();
    for (body, expected) in [
        (json!({}), "invalid_scope"),
        (json!({"scope": "system", "key": "ui.theme", "value": "a"}), "invalid_scope"),
        (json!({"scope": ["user"], "key": "ui.theme", "value": "a"}), "invalid_scope"),
        (json!({"scope": "user"}), "invalid_key"),
        (json!({"scope": "user", "key": 5, "value": 1}), "invalid_key"),
        (json!({"scope": "user", "key": "nope", "value": 1}), "disallowed_key"),
        (json!({"scope": "user", "key": "security.auth.apiKey", "value": "k"}), "disallowed_key"),
        (json!({"scope": "user", "key": "security.folderTrust.enabled", "value": false}), "disallowed_key"),
        (json!({"scope": "user", "key": "permissions.allow", "value": ["Bash"]}), "disallowed_key"),
        (json!({"scope": "user", "key": "ui.theme"}), "missing_value"),
        (json!({"scope": "user", "key": "ui.theme", "value": null}), "missing_value"),
        (json!({"scope": "user", "key": "ui.theme", "value": 5}), "invalid_value"),
        (json!({"scope": "user", "key": "ui.theme", "value": "a\u{7}"}), "invalid_value"),
        (json!({"scope": "user", "key": "ui.theme", "value": "x".repeat(5_000)}), "invalid_value"),
        (json!({"scope": "user", "key": "ui.hideTips", "value": "true"}), "invalid_value"),
        (json!({"scope": "user", "key": "ui.shellOutputMaxLines", "value": -1}), "invalid_value"),
        (json!({"scope": "user", "key": "ui.shellOutputMaxLines", "value": 1.5}), "invalid_value"),
        (json!({"scope": "user", "key": "tools.toolSearch.threshold", "value": 101}), "invalid_value"),
        (json!({"scope": "user", "key": "general.language", "value": "xx"}), "invalid_value"),
        (json!({"scope": "user", "key": "policy.permissionStrategy", "value": "xx"}), "invalid_value"),
        (json!({"scope": "user", "key": "mcpServers", "value": []}), "invalid_value"),
        (json!({"scope": "workspace", "key": "goals.modelProposed", "value": "disabled"}), "invalid_scope"),
    ] {
        assert_eq!(code(&client.post(SETTINGS, &body).await?), (400, expected.to_owned()), "{body}");
    }
    let body = json!({"scope": "user", "key": "ui.theme", "value": "a"});
    let plural = client.post(&format!("/workspaces/{}/settings", host.selector()), &body).await?;
    assert_eq!(code(&plural), (400, "invalid_scope".to_owned()));
    assert!(!user_file(&host).exists() && !workspace_file(&host).exists());
    Ok(())
}

#[tokio::test]
async fn secrets_are_never_shown_and_survive_being_written_back() -> anyhow::Result<()> {
    let host = daemon().await?;
    let servers = json!({
        "a": {"command": "x", "env": {"API_KEY": "k-1"}},
        "b": {"httpUrl": "https://u:k-2@h/", "headers": {"Authorization": "Bearer k-3"}},
    });
    put(&user_file(&host), &json!({"mcpServers": servers}).to_string())?;
    let (client, _, mut events) = listener(&host).await?;
    let panel = client.get(SETTINGS).await?;
    assert!(!panel.text().contains("k-"), "{}", panel.text());
    let mut shown = row(&panel.json(), "mcpServers")["values"]["user"].clone();
    shown["a"]["command"] = json!("y");
    let body = json!({"scope": "user", "key": "mcpServers", "value": shown});
    let saved = client.post(SETTINGS, &body).await?;
    assert!(!saved.text().contains("k-"), "{}", saved.text());
    saved.ok()?;
    let event = next(&mut events, &EventType::SettingsChanged).await?;
    assert!(!event.data.to_string().contains("k-"), "{}", event.data);
    let written: Value = serde_json::from_str(&fs::read_to_string(user_file(&host))?)?;
    let mut expected = servers;
    expected["a"]["command"] = json!("y");
    assert_eq!(written["mcpServers"], expected);

    let body = json!({"scope": "user", "key": "mcpServers", "value": {"c": {"apiKey": "********"}}});
    assert_eq!(code(&client.post(SETTINGS, &body).await?), (400, "invalid_value".to_owned()));
    Ok(())
}

#[tokio::test]
async fn a_damaged_file_is_moved_aside_and_told_of() -> anyhow::Result<()> {
    let host = daemon().await?;
    put(&user_file(&host), "{ \"ui\": ")?;
    let file = fs::File::options().append(true).open(user_file(&host))?;
    file.set_modified(std::time::SystemTime::UNIX_EPOCH)?;
    let client = host.client();
    for _ in 0..2 {
        let panel = client.get(SETTINGS).await?.ok()?;
        let warning = &panel["warnings"][0];
        assert_eq!((&warning["type"], &warning["recovered"]), (&json!("corrupted"), &json!(true)));
        assert_eq!(row(&panel, "ui.theme")["values"], json!({"effective": "dark"}));
    }
    let body = json!({"scope": "user", "key": "ui.theme", "value": "b"});
    client.post(SETTINGS, &body).await?.ok()?;
    assert!(fs::read_to_string(user_file(&host))?.contains("\"b\""));
    Ok(())
}

#[tokio::test]
async fn only_somebody_of_this_workspace_can_sign_a_change() -> anyhow::Result<()> {
    let host = daemon().await?;
    let body = json!({"scope": "user", "key": "ui.theme", "value": "a"});
    for (id, expected) in [("client_nobody", true), ("no spaces", false)] {
        let refused = host.client().with_client_id(id).post(SETTINGS, &body).await?;
        assert_eq!(code(&refused), (400, "invalid_client_id".to_owned()));
        assert_eq!(refused.json().get("clientId").is_some(), expected);
        assert_eq!(refused.json().get("sessionId"), None);
    }
    assert!(!user_file(&host).exists());
    Ok(())
}

#[tokio::test]
async fn an_untrusted_folder_shows_and_takes_no_settings_of_its_own() -> anyhow::Result<()> {
    let host = daemon().await?;
    trust(&host, None)?;
    put(&workspace_file(&host), r#"{"ui":{"theme":"theirs"}}"#)?;
    let client = host.client();
    let panel = client.get(SETTINGS).await?.ok()?;
    assert_eq!(row(&panel, "ui.theme")["values"], json!({"effective": "dark"}));
    let body = json!({"scope": "workspace", "key": "ui.theme", "value": "a"});
    assert_eq!(code(&client.post(SETTINGS, &body).await?), (403, "untrusted_workspace".to_owned()));
    let plural = format!("/workspaces/{}/settings", host.selector());
    assert_eq!(code(&client.get(&plural).await?), (403, "untrusted_workspace".to_owned()));
    let body = json!({"scope": "user", "key": "ui.theme", "value": "a"});
    client.post(SETTINGS, &body).await?.ok()?;
    Ok(())
}

#[tokio::test]
async fn a_mode_that_is_kept_goes_into_the_same_file() -> anyhow::Result<()> {
    let host = Host::start(agent(&[("session/set_mode", json!({}))])).await?;
    put(&user_file(&host), "{\n  // mine\n  \"ui\": {\"theme\": \"a\"}\n}\n")?;
    let (client, _, _events) = listener(&host).await?;
    let session = client.new_session().await?;
    let body = json!({"mode": "plan", "persist": true});
    let changed = client.post(&format!("/session/{session}/approval-mode"), &body).await?;
    assert_eq!(changed.code().as_deref(), Some("invalid_client_id"), "the client is of another session");
    let changed = host.client().post(&format!("/session/{session}/approval-mode"), &body).await?.ok()?;
    assert_eq!((&changed["mode"], &changed["persisted"]), (&json!("plan"), &json!(true)));
    let text = fs::read_to_string(user_file(&host))?;
    assert!(text.contains("// mine") && text.contains("\"approvalMode\": \"plan\""), "{text}");
    Ok(())
}

#[tokio::test]
async fn the_users_language_is_kept_told_to_the_agent_and_announced() -> anyhow::Result<()> {
    let answer = json!({"sessionsRefreshed": ["one", "two"], "sessionsSkipped": []});
    let host = Host::start(agent(&[("qwen/control/workspace/reload", answer)])).await?;
    let idle = host.client().post("/language", &json!({"language": "de"})).await?.ok()?;
    let nobody = json!({"runtimes": 0, "sessions": 0, "failed": 0});
    assert_eq!(idle, json!({"language": "de", "outputLanguage": null, "refresh": nobody}));

    let (client, id, mut events) = listener(&host).await?;
    let spoken = client.post("/language", &json!({"language": "fr", "syncOutputLanguage": true})).await?.ok()?;
    let two = json!({"runtimes": 1, "sessions": 2, "failed": 0});
    assert_eq!(spoken, json!({"language": "fr", "outputLanguage": "French", "refresh": two}));
    let event = next(&mut events, &EventType::LanguageChanged).await?;
    assert_eq!(event.data, json!({"language": "fr", "outputLanguage": "French", "userLevel": true}));
    assert_eq!(originator(&event), Some(id.as_str()));
    let written: Value = serde_json::from_str(&fs::read_to_string(user_file(&host))?)?;
    assert_eq!(written["general"], json!({"language": "fr", "outputLanguage": "French"}));

    for body in [json!({}), json!({"language": "xx"}), json!({"language": 5})] {
        let refused = client.post("/language", &body).await?;
        assert_eq!(code(&refused), (400, "invalid_language".to_owned()));
        assert_eq!(refused.json()["allowed"], json!(["en", "zh-TW", "zh", "ru", "de", "ja", "pt", "fr", "ca", "auto"]));
    }
    let refused = client.post("/language", &json!({"language": "en", "syncOutputLanguage": 1})).await?;
    assert_eq!(code(&refused), (400, "invalid_sync_flag".to_owned()));
    Ok(())
}
