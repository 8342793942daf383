//! Roost against what the original said when it was last asked: `cargo xtask conformance` asks it again.

use roost_tests::conformance::{self, Said};
use tokio::sync::OnceCell;

/// Both tests look at one run.
async fn said() -> anyhow::Result<&'static Said> {
    static SAID: OnceCell<Said> = OnceCell::const_new();
    SAID.get_or_try_init(Said::by_roost).await
}

#[tokio::test]
async fn all_that_is_said_is_the_originals_or_differs_for_a_reason_that_is_written_down() -> anyhow::Result<()> {
    let roost = said().await?;
    let found = roost.differences(&Said::recorded()?);
    let verdict = conformance::judge(roost.count(), found)?;
    anyhow::ensure!(verdict.is_good(), "{verdict}");
    Ok(())
}

/// A comparison of refusals alone would say little.
#[tokio::test]
async fn every_route_that_is_compared_is_once_asked_so_that_it_does_what_it_is_for() -> anyhow::Result<()> {
    let never = conformance::never_well(&said().await?.answers);
    // Folder trust is off, which is said instead.
    let off = ["POST /workspace/trust/request", "POST /workspaces/{workspace}/trust/request"];
    // Nothing asks for permission.
    let nobody = ["POST /session/{id}/permission/{request}", "POST /permission/{request}"];
    // Reached by those with more than one workspace.
    let several = ["GET /workspaces/{workspace}/acp", "DELETE /workspaces/{workspace}/acp"];
    let known: Vec<&str> = [&off[..], &nobody, &several].concat();
    let missing: Vec<&String> = never.iter().filter(|route| !known.contains(&route.as_str())).collect();
    assert!(missing.is_empty(), "{missing:#?}\n→ give them a case in tests/src/conformance/cases");
    Ok(())
}
