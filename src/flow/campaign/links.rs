//! Links of a campaign that are counted: each recipient has their own, under this machine's own host. Where one leads is
//! written when the message is filed; nothing that is asked can change it (T37).

use crate::domain::event::Event;
use crate::domain::web_links;
use crate::flow::desk::Desk;
use crate::flow::error::FlowError;
use crate::flow::media::links::random_token;
use crate::store::short_links::{LinkTarget, ShortLink};
use std::ops::Range;

/// Characters of the secret part: 65 bits, and guesses are bounded at the door.
pub const TOKEN_CHARS: usize = 11;

/// The address of a link.
pub fn url(base: &str, token: &str) -> String {
    format!("{base}/l/{token}")
}

/// The secret part of a new link.
pub fn new_token() -> String {
    random_token(TOKEN_CHARS)
}

/// Whether it could be the secret part of a link.
pub fn is_token(text: &str) -> bool {
    text.len() == TOKEN_CHARS && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// A text whose addresses are counted, and its links; those a recipient has already are used again.
pub fn shorten(text: &str, foreign: &[Range<usize>], base: &str, known: &[ShortLink]) -> (String, Vec<ShortLink>) {
    let mut links: Vec<ShortLink> = Vec::new();
    let places = web_links::find(text, foreign);
    let text = web_links::replace(text, &places, |target| {
        let same = |link: &&ShortLink| link.target == target;
        let link = links.iter().find(same).or_else(|| known.iter().find(same)).cloned();
        let link = link.unwrap_or_else(|| ShortLink { token: new_token(), target: target.to_owned() });
        let address = url(base, &link.token);
        if !links.contains(&link) {
            links.push(link);
        }
        address
    });
    (text, links)
}

/// Where a link leads now; `None`: nowhere, or its time is up.
pub async fn target(desk: &Desk, token: &str) -> Result<Option<LinkTarget>, FlowError> {
    if !is_token(token) {
        return Ok(None);
    }
    let (token, now) = (token.to_owned(), desk.now());
    let found = desk.store.read(move |db| Ok::<_, FlowError>(db.short_link(&token)?)).await?;
    // Written by us, and looked at once more: only an address that a browser goes to.
    Ok(found.filter(|link| link.expires_at > now && web_links::leads(&link.target)))
}

/// Somebody opened a link. It is counted, and nobody waits for that.
pub async fn note_opened(desk: &Desk, token: String, link: LinkTarget) -> Result<(), FlowError> {
    let now = desk.now();
    desk.store
        .write_together(move |tx| {
            tx.count_click(&token, link.recipient, now)?;
            tx.emit(Event::CampaignChanged { campaign: link.campaign });
            Ok(())
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_link_is_never_the_same_and_its_text_says_whose_it_is() {
        let tokens: HashSet<String> = (0..1000).map(|_| new_token()).collect();
        assert!(tokens.len() == 1000 && tokens.iter().all(|token| is_token(token)));
        let known = [ShortLink { token: "0123456789a".into(), target: "https://b.example".into() }];

        let (text, links) =
            shorten("https://a.example, https://b.example, https://a.example", &[], "https://us.example", &known);

        assert_eq!(links.len(), 2);
        let [a, b] = [&links[0].token, &links[1].token];
        assert_eq!(b, "0123456789a", "a retry says the same");
        assert_eq!(text, format!("https://us.example/l/{a}, https://us.example/l/{b}, https://us.example/l/{a}"));
    }
}
