use serde_json::{Value, json};

use crate::{
    host::{Host, saying},
    names,
};

/// A daemon with three sessions, the newest first.
async fn three() -> anyhow::Result<(Host, Vec<String>)> {
    let host = Host::start(saying(&["one", "two", "three"])).await?;
    let client = host.client();
    let mut sessions = Vec::new();
    for prompt in ["first", "second", "third"] {
        let session = client.new_session().await?;
        client.turn(&session, prompt).await?;
        sessions.insert(0, session);
    }
    // What a driver writes when its turn is over may come in any order, but it comes before its next answer; the list goes by when
    // records were written.
    for session in &sessions {
        client.get(&format!("/session/{session}/status")).await?.ok()?;
    }
    let base = std::time::SystemTime::now();
    for (age, session) in (0..).zip(&sessions) {
        let journal = std::fs::File::options().append(true).open(host.record(session).join("events.jsonl"))?;
        journal.set_modified(base - std::time::Duration::from_secs(age))?;
    }
    Ok((host, sessions))
}

#[tokio::test]
async fn what_a_list_cannot_be_asked_for_is_named() -> anyhow::Result<()> {
    let host = Host::start(saying(&[])).await?;
    let client = host.client();
    for (query, code) in [
        ("archiveState=x", "invalid_archive_state"),
        ("archiveState=", "invalid_archive_state"),
        ("archiveState=active&archiveState=archived", "invalid_archive_state"),
        ("view=x", "invalid_session_view"),
        ("view=", "invalid_session_view"),
        ("group=pinned", "invalid_session_group_filter"),
        ("cursor=abc", "invalid_cursor"),
        ("cursor=-5", "invalid_cursor"),
        ("cursor=NaN", "invalid_cursor"),
        ("view=organized&cursor=abc", "invalid_cursor"),
        ("view=organized&cursor=12", "invalid_cursor"),
        ("parentSessionId=", "invalid_parent_session_id"),
        ("parentSessionId=x&view=organized", "invalid_parent_session_filter"),
        ("sourceType=", "invalid_session_source"),
        ("sourceType=UPPER", "invalid_session_source"),
        ("sourceId=x", "invalid_session_source"),
    ] {
        for base in ["workspace", "workspaces"] {
            let answer = client.get(&format!("/{base}/{}/sessions?{query}", host.selector())).await?;
            assert_eq!((answer.status, answer.code().as_deref()), (400, Some(code)), "{query}");
        }
    }
    let unknown = client.get(&format!("/workspace/{}/sessions?view=organized&group=x", host.selector())).await?;
    assert_eq!((unknown.status, unknown.code().as_deref()), (404, Some("group_not_found")));
    assert_eq!(unknown.json()["field"], "group");
    for harmless in ["cursor=", "size=abc", "size=0", "parentSessionId=nobody", "sourceType=a&sourceId=b"] {
        let list = client.get(&format!("/workspace/{}/sessions?{harmless}", host.selector())).await?.ok()?;
        assert_eq!(list, json!({"sessions": []}), "{harmless}");
    }
    Ok(())
}

#[tokio::test]
async fn pinned_sessions_come_first_and_pages_of_one_neither_skip_nor_repeat() -> anyhow::Result<()> {
    let (host, sessions) = three().await?;
    let client = host.client();
    let oldest = &sessions[2];
    let pinned = client.patch(&format!("/session/{oldest}/organization"), &json!({"isPinned": true})).await?.ok()?;
    assert_eq!((&pinned["isPinned"], &pinned["groupId"]), (&json!(true), &Value::Null));

    let list = format!("/workspace/{}/sessions", host.selector());
    let all = client.get(&format!("{list}?view=organized")).await?.ok()?;
    let expected = [oldest.as_str(), &sessions[0], &sessions[1]];
    assert_eq!(names(&all), expected);
    assert_eq!(all["sessions"][0]["pinnedAt"], pinned["pinnedAt"]);
    assert_eq!(all["sessions"][1]["isPinned"], false);
    assert_eq!(names(&client.get(&list).await?.ok()?), sessions, "the plain list goes by activity alone");

    for query in ["view=organized&size=1", "size=1"] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = client.get(&format!("{list}?{query}&cursor={cursor}")).await?.ok()?;
            seen.extend(names(&page).into_iter().map(str::to_owned));
            match page["nextCursor"].as_str() {
                Some(next) => cursor = next.to_owned(),
                None => break,
            }
        }
        let whole: Vec<&str> =
            if query == "size=1" { sessions.iter().map(String::as_str).collect() } else { expected.to_vec() };
        assert_eq!(seen, whole);
    }
    let page = client.get(&format!("{list}?view=organized&size=1")).await?.ok()?;
    let cursor = page["nextCursor"].as_str().unwrap_or_default();
    let other = client.get(&format!("{list}?view=organized&group=pinned&cursor={cursor}")).await?;
    assert_eq!(other.code().as_deref(), Some("invalid_cursor"), "a cursor belongs to its list");
    Ok(())
}

