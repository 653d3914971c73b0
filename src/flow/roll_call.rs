//! Who is there: phones that let a text wait are asked with OPTIONS, few at a time, and so is the PBX behind which they
//! are. Whoever answers gets what waits at once, not when the next try is due.

use crate::domain::id::ExtensionId;
use crate::domain::reason::{Reason, ReasonCode};
use crate::egress::pbx::{PbxPeer, Registration};
use crate::egress::phones::Phones;
use crate::flow::desk::Desk;
use crate::flow::troubles::{Part, Troubles};
use crate::sip::registrar::binding::Binding;
use crate::store::error::StoreError;
use std::collections::HashMap;
use std::time::Duration;

/// Phones asked in one round; those that wait longest come first, the others have their turn in the next.
const ROUND_MAX: u32 = 200;
/// A phone that answers and lets its text wait all the same is left to the pauses between tries for so long.
const AGAIN_AFTER: Duration = Duration::from_secs(600);
/// After a first silence the PBX is asked once more, soon, before anybody is told.
const SURE_AFTER: Duration = Duration::from_secs(5);
/// How often it is looked whether our registration at the PBX stands.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// How often who is asked.
#[derive(Clone, Copy, Debug)]
pub struct RollCall {
    /// From one round to the next; zero: phones are not asked.
    pub every: Duration,
    /// Phones asked in a second.
    pub per_s: u32,
}

/// Asks the phones that let texts wait, round after round, for as long as it is polled.
pub async fn phones(desk: Desk, phones: Phones, how: RollCall) {
    if how.every.is_zero() || phones.through_pbx() {
        return std::future::pending().await;
    }
    let mut answered = HashMap::new();
    loop {
        desk.clock.sleep(how.every).await;
        if let Err(error) = round(&desk, &phones, how, &mut answered).await {
            tracing::warn!(%error, "Phones that keep silent cannot be asked whether they are there: {error}");
        }
    }
}

async fn round(
    desk: &Desk,
    phones: &Phones,
    how: RollCall,
    answered: &mut HashMap<ExtensionId, Duration>,
) -> Result<(), StoreError> {
    let moment = desk.clock.monotonic();
    answered.retain(|_, at| moment.saturating_sub(*at) < AGAIN_AFTER);
    let now = desk.now();
    let silent = desk.store.read(move |db| db.silent_phones(now, ROUND_MAX)).await?;
    let asked: Vec<_> = silent.into_iter().filter(|id| !answered.contains_key(id)).collect();
    for some in asked.chunks(how.per_s.max(1) as usize) {
        let asking = some.iter().map(|&extension| async move {
            match is_there(desk, phones, extension).await {
                Ok(is_there) => is_there.then_some(extension),
                Err(error) => {
                    tracing::warn!(extension.id = %extension, %error, "Extension {extension} was not asked: {error}");
                    None
                }
            }
        });
        let there: Vec<_> = futures_util::future::join_all(asking).await.into_iter().flatten().collect();
        answered.extend(there.iter().map(|&extension| (extension, moment)));
        wake(desk, there).await?;
        desk.clock.sleep(Duration::from_secs(1)).await;
    }
    Ok(())
}

async fn is_there(desk: &Desk, phones: &Phones, extension: ExtensionId) -> Result<bool, StoreError> {
    let now = desk.now();
    let read =
        desk.store.read(move |db| Ok::<_, StoreError>((db.extension_number(extension)?, db.bindings(extension, now)?)));
    let (Some(number), kept) = read.await? else { return Ok(false) };
    let bindings: Vec<Binding> = kept.iter().filter_map(|kept| serde_json::from_str(&kept.binding).ok()).collect();
    // Not written down: it says nothing about a message, and would fill the channel log.
    Ok(phones.ping(extension, &number, &bindings).await.anybody())
}

async fn wake(desk: &Desk, extensions: Vec<ExtensionId>) -> Result<(), StoreError> {
    if extensions.is_empty() {
        return Ok(());
    }
    let now = desk.now();
    desk.store.write(move |tx| tx.wake_phones(&extensions, now)).await
}

/// Asks the PBX now and then for as long as it is polled, and notes where it keeps silent or does not let us register.
pub async fn pbx(desk: Desk, phones: Phones, troubles: Troubles) {
    let Some(pbx) = phones.pbx() else { return std::future::pending().await };
    tokio::join!(knock(&desk, pbx, &troubles), look_at_registration(&desk, pbx, &troubles));
}

async fn knock(desk: &Desk, pbx: &PbxPeer, troubles: &Troubles) {
    let Some(every) = pbx.keepalive() else { return std::future::pending().await };
    let mut silences = 0_u32;
    loop {
        match pbx.knock().await {
            Ok(()) if silences > 1 => {
                silences = 0;
                tracing::info!("The PBX answers again");
                troubles.note(&desk.bus, Part::Pbx, pbx.domain(), desk.now(), None);
                if let Err(error) = wake_all(desk).await {
                    tracing::warn!(%error, "What waits for the PBX waits for its next try: {error}");
                }
            }
            Ok(()) => silences = 0,
            Err(why) => {
                silences = silences.saturating_add(1);
                if silences == 2 {
                    tracing::warn!("The PBX does not answer: {why}; it is asked again and again");
                }
                if silences > 1 {
                    let reason = Reason::of(ReasonCode::PbxSilent).saying(&why);
                    troubles.note(&desk.bus, Part::Pbx, pbx.domain(), desk.now(), Some(reason));
                }
            }
        }
        desk.clock.sleep(if silences == 1 { SURE_AFTER.min(every) } else { every }).await;
    }
}

