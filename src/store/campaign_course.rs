//! What became of a campaign over time, and why lines were not sent or did not arrive: its ledger, read once.

use crate::domain::id::CampaignId;
use crate::domain::reason::ReasonCode;
use crate::store::error::StoreError;
use crate::store::handle::Snapshot;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Lengths of a step that people count by; each is a multiple of the one before it, so that steps can be made longer.
const STEPS_S: [i64; 11] = [10, 30, 60, 300, 600, 1_800, 3_600, 10_800, 43_200, 86_400, 604_800];
/// Steps that are kept while the ledger is read.
const KEPT_MAX: usize = 4_096;

/// A ledger in figures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Course {
    /// How long a step is, in milliseconds.
    pub step_ms: i64,
    /// When a step begins: how many were sent, delivered, read and failed in it. Steps without any are left out.
    pub steps: BTreeMap<i64, [u32; 4]>,
    /// Why lines were not sent or did not arrive.
    pub reasons: Vec<ReasonLines>,
}

/// Lines with the same reason in the same state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReasonLines {
    /// Why.
    pub code: ReasonCode,
    /// Their state.
    pub state: String,
    /// How many.
    pub lines: u32,
}

impl Snapshot<'_> {
    /// The course of a campaign in so many steps at most, first to last, and its reasons.
    pub fn campaign_course(&self, campaign: CampaignId, steps_max: usize) -> Result<Course, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT sent_at, delivered_at, read_at, CASE WHEN state IN ('failed', 'undelivered') THEN changed_at END, \
             state, CASE WHEN state IN ('failed', 'undelivered', 'uncertain', 'skipped', 'cancelled') THEN reason END \
             FROM recipients WHERE campaign_id = ?1",
        )?;
        let mut rows = query.query([campaign])?;
        let mut course = Course { step_ms: STEPS_S[0] * 1_000, ..Course::default() };
        while let Some(row) = rows.next()? {
            for what in 0..4 {
                if let Some(at) = row.get::<_, Option<i64>>(what)? {
                    course.enter(at, what);
                }
            }
            let unreadable = |error: rusqlite::types::FromSqlError| StoreError::Unreadable(error.to_string());
            if let Some(reason) = row.get_ref(5)?.as_str_or_null().map_err(unreadable)? {
                let state = row.get_ref(4)?.as_str().map_err(unreadable)?;
                course.count(reason, state)?;
            }
        }
        while course.span() > steps_max && course.lengthen() {}
        Ok(course)
    }
}

/// Of a reason, what is counted; the rest may differ in each line.
#[derive(Deserialize)]
struct Code {
    code: ReasonCode,
}

impl Course {
    fn count(&mut self, reason: &str, state: &str) -> Result<(), StoreError> {
        let Code { code } =
            serde_json::from_str(reason).map_err(|error| StoreError::Unreadable(format!("reason: {error}")))?;
        // Few differ: looking through them costs less than two new words for each line.
        match self.reasons.iter_mut().find(|found| found.code == code && found.state == state) {
            Some(found) => found.lines += 1,
            None => self.reasons.push(ReasonLines { code, state: state.to_owned(), lines: 1 }),
        }
        Ok(())
    }

    fn enter(&mut self, at: i64, what: usize) {
        let begins = at.div_euclid(self.step_ms) * self.step_ms;
        self.steps.entry(begins).or_default()[what] += 1;
        if self.steps.len() > KEPT_MAX {
            self.lengthen();
        }
    }

    /// How many steps there are from the first to the last, those without any included.
    fn span(&self) -> usize {
        let ends = self.steps.first_key_value().zip(self.steps.last_key_value());
        ends.map_or(0, |((first, _), (last, _))| {
            usize::try_from((last - first) / self.step_ms + 1).unwrap_or(usize::MAX)
        })
    }

    /// The same in longer steps; `false`: there are none.
    fn lengthen(&mut self) -> bool {
        let longer = STEPS_S.iter().map(|length_s| length_s * 1_000).find(|length| *length > self.step_ms);
        self.step_ms = match longer {
            Some(longer) => longer,
            None if self.step_ms < i64::MAX / 4 => self.step_ms * 2,
            None => return false,
        };
        for (at, counts) in std::mem::take(&mut self.steps) {
            let step = self.steps.entry(at.div_euclid(self.step_ms) * self.step_ms).or_default();
            for (sum, count) in step.iter_mut().zip(counts) {
                *sum += count;
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::reason::Reason;

    #[test]
    fn each_length_is_a_multiple_of_the_one_before() {
        assert!(STEPS_S.windows(2).all(|two| two[1] % two[0] == 0));
    }

    #[test]
    fn a_course_is_made_shorter_and_loses_nothing() {
        let mut course = Course { step_ms: 10_000, ..Course::default() };
        for second in 0..100_000 {
            course.enter(second * 1_000, 0);
        }
        while course.span() > 200 && course.lengthen() {}

        assert_eq!(course.step_ms, 600_000);
        assert!(course.steps.len() <= 200);
        assert_eq!(course.steps.values().map(|step| step[0]).sum::<u32>(), 100_000);
    }

    #[test]
    fn reasons_that_differ_in_what_the_carrier_said_are_one() {
        let mut course = Course::default();
        for said in ["a", "b"] {
            let reason = Reason::of(ReasonCode::TextTooLong).saying(said);
            course.count(&serde_json::to_string(&reason).expect("plain data"), "failed").expect("readable");
        }
        assert_eq!(course.reasons, [ReasonLines { code: ReasonCode::TextTooLong, state: "failed".into(), lines: 2 }]);
    }
}
