//! Where each carrier stands in the portal's list, and where our webhook address is entered at it.

/// Where a carrier is found and what is entered there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Where it stands in the list of carriers.
    pub group: Group,
    /// Where our address goes; empty: nowhere.
    pub paste: &'static [Paste],
}

/// The heading a carrier stands under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Mostly numbers of North America.
    NorthAmerica,
    /// Mostly numbers of Europe.
    Europe,
    /// Numbers of many countries.
    World,
    /// WhatsApp by itself.
    WhatsApp,
    /// SIP trunks and GSM gateways.
    Sip,
    /// Interfaces that the owner describes or writes.
    Own,
    /// To try things out.
    Trial,
}

impl Group {
    /// Every group, in the order of the list.
    pub const ALL: [Group; 7] =
        [Group::NorthAmerica, Group::Europe, Group::World, Group::WhatsApp, Group::Sip, Group::Own, Group::Trial];

    /// The word in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Group::NorthAmerica => "us",
            Group::Europe => "eu",
            Group::World => "world",
            Group::WhatsApp => "whatsapp",
            Group::Sip => "sip",
            Group::Own => "own",
            Group::Trial => "trial",
        }
    }
}

/// One place where our address is entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paste {
    /// What comes to it.
    pub what: What,
    /// Where, in English.
    pub english: &'static str,
    /// Where, in German.
    pub german: &'static str,
}

/// What comes to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// What peers write.
    Messages,
    /// What became of what we wrote.
    Reports,
    /// Both.
    All,
}

impl What {
    /// The word in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            What::Messages => "messages",
            What::Reports => "reports",
            What::All => "all",
        }
    }
}

const fn messages(english: &'static str, german: &'static str) -> Paste {
    Paste { what: What::Messages, english, german }
}

const fn reports(english: &'static str, german: &'static str) -> Paste {
    Paste { what: What::Reports, english, german }
}

const fn all(english: &'static str, german: &'static str) -> Paste {
    Paste { what: What::All, english, german }
}