async fn wake_all(desk: &Desk) -> Result<(), StoreError> {
    let now = desk.now();
    let waiting = desk.store.read(move |db| db.phones_that_kept_silent(now, u32::MAX)).await?;
    wake(desk, waiting).await
}

async fn look_at_registration(desk: &Desk, pbx: &PbxPeer, troubles: &Troubles) {
    loop {
        let reason = match pbx.registration() {
            Registration::Failed(why) => Some(Reason::of(ReasonCode::PbxNotRegistered).saying(&why)),
            Registration::NotWanted | Registration::Trying | Registration::Registered => None,
        };
        troubles.note(&desk.bus, Part::PbxRegistration, pbx.domain(), desk.now(), reason);
        desk.clock.sleep(LOOK_EVERY).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::Bus;
    use crate::clock::Clock;
    use crate::config::sip::{Pbx, PbxAddress, PbxTransport};
    use crate::domain::secret::Secret;
    use crate::domain::time::Timestamp;
    use crate::egress::phones::{BehindPbx, PhonesMode, PhonesSettings};
    use crate::flow::desk::Rules;
    use crate::sip::endpoint::{Endpoint, EndpointSettings};
    use crate::sip::message::Transport;
    use crate::sip::resolve::Resolver;
    use crate::sip::transport::Listen;
    use crate::store::open::{StoreSettings, open};
    use std::net::{SocketAddr, UdpSocket};
    use std::sync::Arc;

    async fn endpoint(
        addr: SocketAddr,
        clock: Clock,
    ) -> (Endpoint, tokio::sync::mpsc::Receiver<crate::sip::endpoint::Incoming>) {
        let settings = EndpointSettings::new(vec![Listen { transport: Transport::Udp, addr }]);
        Endpoint::start(settings, clock).await.expect("loopback is there")
    }

    fn behind(pbx: SocketAddr) -> PhonesSettings {
        let pbx = Pbx {
            addresses: vec![PbxAddress { host: pbx.ip().to_string(), port: Some(pbx.port()) }],
            transport: PbxTransport::Udp,
            domain: Some("pbx.example.com".into()),
            user: String::new(),
            password: Secret::default(),
            trunk_secret: Secret::default(),
            register: false,
            register_expires: Duration::from_secs(600),
            keepalive: Duration::from_secs(60),
            trusted: Vec::new(),
        };
        let mode = PhonesMode::Pbx(Box::new(BehindPbx { pbx, resolver: Resolver::system().expect("readable") }));
        PhonesSettings { domain: "ours.example.com".into(), mode }
    }

    #[tokio::test]
    async fn a_pbx_that_keeps_silent_is_told_and_one_that_is_back_is_forgotten() {
        let (folder, clock) = (tempfile::tempdir().expect("a folder"), Clock::by_hand(Timestamp(1_795_176_000_000)));
        let settings = StoreSettings { folder: folder.path().into(), readers: 1, line_max: 16, key_file: None };
        let (store, _threads) = open(&settings, clock.now().0, Arc::new(|_: &[_]| ())).expect("opens");
        let desk = Desk { store, clock: clock.clone(), bus: Bus::new(), rules: Arc::new(Rules::default()) };
        let any: SocketAddr = "127.0.0.1:0".parse().expect("an address");
        let mute = UdpSocket::bind(any).expect("a port");
        let place = mute.local_addr().expect("bound");
        let (own, _requests) = endpoint(any, clock.clone()).await;
        let (phones, troubles) = (Phones::new(own, behind(place), clock.clone()), Troubles::default());
        let watching = tokio::spawn(pbx(desk.clone(), phones, troubles.clone()));

        let turn_until = async |is_so: &dyn Fn() -> bool| {
            for _ in 0..300 {
                if is_so() {
                    return;
                }
                clock.advance(Duration::from_secs(1));
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            panic!("turned in vain");
        };
        turn_until(&|| !troubles.all().is_empty()).await;
        let told = troubles.all();
        assert_eq!((told[0].part, told[0].reason.code), (Part::Pbx, ReasonCode::PbxSilent));
        assert_eq!(told[0].subject, "pbx.example.com");

        drop(mute);
        let (_back, mut requests) = endpoint(place, Clock::system()).await;
        let answering = tokio::spawn(async move {
            while let Some(one) = requests.recv().await {
                // Any answer shows that it is there.
                one.respond_with(403).await;
            }
        });
        turn_until(&|| troubles.all().is_empty()).await;
        watching.abort();
        answering.abort();
    }
}
