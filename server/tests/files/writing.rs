use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
};

use serde_json::{Value, json};

use crate::{hash, mode_of, refusal, workshop};

fn replace(path: &str, content: &str, old: impl AsRef<[u8]>) -> Value {
    json!({ "path": path, "content": content, "mode": "replace", "expectedHash": hash(old) })
}

#[tokio::test]
async fn a_file_is_created_once() {
    let shop = workshop().await;
    let expected = json!({
        "kind": "file_write", "path": "n.txt", "mode": "create", "created": true, "sizeBytes": 4, "hash": hash("x\ny\n"),
        "encoding": "utf-8", "bom": false, "lineEnding": "lf", "matchedIgnore": null,
    });
    let answer = shop.create("n.txt", "x\ny\n").await;
    assert_eq!((answer.status, answer.json()), (201, expected));
    fs::create_dir(shop.space.join("dir")).unwrap();
    symlink("n.txt", shop.space.join("link")).unwrap();
    for taken in ["n.txt", "link", "dir", "dir/", "."] {
        assert_eq!(refusal(&shop.create(taken, "z").await), (409, "file_already_exists".into()), "{taken}");
    }
    assert_eq!(refusal(&shop.create("no/n.txt", "z").await), (404, "path_not_found".into()));
    assert_eq!(refusal(&shop.create("n.txt/n", "z").await), (400, "parse_error".into()));
    assert_eq!(shop.bytes("n.txt"), b"x\ny\n");
}

#[tokio::test]
async fn a_file_is_replaced_only_if_it_is_what_the_client_saw() {
    let shop = workshop().await;
    shop.put("f", "old");
    assert_eq!(refusal(&shop.post("/file/write", replace("f", "new", "other")).await), (409, "hash_mismatch".into()));
    assert_eq!(shop.bytes("f"), b"old");
    let answer = shop.post("/file/write", replace("f", "new", "old")).await;
    assert_eq!(
        (answer.status, &answer.json()["created"], &answer.json()["hash"]),
        (200, &json!(false), &json!(hash("new")))
    );
    assert_eq!(shop.bytes("f"), b"new");
    assert_eq!(refusal(&shop.post("/file/write", replace("no", "new", "")).await), (404, "path_not_found".into()));
    shop.put("bin", b"a\0b");
    assert_eq!(refusal(&shop.post("/file/write", replace("bin", "new", b"a\0b")).await), (422, "binary_file".into()));
}

#[tokio::test]
async fn of_writers_who_saw_the_same_file_one_wins() {
    let shop = workshop().await;
    shop.put("f", "start");
    let writes = (0..24).map(|writer| {
        let body = if writer % 2 == 0 {
            ("/file/write", replace("f", &format!("writer {writer}"), "start"))
        } else {
            let new = format!("editor {writer}");
            ("/file/edit", json!({ "path": "f", "oldText": "start", "newText": new, "expectedHash": hash("start") }))
        };
        shop.post(body.0, body.1)
    });
    let answers = futures_util::future::join_all(writes).await;
    let won: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(won.len(), 1);
    assert_eq!(won[0].json()["hash"], hash(shop.bytes("f")));
    assert!(
        answers.iter().filter(|answer| answer.status != 200).all(|lost| refusal(lost) == (409, "hash_mismatch".into()))
    );
    assert_eq!(fs::read_dir(&shop.space).unwrap().count(), 1, "temporary files are gone");
}

#[tokio::test]
async fn of_creators_of_the_same_name_one_wins() {
    let shop = workshop().await;
    let contents: Vec<String> = (0..16).map(|writer| format!("writer {writer}")).collect();
    let answers = futures_util::future::join_all(contents.iter().map(|content| shop.create("f", content))).await;
    let won: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert_eq!(won.len(), 1);
    assert_eq!(won[0].json()["hash"], hash(shop.bytes("f")));
    assert_eq!(fs::read_dir(&shop.space).unwrap().count(), 1, "temporary files are gone");
}

#[tokio::test]
async fn permissions_survive_and_links_are_written_through() {
    let shop = workshop().await;
    shop.put("run.sh", "old");
    fs::set_permissions(shop.space.join("run.sh"), fs::Permissions::from_mode(0o750)).unwrap();
    symlink("run.sh", shop.space.join("link")).unwrap();
    let answer = shop.post("/file/write", replace("link", "new", "old")).await;
    assert_eq!((answer.status, &answer.json()["path"]), (200, &json!("run.sh")));
    assert_eq!((shop.bytes("run.sh"), mode_of(&shop.space.join("run.sh"))), (b"new".to_vec(), 0o750));
    assert!(shop.space.join("link").is_symlink());
    symlink("nowhere", shop.space.join("dangling")).unwrap();
    assert_eq!(shop.create("dangling", "x").await.json()["path"], "nowhere");
}

