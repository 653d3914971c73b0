//! Portal logins: a password for a token, and back. Of a token the house keeps only the SHA-256.

pub mod guesses;
pub mod hash;

use crate::domain::id::{LoginId, UserId};
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use crate::domain::user::{Language, Role, Theme};
use crate::flow::desk::Desk;
use crate::flow::error::FlowError;
use crate::flow::settings::about;
use crate::flow::users::guesses::Guesses;
use crate::flow::users::hash::{Hasher, fits, hash};
use crate::store::handle::Reader;
use crate::store::users::User;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;

/// A login that is not used ends.
const IDLE_MAX: Duration = Duration::from_secs(12 * 3600);
/// However much it is used, a login ends.
const LIFE_MAX: Duration = Duration::from_secs(30 * 24 * 3600);
/// Use is noted this often at most: a busy portal costs no write for each call.
const NOTED_EVERY: Duration = Duration::from_secs(300);
/// Logins of one user that may stand beside each other.
const LOGINS_MAX: u32 = 20;
const TOKEN_BYTES: usize = 32;
/// Shortest password a user may choose.
pub const PASSWORD_CHARS_MIN: usize = 10;
/// Longest password that is looked at; hashing a megabyte helps nobody.
const PASSWORD_BYTES_MAX: usize = 256;

/// What stands between a guess and a login. Clones share it.
#[derive(Clone, Default)]
pub struct Gate {
    guesses: Arc<Guesses>,
    /// Computes the hashes of passwords.
    pub hasher: Hasher,
}

