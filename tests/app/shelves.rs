//! Files at a carrier: those customers sent, those it was given before a message, and those it fetches from us.

#![allow(dead_code, reason = "each test binary uses another part of it")]

use super::call::{self, Answer};
use super::{API_KEY, Carrier};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use http::{HeaderMap, StatusCode};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

/// How a file of a customer stands at the carrier.
#[derive(Clone, Debug)]
pub enum OnShelf {
    /// It is given.
    File(Vec<u8>),
    /// It is begun to be looked for, and that takes as long as this stands here.
    Held,
    /// Not now: 503.
    Down,
}

/// A file as a customer got it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Got {
    /// What it is called.
    pub name: String,
    /// What it is said to be.
    pub media_type: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// The carrier's files.
#[derive(Default)]
pub struct Shelves {
    /// Of customers, by name.
    pub files: HashMap<String, OnShelf>,
    /// How often each was asked for.
    pub asked: HashMap<String, usize>,
    /// Where names lead to: the house's own, and its public door.
    pub door: Option<(String, SocketAddr)>,
    uploads: HashMap<String, Got>,
}

/// What a carrier answers to calls about files.
pub fn routes() -> Router<Carrier> {
    Router::new().route("/{account}/files/{name}", get(give)).route("/{account}/media", post(take))
}

impl Shelves {
    /// What stands in a message about its files, as the customer gets it. A file at an address is fetched from there.
    pub(super) async fn of(carrier: &Carrier, media: &serde_json::Value) -> Result<Vec<Got>, &'static str> {
        let mut all = Vec::new();
        for file in media.as_array().into_iter().flatten() {
            let text = |key: &str| file[key].as_str().unwrap_or_default().to_owned();
            let got = match file["url"].as_str() {
                Some(url) => {
                    let answer = fetched(carrier, url).await?;
                    Got { name: text("name"), media_type: answer.header("content-type").into(), bytes: answer.body }
                }
                None => carrier.ledger().shelves.uploads.remove(&text("id")).ok_or("an upload nobody made")?,
            };
            if (&got.name, &got.media_type) != (&text("name"), &text("type")) {
                return Err("a file is not what the message says");
            }
            all.push(got);
        }
        Ok(all)
    }
}

async fn fetched(carrier: &Carrier, url: &str) -> Result<Answer, &'static str> {
    let (base, door) = carrier.ledger().shelves.door.clone().ok_or("nobody knows where addresses lead")?;
    let path = url.strip_prefix(&base).ok_or("an address elsewhere")?;
    let answer = call::get(door, path).await;
    if answer.status == 200 { Ok(answer) } else { Err("a file is not where the message says") }
}

async fn give(
    State(carrier): State<Carrier>,
    Path((_, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> (StatusCode, Vec<u8>) {
    if !is_ours(&headers) {
        carrier.ledger().bad.push("a file was asked for with wrong credentials".into());
        return (StatusCode::UNAUTHORIZED, Vec::new());
    }
    *carrier.ledger().shelves.asked.entry(name.clone()).or_default() += 1;
    loop {
        let stands = carrier.ledger().shelves.files.get(&name).cloned();
        match stands {
            Some(OnShelf::File(bytes)) => return (StatusCode::OK, bytes),
            Some(OnShelf::Down) => return (StatusCode::SERVICE_UNAVAILABLE, Vec::new()),
            Some(OnShelf::Held) => tokio::time::sleep(Duration::from_millis(5)).await,
            None => return (StatusCode::NOT_FOUND, Vec::new()),
        }
    }
}

async fn take(State(carrier): State<Carrier>, headers: HeaderMap, bytes: Bytes) -> (StatusCode, String) {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    if !is_ours(&headers) {
        carrier.ledger().bad.push("a file came with wrong credentials".into());
        return (StatusCode::UNAUTHORIZED, String::new());
    }
    let name = percent_encoding::percent_decode_str(&header("x-file-name")).decode_utf8_lossy().into_owned();
    let got = Got { name, media_type: header("content-type"), bytes: bytes.to_vec() };
    let mut ledger = carrier.ledger();
    let id = format!("file-{}", ledger.shelves.uploads.len() + ledger.taken.len() + 1);
    ledger.shelves.uploads.insert(id.clone(), got);
    (StatusCode::CREATED, format!("{{\"id\":\"{id}\"}}"))
}

fn is_ours(headers: &HeaderMap) -> bool {
    headers.get("authorization").and_then(|value| value.to_str().ok()) == Some(&format!("Bearer {API_KEY}"))
}
