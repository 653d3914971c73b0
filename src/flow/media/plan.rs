//! How files would go from one of our numbers to a peer: as files, as a link, or not at all, and within which bounds.
//! A pure decision over the channel's rules, what the carrier takes, and the two ends.

use crate::carrier::media_limits::MediaLimits;
use crate::domain::address::Address;
use crate::domain::channel::{ChannelKind, SenderClass};
use crate::domain::media::{FILES_MAX, FileFacts, FitWish, MediaFamily, MediaType};
use crate::domain::media_rules::Mms;
use crate::domain::message::TEXT_CHARS_MAX;
use crate::domain::reason::ReasonCode;
use crate::flow::media::outgoing::SentAs;
use crate::store::channel_media::MediaSender;

/// Most bytes of one file, whatever a channel says: the field's bound.
pub const FILE_BYTES_MAX: u64 = 100_000_000;
/// Characters beside a file on WhatsApp (Meta, messages reference of 2025-11).
const CAPTION_CHARS_MAX: usize = 1024;

/// How files would go.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// As what; `None`: not at all.
    pub sent_as: Option<SentAs>,
    /// Why not as files.
    pub why: Option<ReasonCode>,
    /// Files of one sending.
    pub files_max: usize,
    /// Files of one message: a sending of more becomes several.
    pub per_message: usize,
    /// Bytes of all of them.
    pub total_bytes_max: u64,
    /// The types that may be given, each with the bytes it must end within.
    pub types: Vec<(MediaType, u64)>,
    /// The types it may end as.
    pub taken: Vec<MediaType>,
    /// Types that are taken in one size only, as WhatsApp's stickers are: what has another becomes an ordinary picture.
    pub exact: Vec<Exact>,
    /// Types that can carry no text beside them.
    pub mute: Vec<MediaType>,
    /// Characters that can stand beside the files; more go before them as a message of their own.
    pub words_max: usize,
    /// Bytes of the files of one message, where a sending may become several.
    pub message_bytes_max: u64,
}

/// What the carrier takes.
#[derive(Clone, Copy, Debug)]
pub struct Takes<'a> {
    /// Of files; `None`: none.
    pub media: Option<&'a MediaLimits>,
    /// Of text, in characters.
    pub text_chars_max: usize,
}

/// A type that is taken in one size only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exact {
    /// The type.
    pub media_type: MediaType,
    /// Pixels across and down.
    pub pixels: (u32, u32),
    /// Most bytes.
    pub bytes_max: u64,
}

/// Decides. `link_chars`: how long a short address is; `None`: nobody reaches us from outside.
pub fn plan(sender: &MediaSender, carrier: Takes<'_>, to: &Address, link_chars: Option<usize>) -> Plan {
    match as_files(sender, carrier.media, to, link_chars.is_some()) {
        Ok(limits) => files(sender, limits, carrier.text_chars_max),
        Err(why) if sender.kind == ChannelKind::Sms && sender.rules.links_instead => match link_chars {
            // The link stands on a line of its own.
            Some(link) => links(sender, why, carrier.text_chars_max.min(TEXT_CHARS_MAX).saturating_sub(link + 1)),
            None => none(sender, ReasonCode::LinkNotPossible),
        },
        Err(why) => none(sender, why),
    }
}

/// Whether a number can send MMS at all, whoever it is to.
pub fn can_mms(sender: &MediaSender, carrier: Option<&MediaLimits>) -> bool {
    let Some(limits) = carrier.filter(|_| sender.kind == ChannelKind::Sms) else { return false };
    match sender.mms {
        Mms::No => false,
        Mms::Yes => true,
        Mms::Auto => {
            let classes = [SenderClass::LongCode, SenderClass::TollFree, SenderClass::ShortCode];
            // A short code has no country of its own: it is its carrier's.
            let at_home = sender.class == SenderClass::ShortCode || in_countries(sender, limits, &sender.address);
            classes.contains(&sender.class) && at_home
        }
    }
}

/// How files would go as files from a number that can send them, wherever they may; `None`: nowhere.
pub fn plan_as_files(sender: &MediaSender, carrier: Takes<'_>) -> Option<Plan> {
    let limits = carrier.media?;
    let can = sender.kind == ChannelKind::WhatsApp || can_mms(sender, carrier.media);
    can.then(|| files(sender, limits, carrier.text_chars_max))
}