#[tokio::test]
async fn a_text_goes_back_as_it_was_written() {
    let shop = workshop().await;
    let cases: [(&[u8], &str, &[u8]); 7] = [
        (b"a\r\nb\r\n", "q\nr\n", b"q\r\nr\r\n"),
        (b"\xef\xbb\xbfhi\n", "q\n", b"\xef\xbb\xbfq\n"),
        (b"\xff\xfeh\0\n\0", "q\n", b"\xff\xfeq\0\n\0"),
        (b"\xfe\xff\0h\0\n", "q\n", b"\xfe\xff\0q\0\n"),
        (b"caf\xe9 \xe0 la cr\xe8me, d\xe9j\xe0 vu\n", "\u{e9}\n", b"\xe9\n"),
        (b"\x93so\x94 it\x92s a nice day\n", "\u{201c}\n", b"\x93\n"),
        (b"a\n", "q\r\nr\n", b"q\r\nr\n"),
    ];
    for (old, content, new) in cases {
        shop.put("f", old);
        let answer = shop.post("/file/write", replace("f", content, old)).await;
        assert_eq!((answer.status, shop.bytes("f")), (200, new.to_vec()), "{}", answer.text());
    }
    shop.put("f", b"caf\xe9 \xe0 la cr\xe8me, d\xe9j\xe0 vu\n");
    let lossy = shop.post("/file/write", replace("f", "日", b"caf\xe9 \xe0 la cr\xe8me, d\xe9j\xe0 vu\n")).await;
    assert_eq!(refusal(&lossy), (422, "parse_error".into()));
}

#[tokio::test]
async fn a_new_file_takes_the_style_it_is_given() {
    let shop = workshop().await;
    let wish = |path: &str, extra: Value| {
        let mut body = json!({ "path": path, "content": "x\ny\n", "mode": "create" });
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        body
    };
    let styled = wish("a", json!({ "bom": true, "encoding": "utf-16le", "lineEnding": "crlf" }));
    assert_eq!(shop.post("/file/write", styled).await.status, 201);
    assert_eq!(shop.bytes("a"), b"\xff\xfex\0\r\0\n\0y\0\r\0\n\0");
    let latin = shop.post("/file/write", wish("b", json!({ "bom": true, "encoding": "latin1" }))).await.json();
    assert_eq!((&latin["bom"], &latin["encoding"]), (&json!(false), &json!("iso-8859-1")));
    let bad = [
        json!({ "encoding": "nope" }),
        json!({ "encoding": 5 }),
        json!({ "encoding": "" }),
        json!({ "bom": "yes" }),
        json!({ "lineEnding": "cr" }),
        json!({ "mode": "zap" }),
        json!({ "mode": null }),
        json!({ "content": 5 }),
        json!({ "path": 5 }),
        json!({ "path": "" }),
        json!({ "path": "a\0b" }),
        json!({ "expectedHash": "zz" }),
        json!({ "mode": "replace" }),
        json!({ "mode": "replace", "expectedHash": "sha256:00" }),
    ];
    for extra in bad {
        let answer = shop.post("/file/write", wish("c", extra.clone())).await;
        assert_eq!(refusal(&answer), (400, "parse_error".into()), "{extra}");
    }
    assert!(!shop.space.join("c").exists());
}

#[tokio::test]
async fn five_mebibytes_are_written_and_one_byte_more_is_not() {
    let shop = workshop().await;
    let most = "a".repeat(5 * 1024 * 1024);
    assert_eq!(shop.create("most", &most).await.status, 201);
    assert_eq!(refusal(&shop.create("more", &(most + "a")).await), (413, "file_too_large".into()));
}

