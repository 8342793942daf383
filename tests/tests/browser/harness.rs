//! The browser of the tests itself.

use roost_tests::{browser::Browser, deadline::until_true, processes};
use tokio::sync::oneshot;

#[tokio::test]
async fn a_test_that_panics_leaves_no_browser_and_no_files_behind() -> anyhow::Result<()> {
    let (tell, told) = oneshot::channel();
    let test = tokio::spawn(async move {
        let browser = Browser::start().await.expect("a browser starts");
        let _ = tell.send((browser.folder().to_owned(), browser.processes()));
        panic!("as a failed assertion does");
    });
    let (folder, started) = told.await?;
    assert!(started.len() > 2, "a driver, a browser and what it is made of: {started:?}");
    assert!(test.await.is_err_and(|error| error.is_panic()));
    until_true("all processes to be gone", || !started.iter().any(|&pid| processes::is_alive(pid))).await?;
    assert!(!folder.exists(), "{} is still there", folder.display());
    Ok(())
}