/// How files would go as a link, wherever they go as one; `None`: nowhere.
pub fn plan_as_links(sender: &MediaSender, carrier: Takes<'_>, link_chars: Option<usize>) -> Option<Plan> {
    let link = link_chars.filter(|_| sender.kind == ChannelKind::Sms && sender.rules.links_instead)?;
    let words_max = carrier.text_chars_max.min(TEXT_CHARS_MAX).saturating_sub(link + 1);
    Some(links(sender, ReasonCode::MmsNotPossible, words_max))
}

fn as_files<'a>(
    sender: &MediaSender,
    carrier: Option<&'a MediaLimits>,
    to: &Address,
    has_public_url: bool,
) -> Result<&'a MediaLimits, ReasonCode> {
    let limits = carrier.ok_or(ReasonCode::MmsNotPossible)?;
    let can = match sender.kind {
        ChannelKind::WhatsApp => true,
        ChannelKind::Sms => can_mms(sender, carrier) && in_countries(sender, limits, to),
    };
    if !can {
        return Err(ReasonCode::MmsNotPossible);
    }
    if !limits.by_upload && !has_public_url { Err(ReasonCode::LinkNotPossible) } else { Ok(limits) }
}

/// Whether MMS may go to, or come from, the country of an address.
fn in_countries(sender: &MediaSender, limits: &MediaLimits, address: &Address) -> bool {
    let country = address.country();
    let among = |code: &str| country.as_deref() == Some(code);
    match &sender.rules.countries {
        Some(set) => set.iter().any(|code| among(code)),
        None => limits.countries().is_empty() || limits.countries().iter().any(|code| among(code)),
    }
}

fn files(sender: &MediaSender, limits: &MediaLimits, text_chars_max: usize) -> Plan {
    let (kind, rules) = (sender.kind, &sender.rules);
    let per_message = limits.count_max.clamp(1, rules.files_max());
    let bytes_max =
        |media_type| limits.bytes_max_of(media_type).map(|most| most.min(rules.bytes_max_of(kind, media_type)));
    let allowed = MediaType::ALL.iter().copied().filter(|one| rules.allows(kind, one.family()));
    let (exact, any): (Vec<MediaType>, Vec<MediaType>) =
        allowed.partition(|&media_type| limits.exact_pixels_of(media_type).is_some());
    let taken: Vec<(MediaType, u64)> = any.into_iter().filter_map(|one| Some((one, bytes_max(one)?))).collect();
    let exact = exact.into_iter().filter_map(|media_type| {
        Some(Exact { media_type, pixels: limits.exact_pixels_of(media_type)?, bytes_max: bytes_max(media_type)? })
    });
    let exact: Vec<Exact> = exact.collect();
    let whole = limits.total_bytes_max_from(sender.class) as u64;
    let mute = taken.iter().map(|(one, _)| *one).chain(exact.iter().map(|one| one.media_type));
    let total = rules.total_bytes_max(kind);
    Plan {
        sent_as: Some(SentAs::Files),
        why: None,
        files_max: rules.files_max(),
        per_message,
        total_bytes_max: if per_message < rules.files_max() { total } else { total.min(whole) },
        message_bytes_max: whole,
        words_max: match kind {
            ChannelKind::WhatsApp => CAPTION_CHARS_MAX,
            ChannelKind::Sms => text_chars_max,
        },
        types: givable(sender, &taken),
        mute: mute.filter(|&one| !limits.takes_caption(one)).collect(),
        exact,
        taken: taken.into_iter().map(|(media_type, _)| media_type).collect(),
    }
}

/// A picture of any type can become one that the carrier takes.
fn givable(sender: &MediaSender, taken: &[(MediaType, u64)]) -> Vec<(MediaType, u64)> {
    let picture = taken.iter().filter(|(one, _)| one.family() == MediaFamily::Picture).map(|(_, most)| *most).max();
    let wanted = |media_type: MediaType| {
        let own = taken.iter().find(|(one, _)| *one == media_type).map(|(_, most)| *most);
        let other = picture.filter(|_| media_type.family() == MediaFamily::Picture);
        own.or(other).map(|most| (media_type, most))
    };
    let allowed = |media_type: &&MediaType| sender.rules.allows(sender.kind, media_type.family());
    MediaType::ALL.iter().filter(allowed).filter_map(|&media_type| wanted(media_type)).collect()
}

