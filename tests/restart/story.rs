//! A story is told again and again, and the power goes one step later each time; at the end the books, the carrier and the
//! phones must agree on it.

use crate::files::{self, Gives};
use crate::world::World;
use crate::world::house::{CARLA, DAVID};
use crate::world::outside::{Asked, Outside, Reply};
use crate::world::says::{address, report, text};
use depesche::carrier::dialect::{InboundMessage, Said};
use depesche::domain::delivery::DeliveryState;
use depesche::domain::id::ExtensionId;
use depesche::domain::session::Destination;
use depesche::flow::desk::Rules;
use depesche::flow::error::FlowError;
use depesche::flow::{send, session};
use futures_util::StreamExt;
use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

/// The longest story has fewer steps than this.
const STEPS_MAX: usize = 200;
/// How many worlds there are at once: each mostly waits.
const AT_ONCE: usize = 6;
/// How many steps after the first power cut the second one comes.
const SECOND_CUTS: [usize; 3] = [1, 2, 4];

/// Who does something.
#[derive(Clone, Copy, Debug)]
pub enum Who {
    Anna,
    Ben,
    Cleo,
}

/// Something that happens. Those who wait for an acknowledgement do it again until they have seen one.
#[derive(Clone, Debug)]
pub enum Act {
    /// The carrier calls: the id of the webhook, our number, the texts.
    Webhook(&'static str, &'static str, &'static [&'static str]),
    /// A phone writes to the customer: the text, the Call-ID.
    PhoneWrites(Who, &'static str, &'static str),
    /// Anna writes to the customer in the portal: the text, the portal's id for it.
    PortalWrites(&'static str, &'static str),
    /// The carrier calls: the id of the webhook, our number, the text, and the files it keeps for us.
    CustomerSends(&'static str, &'static str, &'static str, &'static [&'static str]),
    /// Files that are due are fetched.
    Fetches,
    /// How the carrier gives a file from now on.
    OnShelf(&'static str, Gives),
    /// From now on no files go to anybody as MMS.
    TakesNoMms,
    /// Anna puts a file here.
    Uploads(&'static str),
    /// Anna writes to the customer in the portal: the text, the portal's id for it, her uploads.
    PortalSends(&'static str, &'static str, &'static [&'static str]),
    /// A phone sends the customer a file: what it is called, the Call-ID.
    PhoneSends(Who, &'static str, &'static str),
    /// The carrier reports on a text, if it ever got it.
    Reports(&'static str, DeliveryState),
    /// A phone registers.
    Registers(Who),
    /// All do.
    EveryoneRegisters,
    /// Somebody picks the conversation up.
    PicksUp(Who),
    /// Anna gives the conversation away.
    TransfersTo(Who),
    /// Somebody ends the conversation.
    Ends(Who),
    /// The carrier will do this.
    CarrierDoes(Reply),
    /// Calls that are held go on.
    LetGo,
    /// Time goes by.
    Pass(Duration),
    /// The janitor comes round.
    Janitor,
}

/// What kind of carrier it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Carrier {
    /// Takes what it is given, and cannot be asked.
    Plain,
    /// Takes one key once.
    TakesAKeyOnce,
    /// Can be asked whether it took a text.
    CanBeAsked,
}

/// Where the power goes, in steps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cut {
    /// What was committed by this step is on the disk.
    After(usize),
    /// The commit of this step is not, but every file that was written before it.
    Before(usize),
}

/// What is left when a story has been told.
pub struct End<'w> {
    /// The world it was told in.
    pub world: &'w World,
    /// With this kind of carrier.
    pub carrier: Carrier,
    /// Told when something is not as it must be.
    pub when: String,
}

