use serde_json::{Value, json};

use crate::{Workshop, hash, refusal, workshop};

const THREE: &str = "one\ntwo\nthree\n";

#[tokio::test]
async fn a_whole_file_comes_with_everything_known_of_it() {
    let shop = workshop().await;
    shop.put("lf.txt", THREE);
    let expected = json!({
        "kind": "file", "path": "lf.txt", "content": THREE, "encoding": "utf-8", "bom": false, "lineEnding": "lf",
        "sizeBytes": 14, "returnedBytes": 14, "truncated": false, "hash": hash(THREE), "matchedIgnore": null,
        "originalLineCount": 4, "nextCursor": null, "hasMore": false,
    });
    let answer = shop.get("/file?path=lf.txt").await;
    assert_eq!((answer.status, answer.json()), (200, expected));
    for same in ["./x/../lf.txt", "%2e/lf.txt", shop.space.join("lf.txt").to_str().unwrap()] {
        assert_eq!(shop.get(&format!("/file?path={same}")).await.json()["path"], "lf.txt", "{same}");
    }
}

#[tokio::test]
async fn a_window_is_lines_or_bytes_and_says_whether_more_follows() {
    let shop = workshop().await;
    shop.put("lf.txt", THREE);
    // Query, content, truncated, hasMore, whether there is a cursor.
    let cases = [
        ("line=1", THREE, false, false, false),
        ("line=2", "two\nthree\n", false, false, false),
        ("limit=1", "one", true, true, true),
        ("line=2&limit=1", "two", true, true, true),
        ("line=3&limit=1", "three", true, false, false),
        ("limit=4", THREE, false, false, false),
        ("line=9", "", false, false, false),
        ("maxBytes=4", "one\n", true, true, false),
        ("line=1&maxBytes=5", "one\nt", true, true, false),
    ];
    for (query, content, truncated, has_more, has_cursor) in cases {
        let body = shop.get(&format!("/file?path=lf.txt&{query}")).await.json();
        let seen = (&body["content"], &body["truncated"], &body["hasMore"], body["nextCursor"].is_string());
        assert_eq!(seen, (&json!(content), &json!(truncated), &json!(has_more), has_cursor), "{query}");
        assert_eq!(body["hash"], hash(THREE), "{query}");
    }
}

#[tokio::test]
async fn parameters_out_of_range_are_refused() {
    let shop = workshop().await;
    shop.put("a", "x");
    let file =
        ["line=0", "line=x", "line=-1", "line=1.5", "line=", "line=%2B1", "line=1&line=2", "limit=0", "limit=2001"];
    let more = ["maxBytes=0", "maxBytes=262145", "cursor=", "cursor=zzz", "line=1&cursor=eyJ2IjoxfQ", "path=a"];
    for query in file.iter().chain(&more) {
        assert_eq!(refusal(&shop.get(&format!("/file?path=a&{query}")).await), (400, "parse_error".into()), "{query}");
    }
    for target in ["/file", "/file?path=", "/file/bytes?path=a&offset=-1", "/stat", "/list", "/list?path=", "/glob"] {
        assert_eq!(refusal(&shop.get(target).await), (400, "parse_error".into()), "{target}");
    }
}

/// Follows cursors to the end, joining windows by line feeds.
async fn follow(shop: &Workshop, path: &str, query: &str) -> (String, usize) {
    let (mut joined, mut windows, mut cursor) = (String::new(), 1, String::new());
    loop {
        let body = shop.get(&format!("/file?path={path}&{query}{cursor}")).await.json();
        joined.push_str(body["content"].as_str().unwrap_or_else(|| panic!("{body}")));
        let Some(next) = body["nextCursor"].as_str() else {
            assert_eq!(body["hasMore"], false);
            return (joined, windows);
        };
        joined.push('\n');
        cursor = format!("&cursor={next}");
        windows += 1;
    }
}

#[tokio::test]
async fn cursors_walk_through_small_and_large_files_without_loss() {
    let shop = workshop().await;
    let small: String = (0..100).map(|line| format!("line {line} é\n")).collect();
    let large: String = (0..60_000).map(|line| format!("line {line} é\r\n")).collect();
    shop.put("small", &small);
    shop.put("large", [b"\xEF\xBB\xBF".as_slice(), large.as_bytes()].concat());
    let (joined, windows) = follow(&shop, "small", "limit=7").await;
    assert_eq!((joined.trim_end(), windows), (small.trim_end(), 15));
    let (joined, windows) = follow(&shop, "large", "limit=2000").await;
    assert_eq!((joined.trim_end(), windows), (large.trim_end(), 30));
}

