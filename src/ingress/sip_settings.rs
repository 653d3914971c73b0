//! How the SIP door is set up, from the machine's settings.

use crate::config::sip::{DigestAlgorithm, Mode, Pbx, Sip};
use crate::domain::secret::Secret;
use crate::net::network::Network;
use crate::sip::digest::guesses::Patience;
use crate::sip::digest::hash::Algorithm;
use crate::sip::digest::server::Settings;
use crate::sip::message::uri::host_ip;
use crate::sip::registrar::contact::Ourselves;
use crate::sip::registrar::register::Rules;
use crate::sip::transport::Listening;
use std::net::IpAddr;
use std::time::Duration;

/// How the SIP door is set up.
#[derive(Clone, Debug)]
pub struct SipDoorSettings {
    /// How passwords are asked for.
    pub digest: Settings,
    /// What may be used for it, best first.
    pub algorithms: Vec<Algorithm>,
    /// What registrations are granted.
    pub rules: Rules,
    /// Names and addresses that are ours; an address of this machine is ours anyway.
    pub domains: Vec<String>,
    /// Who keeps the registrations.
    pub mode: DoorMode,
    /// Requests worked on at a time.
    pub at_once_max: usize,
}

/// Who keeps the registrations, and so: who may speak for an extension.
#[derive(Clone, Debug)]
pub enum DoorMode {
    /// Phones register here, and prove who they are.
    Registrar,
    /// A PBX speaks for its extensions.
    Pbx {
        /// Where its word is believed without a password.
        trusted: Vec<Network>,
        /// The name it proves itself with from elsewhere; empty: not at all.
        user: String,
        /// Its password.
        password: Secret,
    },
}

impl SipDoorSettings {
    /// From the machine's settings and the addresses that are listened on.
    pub fn new(sip: &Sip, pbx: &Pbx, listening: &[Listening]) -> SipDoorSettings {
        let mut digest = Settings::new(&sip.realm);
        digest.nonce_life = sip.nonce_lifetime;
        digest.without_qop = sip.digest_without_qop;
        let guesses_max = sip.bounds.failures_per_source_max;
        digest.patience = Patience { guesses_max, ..Patience::default() };
        let addresses: Vec<IpAddr> =
            listening.iter().map(|one| one.addr.ip()).filter(|ip| !ip.is_unspecified()).collect();
        let named = [&sip.domain, &sip.public_host].into_iter().flatten().cloned();
        let domains: Vec<String> = named.chain((sip.mode == Mode::Pbx).then(|| pbx.domain.clone()).flatten()).collect();
        let ourselves = Ourselves {
            names: domains.iter().filter(|name| host_ip(name).is_none()).cloned().collect(),
            addresses: addresses.iter().copied().chain(domains.iter().filter_map(|name| host_ip(name))).collect(),
            ports: listening.iter().map(|one| one.addr.port()).collect(),
        };
        let mode = match sip.mode {
            Mode::Registrar => DoorMode::Registrar,
            Mode::Pbx => {
                DoorMode::Pbx { trusted: pbx.trusted.clone(), user: pbx.user.clone(), password: pbx.password.clone() }
            }
        };
        SipDoorSettings {
            digest,
            algorithms: sip.digest_algorithms.iter().map(algorithm).collect(),
            rules: Rules {
                expires_min_s: whole_seconds(sip.expires.min),
                expires_default_s: whole_seconds(sip.expires.default),
                expires_max_s: whole_seconds(sip.expires.max),
                bindings_max: sip.bindings_per_extension_max,
                ourselves,
            },
            domains: domains.into_iter().chain(addresses.iter().map(ToString::to_string)).collect(),
            mode,
            at_once_max: 512,
        }
    }
}

fn algorithm(configured: &DigestAlgorithm) -> Algorithm {
    match configured {
        DigestAlgorithm::Md5 => Algorithm::Md5,
        DigestAlgorithm::Sha256 => Algorithm::Sha256,
    }
}

fn whole_seconds(span: Duration) -> u32 {
    u32::try_from(span.as_secs()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load::Config;
    use crate::config::sheet::Variables;

    #[test]
    fn what_the_machine_s_settings_say_of_passwords_holds() {
        let Config { mut sip, pbx, .. } = Config::load(None, Variables::new()).expect("the defaults are well");
        sip.digest_without_qop = true;
        sip.nonce_lifetime = Duration::from_secs(77);
        sip.bounds.failures_per_source_max = 7;

        let digest = SipDoorSettings::new(&sip, &pbx, &[]).digest;

        assert!(digest.without_qop);
        assert_eq!(digest.nonce_life, Duration::from_secs(77));
        assert_eq!((digest.patience.guesses_max, digest.patience.within), (7, Duration::from_secs(600)));
    }
}
