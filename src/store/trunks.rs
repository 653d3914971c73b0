//! Trunks: connections to the outside. Their credentials are sealed in the row and open in memory only.

use crate::domain::consent::Confirms;
use crate::domain::event::Event;
use crate::domain::id::TrunkId;
use crate::domain::reason::Reason;
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use crate::domain::trunk::{Intake, OnUncertain, TrunkState};
use crate::domain::wording::Wording;
use crate::store::edit::{EditError, called, in_use, named, one_row};
use crate::store::error::StoreError;
use crate::store::handle::{Snapshot, Tx};
use rusqlite::{OptionalExtension, Row};
use std::collections::BTreeMap;
use std::time::Duration;

/// Settings of a carrier: field keys to values.
pub type Settings = serde_json::Map<String, serde_json::Value>;

/// A trunk as it stands in its row, credentials opened.
#[derive(Clone, Debug)]
pub struct Trunk {
    /// Its id.
    pub id: TrunkId,
    /// Its name.
    pub name: String,
    /// The carrier it speaks to.
    pub carrier: String,
    /// Whether it is switched on.
    pub enabled: bool,
    /// Settings that are no secrets.
    pub settings: Settings,
    /// Settings that are.
    pub secrets: BTreeMap<String, Secret>,
    /// The key in the path of its webhook address.
    pub webhook_key: Secret,
    /// Pace of the whole trunk; `None`: the carrier's own.
    pub mps: Option<f64>,
    /// What happens to a delivery whose outcome nobody knows.
    pub on_uncertain: OnUncertain,
    /// Who confirms an opt-out; `None`: as is usual with its carrier.
    pub confirms: Option<Confirms>,
    /// How what comes in gets to us.
    pub intake: Intake,
    /// How long there is between questions, where it is polled.
    pub poll_every: Duration,
    /// How it was when it was last used.
    pub state: TrunkState,
    /// Why it is not well.
    pub state_reason: Option<Reason>,
    /// Since when it is so.
    pub state_at: Timestamp,
    /// When something last came in.
    pub last_in_at: Option<Timestamp>,
    /// When something last went out.
    pub last_out_at: Option<Timestamp>,
    /// Counts its edits.
    pub version: i64,
}

impl Trunk {
    /// All settings, secrets among them, as the carrier is built from. Do not print it.
    pub fn merged_settings(&self) -> Settings {
        let mut merged = self.settings.clone();
        merged.extend(self.secrets.iter().map(|(key, secret)| (key.clone(), secret.expose().into())));
        merged
    }
}

/// What people may set on a trunk.
#[derive(Clone, Debug)]
pub struct TrunkEdit {
    /// Its name.
    pub name: String,
    /// The carrier it speaks to.
    pub carrier: String,
    /// Whether it is switched on.
    pub enabled: bool,
    /// Settings that are no secrets.
    pub settings: Settings,
    /// All of its secrets.
    pub secrets: BTreeMap<String, Secret>,
    /// Pace of the whole trunk.
    pub mps: Option<f64>,
    /// What happens to a delivery whose outcome nobody knows.
    pub on_uncertain: OnUncertain,
}

const COLUMNS: &str = "SELECT id, name, carrier, enabled, settings, secrets, webhook_key, mps, on_uncertain, confirms, intake, \
                       poll_every_s, state, state_reason, state_at, last_in_at, last_out_at, version FROM trunks";

impl Snapshot<'_> {
    /// All trunks, by name.
    pub fn trunks(&self) -> Result<Vec<Trunk>, StoreError> {
        self.trunks_where("ORDER BY name COLLATE NOCASE")
    }

    /// All trunks that are switched on, by id: what the switchboard is made of.
    pub fn enabled_trunks(&self) -> Result<Vec<Trunk>, StoreError> {
        self.trunks_where("WHERE enabled = 1 ORDER BY id")
    }

    /// The trunk with this id.
    pub fn trunk(&self, id: TrunkId) -> Result<Option<Trunk>, StoreError> {
        let mut query = self.conn.prepare_cached(&format!("{COLUMNS} WHERE id = ?1"))?;
        query.query_row([id], half_read).optional()?.map(|half| self.opened(half)).transpose()
    }

    /// The trunk with this key in the path of its webhook address, switched on or not.
    pub fn trunk_by_webhook_key(&self, key: &str) -> Result<Option<Trunk>, StoreError> {
        let mut query = self.conn.prepare_cached(&format!("{COLUMNS} WHERE webhook_key = ?1"))?;
        query.query_row([key], half_read).optional()?.map(|half| self.opened(half)).transpose()
    }

    fn trunks_where(&self, rest: &str) -> Result<Vec<Trunk>, StoreError> {
        let mut query = self.conn.prepare_cached(&format!("{COLUMNS} {rest}"))?;
        let rows = query.query_map([], half_read)?.collect::<Result<Vec<_>, _>>()?;
        rows.into_iter().map(|half| self.opened(half)).collect()
    }

    fn opened(&self, (mut trunk, sealed): (Trunk, Vec<u8>)) -> Result<Trunk, StoreError> {
        let open = self.sealer.open(&sealed)?;
        trunk.secrets = serde_json::from_str(open.expose())
            .map_err(|_| StoreError::Unreadable(format!("the credentials of trunk {}", trunk.name)))?;
        Ok(trunk)
    }
}

