use std::{
    fs,
    os::unix::fs::symlink,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use futures_util::{StreamExt, stream};
use roost_tests::deadline::within;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use serde_json::json;

use crate::{Answer, Workshop, hash, refusal, workshop};

#[tokio::test]
async fn no_spelling_of_a_path_leads_outside() {
    let shop = workshop().await;
    symlink("../outside", shop.space.join("out")).unwrap();
    symlink("../outside/secret", shop.space.join("face")).unwrap();
    symlink(&shop.outside, shop.space.join("absolute")).unwrap();
    symlink("/proc/self/root", shop.space.join("proc")).unwrap();
    symlink("loop", shop.space.join("loop")).unwrap();
    fs::create_dir(shop.space.join("sub")).unwrap();
    symlink("..", shop.space.join("sub/up")).unwrap();
    let absolute = shop.outside.join("secret");
    let (long, deep) = ("a".repeat(256), "a/".repeat(2_100));
    let corpus = [
        "../outside/secret",
        "%2e%2e/outside/secret",
        "%2e%2e%2foutside%2fsecret",
        "..%2foutside/secret",
        "sub/../../outside/secret",
        "./../outside/secret",
        "....//outside/secret",
        "%c0%ae%c0%ae/outside/secret",
        "..%00/outside/secret",
        "%2e%2e%5coutside%5csecret",
        "%252e%252e/outside/secret",
        "/etc/passwd",
        "//etc/passwd",
        "/proc/self/root/etc/passwd",
        "/proc/self/cwd",
        "~/.ssh/id_rsa",
        absolute.to_str().unwrap(),
        "out/secret",
        "face",
        "absolute/secret",
        "proc/etc/passwd",
        "loop",
        "loop/x",
        "sub/up/../outside/secret",
        "sub/up/out/secret",
        "a%00b",
        "..",
        "out",
        "sub/up/../../outside/secret",
        &long,
        &deep,
    ];
    for path in corpus {
        for target in [
            format!("/file?path={path}"),
            format!("/file/bytes?path={path}"),
            format!("/stat?path={path}"),
            format!("/list?path={path}"),
            format!("/glob?pattern=*&cwd={path}"),
        ] {
            let answer = shop.get(&target).await;
            let (status, kind) = refusal(&answer);
            assert!(matches!(status, 400 | 404), "{target}: {status} {kind}");
            assert!(!answer.text().contains("OUTSIDE"), "{target}");
        }
        // Some of these are plain names within: what counts is that nothing appears outside.
        shop.upload(path, "x").await;
    }
    for path in ["../outside/new", "out/new", "absolute/new", "sub/up/out/new", "face", "proc/tmp/new"] {
        let (status, kind) = refusal(&shop.create(path, "x").await);
        assert!(
            status == 400 && matches!(kind.as_str(), "symlink_escape" | "path_outside_workspace"),
            "{path}: {kind}"
        );
        let body = json!({ "path": path, "content": "x", "mode": "replace", "expectedHash": hash("OUTSIDE") });
        assert_eq!(shop.post("/file/write", body).await.status, 400, "{path}");
        let body = json!({ "path": path, "oldText": "OUT", "newText": "IN", "expectedHash": hash("OUTSIDE") });
        assert_eq!(shop.post("/file/edit", body).await.status, 400, "{path}");
    }
    shop.assert_outside_untouched();
}

#[tokio::test]
async fn links_within_the_workspace_are_followed() {
    let shop = workshop().await;
    fs::create_dir(shop.space.join("sub")).unwrap();
    shop.put("sub/f", "in");
    symlink("sub", shop.space.join("relative")).unwrap();
    symlink(shop.space.join("sub"), shop.space.join("absolute")).unwrap();
    symlink("../sub/f", shop.space.join("sub/round")).unwrap();
    for path in ["relative/f", "absolute/f", "sub/round", "absolute/round"] {
        let body = shop.get(&format!("/file?path={path}")).await.json();
        assert_eq!((&body["content"], &body["path"]), (&json!("in"), &json!("sub/f")), "{path}");
    }
}

#[tokio::test]
async fn a_hard_link_is_read_but_never_written_through() {
    let shop = workshop().await;
    fs::hard_link(shop.outside.join("secret"), shop.space.join("hard")).unwrap();
    assert_eq!(shop.get("/file?path=hard").await.json()["content"], "OUTSIDE");
    let body = json!({ "path": "hard", "content": "x", "mode": "replace", "expectedHash": hash("OUTSIDE") });
    assert_eq!(shop.post("/file/write", body).await.status, 200);
    assert_eq!(shop.bytes("hard"), b"x");
    shop.assert_outside_untouched();
}

#[tokio::test]
async fn what_is_no_regular_file_is_refused_at_once() {
    let shop = workshop().await;
    let fifo = shop.space.join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status().unwrap();
    assert!(made.success());
    let _socket = std::os::unix::net::UnixListener::bind(shop.space.join("socket")).unwrap();
    fs::create_dir(shop.space.join("dir")).unwrap();
    let asked = async {
        for path in ["pipe", "socket", "dir"] {
            assert_eq!(refusal(&shop.get(&format!("/file?path={path}")).await), (400, "parse_error".into()), "{path}");
            assert_eq!(
                refusal(&shop.get(&format!("/file/bytes?path={path}")).await),
                (400, "parse_error".into()),
                "{path}"
            );
            let body = json!({ "path": path, "content": "x", "mode": "replace", "expectedHash": hash("") });
            assert_eq!(refusal(&shop.post("/file/write", body).await), (400, "parse_error".into()), "{path}");
            assert_eq!(shop.create(path, "x").await.status, 409, "{path}");
        }
        assert_eq!(shop.get("/stat?path=pipe").await.json()["type"], "other");
    };
    within("answers: a FIFO without a writer keeps nobody waiting", asked).await.expect("in time");
}

/// Points `door` and `face` in and out in turn, until told to stop: how often.
fn swap(space: &Path, stop: &AtomicBool) -> u64 {
    let mut swaps = 0;
    while !stop.load(Ordering::Relaxed) {
        let (door, face) = if swaps % 2 == 0 { ("../outside", "../outside/secret") } else { ("real", "real/secret") };
        for (name, target) in [("door", door), ("face", face)] {
            let next = space.join(format!(".next-{name}"));
            symlink(target, &next).unwrap();
            fs::rename(next, space.join(name)).unwrap();
        }
        // `gate` is a directory of its own, or a way out, and nothing else in between.
        renameat_with(CWD, space.join("gate"), CWD, space.join(".aside"), RenameFlags::EXCHANGE).unwrap();
        swaps += 1;
    }
    swaps
}

async fn attempt(shop: &Workshop, turn: usize) -> Answer {
    let door = ["door", "gate"][turn / 8 % 2];
    match turn % 8 {
        0 => shop.get(&format!("/file?path={door}/secret")).await,
        1 => shop.get("/file?path=face").await,
        2 => shop.get(&format!("/file/bytes?path={door}/secret")).await,
        3 => shop.get(&format!("/glob?pattern={door}/*")).await,
        4 => shop.create(&format!("{door}/new-{turn}"), "x").await,
        5 => {
            let body = json!({ "path": format!("{door}/secret"), "content": "inside", "mode": "replace", "expectedHash": hash("inside") });
            shop.post("/file/write", body).await
        }
        6 => {
            let body =
                json!({ "path": "face", "oldText": "inside", "newText": "inside", "expectedHash": hash("inside") });
            shop.post("/file/edit", body).await
        }
        _ => shop.upload(&format!("{door}/up"), "x").await,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_symlink_swapped_during_ten_thousand_reads_and_writes_lets_none_outside() {
    const ATTEMPTS: usize = 10_000;
    let shop = workshop().await;
    for dir in ["real", "gate"] {
        fs::create_dir(shop.space.join(dir)).unwrap();
        shop.put(&format!("{dir}/secret"), "inside");
    }
    symlink("../outside", shop.space.join(".aside")).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let swapper = {
        let (space, stop) = (shop.space.clone(), Arc::clone(&stop));
        std::thread::spawn(move || swap(&space, &stop))
    };
    let seen: Vec<(u16, bool)> = stream::iter(0..ATTEMPTS)
        .map(|turn| {
            let shop = &shop;
            async move {
                let answer = attempt(shop, turn).await;
                // Opened by its path alone, the file is the one outside often enough.
                let naive = fs::read(shop.space.join("door/secret")).is_ok_and(|bytes| bytes == b"OUTSIDE");
                assert!(!answer.text().contains("OUTSIDE") && !answer.text().contains("T1VUU0lERQ"), "{turn}");
                (answer.status, naive)
            }
        })
        .buffer_unordered(16)
        .collect()
        .await;
    stop.store(true, Ordering::Relaxed);
    let swaps = swapper.join().unwrap();
    shop.assert_outside_untouched();
    // Both sides of the race were seen, or it was none.
    let count = |wanted: fn(&(u16, bool)) -> bool| seen.iter().filter(|seen| wanted(seen)).count();
    let (done, refused, lured) = (count(|seen| seen.0 < 300), count(|seen| seen.0 == 400), count(|seen| seen.1));
    assert!(
        done > 100 && refused > 100 && lured > 100 && swaps > 100,
        "{done} done, {refused} refused, {lured} would have gone outside, {swaps} swaps"
    );
    assert!(seen.iter().all(|(status, _)| *status != 500), "nothing broke");
}
