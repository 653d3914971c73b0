//! Anna's browser at the portal of the whole house: logged in, asks and writes.

use crate::Town;
use crate::carrier::call::{Answer, call};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use depesche::domain::id::ExtensionId;
use depesche::domain::secret::Secret;
use depesche::domain::user::Role;
use depesche::store::edit::EditError;
use depesche::store::users::UserEdit;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::time::Duration;

/// The secret part of her cookie.
const TOKEN: [u8; 32] = [7; 32];

impl Town {
    /// Makes her a user who is logged in, without the work of hashing.
    pub async fn anna_logs_in(&self) {
        let (now, extension) = (self.clock.now(), self.place.count("SELECT id FROM extensions WHERE number = '1001'"));
        let written = self.house().desk.store.write(move |tx| {
            let edit = UserEdit { name: "anna".into(), role: Role::Agent, extension: Some(ExtensionId(extension)) };
            let id = tx.insert_user(&edit, &Secret::new("a hash"), now)?;
            tx.set_user_password(id, &Secret::new("a hash"), false)?;
            let until = now.plus(Duration::from_secs(365 * 24 * 3600));
            tx.insert_login(id, &Sha256::digest(TOKEN).into(), "192.0.2.1", now, until, 5)?;
            Ok::<_, EditError>(())
        });
        written.await.unwrap_or_else(|error| panic!("{error:?}"));
    }

    /// Puts a file here, if it is taken.
    pub async fn anna_tries_to_upload(&self, name: &str, bytes: &[u8]) -> Answer {
        self.asks("POST", &format!("/uploads?name={name}"), "application/octet-stream", bytes).await
    }

    /// Puts a file here; its id.
    pub async fn anna_uploads(&self, name: &str, bytes: &[u8]) -> i64 {
        let answer = self.anna_tries_to_upload(name, bytes).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()["id"].as_i64().expect("an id")
    }

    /// What is written to the API; it must be taken.
    pub async fn anna_posts(&self, path: &str, body: &Value) -> Value {
        let answer = self.asks("POST", path, "application/json", body.to_string().as_bytes()).await;
        assert!(matches!(answer.status, 200..=202), "{path}: {} {}", answer.status, answer.text());
        answer.json()
    }

    /// What the API says.
    pub async fn anna_reads(&self, path: &str) -> Answer {
        self.asks("GET", path, "application/json", &[]).await
    }

    async fn asks(&self, method: &str, path: &str, media_type: &str, body: &[u8]) -> Answer {
        let cookie = format!("depesche_login={}", URL_SAFE_NO_PAD.encode(TOKEN));
        let headers = [
            ("Cookie", cookie.as_str()),
            ("X-Depesche", "portal"),
            ("Sec-Fetch-Site", "same-origin"),
            ("Content-Type", media_type),
        ];
        call(self.house().private[0].address, method, &format!("/api/v1{path}"), &headers, body).await
    }
}
