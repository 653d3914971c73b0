//! Nonces we know again without having kept them: the time, some chance, and a MAC over both and the asker's
//! network, under a key made at start. After a restart all are stale, and phones simply try again.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::net::IpAddr;
use std::time::Duration;
use subtle::ConstantTimeEq;

const TIME_BYTES: usize = 6;
const CHANCE_BYTES: usize = 6;
const MAC_BYTES: usize = 12;
const BYTES: usize = TIME_BYTES + CHANCE_BYTES + MAC_BYTES;

/// The network a request came from: an IPv4 address, or the /64 of an IPv6 address, which one host may roam in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network([u8; 8]);

impl Network {
    pub fn of(address: IpAddr) -> Network {
        match address.to_canonical() {
            // 0100::/64 is for discarding only (RFC 6666): no IPv6 source is ever mistaken for these.
            IpAddr::V4(v4) => {
                let [a, b, c, d] = v4.octets();
                Network([1, 0, 0, 0, a, b, c, d])
            }
            IpAddr::V6(v6) => {
                let [a, b, c, d, e, f, g, h, ..] = v6.octets();
                Network([a, b, c, d, e, f, g, h])
            }
        }
    }
}

/// Makes nonces and knows its own. Time is monotonic: a clock that jumps ends no registration (T43).
pub struct Mint {
    key: [u8; 32],
    life: Duration,
}

/// A nonce of ours, still alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Names it in the memory of uses.
    pub id: [u8; TIME_BYTES + CHANCE_BYTES],
    pub made: Duration,
}

impl Mint {
    pub fn new(life: Duration) -> Mint {
        let mut key = [0; 32];
        getrandom::fill(&mut key).expect("the system's random source answers");
        Mint { key, life }
    }

    pub fn make(&self, network: Network, now: Duration) -> String {
        let mut nonce = [0; BYTES];
        let time = u64::try_from(now.as_millis()).unwrap_or(u64::MAX).to_be_bytes();
        nonce[..TIME_BYTES].copy_from_slice(&time[8 - TIME_BYTES..]);
        getrandom::fill(&mut nonce[TIME_BYTES..TIME_BYTES + CHANCE_BYTES]).expect("the system's random source answers");
        let mac = self.mac(&nonce[..BYTES - MAC_BYTES], network);
        nonce[BYTES - MAC_BYTES..].copy_from_slice(&mac);
        URL_SAFE_NO_PAD.encode(nonce)
    }

    /// Whether we made this nonce for this network, not too long ago.
    pub fn know(&self, nonce: &str, network: Network, now: Duration) -> Option<Known> {
        let nonce: [u8; BYTES] = URL_SAFE_NO_PAD.decode(nonce).ok()?.try_into().ok()?;
        let (id, mac) = nonce.split_at(BYTES - MAC_BYTES);
        if !bool::from(self.mac(id, network).ct_eq(mac)) {
            return None;
        }
        let mut time = [0; 8];
        time[8 - TIME_BYTES..].copy_from_slice(&id[..TIME_BYTES]);
        let made = Duration::from_millis(u64::from_be_bytes(time));
        (now.saturating_sub(made) <= self.life).then_some(Known { id: id.try_into().ok()?, made })
    }

    fn mac(&self, id: &[u8], network: Network) -> [u8; MAC_BYTES] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes a key of any length");
        mac.update(id);
        mac.update(&network.0);
        let whole = mac.finalize().into_bytes();
        let mut cut = [0; MAC_BYTES];
        cut.copy_from_slice(&whole[..MAC_BYTES]);
        cut
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(address: &str) -> Network {
        Network::of(address.parse().expect("an address"))
    }

    #[test]
    fn a_nonce_is_known_again_until_it_is_too_old() {
        let mint = Mint::new(Duration::from_secs(300));
        let home = network("192.0.2.1");

        let nonce = mint.make(home, Duration::from_secs(10));

        assert_eq!(nonce.len(), 32);
        assert_eq!(
            mint.know(&nonce, home, Duration::from_secs(310)).map(|known| known.made),
            Some(Duration::from_secs(10))
        );
        assert_eq!(mint.know(&nonce, home, Duration::from_secs(311)), None);
    }

    #[test]
    fn a_nonce_is_worth_nothing_elsewhere_or_changed() {
        let mint = Mint::new(Duration::from_secs(300));
        let nonce = mint.make(network("192.0.2.1"), Duration::ZERO);
        let changed = nonce.replacen(&nonce[3..4], if &nonce[3..4] == "x" { "y" } else { "x" }, 1);

        assert_eq!(mint.know(&nonce, network("192.0.2.2"), Duration::ZERO), None);
        assert_eq!(mint.know(&changed, network("192.0.2.1"), Duration::ZERO), None);
        assert_eq!(Mint::new(Duration::from_secs(300)).know(&nonce, network("192.0.2.1"), Duration::ZERO), None);
        for strange in ["", "x", "=", &"A".repeat(32), &"A".repeat(33)] {
            assert_eq!(mint.know(strange, network("192.0.2.1"), Duration::ZERO), None);
        }
    }

    #[test]
    fn one_host_is_one_network() {
        assert_eq!(network("2001:db8::1"), network("2001:db8::ffff"));
        assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
    }
}
