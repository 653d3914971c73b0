//! WhatsApp templates as the carriers keep them: a copy for each trunk.

use crate::domain::id::TrunkId;
use crate::domain::template::{Template, TemplateNews, TemplateStatus};
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::handle::{Snapshot, Tx};
use crate::store::words::{all, first};
use rusqlite::{OptionalExtension, Row};

/// A template of a trunk.
#[derive(Clone, Debug)]
pub struct KeptTemplate {
    /// Its id here.
    pub id: i64,
    /// Its trunk, by id and name.
    pub trunk: (TrunkId, String),
    /// The template.
    pub template: Template,
    /// When we last heard of it.
    pub updated_at: Timestamp,
}

/// How a trunk's templates were last fetched.
#[derive(Clone, Debug)]
pub struct Fetch {
    /// Of which trunk, by id and name.
    pub trunk: (TrunkId, String),
    /// When; `None`: never.
    pub fetched_at: Option<Timestamp>,
    /// Why it did not work.
    pub problem: Option<String>,
}

const TEMPLATE: &str = "SELECT p.id, p.trunk_id, t.name AS trunk_name, p.carrier_id, p.name, p.language, p.category, \
     p.status, p.quality, p.reason, p.named, p.components, p.updated_at FROM templates p JOIN trunks t ON t.id = p.trunk_id";

fn kept(row: &Row<'_>) -> Result<KeptTemplate, StoreError> {
    let components: String = row.get("components")?;
    let status: String = row.get("status")?;
    Ok(KeptTemplate {
        id: row.get("id")?,
        trunk: (row.get("trunk_id")?, row.get("trunk_name")?),
        template: Template {
            carrier_id: row.get("carrier_id")?,
            name: row.get("name")?,
            language: row.get("language")?,
            category: row.get("category")?,
            status: TemplateStatus::from_carrier(&status),
            quality: row.get("quality")?,
            reason: row.get("reason")?,
            named: row.get("named")?,
            components: serde_json::from_str(&components)
                .map_err(|error| StoreError::Unreadable(format!("components of a template: {error}")))?,
        },
        updated_at: row.get("updated_at")?,
    })
}

impl Snapshot<'_> {
    /// All templates, or those of one trunk, by name and language; at most `at_most`.
    pub fn templates(&self, trunk: Option<TrunkId>, at_most: u32) -> Result<Vec<KeptTemplate>, StoreError> {
        let sql = format!("{TEMPLATE} WHERE ?1 IS NULL OR p.trunk_id = ?1 ORDER BY p.name, p.language, p.id LIMIT ?2");
        all(self.conn.prepare_cached(&sql)?.query((trunk, at_most))?, kept)
    }

    /// The template with this name and language.
    pub fn template(&self, trunk: TrunkId, name: &str, language: &str) -> Result<Option<Template>, StoreError> {
        let sql = format!("{TEMPLATE} WHERE p.trunk_id = ?1 AND p.name = ?2 AND p.language = ?3");
        let found = first(&mut self.conn.prepare_cached(&sql)?.query((trunk, name, language))?, kept)?;
        Ok(found.map(|kept| kept.template))
    }

    /// Trunks with a WhatsApp channel, and how their templates were last fetched.
    pub fn template_fetches(&self) -> Result<Vec<Fetch>, StoreError> {
        self.fetches("1")
    }

    /// Those whose templates are due: wanted, never fetched, or fetched before `before`.
    pub fn template_fetches_due(&self, before: Timestamp) -> Result<Vec<TrunkId>, StoreError> {
        let due = self.fetches(&format!("t.enabled AND (f.wanted IS NOT 0 OR f.fetched_at < {})", before.0))?;
        Ok(due.into_iter().map(|fetch| fetch.trunk.0).collect())
    }

    fn fetches(&self, which: &str) -> Result<Vec<Fetch>, StoreError> {
        let sql = format!(
            "SELECT t.id, t.name, f.fetched_at, f.problem FROM trunks t LEFT JOIN template_fetches f ON f.trunk_id = t.id \
             WHERE EXISTS (SELECT 1 FROM channels c WHERE c.trunk_id = t.id AND c.kind = 'whatsapp') AND {which} \
             ORDER BY t.name COLLATE NOCASE LIMIT 200"
        );
        all(self.conn.prepare(&sql)?.query([])?, |row| {
            Ok(Fetch {
                trunk: (row.get("id")?, row.get("name")?),
                fetched_at: row.get("fetched_at")?,
                problem: row.get("problem")?,
            })
        })
    }
}

impl Tx<'_> {
    /// Puts a trunk's templates as they were fetched in the place of those known; what is gone there is gone here.
    pub fn set_templates(&self, trunk: TrunkId, templates: &[Template], now: Timestamp) -> Result<(), StoreError> {
        self.conn.prepare_cached("DELETE FROM templates WHERE trunk_id = ?1")?.execute([trunk])?;
        let mut insert = self.conn.prepare_cached(
            "INSERT INTO templates (trunk_id, carrier_id, name, language, category, status, quality, reason, named, \
             components, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) \
             ON CONFLICT (trunk_id, name, language) DO NOTHING",
        )?;
        for template in templates {
            let components = serde_json::to_string(&template.components).expect("components are plain data");
            insert.execute((
                trunk,
                &template.carrier_id,
                &template.name,
                &template.language,
                &template.category,
                template.status.carrier_word(),
                &template.quality,
                &template.reason,
                template.named,
                components,
                now,
            ))?;
        }
        self.note_template_fetch(trunk, None, now)
    }

    /// Notes how a fetch ended.
    pub fn note_template_fetch(&self, trunk: TrunkId, problem: Option<&str>, now: Timestamp) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO template_fetches (trunk_id, fetched_at, wanted, problem) VALUES (?1, ?2, 0, ?3) \
                 ON CONFLICT (trunk_id) DO UPDATE SET fetched_at = excluded.fetched_at, wanted = 0, problem = excluded.problem",
            )?
            .execute((trunk, now, problem))?;
        Ok(())
    }

    /// A trunk's templates are wanted at the next round.
    pub fn want_templates(&self, trunk: TrunkId) -> Result<(), StoreError> {
        self.conn.prepare_cached("UPDATE template_fetches SET wanted = 1 WHERE trunk_id = ?1")?.execute([trunk])?;
        Ok(())
    }

    /// Takes in the carrier's news of a template; `false`: it is not known here, or its parts changed.
    pub fn take_template_news(&self, trunk: TrunkId, news: &TemplateNews, now: Timestamp) -> Result<bool, StoreError> {
        let known: Option<i64> = self
            .conn
            .prepare_cached("SELECT id FROM templates WHERE trunk_id = ?1 AND carrier_id = ?2")?
            .query_row((trunk, &news.carrier_id), |row| row.get(0))
            .optional()?;
        let Some(id) = known else { return Ok(false) };
        let status = news.status.map(TemplateStatus::carrier_word);
        self.conn
            .prepare_cached(
                "UPDATE templates SET status = coalesce(?2, status), quality = coalesce(?3, quality), \
                 category = coalesce(?4, category), reason = CASE WHEN ?2 IS NULL THEN reason ELSE ?5 END, updated_at = ?6 \
                 WHERE id = ?1",
            )?
            .execute((id, status, &news.quality, &news.category, &news.reason, now))?;
        Ok(news.status.is_some() || news.quality.is_some() || news.category.is_some())
    }
}
