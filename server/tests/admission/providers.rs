use std::{fs, os::unix::fs::PermissionsExt};

use roost_tests::client::Response;
use serde_json::{Value, json};

use crate::front::Front;

const KEY: &str = "sk-canary-key";
/// An address nobody has to look up.
const PUBLIC: &str = "https://203.0.113.7:8443/v1";

async fn install(front: &Front, body: &Value) -> anyhow::Result<Response> {
    let answer = front.client().post("/workspace/auth/provider", body).await?;
    assert!(!answer.text().contains(KEY), "the key is never answered: {}", answer.text());
    Ok(answer)
}

fn settings(front: &Front) -> anyhow::Result<Value> {
    let text = fs::read_to_string(front.home().join("settings.json"))?;
    Ok(jsonc_parser::parse_to_serde_value(&text, &jsonc_parser::ParseOptions::default())?)
}

fn custom() -> Value {
    json!({"providerId": "custom-openai-compatible", "apiKey": KEY, "baseUrl": PUBLIC, "modelIds": ["m1", "m2"]})
}

fn ids(models: &Value) -> Vec<&str> {
    models.as_array().map_or(&[][..], Vec::as_slice).iter().filter_map(|model| model["id"].as_str()).collect()
}

#[tokio::test]
async fn the_list_tells_what_a_dialog_needs() -> anyhow::Result<()> {
    let front = Front::start(|_| ()).await?;
    for path in ["/workspace/auth/providers".to_owned(), format!("/workspaces/{}/auth/providers", front.selector())] {
        let list = front.client().get(&path).await?.ok()?;
        assert_eq!((&list["v"], &list["workspaceCwd"]), (&1.into(), &json!(front.workspace()?)));
        let providers = list["providers"].as_array().expect("a list");
        for provider in providers {
            for member in ["id", "label", "description", "uiGroup", "protocol"] {
                assert!(provider[member].is_string(), "{member} of {provider}");
            }
            assert!(provider["steps"].as_array().is_some_and(|steps| steps.contains(&"apiKey".into())));
        }
        let grouped: Vec<&Value> = list["groups"]
            .as_array()
            .expect("a list")
            .iter()
            .flat_map(|group| group["providerIds"].as_array().expect("ids"))
            .collect();
        assert!(
            providers.iter().all(|provider| grouped.contains(&&provider["id"])) && grouped.len() == providers.len()
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_known_provider_is_connected_with_nothing_but_a_key() -> anyhow::Result<()> {
    let front = Front::start(|_| ()).await?;
    fs::write(front.home().join("settings.json"), "{\n  // mine\n  \"ui\": {\"theme\": \"dark\"}\n}\n")?;
    let answer = install(&front, &json!({"providerId": "deepseek", "apiKey": KEY})).await?.ok()?;
    assert_eq!(
        (&answer["v"], &answer["providerId"], &answer["authType"]),
        (&1.into(), &"deepseek".into(), &"openai".into())
    );
    assert_eq!((&answer["modelId"], &answer["baseUrl"]), (&"deepseek-v4-pro".into(), &Value::Null));
    assert!(answer["providerLabel"].is_string() && answer["message"].is_string());

    let file = front.home().join("settings.json");
    assert!(fs::read_to_string(&file)?.contains("// mine"));
    assert_eq!(fs::metadata(&file)?.permissions().mode() & 0o777, 0o600, "it holds a key now");
    let settings = settings(&front)?;
    assert_eq!(settings["env"], json!({"DEEPSEEK_API_KEY": KEY}));
    assert_eq!(ids(&settings["modelProviders"]["openai"]), ["deepseek-v4-pro", "deepseek-v4-flash"]);
    assert_eq!(
        settings["modelProviders"]["openai"][0],
        json!({"id": "deepseek-v4-pro", "name": "[DeepSeek] deepseek-v4-pro", "baseUrl": "https://api.deepseek.com", "envKey": "DEEPSEEK_API_KEY", "generationConfig": {"contextWindowSize": 1_000_000}})
    );
    assert_eq!(settings["security"]["auth"]["selectedType"], "openai");
    assert_eq!(settings["model"], json!({"name": "deepseek-v4-pro", "baseUrl": ""}));
    assert_eq!((&settings["ui"]["theme"], &settings["$version"]), (&"dark".into(), &4.into()));
    Ok(())
}

#[tokio::test]
async fn connecting_again_replaces_a_known_providers_models_and_leaves_others() -> anyhow::Result<()> {
    let front = Front::start(|_| ()).await?;
    for body in [
        json!({"providerId": "deepseek", "apiKey": "old"}),
        json!({"providerId": "coding-plan", "apiKey": "k", "modelIds": ["mine"]}),
        json!({"providerId": "deepseek", "apiKey": KEY, "modelIds": ["deepseek-v4-flash"], "baseUrl": "https://api.deepseek.com/"}),
    ] {
        install(&front, &body).await?.ok()?;
    }
    let settings = settings(&front)?;
    assert_eq!(ids(&settings["modelProviders"]["openai"]), ["mine", "deepseek-v4-flash"]);
    assert_eq!(settings["env"], json!({"DEEPSEEK_API_KEY": KEY, "BAILIAN_CODING_PLAN_API_KEY": "k"}));
    assert_eq!(settings["model"]["name"], "deepseek-v4-flash");
    Ok(())
}

#[tokio::test]
async fn a_server_of_ones_own_has_its_own_key_and_joins_its_models() -> anyhow::Result<()> {
    let front = Front::start(|_| ()).await?;
    let mut body = custom();
    body["protocol"] = "anthropic".into();
    body["advancedConfig"] =
        json!({"contextWindowSize": 5_000, "maxTokens": 77, "enableThinking": true, "multimodal": {"image": true}});
    let answer = install(&front, &body).await?.ok()?;
    assert_eq!(
        (&answer["authType"], &answer["modelId"], &answer["baseUrl"]),
        (&"anthropic".into(), &"m1".into(), &PUBLIC.into())
    );
    let first = settings(&front)?;
    let env_key = first["modelProviders"]["anthropic"][0]["envKey"].as_str().expect("a name").to_owned();
    assert!(env_key.starts_with("QWEN_CUSTOM_API_KEY_ANTHROPIC_HTTPS_203_0_113_7_8443_V1_"), "{env_key}");
    assert_eq!(first["env"][&env_key], KEY);
    assert_eq!(
        first["modelProviders"]["anthropic"][1],
        json!({"id": "m2", "name": "m2", "baseUrl": PUBLIC, "envKey": env_key, "generationConfig": {
            "extra_body": {"enable_thinking": true}, "modalities": {"image": true}, "contextWindowSize": 5_000, "samplingParams": {"max_tokens": 77},
        }})
    );
    assert_eq!(first["model"], json!({"name": "m1", "baseUrl": PUBLIC}));

    body["modelIds"] = json!(["m2", "m3"]);
    install(&front, &body).await?.ok()?;
    assert_eq!(ids(&settings(&front)?["modelProviders"]["anthropic"]), ["m1", "m2", "m3"]);
    body["modelIds"] = json!(["m4"]);
    body["advancedConfig"] = json!({"replaceExisting": true});
    install(&front, &body).await?.ok()?;
    assert_eq!(ids(&settings(&front)?["modelProviders"]["anthropic"]), ["m4"]);
    Ok(())
}

#[tokio::test]
async fn what_only_this_machine_reaches_is_no_model_server() -> anyhow::Result<()> {
    let front = Front::start(|_| ()).await?;
    let name = fs::read_to_string("/proc/sys/kernel/hostname")?.trim().to_owned();
    for host in [
        "localhost",
        "LocalHost.",
        "a.localhost",
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.100.100.200",
        "169.254.169.254",
        "metadata.google.internal",
        "[::1]",
        "[::ffff:169.254.169.254]",
        "[fd00:ec2::254]",
        "[fe80::1]",
        // Looked up: this machine by its own name, and a name that is none.
        &name,
        "no-such-host.invalid",
    ] {
        let mut body = custom();
        body["baseUrl"] = format!("http://{host}:11434/v1").into();
        let answer = install(&front, &body).await?;
        assert_eq!(
            (answer.status, answer.code().as_deref()),
            (400, Some("invalid_base_url")),
            "{host}: {}",
            answer.text()
        );
    }
    assert!(!front.home().join("settings.json").exists(), "nothing was written");

    let open = Front::start(|config| config.allow_private_auth_base_url = true).await?;
    let mut body = custom();
    body["baseUrl"] = "http://localhost:11434/v1/".into();
    assert_eq!(install(&open, &body).await?.ok()?["baseUrl"], "http://localhost:11434/v1");
    Ok(())
}

#[tokio::test]
async fn a_wish_that_makes_no_sense_is_told_so() -> anyhow::Result<()> {
    let front = Front::start(|_| ()).await?;
    let deepseek = |member: &str, value: Value| {
        let mut body = json!({"providerId": "deepseek", "apiKey": KEY});
        body[member] = value;
        body
    };
    let mine = |member: &str, value: Value| {
        let mut body = custom();
        body[member] = value;
        body
    };
    for (body, code) in [
        (json!({}), "invalid_request"),
        (json!({"providerId": "deepseek"}), "invalid_request"),
        (deepseek("apiKey", json!("  ")), "invalid_request"),
        (deepseek("apiKey", json!(7)), "invalid_request"),
        (deepseek("apiKey", json!("two words")), "invalid_request"),
        (deepseek("apiKey", json!("line\nbreak")), "invalid_request"),
        (deepseek("apiKey", json!("k".repeat(9_000))), "invalid_request"),
        (deepseek("providerId", json!("nobody")), "unsupported_provider"),
        (deepseek("providerId", json!(["deepseek"])), "invalid_request"),
        (deepseek("protocol", json!("anthropic")), "unsupported_protocol"),
        (deepseek("protocol", json!(7)), "unsupported_protocol"),
        (mine("protocol", json!("gemini")), "unsupported_protocol"),
        (deepseek("wireApi", json!("responses")), "invalid_api"),
        (deepseek("baseUrl", json!(PUBLIC)), "invalid_base_url"),
        (mine("baseUrl", json!(7)), "invalid_base_url"),
        (mine("baseUrl", json!("ftp://203.0.113.7")), "invalid_base_url"),
        (mine("baseUrl", json!("https://user:pass@203.0.113.7/")), "invalid_base_url"),
        (mine("baseUrl", Value::Null), "invalid_request"),
        (mine("modelIds", Value::Null), "invalid_request"),
        (mine("modelIds", json!([])), "invalid_request"),
        (mine("modelIds", json!("m1")), "invalid_request"),
        (mine("modelIds", json!(["m1", 7])), "invalid_request"),
        (mine("modelIds", json!([""])), "invalid_request"),
        (mine("advancedConfig", json!(7)), "invalid_request"),
        (mine("advancedConfig", json!({"contextWindowSize": 0})), "invalid_request"),
        (mine("advancedConfig", json!({"maxTokens": "many"})), "invalid_request"),
        (mine("advancedConfig", json!({"enableThinking": "yes"})), "invalid_request"),
        (mine("advancedConfig", json!({"multimodal": {"smell": true}})), "invalid_request"),
        (mine("advancedConfig", json!({"purpose": "voice"})), "invalid_model_purpose"),
    ] {
        let answer = install(&front, &body).await?;
        assert_eq!((answer.status, answer.code().as_deref()), (400, Some(code)), "{body}: {}", answer.text());
    }
    assert!(!front.home().join("settings.json").exists(), "nothing was written");
    Ok(())
}

#[tokio::test]
async fn installs_at_the_same_moment_do_not_undo_each_other() -> anyhow::Result<()> {
    let front = Front::start(|_| ()).await?;
    let bodies: Vec<Value> = ["deepseek", "grok", "minimax", "zai", "moonshot", "modelscope", "openrouter", "requesty"]
        .iter()
        .map(|id| json!({"providerId": id, "apiKey": KEY, "modelIds": [format!("{id}-model")]}))
        .collect();
    let answers = futures_util::future::join_all(bodies.iter().map(|body| install(&front, body))).await;
    for answer in answers {
        answer?.ok()?;
    }
    let settings = settings(&front)?;
    assert_eq!(ids(&settings["modelProviders"]["openai"]).len(), bodies.len());
    assert_eq!(settings["env"].as_object().map(serde_json::Map::len), Some(bodies.len()));
    Ok(())
}