#[tokio::test]
async fn groups_are_made_changed_and_left_by_their_sessions_when_they_go() -> anyhow::Result<()> {
    let (mut host, sessions) = three().await?;
    let client = host.client();
    let groups = format!("/workspace/{}/session-groups", host.selector());
    let made = client.post(&groups, &json!({"name": " Work ", "color": "red"})).await?;
    assert_eq!(made.status, 201);
    let group = made.json()["group"].clone();
    assert_eq!((&group["name"], &group["color"], &group["order"]), (&json!("Work"), &json!("red"), &json!(0)));
    let hex = client.post(&groups, &json!({"name": "Play", "color": "#ABCDEF"})).await?.ok()?;
    assert_eq!((&hex["group"]["color"], &hex["group"]["order"]), (&json!("#abcdef"), &json!(1)));
    let id = group["id"].as_str().unwrap_or_default();

    for (body, status, code, field) in [
        (json!({"name": "wORK", "color": "red"}), 409, "group_name_conflict", "name"),
        (json!({"name": "", "color": "red"}), 400, "invalid_group_name", "name"),
        (json!({"name": 5, "color": "red"}), 400, "invalid_group_name", "name"),
        (json!({"name": "a\u{7}", "color": "red"}), 400, "invalid_group_name", "name"),
        (json!({"name": "x".repeat(65), "color": "red"}), 400, "invalid_group_name", "name"),
        (json!({"name": "x", "color": "pink"}), 400, "invalid_group_color", "color"),
        (json!({"name": "x"}), 400, "invalid_group_color", "color"),
    ] {
        let refused = client.post(&groups, &body).await?;
        assert_eq!((refused.status, refused.code().as_deref()), (status, Some(code)), "{body}");
        assert_eq!(refused.json()["field"], field);
    }
    let one = format!("{groups}/{id}");
    assert_eq!(client.patch(&one, &json!({"order": 1.5})).await?.code().as_deref(), Some("invalid_group_order"));
    assert_eq!(client.patch(&one, &json!({"name": "play"})).await?.status, 409);
    let unknown = client.patch(&format!("{groups}/nope"), &json!({"name": "x"})).await?;
    assert_eq!((unknown.status, unknown.code().as_deref()), (404, Some("group_not_found")));
    let moved = client.patch(&one, &json!({"name": "WORK", "order": 7})).await?.ok()?;
    assert_eq!((&moved["group"]["name"], &moved["group"]["order"]), (&json!("WORK"), &json!(7)));

    let place = format!("/session/{}/organization", sessions[1]);
    client.patch(&place, &json!({"groupId": id, "color": "blue"})).await?.ok()?;
    host.restart().await?;
    let client = host.client();
    let list = format!("/workspace/{}/sessions?view=organized", host.selector());
    let grouped = client.get(&format!("{list}&group={id}")).await?.ok()?;
    assert_eq!(names(&grouped), [sessions[1].as_str()]);
    assert_eq!(grouped["sessions"][0]["color"], "blue");
    assert_eq!(names(&client.get(&format!("{list}&group=ungrouped")).await?.ok()?).len(), 2);

    assert_eq!(client.delete(&one).await?.ok()?, json!({"deleted": true}));
    assert_eq!(client.delete(&one).await?.ok()?, json!({"deleted": false}));
    assert_eq!(names(&client.get(&format!("{list}&group=ungrouped")).await?.ok()?).len(), 3);
    let left = client.get(&groups).await?.ok()?;
    assert_eq!(left["groups"].as_array().map(Vec::len), Some(1));
    assert_eq!(left["colorOptions"], json!(["red", "orange", "yellow", "green", "blue", "purple"]));
    Ok(())
}

#[tokio::test]
async fn an_arrangement_that_makes_no_sense_changes_nothing() -> anyhow::Result<()> {
    let host = Host::start(saying(&[])).await?;
    let client = host.client();
    let session = client.new_session().await?;
    let place = format!("/session/{session}/organization");
    for (body, status, code, field) in [
        (json!({"isPinned": 1}), 400, "invalid_session_organization", "isPinned"),
        (json!({"groupId": 5}), 400, "invalid_session_organization", "groupId"),
        (json!({"color": "#abcdef"}), 400, "invalid_session_organization", "color"),
        (json!({"isPinned": true, "groupId": "zz"}), 404, "group_not_found", "groupId"),
    ] {
        let refused = client.patch(&place, &body).await?;
        assert_eq!((refused.status, refused.code().as_deref()), (status, Some(code)), "{body}");
        assert_eq!(refused.json()["field"], field);
    }
    let untouched = client.patch(&place, &json!({})).await?.ok()?;
    let never = json!({
        "sessionId": session, "groupId": null, "color": null, "updatedAt": "1970-01-01T00:00:00.000Z", "isPinned": false,
    });
    assert_eq!(untouched, never);
    let unknown = client.patch("/session/nope/organization", &json!({"isPinned": 3})).await?;
    assert_eq!((unknown.status, unknown.code().as_deref()), (404, Some("session_not_found")));
    Ok(())
}

