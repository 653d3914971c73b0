//! Files on their way out with a message: as they are, or as a link beside its text.

use crate::domain::id::{ChannelId, MessageId};
use crate::domain::media::{FileHash, FitStep};
use crate::domain::time::Timestamp;
use crate::flow::desk::Rules;
use crate::flow::media::links::{new_token, short_url};
use crate::store::deliveries::Delivery;
use crate::store::error::StoreError;
use crate::store::handle::Tx;
use crate::store::media_links::ForWhom;
use std::time::Duration;

/// How long a carrier may fetch a file after the message had to be handed over.
pub const FETCH_WITHIN: Duration = Duration::from_secs(24 * 3600);

/// A file that goes with a message, fitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutFile {
    /// The file as it is sent.
    pub hash: FileHash,
    /// What people call it.
    pub name: String,
    /// What was done to it.
    pub steps: Vec<FitStep>,
}

/// How files reach the peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SentAs {
    /// As files, through the carrier.
    #[default]
    Files,
    /// As a link beside the text.
    Links,
}

/// Files of a message on its way out.
#[derive(Clone, Copy, Debug)]
pub struct Files<'a> {
    /// The files, in their order.
    pub list: &'a [OutFile],
    /// How they reach the peer.
    pub sent_as: SentAs,
}

/// The words of a message whose files are a link.
#[derive(Clone, Debug)]
pub struct Linked {
    /// Its text with the link.
    pub words: String,
    token: String,
    expires_at: Timestamp,
}

impl Files<'_> {
    /// A text alone.
    pub const NONE: Files<'static> = Files { list: &[], sent_as: SentAs::Files };

    /// How many.
    pub fn count(&self) -> u32 {
        u32::try_from(self.list.len()).unwrap_or(u32::MAX)
    }

    /// The words with a link, where the files are sent as one.
    pub fn links(&self, rules: &Rules, text: &str, now: Timestamp) -> Option<Linked> {
        if self.list.is_empty() || self.sent_as == SentAs::Files {
            return None;
        }
        let base = rules.public_base_url.as_deref().unwrap_or_default();
        let token = new_token();
        let words = with_link(text, &short_url(base, &token));
        Some(Linked { words, token, expires_at: now.plus(rules.links_kept) })
    }

    /// Notes the files beside their message, and under which addresses they can be fetched.
    pub fn attach(
        &self,
        tx: &Tx<'_>,
        (message, channel): (MessageId, ChannelId),
        linked: Option<&Linked>,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for (position, file) in (0..).zip(self.list) {
            let attachment =
                tx.attach_file((message, channel), position, (&file.hash, &file.name, &file.steps), now)?;
            if linked.is_none() {
                let until = expires_at.plus(FETCH_WITHIN);
                tx.insert_media_link((message, Some(attachment)), ForWhom::Carrier, None, until)?;
            }
        }
        if let Some(linked) = linked {
            let token = Some(linked.token.as_str());
            tx.insert_media_link((message, None), ForWhom::Peer, token, linked.expires_at)?;
        }
        Ok(())
    }
}

/// A text with a link below it.
pub fn with_link(text: &str, url: &str) -> String {
    if text.trim().is_empty() { url.to_owned() } else { format!("{text}\n{url}") }
}

/// The words in which a message leaves now, where it has a link instead of its files: a link that ended is made anew.
/// `None`: it leaves as its text.
pub fn words_anew(tx: &Tx<'_>, rules: &Rules, delivery: &Delivery, text: &str) -> Result<Option<String>, StoreError> {
    let link = tx.media_link_for(delivery.message, None, ForWhom::Peer)?.filter(|_| delivery.has_words);
    let Some(link) = link else { return Ok(None) };
    let token = match link.token {
        Some(token) => token,
        None => {
            let token = new_token();
            tx.renew_media_link(link.id, &token)?;
            token
        }
    };
    let base = rules.public_base_url.as_deref().unwrap_or_default();
    let words = with_link(text, &short_url(base, &token));
    tx.set_words(delivery.id, &words)?;
    Ok(Some(words))
}

/// A message leaves later, or once more: its files and their addresses are there for as long as that takes.
pub fn keep_files_until(
    tx: &Tx<'_>,
    rules: &Rules,
    message: MessageId,
    (leaves_at, expires_at): (Timestamp, Timestamp),
) -> Result<(), StoreError> {
    tx.need_attachments_at(message, leaves_at)?;
    tx.extend_media_links(message, expires_at.plus(FETCH_WITHIN).max(leaves_at.plus(rules.links_kept)))
}
