//! Roost against what the original answered when it was last asked: `cargo xtask conformance` asks it again.

use roost_tests::conformance;

#[tokio::test]
async fn every_answer_is_the_originals_or_differs_for_a_reason_that_is_written_down() -> anyhow::Result<()> {
    let roost = conformance::ask_roost().await?;
    let found = conformance::differences(&roost, &conformance::recorded()?);
    let verdict = conformance::judge(roost.len(), found)?;
    anyhow::ensure!(verdict.is_good(), "{verdict}");
    Ok(())
}
