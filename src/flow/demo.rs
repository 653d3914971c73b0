//! Believable conversations, to look at: German and English, told as they would have happened in the last days.
//! They are filed by the flows that file real ones; only what would ring a phone or reach a carrier is settled at once.

use crate::carrier::dialect::InboundMessage;
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::DeliveryState;
use crate::domain::id::SessionId;
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::session::{Actor, SessionState};
use crate::domain::time::Timestamp;
use crate::flow::desk::{Desk, Rules};
use crate::flow::error::FlowError;
use crate::flow::inbound::{self, Inbound};
use crate::flow::send::{Outgoing, file_and_send};
use crate::flow::session::note_holder;
use crate::store::error::StoreError;
use crate::store::handle::Tx;
use crate::store::routing::OurNumber;
use std::time::Duration;

/// Who speaks in a line of a conversation.
enum Line {
    /// The customer.
    In(&'static str),
    /// An agent: which of those who may answer.
    Out(usize, &'static str, DeliveryState),
}

struct Conversation {
    peer: &'static str,
    name: &'static str,
    kind: ChannelKind,
    /// How many minutes ago it began.
    began_min_ago: u64,
    lines: &'static [Line],
    ended: bool,
}

use DeliveryState::{Delivered, Failed, Read, Undelivered};
use Line::{In, Out};

const CONVERSATIONS: &[Conversation] = &[
    Conversation {
        peer: "+4915550123001",
        name: "Sabine Krüger",
        kind: ChannelKind::Sms,
        began_min_ago: 4 * 24 * 60,
        lines: &[
            In("Guten Tag, ist mein Wagen schon fertig? Kennzeichen B-DE 4711."),
            Out(0, "Guten Tag Frau Krüger, der Wagen ist fertig. Sie können ihn bis 18 Uhr abholen.", Delivered),
            In("Wunderbar, ich komme gegen 17 Uhr. Was kostet es?"),
            Out(0, "Mit Ölwechsel 189,50 €. Kartenzahlung ist möglich.", Delivered),
            In("Danke! 👍"),
        ],
        ended: true,
    },
    Conversation {
        peer: "+15550100142",
        name: "Marcus Hill",
        kind: ChannelKind::Sms,
        began_min_ago: 2 * 24 * 60,
        lines: &[
            In("Hi, I'd like to move my appointment on Thursday. Anything on Friday morning?"),
            Out(1, "Hello Marcus, Friday 9:30 or 11:00 are free. Which one suits you?", Delivered),
            In("9:30 is perfect, thanks!"),
            Out(1, "Booked: Friday, 9:30. See you then!", Delivered),
        ],
        ended: false,
    },
    Conversation {
        peer: "+4915550123017",
        name: "Yusuf Demir",
        kind: ChannelKind::WhatsApp,
        began_min_ago: 26 * 60,
        lines: &[
            In("Hallo, könnt ihr mir das Angebot für die Fenster noch einmal schicken?"),
            Out(0, "Gern, Herr Demir. Ich schicke es Ihnen heute noch per E-Mail.", Read),
            In("Super. Sind die Rollläden da mit drin?"),
            Out(0, "Ja, elektrisch, alle sechs.", Read),
            In("Passt, dann melde ich mich morgen."),
        ],
        ended: false,
    },
    Conversation {
        peer: "+15550100177",
        name: "Emily Carter",
        kind: ChannelKind::WhatsApp,
        began_min_ago: 5 * 60,
        lines: &[
            In("Is the blue jacket still available in size M?"),
            Out(0, "Yes, two left. Shall I put one aside for you?", Read),
            In("Yes please! I'll come by after work ❤️"),
        ],
        ended: false,
    },
    Conversation {
        peer: "+4915550123025",
        name: "Heike Vogt",
        kind: ChannelKind::Sms,
        began_min_ago: 3 * 60,
        lines: &[
            In("Mein Paket ist nicht angekommen, Auftrag 20881."),
            Out(2, "Das tut mir leid, Frau Vogt. Ich frage beim Paketdienst nach und melde mich.", Undelivered),
        ],
        ended: false,
    },
    Conversation {
        peer: "+15550100119",
        name: "",
        kind: ChannelKind::Sms,
        began_min_ago: 95,
        lines: &[In("Do you deliver on Saturdays?"), Out(1, "Yes, between 8 am and 2 pm.", Failed)],
        ended: false,
    },
    Conversation {
        peer: "+4915550123033",
        name: "Familie Lindner",
        kind: ChannelKind::Sms,
        began_min_ago: 40,
        lines: &[
            In("Wir kommen heute zu sechst statt zu viert, geht das?"),
            In("Und hätten Sie einen Hochstuhl für unsere Kleine?"),
        ],
        ended: false,
    },
    Conversation {
        peer: "+15550100163",
        name: "Priya Shah",
        kind: ChannelKind::Sms,
        began_min_ago: 12,
        lines: &[In("Hello, what are your opening hours over the holidays?")],
        ended: false,
    },
];

/// Fills an installation that has no conversations yet; says how many were told.
pub async fn fill(desk: &Desk) -> Result<usize, FlowError> {
    let now = desk.now();
    let rules = desk.rules.clone();
    desk.store
        .write(move |tx| {
            if tx.any_session()? {
                return Ok(0);
            }
            let mut told = 0;
            for (index, conversation) in CONVERSATIONS.iter().enumerate() {
                if let Some(number) = tx.first_number_of(conversation.kind)? {
                    tell(tx, &rules, &number, conversation, index, now)?;
                    told += 1;
                }
            }
            Ok(told)
        })
        .await
}

fn tell(
    tx: &Tx<'_>,
    rules: &Rules,
    number: &OurNumber,
    told: &Conversation,
    index: usize,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut at = now.minus(Duration::from_secs(told.began_min_ago * 60));
    let peer = Address::parse(told.peer).expect("the demo's numbers are well formed");
    let mut session = None;
    for (step, line) in told.lines.iter().enumerate() {
        match line {
            In(text) => {
                let heard = InboundMessage {
                    kind: told.kind,
                    carrier_id: format!("demo-{index}-{step}"),
                    from: peer.clone(),
                    to: number.address.clone(),
                    text: (*text).to_owned(),
                    rich: None,
                    in_reply_to: None,
                    also: Vec::new(),
                    media: Vec::new(),
                    profile_name: Some(told.name.to_owned()).filter(|name| !name.is_empty()),
                    said_at: None,
                };
                if let Inbound::Filed(message) = inbound::take(tx, rules, number.trunk, &heard, at)? {
                    session = tx.message(message)?.map(|message| message.session);
                    session.map(|id| tx.phones_have(id, at)).transpose()?;
                }
            }
            Out(agent, text, state) => answer(tx, rules, session, (*agent, text, *state), at)?,
        }
        // Nobody answers on the second: a minute and some, growing, and never into the future.
        at = at.plus(Duration::from_secs(70 + 40 * step as u64)).min(now);
    }
    let Some(session) = session else { return Ok(()) };
    tx.phones_have(session, now)?;
    if told.ended
        && let Some(open) = tx.session(session)?
        && let Ok(ended) = open.ended(at)
    {
        tx.set_session_state(&ended)?;
        tx.note_step(session, crate::store::sessions::Step::Ended, Some("1001 Anna Berger"), None, None, at)?;
    }
    Ok(())
}

fn answer(
    tx: &Tx<'_>,
    rules: &Rules,
    session: Option<SessionId>,
    (agent, text, state): (usize, &str, DeliveryState),
    at: Timestamp,
) -> Result<(), StoreError> {
    let Some(before) = session.map(|id| tx.session(id)).transpose()?.flatten() else { return Ok(()) };
    let extension = match before.state {
        SessionState::Held { extension } => extension,
        SessionState::Waiting { queue } => {
            let agents = tx.queue_agents(queue)?;
            let Some(&extension) = agents.get(agent % agents.len().max(1)) else { return Ok(()) };
            extension
        }
        SessionState::Closed => return Ok(()),
    };
    let mode = before.queue.map(|queue| tx.queue_pick_up(queue)).transpose()?.flatten();
    let Ok(after) = before.clone().answered(extension, mode) else { return Ok(()) };
    let by = Actor { user: None, extension: Some(extension), name: tx.extension_label(extension)? };
    note_holder(tx, &before, &after, &by, at)?;
    let outgoing = Outgoing::text(&after, text.to_owned(), &by);
    let message = file_and_send(tx, rules, outgoing, at)?;
    let reason = match state {
        Undelivered => Some(Reason::of(ReasonCode::HandsetUnreachable).coded("30003")),
        Failed => Some(Reason::of(ReasonCode::Landline).coded("30006")),
        _ => None,
    };
    if let Some(delivery) = tx.delivery_to_peer(message)? {
        tx.settle(delivery.id, state, Some(&format!("demo-{message}")), reason.as_ref(), at)?;
    }
    Ok(())
}