fn half_read(row: &Row<'_>) -> rusqlite::Result<(Trunk, Vec<u8>)> {
    let trunk = Trunk {
        id: row.get("id")?,
        name: row.get("name")?,
        carrier: row.get("carrier")?,
        enabled: row.get("enabled")?,
        settings: serde_json::from_str(&row.get::<_, String>("settings")?).unwrap_or_default(),
        secrets: BTreeMap::new(),
        webhook_key: Secret::new(row.get::<_, String>("webhook_key")?),
        mps: row.get("mps")?,
        on_uncertain: row.get("on_uncertain")?,
        confirms: row.get("confirms")?,
        intake: row.get("intake")?,
        poll_every: Duration::from_secs(u64::from(row.get::<_, u32>("poll_every_s")?)),
        state: row.get("state")?,
        state_reason: row.get("state_reason")?,
        state_at: row.get("state_at")?,
        last_in_at: row.get("last_in_at")?,
        last_out_at: row.get("last_out_at")?,
        version: row.get("version")?,
    };
    Ok((trunk, row.get("secrets")?))
}

impl Tx<'_> {
    /// Adds a trunk.
    pub fn insert_trunk(&self, edit: &TrunkEdit, webhook_key: &Secret, now: Timestamp) -> Result<TrunkId, EditError> {
        self.conn
            .prepare_cached(
                "INSERT INTO trunks (name, carrier, enabled, settings, secrets, webhook_key, mps, on_uncertain,
                                     created_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute((
                &edit.name,
                &edit.carrier,
                edit.enabled,
                settings_json(&edit.settings),
                self.sealer.seal(&secrets_json(&edit.secrets)),
                webhook_key.expose(),
                edit.mps,
                edit.on_uncertain,
                now,
            ))
            .map_err(named("name", "trunk"))?;
        Ok(TrunkId(self.conn.last_insert_rowid()))
    }

    /// Changes a trunk that is still at `version`; its state is unknown again.
    pub fn update_trunk(&self, id: TrunkId, version: i64, edit: &TrunkEdit, now: Timestamp) -> Result<(), EditError> {
        let changed = self
            .conn
            .prepare_cached(
                "UPDATE trunks SET name = ?3, carrier = ?4, enabled = ?5, settings = ?6, secrets = ?7, mps = ?8,
                        on_uncertain = ?9, state = 'unknown', state_reason = NULL, state_at = ?10,
                        version = version + 1
                 WHERE id = ?1 AND version = ?2",
            )?
            .execute((
                id,
                version,
                &edit.name,
                &edit.carrier,
                edit.enabled,
                settings_json(&edit.settings),
                self.sealer.seal(&secrets_json(&edit.secrets)),
                edit.mps,
                edit.on_uncertain,
                now,
            ))
            .map_err(named("name", "trunk"))?;
        one_row(changed, self.trunk(id)?.is_some())
    }

    /// Deletes a trunk that no channel uses and that has sent nothing.
    pub fn delete_trunk(&self, id: TrunkId) -> Result<(), EditError> {
        let trunk = self.trunk(id)?.ok_or(EditError::Missing)?;
        let mut query = self.conn.prepare_cached("SELECT name FROM channels WHERE trunk_id = ?1 ORDER BY name")?;
        let channels = query.query_map([id], |row| Ok(called("channel", "Kanal", row.get::<_, String>(0)?)))?;
        in_use(&called("trunk", "Trunk", &trunk.name), &channels.collect::<Result<Vec<_>, _>>()?)?;
        if self.conn.prepare_cached("SELECT 1 FROM deliveries WHERE trunk_id = ?1 LIMIT 1")?.exists([id])? {
            return Err(EditError::InUse(Wording::new(
                format!("trunk {} has sent messages that are still in the history: switch it off instead", trunk.name),
                format!("Trunk {} hat Nachrichten gesendet, die noch im Verlauf stehen: bitte abschalten", trunk.name),
            )));
        }
        self.conn.prepare_cached("DELETE FROM trunks WHERE id = ?1")?.execute([id])?;
        Ok(())
    }

    /// Notes how a trunk is. Emits [`Event::TrunkChanged`] and answers true where that is news.
    pub fn set_trunk_state(
        &self,
        id: TrunkId,
        state: TrunkState,
        reason: Option<&Reason>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let news = self
            .conn
            .prepare_cached(
                "UPDATE trunks SET state = ?2, state_reason = ?3, state_at = ?4
                 WHERE id = ?1 AND (state <> ?2 OR state_reason IS NOT ?3)",
            )?
            .execute((id, state, reason, now))?;
        if news > 0 {
            self.emit(Event::TrunkChanged { trunk: id });
        }
        Ok(news > 0)
    }

    /// Something went out; noted to the minute, so that a busy trunk costs no write each time.
    pub fn touch_trunk_out(&self, id: TrunkId, now: Timestamp) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "UPDATE trunks SET last_out_at = ?2 WHERE id = ?1 AND coalesce(last_out_at, 0) < ?2 - 60000",
            )?
            .execute((id, now))?;
        Ok(())
    }
}

fn settings_json(settings: &Settings) -> String {
    serde_json::to_string(settings).expect("a map of JSON values is JSON")
}

fn secrets_json(secrets: &BTreeMap<String, Secret>) -> String {
    let plain: BTreeMap<&str, &str> = secrets.iter().map(|(key, secret)| (key.as_str(), secret.expose())).collect();
    serde_json::to_string(&plain).expect("a map of texts is JSON")
}
