//! Files of contacts come in: taken into the spool, looked through without writing, then taken over in small commits with
//! their progress on disk, so that after a restart the work goes on where it was.

pub mod desk;
pub mod plan;
pub mod rows;
pub mod take;
pub mod work;
mod write;