fn links(sender: &MediaSender, why: ReasonCode, words_max: usize) -> Plan {
    let allowed = MediaType::ALL.iter().filter(|one| sender.rules.allows(sender.kind, one.family()));
    let types: Vec<(MediaType, u64)> = allowed.map(|&media_type| (media_type, FILE_BYTES_MAX)).collect();
    Plan {
        sent_as: Some(SentAs::Links),
        why: Some(why),
        files_max: sender.rules.files_max(),
        per_message: FILES_MAX,
        total_bytes_max: FILE_BYTES_MAX,
        taken: types.iter().map(|(media_type, _)| *media_type).collect(),
        types,
        exact: Vec::new(),
        mute: Vec::new(),
        words_max,
        message_bytes_max: FILE_BYTES_MAX,
    }
}

fn none(sender: &MediaSender, why: ReasonCode) -> Plan {
    Plan { sent_as: None, why: Some(why), ..links(sender, why, 0) }
}

impl Plan {
    /// What is wished of such a file; `None`: it may not be given.
    pub fn wish(&self, sender: &MediaSender, facts: &FileFacts, at_most: u64) -> Option<FitWish> {
        let media_type = facts.media_type;
        let wish = |types, bytes_max: u64| FitWish {
            bytes_max: bytes_max.min(at_most),
            types,
            strip_location: sender.rules.strip_location,
            active_pdf: sender.rules.active_pdf,
        };
        let size = facts.width.zip(facts.height);
        let is_exact =
            |one: &&Exact| one.media_type == media_type && size == Some(one.pixels) && facts.bytes <= one.bytes_max;
        if let Some(exact) = self.exact.iter().find(is_exact) {
            return Some(wish(vec![media_type], exact.bytes_max));
        }
        let (_, most) = self.types.iter().find(|(one, _)| *one == media_type)?;
        let picture = media_type.family() == MediaFamily::Picture;
        let among = |one: &&MediaType| if picture { one.family() == MediaFamily::Picture } else { **one == media_type };
        Some(wish(self.taken.iter().filter(among).copied().collect(), *most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carrier::media_limits::Taken;
    use crate::domain::id::{ChannelId, NumberId, TrunkId};
    use crate::domain::media_rules::ChannelMedia;

    fn sender(address: &str) -> MediaSender {
        MediaSender {
            number: NumberId(1),
            channel: ChannelId(1),
            trunk: TrunkId(1),
            address: Address::parse(address).expect("an address"),
            kind: ChannelKind::Sms,
            class: SenderClass::LongCode,
            mms: Mms::Auto,
            rules: ChannelMedia { countries: Some(vec!["US".into(), "CA".into()]), ..ChannelMedia::default() },
        }
    }

    fn limits(by_link: bool, by_upload: bool) -> MediaLimits {
        const TAKES: &[Taken] = &[Taken::of(&[MediaType::Jpeg, MediaType::Png, MediaType::Pdf], 1_000_000)];
        let limits = MediaLimits::of(TAKES, 10, 1_500_000);
        match (by_link, by_upload) {
            (true, true) => limits.or_by_upload(),
            (false, _) => limits.by_upload_alone(),
            (true, false) => limits,
        }
    }

    fn facts(media_type: MediaType) -> FileFacts {
        FileFacts { media_type, bytes: 1000, width: Some(512), height: Some(512), count: None }
    }

    fn takes(media: Option<&MediaLimits>) -> Takes<'_> {
        Takes { media, text_chars_max: 1600 }
    }

    #[test]
    fn words_leave_room_for_a_link_and_for_what_stands_beside_a_file() {
        let abroad = plan(&sender("+12125550100"), takes(None), &to("+4915550123456"), Some(33));
        assert_eq!(abroad.words_max, 1600 - 34);
        let whatsapp = MediaSender { kind: ChannelKind::WhatsApp, ..sender("+12125550100") };
        let limits = limits(true, true);
        assert_eq!(plan(&whatsapp, takes(Some(&limits)), &to("+4915550123456"), None).words_max, 1024);
    }

    fn to(address: &str) -> Address {
        Address::parse(address).expect("an address")
    }

    #[test]
    fn mms_goes_where_number_carrier_and_country_can_and_else_as_a_link() {
        let american = sender("+12125550100");
        let (links, uploads) = (limits(true, false), limits(false, true));
        let way = |sender: &MediaSender, limits: Option<&MediaLimits>, peer: &str, public: bool| {
            let plan = plan(sender, takes(limits), &to(peer), public.then_some(33));
            (plan.sent_as, plan.why)
        };

        assert_eq!(way(&american, Some(&links), "+14165550123", true), (Some(SentAs::Files), None));
        assert_eq!(way(&american, Some(&uploads), "+12125550199", false), (Some(SentAs::Files), None));
        let abroad = (Some(SentAs::Links), Some(ReasonCode::MmsNotPossible));
        assert_eq!(way(&american, Some(&links), "+4915550123456", true), abroad);
        assert_eq!(way(&american, None, "+12125550199", true), abroad);
        assert_eq!(way(&sender("+4915550123456"), Some(&links), "+12125550199", true), abroad);
        assert_eq!(
            way(&american, Some(&links), "+12125550199", false),
            (None, Some(ReasonCode::LinkNotPossible)),
            "a carrier that fetches needs an address to fetch from"
        );

        let strict = MediaSender { rules: ChannelMedia { links_instead: false, ..american.rules.clone() }, ..american };
        assert_eq!(way(&strict, Some(&links), "+4915550123456", true), (None, Some(ReasonCode::MmsNotPossible)));
        let told = MediaSender { mms: Mms::No, ..strict.clone() };
        assert_eq!(way(&told, Some(&links), "+12125550199", true), (None, Some(ReasonCode::MmsNotPossible)));
        let alpha = MediaSender { class: SenderClass::Alphanumeric, ..strict };
        assert!(!can_mms(&alpha, Some(&links)));
    }

    #[test]
    fn the_tighter_of_channel_and_carrier_counts() {
        let mut sender = sender("+12125550100");
        sender.rules.picture_bytes_max = Some(400_000);
        let plan = plan(&sender, takes(Some(&limits(true, true))), &to("+12125550199"), Some(33));

        assert_eq!((plan.files_max, plan.per_message, plan.total_bytes_max), (10, 10, 1_500_000));
        let wish = |media_type, at_most| plan.wish(&sender, &facts(media_type), at_most);
        assert_eq!(wish(MediaType::Jpeg, u64::MAX).expect("pictures go").bytes_max, 400_000);
        assert_eq!(wish(MediaType::Pdf, u64::MAX).expect("papers go").bytes_max, 600_000);
        assert_eq!(wish(MediaType::Mp4, u64::MAX), None, "films are not allowed on this channel");
        assert_eq!(wish(MediaType::Jpeg, 1000).expect("less").bytes_max, 1000);
        let webp = wish(MediaType::Webp, u64::MAX).expect("it becomes another picture");
        assert_eq!(webp.types, [MediaType::Jpeg, MediaType::Png]);
    }

    #[test]
    fn a_sticker_is_one_only_in_its_size() {
        const TAKES: &[Taken] = &[
            Taken::of(&[MediaType::Jpeg], 5_000_000),
            Taken::of(&[MediaType::Webp], 100_000).without_words().exactly(512, 512),
        ];
        let sender =
            MediaSender { kind: ChannelKind::WhatsApp, class: SenderClass::WhatsApp, ..sender("+12125550100") };
        let limits = MediaLimits::of(TAKES, 1, 5_000_000).to(&[]);
        let plan = plan(&sender, takes(Some(&limits)), &to("+12125550199"), Some(33));
        let types = |width| {
            let given = FileFacts { width: Some(width), ..facts(MediaType::Webp) };
            plan.wish(&sender, &given, u64::MAX).expect("it goes").types
        };

        assert_eq!((types(512), types(600)), (vec![MediaType::Webp], vec![MediaType::Jpeg]));
        assert_eq!((plan.per_message, &plan.mute[..]), (1, &[MediaType::Webp][..]));
    }
}
