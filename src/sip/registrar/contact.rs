//! Contacts of a REGISTER: which are the same, and which are refused.

use crate::sip::message::{Source, Transport, Uri};
use std::net::IpAddr;

/// What we answer to, so that nobody registers us as his phone (T13).
#[derive(Clone, Debug, Default)]
pub struct Ourselves {
    /// Host names and domains, as they stand in URIs.
    pub names: Vec<String>,
    pub addresses: Vec<IpAddr>,
    /// The ports we listen on.
    pub ports: Vec<u16>,
}

/// Why a contact is refused, in plain words; None if it is not. A contact that is ourselves makes a loop; one on
/// the loopback, from elsewhere, would have us speak to our own machine.
pub fn objection(contact: &Uri, source: &Source, ourselves: &Ourselves) -> Option<&'static str> {
    let host = contact.host.trim_end_matches('.').to_ascii_lowercase();
    let address = contact.host_ip().map(|address| address.to_canonical());
    let from = source.addr.ip().to_canonical();
    let loopback = address.map_or(host == "localhost" || host.ends_with(".localhost"), |address| address.is_loopback());
    if loopback && !from.is_loopback() {
        return Some("the contact is on the loopback, and it did not come from there");
    }
    let nowhere = |address: IpAddr| match address {
        IpAddr::V4(v4) => v4.is_unspecified() || v4.is_multicast() || v4.is_broadcast(),
        IpAddr::V6(v6) => v6.is_unspecified() || v6.is_multicast(),
    };
    if address.is_some_and(nowhere) {
        return Some("the contact is not the address of a phone");
    }
    let our_address = |address: IpAddr| {
        let local = source.local.ip().to_canonical();
        // A phone on our own machine has our address, and a port of its own.
        ourselves.addresses.iter().any(|ours| ours.to_canonical() == address) || local == address
    };
    let our_name = ourselves.names.iter().any(|name| name.eq_ignore_ascii_case(&host));
    let transport = contact.param("transport").and_then(Transport::named).unwrap_or(source.transport);
    let port = contact.port.unwrap_or(transport.default_port());
    let our_port = ourselves.ports.contains(&port) || port == source.local.port();
    if (our_name || address.is_some_and(our_address)) && our_port {
        return Some("the contact is this server itself");
    }
    None
}

/// Whether two URIs are the same contact (RFC 3261 19.1.4).
pub fn is_same(one: &Uri, other: &Uri) -> bool {
    // These differ even if only one URI has them; all others only if both have them, with different values.
    const TELLING: [&str; 5] = ["user", "ttl", "method", "maddr", "transport"];
    let same_param = |name: &str| match (one.param(name), other.param(name)) {
        (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
        (None, None) => true,
        _ => !TELLING.iter().any(|telling| telling.eq_ignore_ascii_case(name)),
    };
    one.scheme == other.scheme
        && one.user_decoded() == other.user_decoded()
        && one.password == other.password
        && one.host.eq_ignore_ascii_case(&other.host)
        && one.port == other.port
        && one.params.iter().chain(other.params.iter()).all(|(name, _)| same_param(name))
        && one.headers == other.headers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::message::FlowId;

    fn uri(text: &str) -> Uri {
        text.parse().expect("a URI")
    }

    #[test]
    fn contacts_are_compared_as_rfc_3261_19_1_4_says() {
        for (one, other, same) in [
            ("sip:1001@192.0.2.1", "sip:%31001@192.0.2.1", true),
            ("sip:1001@Phone.example.com", "sip:1001@phone.example.com", true),
            ("sip:1001@192.0.2.1;ob", "sip:1001@192.0.2.1", true),
            ("sip:1001@192.0.2.1;line=a", "sip:1001@192.0.2.1;line=b", false),
            ("sip:1001@192.0.2.1;transport=TCP", "sip:1001@192.0.2.1;transport=tcp", true),
            ("sip:1001@192.0.2.1;transport=tcp", "sip:1001@192.0.2.1", false),
            ("sip:1001@192.0.2.1", "sip:1001@192.0.2.1:5060", false),
            ("sip:1001@192.0.2.1", "sips:1001@192.0.2.1", false),
            ("sip:1001@192.0.2.1", "sip:1002@192.0.2.1", false),
            ("sip:A@192.0.2.1", "sip:a@192.0.2.1", false),
        ] {
            assert_eq!(is_same(&uri(one), &uri(other)), same, "{one} and {other}");
            assert_eq!(is_same(&uri(other), &uri(one)), same, "{other} and {one}");
        }
    }

    #[test]
    fn ourselves_and_the_loopback_are_refused_as_contacts() {
        let source = |addr: &str| Source {
            transport: Transport::Udp,
            addr: addr.parse().expect("an address"),
            local: "192.0.2.2:5060".parse().expect("an address"),
            flow: FlowId(1),
        };
        let ourselves = Ourselves {
            names: vec!["pbx.example.com".into()],
            addresses: vec!["198.51.100.7".parse().expect("an address")],
            ports: vec![5060, 5061],
        };
        for (contact, from, refused) in [
            ("sip:1001@192.0.2.1:5060", "192.0.2.1:5060", false),
            ("sip:1001@10.0.0.7", "192.0.2.1:5060", false),
            ("sip:1001@127.0.0.1:5070", "192.0.2.1:5060", true),
            ("sip:1001@[::1]:5070", "192.0.2.1:5060", true),
            ("sip:1001@[::ffff:127.0.0.1]:5070", "192.0.2.1:5060", true),
            ("sip:1001@LOCALHOST.:5070", "192.0.2.1:5060", true),
            ("sip:1001@127.0.0.1:5070", "127.0.0.1:5070", false),
            ("sip:1001@0.0.0.0:5070", "127.0.0.1:5070", true),
            ("sip:1001@224.0.1.75", "192.0.2.1:5060", true),
            ("sip:1001@PBX.example.com", "192.0.2.1:5060", true),
            ("sip:1001@198.51.100.7:5061", "192.0.2.1:5060", true),
            ("sip:1001@198.51.100.7:5070", "192.0.2.1:5060", false),
            ("sip:1001@192.0.2.2", "192.0.2.1:5060", true),
        ] {
            assert_eq!(objection(&uri(contact), &source(from), &ourselves).is_some(), refused, "{contact} from {from}");
        }
    }
}
