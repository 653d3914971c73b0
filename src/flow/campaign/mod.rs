//! Campaigns: whom they write to, what they say, what it will cost; how they begin, go on and end.

pub mod audience;
pub mod blockers;
pub mod check;
pub mod content;
pub mod estimate;
pub mod links;
pub mod lists;
pub mod speed;
pub mod values;
pub mod variables;
