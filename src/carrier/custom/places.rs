//! Where things stand in what a provider says: a JSON pointer (`/messages/0/id`), the name of a parameter, or a pattern
//! with a star; and small maps of words, one on each line.

use super::template::starred;
use crate::carrier::dialect::SettingsError;
use crate::carrier::http;
use crate::carrier::settings::{Fields, wrong};
use serde_json::Value;

/// Lines of one map.
const LINES_MAX: usize = 200;

/// Where something stands.
#[derive(Clone, Debug)]
pub(super) struct Spot(String);

impl Spot {
    pub(super) fn of(fields: &Fields<'_>, key: &str) -> Option<Spot> {
        fields.text(key).map(|text| Spot(text.to_owned()))
    }

    /// The value there, in JSON.
    pub(super) fn value<'v>(&self, body: &'v Value) -> Option<&'v Value> {
        if self.0.starts_with('/') { body.pointer(&self.0) } else { body.get(&self.0) }
    }

    /// The text there; a pattern reads the raw text.
    pub(super) fn text(&self, body: &Value, raw: &str) -> Option<String> {
        if self.0.contains('*') {
            starred(&self.0, raw).map(str::to_owned)
        } else {
            self.value(body).and_then(http::text_of)
        }
    }

    /// Everything there: a list, or texts with commas between.
    pub(super) fn all(&self, body: &Value) -> Vec<String> {
        match self.value(body) {
            Some(Value::Array(list)) => {
                list.iter().filter_map(|one| http::text_of(one).or_else(|| http::text_of(&one["url"]))).collect()
            }
            Some(one) => http::text_of(one)
                .map(|text| {
                    text.split(',').map(|piece| piece.trim().to_owned()).filter(|piece| !piece.is_empty()).collect()
                })
                .unwrap_or_default(),
            None => Vec::new(),
        }
    }
}

/// `place=word|word`: whether one of these words stands there; a place alone: whether anything does.
#[derive(Clone, Debug)]
pub(super) struct When {
    spot: Spot,
    words: Vec<String>,
}

impl When {
    pub(super) fn of(fields: &Fields<'_>, key: &str) -> Option<When> {
        let text = fields.text(key)?;
        let (spot, words) = text.split_once('=').unwrap_or((text, ""));
        let words = words.split('|').map(|word| word.trim().to_lowercase()).filter(|word| !word.is_empty());
        Some(When { spot: Spot(spot.trim().to_owned()), words: words.collect() })
    }

    pub(super) fn holds(&self, body: &Value, raw: &str) -> bool {
        let found = self
            .spot
            .text(body, raw)
            .or_else(|| self.spot.value(body).and_then(Value::as_bool).map(|truth| truth.to_string()));
        found.is_some_and(|text| self.words.is_empty() || self.words.contains(&text.to_lowercase()))
    }
}

/// Lines of `theirs=ours`.
pub(super) fn map<T>(
    fields: &Fields<'_>,
    key: &str,
    ours: impl Fn(&str) -> Option<T>,
) -> Result<Vec<(String, T)>, SettingsError> {
    let lines = fields.text(key).unwrap_or_default().lines().flat_map(|line| line.split(';')).map(str::trim);
    let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    if lines.len() > LINES_MAX {
        return Err(wrong(key, ("these are too many lines: 200 are enough", "das sind zu viele Zeilen: 200 genügen")));
    }
    let read = lines.into_iter().map(|line| {
        let both =
            line.split_once('=').and_then(|(theirs, word)| Some((theirs.trim().to_lowercase(), ours(word.trim())?)));
        both.ok_or_else(|| {
            let line: String = line.chars().take(60).collect();
            wrong(
                key,
                (
                    format!("{line}: write the provider's word, =, and ours, as the manual lists them"),
                    format!(
                        "{line}: bitte das Wort des Anbieters, = und unseres schreiben, wie im Handbuch aufgeführt"
                    ),
                ),
            )
        })
    });
    read.collect()
}

/// What a word of theirs means.
pub(super) fn meaning<T: Copy>(map: &[(String, T)], word: &str) -> Option<T> {
    let word = word.trim().to_lowercase();
    map.iter().find(|(theirs, _)| *theirs == word).map(|(_, ours)| *ours)
}
