//! Where a SIP URI leads (RFC 3263): NAPTR, then SRV, then addresses; literal addresses without DNS.
//! Bounded in time and number. `maddr` is not followed: a phone's Contact must not aim us at a third party (T13).

use super::message::{Hop, Scheme, Transport, Uri};
use hickory_resolver::TokioResolver;
use hickory_resolver::proto::rr::{RData, RecordType};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// All questions about one URI together take no longer.
const WITHIN: Duration = Duration::from_secs(5);
const HOPS_MAX: usize = 16;
const RECORDS_MAX: usize = 8;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    #[error("{0} is not a place that SIP can be sent to")]
    NotSip(String),
    #[error("{0}: the transport is none that we speak")]
    Transport(String),
    #[error("{0} has no address in DNS")]
    NoAddress(String),
    #[error("{0}: DNS did not answer; check the name servers in /etc/resolv.conf")]
    DnsSilent(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Naptr {
    order: u16,
    preference: u16,
    service: String,
    replacement: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Srv {
    priority: u16,
    weight: u16,
    target: String,
    port: u16,
}

/// DNS did not answer; that a name has no records is an empty list instead.
struct Silent;

/// The three questions that are asked of DNS.
trait Names: Sync {
    fn naptr(&self, name: &str) -> impl Future<Output = Result<Vec<Naptr>, Silent>> + Send;
    fn srv(&self, name: &str) -> impl Future<Output = Result<Vec<Srv>, Silent>> + Send;
    fn addresses(&self, name: &str) -> impl Future<Output = Result<Vec<IpAddr>, Silent>> + Send;
}

/// Asks the name servers of the system. Cheap to clone; answers are kept for as long as they allow.
#[derive(Clone)]
pub struct Resolver(TokioResolver);

impl Resolver {
    /// With the configuration in `/etc/resolv.conf` and `/etc/hosts`.
    pub fn system() -> Result<Resolver, String> {
        let resolver = TokioResolver::builder_tokio().and_then(|builder| builder.build());
        resolver.map(Resolver).map_err(|why| format!("the name servers in /etc/resolv.conf cannot be used: {why}"))
    }

    /// The hops to try in this order; never an empty list.
    pub async fn resolve(&self, uri: &Uri) -> Result<Vec<Hop>, ResolveError> {
        let silent = |_| ResolveError::DnsSilent(uri.host.clone());
        tokio::time::timeout(WITHIN, resolve(&self.0, uri)).await.map_err(silent)?
    }
}

/// The hop of a URI whose host is an address, without DNS; None where it is a name.
pub fn literal(uri: &Uri) -> Result<Option<Hop>, ResolveError> {
    let asked = asked_transport(uri)?;
    Ok(uri.host_ip().map(|ip| {
        let transport = asked.unwrap_or_else(|| default_transport(uri));
        Hop::new(transport, SocketAddr::new(ip, uri.port.unwrap_or(transport.default_port())))
    }))
}

async fn resolve(names: &impl Names, uri: &Uri) -> Result<Vec<Hop>, ResolveError> {
    if let Some(hop) = literal(uri)? {
        return Ok(vec![hop]);
    }
    let asked = asked_transport(uri)?;
    let mut hops = Vec::new();
    let mut is_silent = false;
    if uri.port.is_none() {
        is_silent = follow_services(names, uri, asked, &mut hops).await.is_err();
    }
    if hops.is_empty() {
        let transport = asked.unwrap_or_else(|| default_transport(uri));
        let port = uri.port.unwrap_or(transport.default_port());
        match names.addresses(&uri.host).await {
            Ok(addresses) => add(&mut hops, uri, transport, port, addresses),
            Err(Silent) => is_silent = true,
        }
    }
    match hops.is_empty() {
        false => Ok(hops),
        true if is_silent => Err(ResolveError::DnsSilent(uri.host.clone())),
        true => Err(ResolveError::NoAddress(uri.host.clone())),
    }
}

fn asked_transport(uri: &Uri) -> Result<Option<Transport>, ResolveError> {
    if !uri.is_sip() {
        return Err(ResolveError::NotSip(uri.to_string()));
    }
    let Some(name) = uri.param("transport") else { return Ok(None) };
    let transport = Transport::named(name).ok_or_else(|| ResolveError::Transport(uri.to_string()))?;
    match (&uri.scheme, transport) {
        (Scheme::Sips, Transport::Udp) => Err(ResolveError::Transport(uri.to_string())),
        (Scheme::Sips, _) => Ok(Some(Transport::Tls)),
        _ => Ok(Some(transport)),
    }
}

fn default_transport(uri: &Uri) -> Transport {
    if uri.scheme == Scheme::Sips { Transport::Tls } else { Transport::Udp }
}

/// RFC 3263 4.1 and 4.2: which services the domain names, and the hosts behind each.
async fn follow_services(
    names: &impl Names,
    uri: &Uri,
    asked: Option<Transport>,
    hops: &mut Vec<Hop>,
) -> Result<(), Silent> {
    let mut services = Vec::new();
    if asked.is_none() {
        let mut naptrs = names.naptr(&uri.host).await?;
        naptrs.sort_by_key(|naptr| (naptr.order, naptr.preference));
        let wanted =
            |naptr: Naptr| service_transport(uri, &naptr.service).map(|transport| (transport, naptr.replacement));
        services.extend(naptrs.into_iter().filter_map(wanted).take(RECORDS_MAX));
    }
    if services.is_empty() {
        let usual: &[Transport] = match asked {
            Some(ref asked) => std::slice::from_ref(asked),
            None if uri.scheme == Scheme::Sips => &[Transport::Tls],
            None => &[Transport::Udp, Transport::Tcp, Transport::Tls],
        };
        services.extend(usual.iter().map(|transport| (*transport, format!("{}.{}", srv_label(*transport), uri.host))));
    }
    for (transport, name) in services {
        for srv in in_turn(names.srv(&name).await?) {
            let addresses = names.addresses(&srv.target).await?;
            add(hops, uri, transport, srv.port, addresses);
        }
        if hops.len() >= HOPS_MAX {
            break;
        }
    }
    Ok(())
}

/// sips is reached over TLS alone.
fn service_transport(uri: &Uri, service: &str) -> Option<Transport> {
    let transport = match service.to_ascii_uppercase().as_str() {
        "SIP+D2U" => Transport::Udp,
        "SIP+D2T" => Transport::Tcp,
        "SIPS+D2T" => Transport::Tls,
        _ => return None,
    };
    (uri.scheme != Scheme::Sips || transport == Transport::Tls).then_some(transport)
}

fn srv_label(transport: Transport) -> &'static str {
    match transport {
        Transport::Udp => "_sip._udp",
        Transport::Tcp => "_sip._tcp",
        Transport::Tls => "_sips._tcp",
    }
}

/// The order of RFC 2782: by priority, and within one by lot, where weight is the number of lots.
fn in_turn(mut srvs: Vec<Srv>) -> Vec<Srv> {
    srvs.retain(|srv| !matches!(srv.target.as_str(), "" | "."));
    let mut lots: Vec<(Srv, f64)> = srvs
        .into_iter()
        .take(RECORDS_MAX)
        .map(|srv| {
            let lot = chance().powf(1.0 / (f64::from(srv.weight) + 0.01));
            (srv, lot)
        })
        .collect();
    lots.sort_by(|(a, a_lot), (b, b_lot)| a.priority.cmp(&b.priority).then(b_lot.total_cmp(a_lot)));
    lots.into_iter().map(|(srv, _)| srv).collect()
}

/// A number in (0, 1].
fn chance() -> f64 {
    let lot = getrandom::u32().expect("the system's random source answers");
    (f64::from(lot) + 1.0) / (f64::from(u32::MAX) + 1.0)
}

/// The certificate must be for the name in the URI, not for the one DNS led us to (RFC 5922 4).
fn add(hops: &mut Vec<Hop>, uri: &Uri, transport: Transport, port: u16, addresses: Vec<IpAddr>) {
    let tls_name = (transport == Transport::Tls).then(|| uri.host.clone());
    for address in addresses.into_iter().take(HOPS_MAX - hops.len().min(HOPS_MAX)) {
        let hop = Hop { tls_name: tls_name.clone(), ..Hop::new(transport, SocketAddr::new(address, port)) };
        if !hops.contains(&hop) {
            hops.push(hop);
        }
    }
}

impl Names for TokioResolver {
    async fn naptr(&self, name: &str) -> Result<Vec<Naptr>, Silent> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        ask(self, name, RecordType::NAPTR, |data| match data {
            RData::NAPTR(naptr) if naptr.flags.eq_ignore_ascii_case(b"s") => Some(Naptr {
                order: naptr.order,
                preference: naptr.preference,
                service: text(&naptr.services),
                replacement: naptr.replacement.to_utf8(),
            }),
            _ => None,
        })
        .await
    }

    async fn srv(&self, name: &str) -> Result<Vec<Srv>, Silent> {
        ask(self, name, RecordType::SRV, |data| match data {
            RData::SRV(srv) => {
                Some(Srv { priority: srv.priority, weight: srv.weight, target: srv.target.to_utf8(), port: srv.port })
            }
            _ => None,
        })
        .await
    }

    async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, Silent> {
        match self.lookup_ip(name).await {
            Ok(found) => Ok(found.iter().collect()),
            Err(why) if why.is_no_records_found() || why.is_nx_domain() => Ok(Vec::new()),
            Err(_) => Err(Silent),
        }
    }
}

