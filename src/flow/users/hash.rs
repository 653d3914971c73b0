//! Passwords as Argon2id: 19 MiB, two passes, one lane (OWASP's least). A guess costs the same for a user that is not
//! there, and no more than a few are computed at once, so that guessing cannot take the memory of the house.

use crate::domain::secret::Secret;
use crate::flow::error::FlowError;
use crate::store::error::StoreError;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const AT_ONCE_MAX: usize = 2;
/// How long a login waits for its turn.
const TURN_WITHIN: Duration = Duration::from_secs(10);

/// A hash of nothing in particular: guesses at users that are not there are compared with it, for the same work.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5cy1vd24tc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Computes hashes, a few at once. Clones share the turns.
#[derive(Clone)]
pub struct Hasher {
    turns: Arc<Semaphore>,
    /// What was computed, for whoever wants to know what a guess costs.
    computed: Arc<AtomicU64>,
}

impl Default for Hasher {
    fn default() -> Hasher {
        Hasher { turns: Arc::new(Semaphore::new(AT_ONCE_MAX)), computed: Arc::default() }
    }
}

impl Hasher {
    /// How many hashes were computed until now, each at the full cost.
    pub fn computed(&self) -> u64 {
        self.computed.load(Ordering::Relaxed)
    }

    async fn turn(&self) -> Result<OwnedSemaphorePermit, FlowError> {
        let turn = Arc::clone(&self.turns).acquire_owned();
        match tokio::time::timeout(TURN_WITHIN, turn).await {
            Ok(Ok(turn)) => Ok(turn),
            _ => Err(StoreError::Busy.into()),
        }
    }
}

/// The hash of a password, as a PHC string.
pub async fn hash(hasher: &Hasher, password: Secret) -> Result<Secret, FlowError> {
    let (turn, computed) = (hasher.turn().await?, Arc::clone(&hasher.computed));
    off_thread(move || {
        let _turn = turn;
        Secret::new(hash_now(&password, &computed))
    })
    .await
}

/// Whether `password` is the one `hash` was made of. Without a hash the answer is no, after the same work.
pub async fn fits(hasher: &Hasher, password: Secret, hash: Option<Secret>) -> Result<bool, FlowError> {
    let (turn, computed) = (hasher.turn().await?, Arc::clone(&hasher.computed));
    off_thread(move || {
        let _turn = turn;
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| Secret::new(NOBODY));
        let parsed = PasswordHash::new(hash.expose());
        let fits = parsed.is_ok_and(|parsed| verify(&password, &parsed, &computed));
        known && fits
    })
    .await
}

async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, FlowError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| StoreError::Closed.into())
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).expect("these parameters are within Argon2's bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn verify(password: &Secret, hash: &PasswordHash, computed: &AtomicU64) -> bool {
    computed.fetch_add(1, Ordering::Relaxed);
    argon2().verify_password(password.expose().as_bytes(), hash).is_ok()
}

fn hash_now(password: &Secret, computed: &AtomicU64) -> String {
    computed.fetch_add(1, Ordering::Relaxed);
    argon2()
        .hash_password(password.expose().as_bytes())
        .expect("a password of bounded length can be hashed")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guess_at_nobody_costs_what_a_guess_at_somebody_costs() {
        let somebody = hash_now(&Secret::new("a good long one"), &AtomicU64::new(0));

        let nobody = PasswordHash::new(NOBODY).expect("well formed");

        let parts = |text: &str| text.split('$').take(4).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(parts(NOBODY), parts(&somebody));
        assert_eq!(nobody.hash.map(|hash| hash.as_bytes().len()), Some(32));
    }

    #[tokio::test]
    async fn a_password_fits_its_hash_only_and_nobody_has_none() {
        let hasher = Hasher::default();
        let hashed = hash(&hasher, Secret::new("a good long one")).await.expect("hashed");

        assert!(hashed.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(fits(&hasher, Secret::new("a good long one"), Some(hashed.clone())).await.expect("compared"));
        assert!(!fits(&hasher, Secret::new("another"), Some(hashed)).await.expect("compared"));
        assert!(!fits(&hasher, Secret::new("another"), None).await.expect("compared"));
    }
}
