//! What flows about files have at hand besides the desk.

use crate::egress::switchboard::Switchboard;
use crate::flow::desk::Desk;
use crate::flow::media::links::Signer;
use crate::media::archive::Archive;
use crate::media::workshop::Workshop;

/// What flows about files have at hand; clones share it all.
#[derive(Clone)]
pub struct MediaDesk {
    /// What every flow has.
    pub desk: Desk,
    /// Where files lie.
    pub archive: Archive,
    /// Where they are opened.
    pub workshop: Workshop,
    /// The trunks: what their carriers take, and where files that came in are fetched.
    pub switchboard: Switchboard,
    /// Signs the long addresses of files.
    pub signer: Signer,
}
