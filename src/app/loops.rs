//! The long loops of the house, each with a name. One that ends early takes the house down; on the way out each is
//! waited for, and whoever hangs is named.

use std::future::Future;
use std::time::Duration;
use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;

/// Owned loops, and the token that tells them to stop.
pub struct Loops {
    tasks: JoinSet<()>,
    names: Vec<(Id, &'static str)>,
    stop: CancellationToken,
}

impl Loops {
    /// None yet.
    pub fn new() -> Loops {
        Loops { tasks: JoinSet::new(), names: Vec::new(), stop: CancellationToken::new() }
    }

    /// What a loop watches for the end.
    pub fn stop_token(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Starts a loop.
    pub fn spawn(&mut self, name: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        let task = self.tasks.spawn(work);
        self.names.push((task.id(), name));
    }

    /// Waits until one of them ends, and says which.
    pub async fn one_ended(&mut self) -> &'static str {
        match self.tasks.join_next_with_id().await {
            None => std::future::pending().await,
            Some(Ok((id, ()))) => self.forget(id),
            Some(Err(error)) => {
                let name = self.forget(error.id());
                tracing::error!(%error, "{name} has broken down: {error}");
                name
            }
        }
    }

    fn forget(&mut self, id: Id) -> &'static str {
        let place = self.names.iter().position(|(known, _)| *known == id);
        place.map_or("a loop", |place| self.names.swap_remove(place).1)
    }

    /// Tells all to stop and waits; names those that still run after `within`, and ends them.
    pub async fn stop(mut self, within: Duration) {
        self.stop.cancel();
        let all = async {
            while !self.tasks.is_empty() {
                self.one_ended().await;
            }
        };
        if tokio::time::timeout(within, all).await.is_err() {
            let names: Vec<_> = self.names.iter().map(|(_, name)| *name).collect();
            tracing::error!("Still running after {} s, ended by force: {}", within.as_secs(), names.join(", "));
            self.tasks.shutdown().await;
        }
    }
}

impl Default for Loops {
    fn default() -> Loops {
        Loops::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_loop_that_ends_early_is_named_also_when_it_panics() {
        let mut loops = Loops::new();
        loops.spawn("the patient one", std::future::pending());
        loops.spawn("the clumsy one", async { panic!("oops") });

        assert_eq!(loops.one_ended().await, "the clumsy one");
        loops.stop(Duration::from_millis(10)).await;
    }
}
