//! Addresses and networks: which are private or otherwise not the open Internet, and lists of networks from settings.
//! Who may be reached or believed is decided by those who ask (client.rs, forwarded.rs).

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A network as settings write it: `10.0.0.0/8`, `fd00::/8`, or one address alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network {
    base: IpAddr,
    prefix: u8,
}

/// What is wrong with a network in the settings.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is no network; write an address (192.0.2.7) or a network (192.0.2.0/24, 2001:db8::/32)")]
pub struct NetworkError(String);

impl Network {
    /// Whether `addr` lies in it. An IPv4 address in IPv6 clothes (`::ffff:a.b.c.d`) counts as the IPv4 address.
    pub fn contains(&self, addr: IpAddr) -> bool {
        match (self.base, addr.to_canonical()) {
            (IpAddr::V4(base), IpAddr::V4(addr)) => {
                (base.to_bits() ^ addr.to_bits()).checked_shr(32 - u32::from(self.prefix)).unwrap_or(0) == 0
            }
            (IpAddr::V6(base), IpAddr::V6(addr)) => {
                (base.to_bits() ^ addr.to_bits()).checked_shr(128 - u32::from(self.prefix)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }

    /// A network of one address.
    pub fn only(addr: IpAddr) -> Network {
        let base = addr.to_canonical();
        Network { base, prefix: if base.is_ipv4() { 32 } else { 128 } }
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Network, NetworkError> {
        let wrong = || NetworkError(text.to_owned());
        let Some((base, prefix)) = text.split_once('/') else {
            return text.parse().map(Network::only).map_err(|_| wrong());
        };
        let base: IpAddr = base.parse().map_err(|_| wrong())?;
        let prefix: u8 = prefix.parse().map_err(|_| wrong())?;
        if prefix > if base.is_ipv4() { 32 } else { 128 } {
            return Err(wrong());
        }
        Ok(Network { base, prefix })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.prefix)
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Network, D::Error> {
        String::deserialize(source)?.parse().map_err(de::Error::custom)
    }
}

impl Serialize for Network {
    fn serialize<S: Serializer>(&self, target: S) -> Result<S::Ok, S::Error> {
        target.collect_str(self)
    }
}

/// Why an address is not the open Internet, in words for an error; `None` for an ordinary public address.
///
/// IPv6 addresses that carry an IPv4 address (mapped, NAT64, 6to4, Teredo) are refused whole, whatever they carry:
/// no carrier lives there, and each is a way around a list of IPv4 networks.
pub fn not_public(addr: IpAddr) -> Option<&'static str> {
    match addr {
        IpAddr::V4(addr) => not_public_v4(addr),
        IpAddr::V6(addr) => not_public_v6(addr),
    }
}

/// Whether an address lies in networks that houses use inside (RFC 1918, RFC 4193): not this machine, not the link, not
/// what a provider put between.
pub fn in_the_house(addr: IpAddr) -> bool {
    matches!(not_public(addr), Some("private" | "unique local"))
}

fn not_public_v4(addr: Ipv4Addr) -> Option<&'static str> {
    match addr.octets() {
        [0, ..] => Some("unspecified"),
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Some("private"),
        [100, 64..=127, ..] => Some("carrier-grade NAT"),
        [127, ..] => Some("loopback"),
        [169, 254, ..] => Some("link-local"),
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Some("documentation"),
        [192, 0, 0, _] | [192, 88, 99, _] | [198, 18..=19, ..] => Some("reserved"),
        [224..=239, ..] => Some("multicast"),
        [240..=255, ..] => Some("reserved"),
        _ => None,
    }
}

fn not_public_v6(addr: Ipv6Addr) -> Option<&'static str> {
    match addr.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Some("unspecified"),
        [0, 0, 0, 0, 0, 0, 0, 1] => Some("loopback"),
        [0, 0, 0, 0, 0 | 0xffff, ..] => Some("IPv4-mapped"),
        [0x64, 0xff9b, ..] => Some("NAT64"),
        [0x100, 0, 0, _, ..] => Some("discard-only"),
        [0x2001, 0, ..] => Some("Teredo"),
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Some("documentation"),
        [0x2001, 0..=0x1ff, ..] => Some("reserved"),
        [0x2002, ..] => Some("6to4"),
        [0xfc00..=0xfdff, ..] => Some("unique local"),
        [0xfe80..=0xfebf, ..] => Some("link-local"),
        [0xfec0..=0xfeff, ..] => Some("site-local"),
        [0xff00..=0xffff, ..] => Some("multicast"),
        [0x2000..=0x3fff, ..] => None,
        _ => Some("reserved"),
    }
}