#[tokio::test]
async fn counts_and_live_states_follow_what_happens() -> anyhow::Result<()> {
    let (host, sessions) = three().await?;
    let client = host.client();
    let (info, live) = (
        format!("/workspace/{}/session-info", host.selector()),
        format!("/workspaces/{}/sessions/live-state", host.selector()),
    );
    let counts = client.get(&info).await?.ok()?;
    let expected = json!({"active": 3, "archived": 0, "total": 3, "live": 3, "expensive": true, "cost": "disk_scan"});
    assert_eq!(counts, expected);
    let before = client.get(&live).await?.ok()?;
    assert_eq!(before["sessions"].as_array().map(Vec::len), Some(3));
    assert_eq!(client.get(&live).await?.ok()?["catalogVersion"], before["catalogVersion"], "asking changes nothing");

    client.post("/sessions/archive", &json!({"sessionIds": [sessions[0]]})).await?.ok()?;
    let after = client.get(&live).await?.ok()?;
    assert_eq!(names(&after).len(), 2);
    assert_ne!(after["catalogVersion"]["revision"], before["catalogVersion"]["revision"]);
    assert_eq!(after["catalogVersion"]["generation"], before["catalogVersion"]["generation"]);
    let counts = client.get(&info).await?.ok()?;
    assert_eq!((&counts["active"], &counts["archived"], &counts["live"]), (&json!(2), &json!(1), &json!(2)));
    let foreign = client.get("/workspaces/nope/sessions/live-state").await?;
    assert_eq!((foreign.status, foreign.code().as_deref()), (400, Some("workspace_mismatch")));
    Ok(())
}

#[tokio::test]
async fn a_size_beyond_its_bounds_is_the_nearest_within_and_one_that_is_none_the_usual() -> anyhow::Result<()> {
    let host = Host::start(saying(&[])).await?;
    let client = host.client();
    for _ in 0..3 {
        client.new_session().await?;
    }
    let list = format!("/workspace/{}/sessions", host.selector());
    for (size, found) in
        [("-5", 1), ("0", 1), ("2", 2), ("101", 3), ("99999999999999999999999", 3), ("-", 3), ("+1", 3), ("1.5", 3)]
    {
        let listed = client.get(&format!("{list}?size={size}")).await?.ok()?;
        assert_eq!(names(&listed).len(), found, "{size}");
    }
    Ok(())
}

#[tokio::test]
async fn sessions_are_found_by_what_they_were_made_for() -> anyhow::Result<()> {
    let host = Host::start(saying(&[])).await?;
    let client = host.client();
    client.new_session().await?;
    let body = json!({"sessionScope": "thread", "sourceType": "ide", "sourceId": "window-1"});
    let made = client.post("/session", &body).await?.ok()?;
    let list = format!("/workspace/{}/sessions", host.selector());
    for (query, found) in [
        ("sourceType=ide", 1),
        ("sourceType=ide&sourceId=window-1", 1),
        ("sourceType=ide&sourceId=window-2", 0),
        ("sourceType=cron", 0),
        ("view=organized&sourceType=ide", 1),
    ] {
        let listed = client.get(&format!("{list}?{query}")).await?.ok()?;
        assert_eq!(names(&listed).len(), found, "{query}");
        assert!(names(&listed).iter().all(|name| *name == made["sessionId"]), "{query}");
    }
    Ok(())
}

#[tokio::test]
async fn an_organisation_that_cannot_be_read_is_not_overwritten() -> anyhow::Result<()> {
    let host = Host::start(saying(&[])).await?;
    let client = host.client();
    let session = client.new_session().await?;
    let file = host.record(&session).join("../..").canonicalize()?.join("session-organization.v1.json");
    std::fs::write(&file, "{\"groups\": [half")?;
    let pinned = client.patch(&format!("/session/{session}/organization"), &json!({"isPinned": true})).await?;
    assert_eq!((pinned.status, pinned.code().as_deref()), (500, Some("session_store_failed")));
    let list = format!("/workspace/{}/sessions", host.selector());
    let organized = client.get(&format!("{list}?view=organized")).await?;
    assert_eq!((organized.status, organized.code().as_deref()), (500, Some("session_list_failed")));
    assert_eq!(names(&client.get(&list).await?.ok()?), [session.as_str()], "the plain list needs none");
    assert_eq!(std::fs::read_to_string(&file)?, "{\"groups\": [half");
    Ok(())
}
