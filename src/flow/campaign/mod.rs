//! Campaigns: whom they write to, what they say, what it will cost; how they begin, go on and end.

pub mod audience;
pub mod blockers;
pub mod check;
pub mod content;
pub mod draft;
pub mod estimate;
pub mod files;
pub mod links;
pub mod lists;
pub mod preview;
pub mod speed;
pub mod values;
pub mod variables;
