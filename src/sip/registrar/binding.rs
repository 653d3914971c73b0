//! A binding: one phone of a user, and the ways to it. Kept by the store over restarts.
//! Ways lead back to where the phone spoke from, never to a name or address it merely claims (T13).

use crate::domain::time::Timestamp;
use crate::sip::message::{FlowId, Hop, Scheme, Source, Transport, Uri};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// One contact of an address of record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// As the phone wrote it; see [`Binding::request_uri`].
    pub contact_uri: String,
    /// Where the phone, or the proxy before it, speaks from.
    pub received: SocketAddr,
    #[serde(with = "as_text::transport")]
    pub transport: Transport,
    /// The connection or socket it registered over; matches nothing after a restart.
    #[serde(with = "as_text::flow", default)]
    pub flow: Option<FlowId>,
    /// The proxies on the way, the nearest to us first (RFC 3327): the Route of what we send there.
    #[serde(default)]
    pub path: Vec<String>,
    pub call_id: String,
    pub cseq: u32,
    pub expires_at: Timestamp,
    #[serde(default)]
    pub user_agent: Option<String>,
    /// `+sip.instance` (RFC 5626): the same device, whatever its address.
    #[serde(default)]
    pub instance: Option<String>,
    #[serde(default)]
    pub reg_id: Option<String>,
    /// Preference in thousandths.
    #[serde(default)]
    pub q: Option<u16>,
    /// The media types it takes, from its Accept headers; None if it did not say.
    #[serde(default)]
    pub accepts: Option<Vec<String>>,
    /// The methods it takes, from its Contact or its Allow headers; None if it did not say.
    #[serde(default)]
    pub methods: Option<Vec<String>>,
}

impl Binding {
    /// The contact as a URI; None only if what was kept was changed since.
    pub fn uri(&self) -> Option<Uri> {
        self.contact_uri.parse().ok()
    }

    /// What a request to it names: the contact without what may not stand in a Request-URI (RFC 3261 19.1.1).
    pub fn request_uri(&self) -> Option<Uri> {
        let mut uri = self.uri()?;
        uri.headers = None;
        uri.params.remove("method");
        Some(uri)
    }

    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at <= now
    }

    /// The ways to it, the best first; never empty. No name is looked up: a contact's host is used only where it
    /// is the very address it spoke from.
    pub fn hops(&self) -> Vec<Hop> {
        let back = Hop { transport: self.transport, addr: self.received, tls_name: None, flow: self.flow };
        let next = self.path.first().and_then(|path| path.parse::<Uri>().ok()).or_else(|| self.uri());
        let claimed = next.and_then(|uri| self.claimed(&uri)).filter(|hop| *hop != Hop::new(back.transport, back.addr));
        match claimed {
            // It asks for another transport than it used: TCP for what is too long for UDP.
            Some(claimed) if claimed.transport != self.transport => vec![claimed, back],
            Some(claimed) => vec![back, claimed],
            None => vec![back],
        }
    }

    /// Where its next hop says it listens, if that is the host it spoke from. Over TCP and TLS a phone speaks
    /// from a passing port, and after a lost connection only this leads to it.
    fn claimed(&self, uri: &Uri) -> Option<Hop> {
        let address = uri.host_ip().filter(|address| address.to_canonical() == self.received.ip().to_canonical())?;
        let named = match uri.param("transport") {
            Some(name) => Transport::named(name)?,
            None if uri.scheme == Scheme::Sips => Transport::Tls,
            None => self.transport,
        };
        let transport = if uri.scheme == Scheme::Sips { Transport::Tls } else { named };
        // Never from TLS back to the open.
        let weaker = self.transport == Transport::Tls && transport != Transport::Tls;
        let port = uri.port.unwrap_or(transport.default_port());
        (!weaker).then(|| Hop::new(transport, SocketAddr::new(address, port)))
    }
}

/// Where to answer a phone that registered from `source`. Without `rport` in its Via it does not promise to listen
/// on the port it speaks from (RFC 3581): then its contact's port counts, on the same host.
pub fn received_from(source: &Source, contact: &Uri, has_rport: bool, has_path: bool) -> SocketAddr {
    let same_host = contact.host_ip().is_some_and(|address| address.to_canonical() == source.addr.ip().to_canonical());
    if source.transport == Transport::Udp && same_host && !has_rport && !has_path {
        return SocketAddr::new(source.addr.ip(), contact.port.unwrap_or(Transport::Udp.default_port()));
    }
    source.addr
}

mod as_text {
    pub mod transport {
        use crate::sip::message::Transport;
        use serde::{Deserialize, Deserializer, Serializer, de::Error};

        pub fn serialize<S: Serializer>(transport: &Transport, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_str(transport.as_str())
        }

        pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Transport, D::Error> {
            let name = String::deserialize(deserializer)?;
            Transport::named(&name).ok_or_else(|| D::Error::custom("not a transport: UDP, TCP or TLS"))
        }
    }

    pub mod flow {
        use crate::sip::message::FlowId;
        use serde::{Deserialize, Deserializer, Serialize, Serializer};

        pub fn serialize<S: Serializer>(flow: &Option<FlowId>, serializer: S) -> Result<S::Ok, S::Error> {
            flow.map(|flow| flow.to_string()).serialize(serializer)
        }

        pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<FlowId>, D::Error> {
            let text = Option::<String>::deserialize(deserializer)?;
            // A flow that cannot be read is a flow that is gone.
            Ok(text.and_then(|text| text.parse().ok()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binding(contact_uri: &str, transport: Transport, received: &str, path: &[&str]) -> Binding {
        Binding {
            contact_uri: contact_uri.into(),
            received: received.parse().expect("an address"),
            transport,
            flow: Some(FlowId(0x0123_4567_89ab_cdef)),
            path: path.iter().map(|uri| (*uri).to_owned()).collect(),
            call_id: "c1".into(),
            cseq: 1,
            expires_at: Timestamp(60_000),
            user_agent: None,
            instance: None,
            reg_id: None,
            q: Some(700),
            accepts: Some(vec!["text/plain".into()]),
            methods: None,
        }
    }

    fn ways(binding: &Binding) -> Vec<String> {
        let flow = |hop: &Hop| if hop.flow.is_some() { "back to" } else { "to" };
        binding.hops().iter().map(|hop| format!("{} {hop}", flow(hop))).collect()
    }

    #[test]
    fn a_phone_is_reached_where_it_spoke_from() {
        use Transport::{Tcp, Tls, Udp};
        let kamailio = &["sip:192.0.2.9;lr"][..];
        for (what, contact, transport, received, path, expected) in [
            (
                "plain UDP",
                "sip:1001@192.0.2.1:5062",
                Udp,
                "192.0.2.1:5062",
                &[][..],
                &["back to UDP:192.0.2.1:5062"][..],
            ),
            ("behind NAT", "sip:1001@10.0.0.7:5062", Udp, "192.0.2.1:31337", &[], &["back to UDP:192.0.2.1:31337"]),
            ("a name", "sip:1001@localhost:25", Udp, "192.0.2.1:31337", &[], &["back to UDP:192.0.2.1:31337"]),
            (
                "TCP",
                "sip:1001@192.0.2.1:5062;transport=tcp",
                Tcp,
                "192.0.2.1:40000",
                &[],
                &["back to TCP:192.0.2.1:40000", "to TCP:192.0.2.1:5062"],
            ),
            (
                "wants TCP",
                "sip:1001@192.0.2.1:5062;transport=TCP",
                Udp,
                "192.0.2.1:5062",
                &[],
                &["to TCP:192.0.2.1:5062", "back to UDP:192.0.2.1:5062"],
            ),
            (
                "TLS",
                "sips:1001@192.0.2.1",
                Tls,
                "192.0.2.1:40000",
                &[],
                &["back to TLS:192.0.2.1:40000", "to TLS:192.0.2.1:5061"],
            ),
            (
                "TLS to UDP",
                "sip:1001@192.0.2.1;transport=udp",
                Tls,
                "192.0.2.1:40000",
                &[],
                &["back to TLS:192.0.2.1:40000"],
            ),
            (
                "a proxy",
                "sip:1001@10.0.0.7",
                Tcp,
                "192.0.2.9:40000",
                kamailio,
                &["back to TCP:192.0.2.9:40000", "to TCP:192.0.2.9:5060"],
            ),
            (
                "WebSocket",
                "sip:1001@192.0.2.1;transport=ws",
                Tcp,
                "192.0.2.1:40000",
                &[],
                &["back to TCP:192.0.2.1:40000"],
            ),
        ] {
            assert_eq!(ways(&binding(contact, transport, received, path)), expected, "{what}");
        }
    }

    #[test]
    fn without_rport_the_contacts_port_counts_on_the_same_host() {
        let source = Source {
            transport: Transport::Udp,
            addr: "192.0.2.1:31337".parse().expect("an address"),
            local: "192.0.2.2:5060".parse().expect("an address"),
            flow: FlowId(1),
        };
        let received =
            |contact: &str, rport| received_from(&source, &contact.parse().expect("a URI"), rport, false).to_string();

        assert_eq!(received("sip:1001@192.0.2.1", true), "192.0.2.1:31337");
        assert_eq!(received("sip:1001@192.0.2.1", false), "192.0.2.1:5060");
        assert_eq!(received("sip:1001@10.0.0.7:5062", false), "192.0.2.1:31337");
    }

    #[test]
    fn a_contacts_headers_do_not_reach_the_request_line() {
        let binding =
            binding("sip:1001@192.0.2.1;method=INVITE;ob?Route=%3Csip:x%3E", Transport::Udp, "192.0.2.1:5060", &[]);

        assert_eq!(binding.request_uri().map(|uri| uri.to_string()).as_deref(), Some("sip:1001@192.0.2.1;ob"));
    }

    #[test]
    fn a_binding_survives_being_kept() {
        let binding = binding("sip:1001@192.0.2.1", Transport::Tls, "[2001:db8::1]:5061", &["sip:192.0.2.9;lr"]);

        let kept = serde_json::to_string(&binding).expect("a binding can be written");

        assert!(kept.contains("\"transport\":\"TLS\"") && kept.contains("\"flow\":\"0123456789abcdef\""), "{kept}");
        assert_eq!(serde_json::from_str::<Binding>(&kept).expect("and read"), binding);
    }
}
