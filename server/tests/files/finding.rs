use std::{fs, os::unix::fs::symlink};

use serde_json::{Value, json};

use crate::{Workshop, refusal, workshop};

/// A small tree: sources, rules, and what the rules hide.
async fn tree() -> Workshop {
    let shop = workshop().await;
    for dir in ["src/deep", "build", "src/gen", ".git/info"] {
        fs::create_dir_all(shop.space.join(dir)).unwrap();
    }
    shop.put(".gitignore", "*.log\n/build/\n!keep.log\n");
    shop.put(".qwenignore", "secret.txt\n");
    shop.put("src/.gitignore", "gen\n");
    shop.put(".git/info/exclude", "private\n");
    for file in
        ["a.txt", "x.log", "keep.log", "secret.txt", "private", "build/y", "src/m.rs", "src/deep/n.rs", "src/gen/o.rs"]
    {
        shop.put(file, "x\n");
    }
    symlink("src", shop.space.join("link")).unwrap();
    shop
}

#[tokio::test]
async fn reads_tell_how_a_file_is_ignored() {
    let shop = tree().await;
    let cases = [
        ("a.txt", Value::Null),
        ("x.log", json!("file")),
        ("keep.log", Value::Null),
        ("secret.txt", json!("file")),
        ("private", json!("file")),
        ("build/y", json!("directory")),
        ("src/gen/o.rs", json!("directory")),
        ("link/gen/o.rs", json!("directory")),
        (".git/info/exclude", json!("directory")),
        ("src/m.rs", Value::Null),
    ];
    for (path, matched) in cases {
        assert_eq!(shop.get(&format!("/file?path={path}")).await.json()["matchedIgnore"], matched, "{path}");
    }
}

#[tokio::test]
async fn a_stat_tells_what_a_path_leads_to() {
    let shop = tree().await;
    let seen = |body: Value| json!([body["path"], body["type"], body["sizeBytes"]]);
    assert_eq!(seen(shop.get("/stat?path=a.txt").await.json()), json!(["a.txt", "file", 2]));
    assert_eq!(seen(shop.get("/stat?path=link/m.rs").await.json()), json!(["src/m.rs", "file", 2]));
    let root = shop.get("/stat?path=.").await.json();
    assert_eq!(json!([root["kind"], root["path"], root["type"]]), json!(["stat", ".", "directory"]));
    assert!(root["modifiedMs"].as_f64().unwrap() > 1e12);
    assert_eq!(refusal(&shop.get("/stat?path=nope").await), (404, "path_not_found".into()));
}

fn names(listing: &Value) -> Vec<&str> {
    listing["entries"].as_array().unwrap().iter().map(|entry| entry["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_listing_hides_what_is_ignored_unless_asked() {
    let shop = tree().await;
    let listing = shop.get("/list?path=.").await.json();
    assert_eq!(names(&listing), [".gitignore", ".qwenignore", "a.txt", "keep.log", "link", "src"]);
    assert_eq!(listing["entries"][4], json!({ "name": "link", "kind": "symlink", "ignored": false }));
    let all = shop.get("/list?path=.&includeIgnored=1").await.json();
    let ignored =
        |name: &str| all["entries"].as_array().unwrap().iter().find(|e| e["name"] == name).unwrap()["ignored"].clone();
    assert_eq!(
        (ignored("build"), ignored(".git"), ignored("x.log"), ignored("src")),
        (true.into(), true.into(), true.into(), false.into())
    );
    assert_eq!(names(&shop.get("/list?path=build").await.json()), [] as [&str; 0]);
    assert_eq!(names(&shop.get("/list?path=build&includeIgnored=true").await.json()), ["y"]);
    assert_eq!(names(&shop.get("/list?path=link").await.json()), [".gitignore", "deep", "m.rs"]);
    assert_eq!(refusal(&shop.get("/list?path=a.txt").await), (400, "parse_error".into()));
    assert_eq!(refusal(&shop.get("/list?path=nope").await), (404, "path_not_found".into()));
}

#[tokio::test]
async fn of_a_huge_directory_the_first_two_thousand_names_come() {
    let shop = workshop().await;
    for name in 0..2_100 {
        shop.put(&format!("{name:05}"), "");
    }
    let listing = shop.get("/list?path=.").await.json();
    assert_eq!((names(&listing).len(), names(&listing)[1_999], &listing["truncated"]), (2_000, "01999", &json!(true)));
}

#[tokio::test]
async fn a_glob_finds_what_its_pattern_says() {
    let shop = tree().await;
    let cases = [
        ("pattern=*.txt", json!(["a.txt"])),
        ("pattern=**/*.rs", json!(["src/m.rs", "src/deep/n.rs"])),
        ("pattern=src/*", json!(["src/.gitignore", "src/deep", "src/m.rs"])),
        ("pattern=*.rs&cwd=src", json!(["src/m.rs"])),
        ("pattern=link/*.rs", json!(["src/m.rs"])),
        ("pattern=**/n.rs&cwd=link", json!(["src/deep/n.rs"])),
        ("pattern={a,b}.t?t", json!(["a.txt"])),
        ("pattern=src/m.rs", json!(["src/m.rs"])),
        ("pattern=./src/./m.rs", json!(["src/m.rs"])),
        ("pattern=A.txt", json!([])),
        ("pattern=build/*", json!([])),
        ("pattern=*.log", json!(["keep.log"])),
        ("pattern=*.log&includeIgnored=1", json!(["keep.log", "x.log"])),
        ("pattern=no/*", json!([])),
        ("pattern=a..b", json!([])),
    ];
    for (query, matches) in cases {
        let body = shop.get(&format!("/glob?{query}")).await.json();
        assert_eq!((&body["matches"], &body["truncated"]), (&matches, &json!(false)), "{query}");
        assert_eq!(body["count"], matches.as_array().unwrap().len(), "{query}");
    }
    let body = shop.get("/glob?pattern=**/*.rs&maxResults=1").await.json();
    assert_eq!(
        json!([body["matches"], body["truncated"], body["cwd"], body["kind"]]),
        json!([["src/m.rs"], true, "", "glob"])
    );
}

#[tokio::test]
async fn a_glob_that_would_leave_the_workspace_is_refused() {
    let shop = tree().await;
    symlink("../outside", shop.space.join("out")).unwrap();
    for query in [
        "pattern=../*",
        "pattern=x/../*",
        "pattern=/etc/*",
        "pattern=*&maxResults=0",
        "pattern=*&maxResults=50001",
        "pattern=a%00b",
    ] {
        assert_eq!(refusal(&shop.get(&format!("/glob?{query}")).await), (400, "parse_error".into()), "{query}");
    }
    assert_eq!(refusal(&shop.get("/glob?pattern=*&cwd=..").await), (400, "path_outside_workspace".into()));
    assert_eq!(refusal(&shop.get("/glob?pattern=*&cwd=out").await), (400, "symlink_escape".into()));
    assert_eq!(refusal(&shop.get("/glob?pattern=out/*").await), (400, "symlink_escape".into()));
    assert_eq!(refusal(&shop.get("/glob?pattern=*&cwd=nope").await), (404, "path_not_found".into()));
    assert!(!shop.get("/glob?pattern=**/secret").await.text().contains("out/secret"));
}
