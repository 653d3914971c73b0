//! The whole house on real sockets: a carrier over HTTP, a phone over SIP, and a clock that is turned by hand.

#[path = "app/carrier.rs"]
mod carrier;
#[path = "app/files.rs"]
mod files;
#[path = "app/phone.rs"]
mod phone;
#[path = "app/place.rs"]
mod place;
#[path = "app/portal.rs"]
mod portal;
#[path = "samples/mod.rs"]
mod samples;

use carrier::{Carrier, Mood};
use depesche::app::error::AppError;
use depesche::app::house::{House, Options};
use depesche::clock::Clock;
use depesche::config::load::Config;
use depesche::config::sheet::Variables;
use depesche::domain::time::Timestamp;
use phone::Phone;
use place::{BASE, PLAIN, Place, post, report, signed, text};
use std::net::SocketAddr;
use std::time::Duration;
use tokio_util::task::AbortOnDropHandle;

const CARLA: &str = "+15550100150";
/// No test takes longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// The house with its neighbours.
struct Town {
    place: Place,
    clock: Clock,
    house: Option<House>,
    carrier: Carrier,
    carrier_at: SocketAddr,
    listening: Option<AbortOnDropHandle<()>>,
    anna: Phone,
}

async fn in_town(test: impl AsyncFnOnce(&mut Town)) {
    in_town_with(None, test).await;
}

/// The same with files; these are settings of Anna's trunk, and `{carrier}` in them is where the carrier is.
async fn in_town_with(files: Option<&str>, test: impl AsyncFnOnce(&mut Town)) {
    let bounded = tokio::time::timeout(PATIENCE, async {
        let carrier = Carrier::new();
        let (carrier_at, listening) = carrier.listen(0).await;
        let files = files.map(|settings| settings.replace("{carrier}", &carrier_at.to_string()));
        let files = files.map(|settings| serde_json::from_str(&settings).expect("settings"));
        let place = Place::set_up_with(carrier_at, files).await;
        let anna = Phone::new("1001", &place.passwords[0]).await;
        let clock = Clock::by_hand(Timestamp(1_795_176_000_000));
        let mut town = Town { place, clock, house: None, carrier, carrier_at, listening: Some(listening), anna };
        town.start().await;
        test(&mut town).await;
        town.stop().await;
        assert_eq!(town.carrier.ledger().bad, Vec::<String>::new(), "every call was a good one");
        assert_eq!(town.place.count("SELECT count(*) FROM deliveries WHERE state = 'sending'"), 0);
    });
    bounded.await.expect("the test ends in time");
}

impl Town {
    async fn start(&mut self) {
        let house = self.start_with_helper(env!("CARGO_BIN_EXE_depesche-media-worker")).await;
        self.house = Some(house.expect("it starts"));
        self.carrier.ledger().shelves.door = Some((BASE.into(), self.house().public[0].address));
    }

    async fn start_with_helper(&self, media_worker: &str) -> Result<House, AppError> {
        let config = Config::load(Some(&self.place.settings()), Variables::new()).expect("good settings");
        let media_worker = media_worker.into();
        House::start(config, Options { trial: false, demo: false, clock: self.clock.clone(), media_worker }).await
    }

    async fn stop(&mut self) {
        if let Some(house) = self.house.take() {
            house.stop().await;
        }
    }

    fn house(&self) -> &House {
        self.house.as_ref().expect("it runs")
    }

    fn sip(&self) -> SocketAddr {
        self.house().sip[0].addr
    }

    /// A webhook to Anna's trunk, well signed.
    async fn webhook(&self, body: &str) -> Option<u16> {
        let headers = signed(body, self.clock.now());
        post(self.house().public[0].address, &self.place.hooks[0], &headers, body).await
    }

    async fn anna_registers(&self) {
        assert_eq!(self.anna.register(self.sip()).await, Some(200));
    }

    async fn anna_writes(&self, words: &str) {
        let answer = self.anna.write(self.sip(), CARLA, words).await.expect("an answer");
        assert_eq!(answer.status, 202, "{answer:?}");
    }