/// The place of the carrier with this name.
pub fn place(name: &str) -> Place {
    use Group::{Europe, NorthAmerica, Own, Sip, Trial, WhatsApp, World};
    let (group, paste): (Group, &'static [Paste]) = match name {
        "twilio" => (
            World,
            const {
                &[messages(
                    "Console: the number (or its messaging service), A message comes in: Webhook, HTTP POST. Reports are asked for with each message.",
                    "Console: die Rufnummer (oder ihr Messaging Service), A message comes in: Webhook, HTTP POST. Berichte werden mit jeder Nachricht angefordert.",
                )]
            },
        ),
        "signalwire" => (
            NorthAmerica,
            const {
                &[messages(
                    "Space: Phone Numbers, the number, Messaging Settings, handle messages with: LaML Webhooks, POST. Reports are asked for with each message.",
                    "Space: Phone Numbers, die Rufnummer, Messaging Settings, handle messages with: LaML Webhooks, POST. Berichte werden mit jeder Nachricht angefordert.",
                )]
            },
        ),
        "telnyx" => (
            World,
            const {
                &[all(
                    "Mission Control: Messaging, the messaging profile of the number, Inbound settings, webhook URL, API v2.",
                    "Mission Control: Messaging, das Messaging-Profil der Rufnummer, Inbound settings, Webhook-URL, API v2.",
                )]
            },
        ),
        "bandwidth" => (
            NorthAmerica,
            const {
                &[all(
                    "Dashboard: Applications, the messaging application of the location: inbound and status callback URL.",
                    "Dashboard: Applications, die Messaging-Anwendung der Location: Inbound- und Status-Callback-URL.",
                )]
            },
        ),
        "vonage" | "vonage_sms" => (
            World,
            const {
                &[all(
                    "API Dashboard: Settings, SMS: inbound and delivery receipts, method POST-JSON; the number's own inbound address wins over it.",
                    "API Dashboard: Settings, SMS: Inbound und Delivery receipts, Methode POST-JSON; die eigene Adresse der Rufnummer geht vor.",
                )]
            },
        ),
        "vonage_messages" => (
            World,
            const {
                &[all(
                    "API Dashboard: Applications, the application, Messages: inbound URL and status URL.",
                    "API Dashboard: Applications, die Anwendung, Messages: Inbound-URL und Status-URL.",
                )]
            },
        ),
        "plivo" => (
            World,
            const {
                &[messages(
                    "Console: Messaging, Applications, the application of the number: message URL, POST. Reports are asked for with each message.",
                    "Console: Messaging, Applications, die Anwendung der Rufnummer: Message-URL, POST. Berichte werden mit jeder Nachricht angefordert.",
                )]
            },
        ),
        "sinch" => (
            World,
            const {
                &[all(
                    "Dashboard: SMS, APIs, the service plan: callback URL.",
                    "Dashboard: SMS, APIs, der Service-Plan: Callback-URL.",
                )]
            },
        ),
        "flowroute" => (
            NorthAmerica,
            const {
                &[
                    messages(
                        "Manage: Preferences, API control, SMS and MMS callback.",
                        "Manage: Preferences, API control, SMS- und MMS-Callback.",
                    ),
                    reports(
                        "Manage: Preferences, API control, delivery receipts.",
                        "Manage: Preferences, API control, Zustellberichte (DLR).",
                    ),
                ]
            },
        ),
        "bulkvs" => (
            NorthAmerica,
            const {
                &[messages(
                    "Portal: Messaging, webhooks; then choose that webhook at the number.",
                    "Portal: Messaging, Webhooks; danach diesen Webhook bei der Rufnummer wählen.",
                )]
            },
        ),
        "voipms" => (
            NorthAmerica,
            const {
                &[messages(
                    "Customer portal: Manage DIDs, the number, SMS/MMS URL callback, with its placeholders as the manual of Depesche shows them.",
                    "Kundenportal: Manage DIDs, die Rufnummer, SMS/MMS URL Callback, mit den Platzhaltern aus dem Handbuch von Depesche.",
                )]
            },
        ),
        "didww" => (
            World,
            const {
                &[all(
                    "User panel: SMS trunks: HTTP OUT of the number for messages, callback of the HTTP IN trunk for reports.",
                    "User Panel: SMS Trunks: HTTP OUT der Rufnummer für Nachrichten, Callback des HTTP-IN-Trunks für Berichte.",
                )]
            },
        ),
        "infobip" => (
            World,
            const {
                &[messages(
                    "Portal: Channels and numbers, Numbers, the number, keyword, forward to HTTP. Reports are asked for with each message.",
                    "Portal: Channels and Numbers, Numbers, die Rufnummer, Keyword, Forward to HTTP. Berichte werden mit jeder Nachricht angefordert.",
                )]
            },
        ),
        "messagebird" => (
            Europe,
            const {
                &[messages(
                    "Dashboard: Numbers, the number, flow: forward SMS to URL, POST. Reports are asked for with each message.",
                    "Dashboard: Numbers, die Rufnummer, Flow: Forward SMS to URL, POST. Berichte werden mit jeder Nachricht angefordert.",
                )]
            },
        ),
        "bird" => (
            World,
            const {
                &[all(
                    "Workspace: Developer, Webhooks: channel message events of the channel.",
                    "Workspace: Developer, Webhooks: Nachrichten-Ereignisse des Kanals.",
                )]
            },
        ),
        "clickatell" => (
            World,
            const {
                &[
                    messages(
                        "Portal: the integration, two-way messaging: reply callback.",
                        "Portal: die Integration, Two-way Messaging: Reply-Callback.",
                    ),
                    reports(
                        "Portal: the integration, delivery notifications.",
                        "Portal: die Integration, Delivery Notifications.",
                    ),
                ]
            },
        ),
        "sipgate" => (
            Europe,
            const {
                &[messages(
                    "Account: Webhooks, SMS. Or let this trunk fetch.",
                    "Konto: Webhooks, SMS. Oder die Leitung selbst abrufen lassen.",
                )]
            },
        ),
        "link" | "link_mobility" => (
            Europe,
            const {
                &[all(
                    "Web interface: API, message forwarding and notification address.",
                    "Weboberfläche: API, Weiterleitung eingehender Nachrichten und Adresse für Berichte.",
                )]
            },
        ),
        "seven" => (
            Europe,
            const {
                &[all(
                    "Login: Developer, Webhooks: inbound SMS and delivery status.",
                    "Login: Entwickler, Webhooks: eingehende SMS und Zustellstatus.",
                )]
            },
        ),
        "whatsapp" => (
            WhatsApp,
            const {
                &[all(
                    "Meta for Developers: the app, WhatsApp, Configuration, Callback URL with the verify token of this trunk; subscribe to messages and to what stands in the manual.",
                    "Meta for Developers: die App, WhatsApp, Konfiguration, Callback-URL mit dem Prüf-Token dieser Leitung; messages und die Felder aus dem Handbuch abonnieren.",
                )]
            },
        ),
        "generic" => (
            Own,
            const {
                &[all(
                    "Your provider's or your script's settings: where it posts messages and reports, as configs/carriers/generic.md says.",
                    "In den Einstellungen des Anbieters oder Skripts: wohin es Nachrichten und Berichte sendet, wie in configs/carriers/generic.md beschrieben.",
                )]
            },
        ),
        "custom" | "template" => (
            Own,
            const {
                &[all(
                    "Wherever your provider lets you enter an address for messages and reports.",
                    "Wo der Anbieter eine Adresse für Nachrichten und Berichte vorsieht.",
                )]
            },
        ),
        "simulator" => (Trial, &[]),
        sip if sip.starts_with("sip") && sip != "sipgate" => (Sip, &[]),
        _ => (
            World,
            const {
                &[all(
                    "In the carrier's portal, where it asks for the address of webhooks or callbacks.",
                    "Im Portal des Anbieters, wo nach der Adresse für Webhooks oder Callbacks gefragt wird.",
                )]
            },
        ),
    };
    Place { group, paste }
}
