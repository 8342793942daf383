//! Small reads, as many as go.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::{measures::Bench, report::Column};

impl Bench<'_> {
    /// One round of many: the median of all rounds counts, see [`Column::add`].
    pub(super) async fn reads(&self, column: &mut Column) -> anyhow::Result<()> {
        let session = self.door().connect().await?.new_session().await?;
        let paths = [
            ("read_health", "/health".to_owned()),
            ("read_capabilities", "/capabilities".to_owned()),
            ("read_status", format!("/session/{session}/status")),
            ("read_context", format!("/session/{session}/context")),
        ];
        for (key, path) in paths {
            column.add(key, self.reads_per_second(&path).await?);
        }
        Ok(())
    }

    async fn reads_per_second(&self, path: &str) -> anyhow::Result<f64> {
        let mut connections = Vec::new();
        for _ in 0..self.size.readers {
            connections.push(self.door().connect().await?);
        }
        let started = Instant::now();
        let deadline = started + Duration::from_secs_f64(self.size.reading_seconds);
        let mut readers = JoinSet::new();
        for mut connection in connections {
            let path = path.to_owned();
            readers.spawn(async move {
                let mut answers = 0_u64;
                while Instant::now() < deadline {
                    connection.get(&path).await?;
                    answers += 1;
                }
                anyhow::Ok(answers)
            });
        }
        let mut answers = 0;
        while let Some(reader) = readers.join_next().await {
            answers += reader??;
        }
        Ok(answers as f64 / started.elapsed().as_secs_f64())
    }
}