#[tokio::test]
async fn a_large_file_is_read_in_windows_only() {
    let shop = workshop().await;
    let large: String = (0..60_000).map(|line| format!("line {line} é\n")).collect();
    shop.put("large", &large);
    assert_eq!(refusal(&shop.get("/file?path=large").await), (413, "file_too_large".into()));
    let body = shop.get("/file?path=large&line=50000&limit=2").await.json();
    assert_eq!((&body["content"], body.get("hash")), (&json!("line 49999 é\nline 50000 é"), None));
    let body = shop.get("/file?path=large&line=70000").await.json();
    assert_eq!((&body["content"], &body["originalLineCount"]), (&json!(""), &json!(60_001)));
    let body = shop.get("/file?path=large&maxBytes=7").await.json();
    assert_eq!((&body["content"], &body["returnedBytes"]), (&json!("line 0 "), &json!(7)));
    shop.put("latin", b"caf\xe9\n".repeat(60_000));
    assert_eq!(refusal(&shop.get("/file?path=latin&limit=1").await), (422, "binary_file".into()));
}

#[tokio::test]
async fn a_cursor_of_another_file_or_a_shrunken_one_is_stale() {
    let shop = workshop().await;
    shop.put("a", THREE);
    shop.put("b", THREE);
    let cursor = shop.get("/file?path=a&limit=1").await.json()["nextCursor"].as_str().unwrap().to_owned();
    assert_eq!(shop.get(&format!("/file?path=a&limit=1&cursor={cursor}")).await.json()["content"], "two");
    assert_eq!(refusal(&shop.get(&format!("/file?path=b&cursor={cursor}")).await), (409, "hash_mismatch".into()));
    shop.put("a", "one\n");
    assert_eq!(refusal(&shop.get(&format!("/file?path=a&cursor={cursor}")).await), (409, "hash_mismatch".into()));
}

#[tokio::test]
async fn encodings_are_recognised_and_binaries_refused() {
    let shop = workshop().await;
    let cases: [(&[u8], Value); 7] = [
        (b"\xef\xbb\xbfhi\n", json!(["hi\n", "utf-8", true, "lf"])),
        (b"\xff\xfeh\0i\0\r\0\n\0", json!(["hi\r\n", "utf-16le", true, "crlf"])),
        (b"\xfe\xff\0h\0i\0\n", json!(["hi\n", "utf-16be", true, "lf"])),
        (
            b"caf\xe9 \xe0 la cr\xe8me, d\xe9j\xe0 vu\n",
            json!(["café à la crème, déjà vu\n", "iso-8859-1", false, "lf"]),
        ),
        (b"\x93so\x94 it\x92s a nice day\n", json!(["“so” it’s a nice day\n", "windows-1252", false, "lf"])),
        (b"a\nb\r\n", json!(["a\nb\r\n", "utf-8", false, "crlf"])),
        (b"", json!(["", "utf-8", false, "lf"])),
    ];
    for (bytes, expected) in cases {
        shop.put("f", bytes);
        let body = shop.get("/file?path=f").await.json();
        assert_eq!(json!([body["content"], body["encoding"], body["bom"], body["lineEnding"]]), expected);
        assert_eq!(body["hash"], hash(bytes));
    }
    for bytes in [b"bin\0ary".as_slice(), b"\x01\x02\x03\x04ab", b"\xff\xfe\0\0h\0\0\0"] {
        shop.put("f", bytes);
        assert_eq!(refusal(&shop.get("/file?path=f").await), (422, "binary_file".into()), "{bytes:?}");
    }
}

#[tokio::test]
async fn bytes_come_in_windows_with_a_hash_when_whole() {
    let shop = workshop().await;
    shop.put("b", b"bin\0ary\x01");
    let whole = json!({
        "kind": "file_bytes", "path": "b", "offset": 0, "sizeBytes": 8, "returnedBytes": 8, "truncated": false,
        "contentBase64": "YmluAGFyeQE=", "hash": hash(b"bin\0ary\x01"),
    });
    assert_eq!(shop.get("/file/bytes?path=b").await.json(), whole);
    let part = json!({
        "kind": "file_bytes", "path": "b", "offset": 3, "sizeBytes": 8, "returnedBytes": 2, "truncated": true,
        "contentBase64": "AGE=",
    });
    assert_eq!(shop.get("/file/bytes?path=b&offset=3&maxBytes=2").await.json(), part);
    let beyond = shop.get("/file/bytes?path=b&offset=9007199254740991").await.json();
    assert_eq!((&beyond["returnedBytes"], &beyond["truncated"]), (&json!(0), &json!(true)));
}