/// Asks for a full name: no search domain has SIP services of its own.
async fn ask<T>(
    resolver: &TokioResolver,
    name: &str,
    kind: RecordType,
    pick: impl Fn(&RData) -> Option<T>,
) -> Result<Vec<T>, Silent> {
    let full = format!("{}.", name.trim_end_matches('.'));
    match resolver.lookup(full, kind).await {
        Ok(found) => Ok(found.answers().iter().filter_map(|record| pick(&record.data)).collect()),
        Err(why) if why.is_no_records_found() || why.is_nx_domain() => Ok(Vec::new()),
        Err(_) => Err(Silent),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[derive(Default)]
    struct Zone {
        naptr: HashMap<&'static str, Vec<Naptr>>,
        srv: HashMap<&'static str, Vec<Srv>>,
        addresses: HashMap<&'static str, Vec<IpAddr>>,
        is_dead: bool,
    }

    impl Zone {
        fn answer<T: Clone>(&self, from: &HashMap<&'static str, Vec<T>>, name: &str) -> Result<Vec<T>, Silent> {
            if self.is_dead { Err(Silent) } else { Ok(from.get(name).cloned().unwrap_or_default()) }
        }
    }

    impl Names for Zone {
        async fn naptr(&self, name: &str) -> Result<Vec<Naptr>, Silent> {
            self.answer(&self.naptr, name)
        }

        async fn srv(&self, name: &str) -> Result<Vec<Srv>, Silent> {
            self.answer(&self.srv, name)
        }

        async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, Silent> {
            self.answer(&self.addresses, name)
        }
    }

    fn naptr(order: u16, service: &str, replacement: &str) -> Naptr {
        Naptr { order, preference: 0, service: service.to_owned(), replacement: replacement.to_owned() }
    }

    fn srv(priority: u16, weight: u16, target: &str, port: u16) -> Srv {
        Srv { priority, weight, target: target.to_owned(), port }
    }

    /// example.com prefers TLS, then TCP; example.net has SRV alone; example.org nothing but an address.
    fn zone() -> Zone {
        let ip = |text: &str| vec![text.parse().unwrap()];
        Zone {
            naptr: HashMap::from([(
                "example.com",
                vec![naptr(20, "SIP+D2T", "_sip._tcp.example.com"), naptr(10, "SIPS+D2T", "_sips._tcp.example.com")],
            )]),
            srv: HashMap::from([
                ("_sip._tcp.example.com", vec![srv(2, 0, "b.example.com", 5070), srv(1, 0, "a.example.com", 5060)]),
                ("_sips._tcp.example.com", vec![srv(1, 0, "a.example.com", 5061)]),
                ("_sip._udp.example.net", vec![srv(1, 0, "a.example.com", 5080)]),
                ("_sip._tcp.example.net", vec![srv(1, 0, ".", 5060)]),
            ]),
            addresses: HashMap::from([
                ("a.example.com", ip("192.0.2.1")),
                ("b.example.com", ip("2001:db8::2")),
                ("example.org", ip("192.0.2.9")),
            ]),
            is_dead: false,
        }
    }

    async fn hops(uri: &str) -> Vec<String> {
        match resolve(&zone(), &uri.parse().unwrap()).await {
            Ok(hops) => hops.iter().map(ToString::to_string).collect(),
            Err(why) => vec![why.to_string()],
        }
    }

    #[tokio::test]
    async fn an_address_needs_no_dns() {
        for (uri, hop) in [
            ("sip:1001@192.0.2.7", "UDP:192.0.2.7:5060"),
            ("sip:1001@192.0.2.7:5070;transport=TCP", "TCP:192.0.2.7:5070"),
            ("sips:1001@[2001:db8::7]", "TLS:[2001:db8::7]:5061"),
            ("sips:1001@192.0.2.7;transport=tcp", "TLS:192.0.2.7:5061"),
            ("sip:1001@192.0.2.7;maddr=198.51.100.1", "UDP:192.0.2.7:5060"),
        ] {
            assert_eq!(hops(uri).await, [hop], "{uri}");
        }
    }

    #[tokio::test]
    async fn services_are_followed_in_the_order_the_domain_wants() {
        let all = ["TLS:192.0.2.1:5061", "TCP:192.0.2.1:5060", "TCP:[2001:db8::2]:5070"];

        assert_eq!(hops("sip:1001@example.com").await, all);
        assert_eq!(hops("sips:1001@example.com").await, all[..1]);
        assert_eq!(hops("sip:1001@example.com;transport=tcp").await, all[1..]);
        assert_eq!(hops("sip:1001@example.net").await, ["UDP:192.0.2.1:5080"]);
        assert_eq!(hops("sip:1001@example.org").await, ["UDP:192.0.2.9:5060"]);
        assert_eq!(hops("sip:1001@example.org:5099;transport=tls").await, ["TLS:192.0.2.9:5099"]);
    }

    #[tokio::test]
    async fn the_certificate_must_be_for_the_name_in_the_uri() {
        let hops = resolve(&zone(), &"sips:1001@example.com".parse().unwrap()).await.unwrap();

        assert_eq!(hops[0].tls_name.as_deref(), Some("example.com"));
    }

    #[tokio::test]
    async fn what_leads_nowhere_says_why() {
        for (uri, why) in [
            ("tel:+15550100", "tel:+15550100 is not a place that SIP can be sent to"),
            (
                "sip:a@example.com;transport=sctp",
                "sip:a@example.com;transport=sctp: the transport is none that we speak",
            ),
            ("sips:a@192.0.2.1;transport=udp", "sips:a@192.0.2.1;transport=udp: the transport is none that we speak"),
            ("sip:a@nowhere.example.com", "nowhere.example.com has no address in DNS"),
        ] {
            assert_eq!(hops(uri).await, [why]);
        }
        let dead = Zone { is_dead: true, ..Zone::default() };
        let silent = resolve(&dead, &"sip:a@example.com".parse().unwrap()).await;
        assert_eq!(silent, Err(ResolveError::DnsSilent("example.com".into())));
    }

    #[test]
    fn heavier_hosts_are_drawn_more_often_and_priority_comes_first() {
        let srvs = vec![srv(1, 90, "heavy", 1), srv(1, 10, "light", 1), srv(0, 0, "first", 1)];

        let heavy_before_light = (0..1000)
            .filter(|_| {
                let order = in_turn(srvs.clone());
                assert_eq!(order[0].target, "first");
                order[1].target == "heavy"
            })
            .count();

        assert!((800..980).contains(&heavy_before_light), "{heavy_before_light} of 1000");
    }
}