    /// Turns the clock, little by little, until something is so.
    async fn turn_until(&self, what: &str, most: Duration, is_so: impl Fn(&Town) -> bool) {
        let until = self.clock.monotonic() + most;
        while !is_so(self) {
            assert!(self.clock.monotonic() < until, "turned in vain until {what}");
            self.clock.advance(Duration::from_secs(1));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

#[tokio::test]
async fn a_text_comes_to_the_phone_and_its_answer_to_the_customer() {
    in_town(async |town| {
        town.anna_registers().await;

        assert_eq!(town.webhook(&text("in-1", CARLA, PLAIN, "Is my bike ready? \u{1f6b2}")).await, Some(200));
        town.place.until("the phone has it", |_| !town.anna.shown().is_empty()).await;
        let shown = town.anna.shown()[0].clone();
        assert_eq!((shown.from.as_str(), shown.text.as_str()), (CARLA, "Is my bike ready? \u{1f6b2}"));

        town.anna_writes("It is. Grüße!").await;
        town.place.until("it is sent", |place| place.stands("It is. Grüße!") == "sent").await;
        let taken = town.carrier.ledger().taken[0].clone();
        assert_eq!((taken.from.as_str(), taken.to.as_str(), taken.text.as_str()), (PLAIN, CARLA, "It is. Grüße!"));

        assert_eq!(town.webhook(&report(&taken.id, "delivered")).await, Some(200));
        assert_eq!(town.place.stands("It is. Grüße!"), "delivered");
    })
    .await;
}

#[tokio::test]
async fn a_phone_that_died_and_comes_back_on_another_port_has_the_text_within_seconds() {
    in_town(async |town| {
        town.anna_registers().await;
        let dead = std::mem::replace(&mut town.anna, Phone::new("1001", &town.place.passwords[0]).await);
        dead.is_silent(true);
        assert_eq!(town.webhook(&text("in-1", CARLA, PLAIN, "Are you there?")).await, Some(200));
        let under_way = "SELECT count(*) FROM deliveries WHERE state = 'sending'";
        town.place.until("the old place is tried", |place| place.count(under_way) == 1).await;

        town.anna_registers().await;
        let most = Duration::from_secs(5);
        town.turn_until("the phone has it where it is now", most, |town| !town.anna.shown().is_empty()).await;
        assert_eq!(town.anna.shows(), ["Are you there?"]);
        drop(dead);
        town.place.until("it is sent", |place| place.count(under_way) == 0).await;
    })
    .await;
}

#[tokio::test]
async fn a_phone_that_kept_silent_is_asked_now_and_then_and_has_its_text_when_it_answers() {
    in_town(async |town| {
        town.anna_registers().await;
        town.anna.is_silent(true);
        assert_eq!(town.webhook(&text("in-1", CARLA, PLAIN, "Hello?")).await, Some(200));
        // After four tries the pause is two minutes.
        let paused = "SELECT count(*) FROM deliveries WHERE state = 'queued' AND tries = 4";
        let most = Duration::from_secs(300);
        town.turn_until("four tries were in vain", most, |town| town.place.count(paused) == 1).await;
        assert_eq!(town.anna.shows(), Vec::<String>::new());

        town.anna.is_silent(false);
        let most = Duration::from_secs(45);
        town.turn_until("the phone has it", most, |town| !town.anna.shown().is_empty()).await;
        assert_eq!(town.anna.shows(), ["Hello?"]);
    })
    .await;
}

#[tokio::test]
async fn what_is_not_from_the_carrier_is_refused_and_leaves_no_trace() {
    in_town(async |town| {
        let (door, key) = (town.house().public[0].address, town.place.hooks[0].clone());
        let body = text("in-1", CARLA, PLAIN, "forged");
        let other = signed("another body", town.clock.now());
        let old = signed(&body, town.clock.now().minus(Duration::from_secs(600)));
        let nobody = depesche::domain::secret::Secret::new("0123456789abcdef0123456789abcdef");
        let good = signed(&body, town.clock.now());

        assert_eq!(post(door, &key, "", &body).await, Some(401));
        assert_eq!(post(door, &key, &other, &body).await, Some(403));
        assert_eq!(post(door, &key, &old, &body).await, Some(403));
        assert_eq!(post(door, &nobody, &good, &body).await, Some(404));
        assert_eq!(town.place.count("SELECT count(*) FROM messages"), 0);
        // Each refusal of a known trunk is a line in the channel log that says why; none says what was in it.
        assert_eq!(town.place.count("SELECT count(*) FROM exchanges WHERE status IN ('401', '403')"), 3);
        assert_eq!(town.place.count("SELECT count(*) FROM exchanges"), 3);

        assert_eq!(post(door, &key, &good, &body).await, Some(200));
        assert_eq!(post(door, &key, &good, &body).await, Some(200), "a repetition is thanked for");
        assert_eq!(town.place.count("SELECT count(*) FROM messages"), 1);
    })
    .await;
}

#[tokio::test]
async fn a_phone_is_still_found_after_a_restart() {
    in_town(async |town| {
        town.anna_registers().await;
        town.stop().await;
        town.start().await;

        assert_eq!(town.webhook(&text("in-1", CARLA, PLAIN, "Anyone?")).await, Some(200));

        town.place.until("the phone has it", |_| town.anna.shows() == ["Anyone?"]).await;
    })
    .await;
}

#[tokio::test]
async fn a_text_waits_for_the_phone_across_a_restart() {
    in_town(async |town| {
        assert_eq!(town.webhook(&text("in-1", CARLA, PLAIN, "first")).await, Some(200));
        town.stop().await;
        town.start().await;
        assert_eq!(town.webhook(&text("in-2", CARLA, PLAIN, "second")).await, Some(200));

        town.anna_registers().await;

        town.place.until("both are shown", |_| town.anna.shows() == ["first", "second"]).await;
    })
    .await;
}

#[tokio::test]
async fn a_phone_that_is_busy_gets_the_same_call_id_later() {
    in_town(async |town| {
        town.anna_registers().await;
        town.anna.answers(486);
        assert_eq!(town.webhook(&text("in-1", CARLA, PLAIN, "hello")).await, Some(200));
        town.place
            .until("it waits", |place| {
                place.count("SELECT count(*) FROM deliveries WHERE state = 'queued' AND tries = 1") == 1
            })
            .await;
        let call_id = town.place.texts("SELECT reference FROM deliveries").remove(0);

        town.turn_until("the phone has it", Duration::from_secs(60), |town| !town.anna.shown().is_empty()).await;

        let shown = town.anna.shown();
        assert_eq!(shown.len(), 1);
        assert!(shown[0].call_id == call_id && shown[0].cseq > 1, "{shown:?}");
    })
    .await;
}

#[tokio::test]
async fn a_carrier_that_hangs_leaves_it_uncertain_and_the_next_text_leaves() {
    in_town(async |town| {
        town.carrier.ledger().mood = Mood::Hangs;
        town.anna_writes("maybe").await;
        town.place.until("the carrier has it", |_| town.carrier.customer_got("maybe") == 1).await;

        town.turn_until("it is uncertain", Duration::from_secs(60), |town| town.place.stands("maybe") == "uncertain")
            .await;
        town.carrier.ledger().mood = Mood::Usual;
        town.anna_writes("next").await;
        town.place.until("it is sent", |place| place.stands("next") == "sent").await;

        assert_eq!(town.place.stands("maybe"), "uncertain");
        assert_eq!(town.carrier.customer_got("maybe"), 1);
    })
    .await;
}

#[tokio::test]
async fn a_carrier_that_babbles_leaves_it_uncertain() {
    in_town(async |town| {
        town.carrier.ledger().mood = Mood::Babbles;

        town.anna_writes("maybe").await;

        town.place.until("it is uncertain", |place| place.stands("maybe") == "uncertain").await;
        assert_eq!(town.carrier.customer_got("maybe"), 1);
    })
    .await;
}

#[tokio::test]
async fn a_carrier_that_is_away_for_an_hour_gets_it_when_it_is_back() {
    in_town(async |town| {
        town.carrier.ledger().mood = Mood::Down;
        town.anna_writes("one").await;
        town.place.until("it was tried", |place| place.count("SELECT max(tries) FROM deliveries") == 1).await;
        // Now it does not even listen.
        town.listening = None;
        for _ in 0..60 {
            town.clock.advance(Duration::from_secs(60));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        town.place.until("it waits", |place| place.stands("one") == "queued").await;

        town.carrier.ledger().mood = Mood::Usual;
        let (_, listening) = town.carrier.listen(town.carrier_at.port()).await;
        town.listening = Some(listening);
        town.turn_until("it is sent", Duration::from_secs(600), |town| town.place.stands("one") == "sent").await;

        assert_eq!(town.carrier.customer_got("one"), 1);
    })
    .await;
}

#[tokio::test]
async fn a_call_under_way_ends_before_the_house_does() {
    in_town(async |town| {
        town.carrier.ledger().mood = Mood::Slow(300);
        town.anna_writes("nearly").await;
        town.place.until("the carrier has it", |_| town.carrier.customer_got("nearly") == 1).await;

        town.stop().await;

        assert_eq!(town.place.stands("nearly"), "sent", "its answer was waited for");
        town.start().await;
        assert_eq!(town.carrier.customer_got("nearly"), 1);
    })
    .await;
}

#[tokio::test]
async fn without_the_helper_that_opens_files_it_does_not_start_and_says_what_to_do() {
    in_town(async |town| {
        town.stop().await;

        let started = town.start_with_helper("/nonexistent/helper").await;

        let said = started.err().expect("it does not start").to_string();
        assert!(said.starts_with("/nonexistent/helper: ") && said.contains("install the package again"), "{said}");
        town.start().await;
    })
    .await;
}