/// Why a login was refused.
#[derive(Debug, Error)]
pub enum LoginRefusal {
    /// Name or password is wrong; which, is nobody's business.
    #[error("name or password is wrong")]
    Wrong,
    /// Too many wrong guesses came from there.
    #[error("too many wrong tries from this address: try again in {} seconds", .0.as_secs().max(1))]
    TooMany(Duration),
    /// The house could not look.
    #[error(transparent)]
    Flow(#[from] FlowError),
}

/// A login that has begun.
pub struct LoggedIn {
    /// Whose.
    pub user: UserId,
    /// What the browser shows from now on.
    pub token: Secret,
    /// How long the browser keeps it at most.
    pub life_max: Duration,
}

/// Who is logged in.
#[derive(Clone, Debug)]
pub struct Known {
    /// By which login.
    pub login: LoginId,
    /// Who.
    pub user: User,
    /// When the login was last noted as used.
    last_seen_at: Timestamp,
    /// When the password was given.
    created_at: Timestamp,
}

/// A name and a password for a token.
pub async fn log_in(
    desk: &Desk,
    gate: &Gate,
    name: &str,
    password: Secret,
    from: IpAddr,
) -> Result<LoggedIn, LoginRefusal> {
    gate.guesses.begin(from, desk.clock.monotonic()).map_err(LoginRefusal::TooMany)?;
    let wanted: String = name.trim().chars().take(100).collect();
    let user = desk.store.read(move |snapshot| Ok::<_, FlowError>(snapshot.user_by_name(&wanted)?)).await?;
    let hashed = user.as_ref().map(|user| user.password_hash.clone());
    let fitting = within_bounds(&password) && fits(&gate.hasher, password, hashed).await?;
    let Some(user) = user.filter(|_| fitting) else {
        tracing::warn!(source = %from, "A login from {from} was refused: wrong name or password");
        return Err(LoginRefusal::Wrong);
    };
    gate.guesses.was_right(from);
    let (id, now, token) = (user.id, desk.now(), new_token());
    let token_hash = hash_of(token.expose()).expect("a new token is well formed");
    desk.store
        .write(move |tx| {
            tx.insert_login(id, &token_hash, &from.to_string(), now, now.plus(IDLE_MAX), LOGINS_MAX)?;
            Ok::<_, FlowError>(())
        })
        .await?;
    tracing::info!(user.id = %id, source = %from, "User {id} logged in from {from}");
    Ok(LoggedIn { user: id, token, life_max: LIFE_MAX })
}

/// Who shows this token; nobody, if it was never given or has ended.
pub async fn who(reader: &Reader, token: &str, now: Timestamp) -> Result<Option<Known>, FlowError> {
    let Some(hash) = hash_of(token) else { return Ok(None) };
    reader
        .read(move |snapshot| {
            let Some(login) = snapshot.login_by_token_hash(&hash)? else { return Ok(None) };
            if login.expires_at <= now || login.created_at.plus(LIFE_MAX) <= now {
                return Ok(None);
            }
            let user = snapshot.user(login.user)?;
            Ok(user.map(|user| Known {
                login: login.id,
                user,
                last_seen_at: login.last_seen_at,
                created_at: login.created_at,
            }))
        })
        .await
}

/// A login was used: it lasts longer, but not for ever.
pub async fn note_use(desk: &Desk, known: &Known) -> Result<(), FlowError> {
    let now = desk.now();
    if now.since(known.last_seen_at) < NOTED_EVERY {
        return Ok(());
    }
    let (login, until) = (known.login, now.plus(IDLE_MAX).min(known.created_at.plus(LIFE_MAX)));
    desk.store.write(move |tx| Ok(tx.extend_login(login, now, until)?)).await
}

/// Ends a login.
pub async fn log_out(desk: &Desk, login: LoginId) -> Result<(), FlowError> {
    desk.store.write(move |tx| Ok(tx.delete_login(login)?)).await
}

/// A user chooses another password; its other logins end. Wrong guesses at the old one count like those at the door.
pub async fn change_password(
    desk: &Desk,
    gate: &Gate,
    known: &Known,
    old: Secret,
    new: Secret,
    from: IpAddr,
) -> Result<(), LoginRefusal> {
    check_new_password(&known.user, &old, &new)?;
    gate.guesses.begin(from, desk.clock.monotonic()).map_err(LoginRefusal::TooMany)?;
    let fitting = within_bounds(&old) && fits(&gate.hasher, old, Some(known.user.password_hash.clone())).await?;
    if !fitting {
        return Err(LoginRefusal::Wrong);
    }
    gate.guesses.was_right(from);
    let hashed = hash(&gate.hasher, new).await?;
    let (user, login) = (known.user.id, known.login);
    desk.store
        .write(move |tx| {
            tx.set_user_password(user, &hashed, false).map_err(about("user"))?;
            tx.delete_other_logins(user, Some(login))?;
            Ok::<_, FlowError>(())
        })
        .await?;
    tracing::info!(user.id = %user, "User {user} changed its password; its other logins have ended");
    Ok(())
}

fn check_new_password(user: &User, old: &Secret, new: &Secret) -> Result<(), FlowError> {
    let refused = |english: &str, german: &str| Err(FlowError::invalid("new", (english, german)));
    if new.expose().chars().count() < PASSWORD_CHARS_MIN {
        return refused(
            &format!("at least {PASSWORD_CHARS_MIN} characters"),
            &format!("mindestens {PASSWORD_CHARS_MIN} Zeichen"),
        );
    }
    if !within_bounds(new) {
        return refused(
            &format!("at most {PASSWORD_BYTES_MAX} bytes"),
            &format!("höchstens {PASSWORD_BYTES_MAX} Bytes"),
        );
    }
    if new == old {
        return refused("choose another one than before", "bitte ein anderes als bisher wählen");
    }
    let (lower, name) = (new.expose().to_lowercase(), user.name.to_lowercase());
    let mut signs: Vec<char> = lower.chars().collect();
    signs.sort_unstable();
    signs.dedup();
    if signs.len() < 4 || name.len() > 3 && lower.contains(&name) || lower.contains("depesche") {
        return refused("too easy to guess: choose another one", "zu leicht zu erraten: bitte ein anderes wählen");
    }
    Ok(())
}

/// What a user likes.
pub async fn set_preferences(
    desk: &Desk,
    user: UserId,
    language: Option<Language>,
    theme: Option<Theme>,
) -> Result<(), FlowError> {
    desk.store.write(move |tx| Ok(tx.set_user_preferences(user, language, theme)?)).await
}

/// Whether anybody can change the settings at all: asked at the first start.
pub async fn has_admin(reader: &Reader) -> Result<bool, FlowError> {
    reader.read(|snapshot| Ok(snapshot.users()?.iter().any(|user| user.role == Role::Admin))).await
}

fn within_bounds(password: &Secret) -> bool {
    password.expose().len() <= PASSWORD_BYTES_MAX
}

fn new_token() -> Secret {
    let mut random = [0_u8; TOKEN_BYTES];
    getrandom::fill(&mut random).expect("the system's random numbers");
    Secret::new(URL_SAFE_NO_PAD.encode(random))
}

/// What is kept of a token; nothing, if it is none.
fn hash_of(token: &str) -> Option<[u8; 32]> {
    // A token is 43 signs; do not decode what cannot be one.
    let random = (token.len() < 64).then(|| URL_SAFE_NO_PAD.decode(token).ok()).flatten()?;
    (random.len() == TOKEN_BYTES).then(|| Sha256::digest(&random).into())
}
