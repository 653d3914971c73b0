//! Campaigns: whom they write to, what they say, what it will cost; how they begin, go on and end.

pub mod acts;
pub mod allowance;
pub mod audience;
pub mod blockers;
pub mod check;
pub mod content;
pub mod drafts;
pub mod estimate;
pub mod expiry;
pub mod feed;
pub mod files;
pub mod launch;
pub mod limits;
pub mod links;
pub mod lists;
pub mod preview;
pub mod reckoning;
pub mod repeat;
pub mod runner;
pub mod speed;
pub mod values;
pub mod variables;