#[tokio::test]
async fn an_edit_replaces_exactly_one_piece() {
    let shop = workshop().await;
    let edit = |old: &str, new: &str, content: &[u8]| json!({ "path": "f", "oldText": old, "newText": new, "expectedHash": hash(content) });
    shop.put("f", "via link\r\nend\n");
    let before = shop.bytes("f");
    assert_eq!(refusal(&shop.post("/file/edit", edit("no", "x", b"other")).await), (409, "hash_mismatch".into()));
    assert_eq!(refusal(&shop.post("/file/edit", edit("no", "x", &before)).await), (422, "text_not_found".into()));
    assert_eq!(refusal(&shop.post("/file/edit", edit("i", "x", &before)).await), (422, "ambiguous_text_match".into()));
    assert_eq!(refusal(&shop.post("/file/edit", edit("", "x", &before)).await), (400, "parse_error".into()));
    assert_eq!(shop.bytes("f"), before);
    let answer = shop.post("/file/edit", edit("via", "a\nb", &before)).await.json();
    let expected = json!({
        "kind": "file_edit", "path": "f", "replacements": 1, "sizeBytes": 15, "hash": hash(shop.bytes("f")),
        "encoding": "utf-8", "bom": false, "lineEnding": "crlf", "matchedIgnore": null,
    });
    assert_eq!((answer, shop.bytes("f")), (expected, b"a\r\nb link\r\nend\n".to_vec()));
    // Unpaired surrogates would not survive.
    let broken = b"\xff\xfeh\0\0\xd8";
    shop.put("f", broken);
    assert_eq!(refusal(&shop.post("/file/edit", edit("h", "x", broken)).await), (422, "binary_file".into()));
}

#[tokio::test]
async fn an_upload_never_takes_the_name_of_another_file() {
    let shop = workshop().await;
    let expected = json!({ "kind": "file_upload", "path": "up.tar.gz", "sizeBytes": 3, "hash": hash("xyz") });
    let answer = shop.upload("up.tar.gz", "xyz").await;
    assert_eq!((answer.status, answer.json()), (201, expected));
    assert_eq!(shop.upload("up.tar.gz", "2").await.json()["path"], "up.tar (1).gz");
    assert_eq!(shop.upload("up.tar.gz", "3").await.json()["path"], "up.tar (2).gz");
    assert_eq!(shop.upload(".dot", "1").await.json()["path"], ".dot");
    assert_eq!(shop.upload(".dot", "1").await.json()["path"], ".dot (1)");
    symlink("nowhere", shop.space.join("dangling")).unwrap();
    assert_eq!(shop.upload("dangling", "1").await.json()["path"], "dangling (1)");
    assert_eq!(shop.upload("new/deep/f", "").await.json()["path"], "new/deep/f");
    assert_eq!(
        (shop.bytes("up.tar.gz"), shop.bytes("up.tar (1).gz"), shop.bytes("new/deep/f")),
        (b"xyz".to_vec(), b"2".to_vec(), vec![])
    );
    let same = futures_util::future::join_all((0..16).map(|_| shop.upload("same", "x"))).await;
    let mut paths: Vec<String> = same.iter().map(|answer| answer.json()["path"].to_string()).collect();
    paths.sort();
    paths.dedup();
    assert_eq!(paths.len(), 16);
}

#[tokio::test]
async fn an_upload_that_is_none_leaves_nothing_behind() {
    let shop = workshop().await;
    let headers = |kind: &str, length: usize| {
        [
            format!("Host: {}", shop.running.host()),
            crate::bearer(crate::TOKEN),
            format!("Content-Type: {kind}"),
            format!("Content-Length: {length}"),
        ]
    };
    let send = async |target: &str, headers: [String; 4], body: &str| {
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        let request = crate::daemon::request(&format!("POST /file/upload{target}"), &headers, body);
        shop.running.raw(&request).await
    };
    const OCTETS: &str = "application/octet-stream";
    let answer = send("?path=a", headers("application/json", 2), "{}").await;
    assert_eq!(refusal(&answer), (415, "unsupported_media_type".into()));
    for target in ["", "?path=", "?path=dir/", "?path=."] {
        assert_eq!(refusal(&send(target, headers(OCTETS, 1), "x").await), (400, "parse_error".into()), "{target}");
    }
    let over = 50 * 1024 * 1024 + 1;
    let answer = send("?path=a", headers(OCTETS, over), &"x".repeat(over)).await;
    assert_eq!((refusal(&answer), &answer.json()["maxBytes"]), ((413, "file_too_large".into()), &json!(52_428_800)));
    let mut chunked = headers(OCTETS, 0);
    chunked[3] = "Transfer-Encoding: chunked".to_owned();
    let chunk = format!("{:x}\r\n{}\r\n", over, "x".repeat(over));
    assert_eq!(refusal(&send("?path=a", chunked, &format!("{chunk}0\r\n\r\n")).await), (413, "file_too_large".into()));
    assert_eq!(fs::read_dir(&shop.space).unwrap().count(), 0);
}