/// Private places that may be reached all the same: a GSM gateway in the LAN, a simulator on this machine.
#[derive(Clone, Debug, Default)]
pub struct AllowPrivate {
    hosts: Vec<String>,
    networks: Vec<Network>,
}

impl AllowPrivate {
    /// From a list as settings write it: networks, addresses and host names. What is no network is a host name.
    pub fn parse<'a>(entries: impl IntoIterator<Item = &'a str>) -> Result<AllowPrivate, NetworkError> {
        let mut allowed = AllowPrivate::default();
        for entry in entries.into_iter().map(str::trim) {
            match entry.parse() {
                Ok(network) => allowed.networks.push(network),
                Err(error) if entry.is_empty() || entry.contains(['/', ':', ' ']) => return Err(error),
                Err(_) => allowed.hosts.push(entry.trim_end_matches('.').to_ascii_lowercase()),
            }
        }
        Ok(allowed)
    }

    /// Whether `host`, found at `addr`, was named.
    pub fn lists(&self, host: &str, addr: IpAddr) -> bool {
        let host = host.trim_end_matches('.');
        self.hosts.iter().any(|known| known.eq_ignore_ascii_case(host))
            || self.networks.iter().any(|network| network.contains(addr))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addr(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn addresses_off_the_open_internet_are_known() {
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "10.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "192.88.99.1",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2001:20::1",
            "2002:7f00:1::",
            "3fff::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
            "4000::1",
            "5f00::1",
        ] {
            assert!(not_public(addr(text)).is_some(), "{text} is not the open Internet");
        }
    }

    #[test]
    fn a_house_s_own_network_is_neither_the_machine_nor_the_link() {
        for (text, inside) in [
            ("192.168.1.7", true),
            ("10.9.8.7", true),
            ("172.20.0.1", true),
            ("fd12:3456::1", true),
            ("127.0.0.1", false),
            ("::1", false),
            ("169.254.169.254", false),
            ("fe80::1", false),
            ("100.64.0.1", false),
            ("::ffff:192.168.1.7", false),
            ("8.8.8.8", false),
        ] {
            assert_eq!(in_the_house(addr(text)), inside, "{text}");
        }
    }

    #[test]
    fn public_addresses_pass() {
        for text in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "223.255.255.255",
            "2600::1",
            "2a00:1450:4001::1",
            "2001:4860:4860::8888",
            "2003::1",
        ] {
            assert_eq!(not_public(addr(text)), None, "{text}");
        }
    }

    #[test]
    fn a_network_holds_its_addresses_and_no_others() {
        let net: Network = "192.168.4.0/22".parse().unwrap();
        assert!(net.contains(addr("192.168.7.255")) && net.contains(addr("::ffff:192.168.4.1")));
        assert!(!net.contains(addr("192.168.8.0")) && !net.contains(addr("fd00::1")));

        let net: Network = "fd00::/8".parse().unwrap();
        assert!(net.contains(addr("fdff::1")) && !net.contains(addr("fe00::1")));

        let all: Network = "0.0.0.0/0".parse().unwrap();
        assert!(all.contains(addr("203.0.113.1")) && !all.contains(addr("::1")));
        assert!("10.0.0.1".parse::<Network>().unwrap().contains(addr("10.0.0.1")));
    }

    #[test]
    fn a_wrong_network_says_how_to_write_one() {
        for text in ["10.0.0.0/33", "::/129", "10.0.0/8", "host", "10.0.0.0/-1", ""] {
            let error = text.parse::<Network>().unwrap_err().to_string();
            assert!(error.contains("192.0.2.0/24"), "{error}");
        }
    }

    #[test]
    fn private_places_are_allowed_by_name_or_network() {
        let allowed = AllowPrivate::parse(["gsm-gateway.lan", "127.0.0.0/8", "fd00::5"]).unwrap();

        assert!(allowed.lists("GSM-Gateway.lan.", addr("192.168.1.7")));
        assert!(allowed.lists("anything", addr("127.0.0.1")));
        assert!(allowed.lists("anything", addr("fd00::5")));
        assert!(!allowed.lists("other.lan", addr("192.168.1.7")));
        assert!(AllowPrivate::parse(["10.0.0.0/99"]).is_err());
    }
}