/// Tells a story without a power cut, then with one after each step, then with two.
pub async fn survives(story: &[Act], look: impl Fn(&End<'_>)) {
    survives_with(&Rules::default(), story, look).await;
}

/// The same under other rules.
pub async fn survives_with(rules: &Rules, story: &[Act], look: impl Fn(&End<'_>)) {
    let sends = |act: &Act| {
        matches!(act, Act::PhoneWrites(..) | Act::PortalWrites(..) | Act::PhoneSends(..) | Act::PortalSends(..))
    };
    let sends = story.iter().any(sends);
    let all = [Carrier::Plain, Carrier::TakesAKeyOnce, Carrier::CanBeAsked];
    for carrier in if sends { all.as_slice() } else { &all[..1] }.iter().copied() {
        let names = tell(rules, story, carrier, &[], &look).await;
        let steps = names.len();
        assert!(steps < STEPS_MAX, "{steps} steps: look whether the house turns on the spot");
        let once = (1..=steps).map(|cut| vec![Cut::After(cut)]);
        // Files are on the disk before the commit that speaks of them, and may be there without it.
        let is_lost = |cut: &usize| files::are_in(story) && names[cut - 1] == "commit";
        let lost = (1..=steps).filter(is_lost).map(|cut| vec![Cut::Before(cut)]);
        // A house that is cut off while it is still coming up.
        let twice =
            (1..=steps).step_by(3).map(|cut| vec![Cut::After(cut), Cut::After(SECOND_CUTS[cut % SECOND_CUTS.len()])]);
        let look = &look;
        let all = once.chain(lost).chain(twice);
        let tellings = all.map(|cuts| async move { tell(rules, story, carrier, &cuts, look).await });
        futures_util::stream::iter(tellings).buffer_unordered(AT_ONCE).collect::<Vec<_>>().await;
    }
}

/// Tells a story in a new world; the steps it took.
async fn tell(
    rules: &Rules,
    story: &[Act],
    carrier: Carrier,
    cuts: &[Cut],
    look: &impl Fn(&End<'_>),
) -> Vec<&'static str> {
    let bounded = tokio::time::timeout(Duration::from_secs(60), async {
        let mut world = World::begin_with(rules.clone()).await;
        be(&world.outside, carrier);
        let mut cuts = cuts.iter();
        let mut when = format!("{carrier:?}, no cut");
        plan(&world, cuts.next());
        for act in story {
            while !acknowledged(&world, act).await {
                rise(&mut world, &mut when, &mut cuts);
            }
            world.quiet().await;
            while world.stopper.is_stopped() {
                rise(&mut world, &mut when, &mut cuts);
                world.quiet().await;
            }
        }
        let steps = world.stopper.names();
        world.stopper.stop_never();
        come_to_an_end(&world, carrier).await;
        let end = End { world: &world, carrier, when };
        end.nobody_was_texted_twice();
        look(&end);
        if files::are_in(story) {
            files::agree(&world, &end.when).await;
        }
        world.finish().await;
        steps
    });
    bounded.await.unwrap_or_else(|_| panic!("{carrier:?}, cut after {cuts:?}: the story does not end"))
}

/// Time goes by until nothing more can happen by itself.
async fn come_to_an_end(world: &World, carrier: Carrier) {
    for _ in 0..5 {
        world.outside.let_go();
        world.quiet().await;
        let waits =
            world.count("SELECT count(*) FROM deliveries WHERE state IN ('queued', 'sending') AND line = 'carrier'");
        let uncertain = world.count("SELECT count(*) FROM deliveries WHERE state = 'uncertain'");
        if waits == 0 && (uncertain == 0 || carrier == Carrier::Plain) {
            return;
        }
        world.pass(Duration::from_secs(4 * 60)).await;
    }
}

fn be(outside: &Outside, carrier: Carrier) {
    let mut state = outside.state();
    state.idempotent = carrier == Carrier::TakesAKeyOnce;
    state.asked = if carrier == Carrier::CanBeAsked { Asked::Knows } else { Asked::Never };
}

fn plan(world: &World, cut: Option<&Cut>) {
    match cut {
        Some(Cut::After(steps)) => world.stopper.stop_after(*steps),
        Some(Cut::Before(steps)) => world.stopper.stop_before(*steps),
        None => world.stopper.stop_never(),
    }
}

fn rise<'c>(world: &mut World, when: &mut String, cuts: &mut impl Iterator<Item = &'c Cut>) {
    *when = format!("{when}; cut at step {} ({})", world.stopper.steps(), world.stopper.last_step());
    world.rise_again();
    plan(world, cuts.next());
}

/// Whether whoever did it saw an acknowledgement before the power went.
async fn acknowledged(world: &World, act: &Act) -> bool {
    let done = perform(world, act).await;
    if matches!(act, Act::CarrierDoes(_) | Act::OnShelf(..) | Act::LetGo | Act::Pass(_)) {
        // These happen outside, whatever the house does.
        return true;
    }
    if world.stopper.is_stopped() {
        return false;
    }
    done.unwrap_or_else(|error| panic!("{act:?}: {error}"));
    true
}

async fn perform(world: &World, act: &Act) -> Result<(), FlowError> {
    let id = |who: &Who| extension(world, *who);
    match act {
        Act::Webhook(carrier_id, to, texts) => {
            let said = texts.iter().map(|words| {
                Said::Message(InboundMessage { carrier_id: format!("{carrier_id} {words}"), ..text("", to, words) })
            });
            world.webhook(world.house.trunk, said.collect()).await
        }
        Act::PhoneWrites(who, words, call_id) => {
            let answer = world.phone_sends(id(who), CARLA, words, call_id).await?;
            assert_eq!(answer.status, 202, "{:?}", answer.warning);
            Ok(())
        }
        Act::PortalWrites(words, client_id) => {
            let by = world.actor(world.house.anna);
            let (number, to) = (world.house.annas, address(CARLA));
            send::start(&world.desk, number, to, (*words).into(), (*client_id).into(), by).await.map(drop)
        }
        Act::Reports(words, state) => {
            let id =
                world.outside.state().taken.iter().find(|taken| taken.text == *words).map(|taken| taken.id.clone());
            // A text that never reached the carrier is not reported on. One that is held will have the next id.
            let id = id.or_else(|| (world.outside.held() > 0).then(|| "carrier-1".to_owned()));
            match id {
                Some(id) => world.webhook(world.house.trunk, vec![report(&id, *state)]).await,
                None => Ok(()),
            }
        }
        Act::Registers(who) => {
            world.outside.state().there.insert(id(who));
            world.refreshes(id(who)).await;
            Ok(())
        }
        Act::EveryoneRegisters => {
            for who in [Who::Anna, Who::Ben, Who::Cleo] {
                world.outside.state().there.insert(extension(world, who));
                world.refreshes(extension(world, who)).await;
            }
            Ok(())
        }
        Act::PicksUp(who) => session::pick_up(&world.desk, world.last_session(), world.actor(id(who))).await,
        Act::TransfersTo(who) => {
            let to = Destination::Extension(id(who));
            session::transfer(&world.desk, world.last_session(), to, world.actor(world.house.anna)).await
        }
        Act::Ends(who) => {
            if world.session_state(world.last_session()) == "closed" {
                return Ok(());
            }
            session::end(&world.desk, world.last_session(), world.actor(id(who))).await
        }
        Act::OnShelf(name, gives) => {
            files::on_shelf(world, name, *gives);
            Ok(())
        }
        Act::CarrierDoes(reply) => {
            world.outside.carrier_does(reply.clone());
            Ok(())
        }
        Act::LetGo => {
            world.outside.let_go();
            Ok(())
        }
        Act::Pass(time) => {
            world.pass(*time).await;
            Ok(())
        }
        Act::Janitor => depesche::flow::janitor::round(&world.desk).await,
        Act::CustomerSends(..)
        | Act::Fetches
        | Act::TakesNoMms
        | Act::Uploads(_)
        | Act::PortalSends(..)
        | Act::PhoneSends(..) => files::perform(world, act).await,
    }
}

/// Whose extension it is.
pub fn extension(world: &World, who: Who) -> ExtensionId {
    match who {
        Who::Anna => world.house.anna,
        Who::Ben => world.house.ben,
        Who::Cleo => world.house.cleo,
    }
}

impl End<'_> {
    /// A text is filed so often.
    pub fn filed(&self, words: &str, times: i64) {
        let count = self.world.count(&format!("SELECT count(*) FROM messages WHERE text = '{words}'"));
        assert_eq!(count, times, "{words:?} is filed {count} times. {}", self.when);
    }

    /// A phone shows exactly these, in this order, each under one Call-ID.
    pub fn shown(&self, who: Who, words: &[&str]) {
        assert_eq!(self.world.outside.phone_shows(extension(self.world, who)), words, "{who:?}. {}", self.when);
    }

    /// Who has the conversation.
    pub fn session(&self, state: &str) {
        assert_eq!(self.world.session_state(self.world.last_session()), state, "{}", self.when);
    }

    /// The steps of the conversation.
    pub fn timeline(&self, steps: &[&str]) {
        assert_eq!(self.world.timeline(self.world.last_session()), steps, "{}", self.when);
    }

    /// How a text stands that ended well: `as_a_rule`, the customer having it; or, where nobody can know, `uncertain`.
    pub fn ends_well(&self, words: &str, as_a_rule: &str) {
        let (state, got) = (self.world.stands(words).0, self.world.outside.customer_got(words));
        let may_be_unknown = self.carrier == Carrier::Plain;
        match state.as_str() {
            "uncertain" if may_be_unknown => assert!(got <= 1, "{}", self.when),
            // Found out late that it had not been taken, and sent after the report on it would have come.
            "sent" if self.carrier == Carrier::CanBeAsked => assert_eq!(got, 1, "{}", self.when),
            _ => {
                let books = self.world.all_deliveries();
                assert_eq!((state.as_str(), got), (as_a_rule, 1), "{words:?}. {}\n{books}", self.when);
            }
        }
    }

    /// How a text stands.
    pub fn stands(&self, words: &str, state: &str) {
        assert_eq!(self.world.stands(words).0, state, "{words:?}. {}", self.when);
    }

    /// Texts that arrived arrived in this order.
    pub fn in_order(&self, words: &[&str]) {
        if self.carrier == Carrier::CanBeAsked {
            // What turns out not to have been taken goes again later than what was written after it.
            return;
        }
        let got = self.world.outside.customers_got();
        let places: Vec<_> = words.iter().filter_map(|words| got.iter().position(|text| text == words)).collect();
        assert!(places.is_sorted(), "{got:?}. {}", self.when);
    }

    /// No customer got a text twice, no phone a text under two Call-IDs, and nothing is left under way.
    fn nobody_was_texted_twice(&self) {
        let state = self.world.outside.state();
        let mut got = HashSet::new();
        for taken in &state.taken {
            assert!(got.insert((&taken.to, &taken.text)), "{:?} got {:?} twice. {}", taken.to, taken.text, self.when);
            assert_ne!(taken.to, DAVID, "nobody wrote to David");
        }
        let calls: BTreeSet<_> =
            state.shown.iter().map(|shown| (shown.extension, &shown.text, &shown.call_id)).collect();
        let texts: BTreeSet<_> = calls.iter().map(|(extension, text, _)| (extension, text)).collect();
        assert_eq!(calls.len(), texts.len(), "a text under two Call-IDs: {calls:?}. {}", self.when);
        drop(state);
        let left = self.world.count("SELECT count(*) FROM deliveries WHERE state = 'sending'");
        assert_eq!(left, 0, "{}", self.when);
    }
}
