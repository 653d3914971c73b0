//! What people and carriers do in a test, each in one line.

use crate::world::World;
use crate::world::house::{ANNAS, CARLA};
use depesche::carrier::dialect::{DeliveryReport, InboundMessage, Said};
use depesche::domain::address::Address;
use depesche::domain::channel::ChannelKind;
use depesche::domain::delivery::DeliveryState;
use depesche::domain::exchange::{Exchange, Purpose};
use depesche::domain::id::{ExtensionId, MessageId, SessionId, TrunkId};
use depesche::domain::message::Direction;
use depesche::domain::session::Actor;
use depesche::flow::error::FlowError;
use depesche::flow::reply::{PhoneAnswer, PhoneText, from_phone};
use depesche::flow::{phone, send, webhook};
use depesche::store::bindings::KeptBinding;
use depesche::store::heard::RequestKey;
use std::time::Duration;

/// A text from a customer.
pub fn text(id: &str, to: &str, text: &str) -> InboundMessage {
    InboundMessage {
        kind: ChannelKind::Sms,
        carrier_id: id.into(),
        from: address(CARLA),
        to: address(to),
        text: text.into(),
        rich: None,
        in_reply_to: None,
        also: Vec::new(),
        media: Vec::new(),
        profile_name: None,
        said_at: None,
    }
}

/// A carrier's word on a text of ours.
pub fn report(carrier_id: &str, state: DeliveryState) -> Said {
    Said::DeliveryReport(DeliveryReport { carrier_id: Some(carrier_id.into()), reference: None, state, reason: None })
}

/// A number.
pub fn address(text: &str) -> Address {
    Address::parse(text).expect("a number")
}

/// A request of a phone, by its Call-ID.
pub fn key(call_id: &str) -> RequestKey {
    RequestKey { call_id: call_id.into(), cseq: 1, from_tag: "tag".into(), said: [0; 32] }
}

impl World {
    /// The carrier calls with all of this in one webhook; answered when it is taken.
    pub async fn webhook(&self, trunk: TrunkId, said: Vec<Said>) -> Result<(), FlowError> {
        let exchange = Exchange {
            at: self.desk.now(),
            trunk: Some(trunk),
            extension: None,
            message: None,
            delivery: None,
            direction: Direction::In,
            purpose: Purpose::Webhook,
            took: Duration::ZERO,
            status: "200".into(),
            good: true,
            outcome: String::new(),
            request: String::new(),
            answer: String::new(),
        };
        webhook::take(&self.desk, trunk, said, exchange).await
    }

    /// A customer's text comes in.
    pub async fn hears(&self, message: InboundMessage) {
        self.webhook(self.house.trunk, vec![Said::Message(message)]).await.expect("the webhook is taken");
    }

    /// Carla writes to one of our numbers; the conversation it is filed in.
    pub async fn carla_writes(&self, to: &str, words: &str) -> SessionId {
        let id = format!("in-{}", self.count("SELECT count(*) FROM heard_webhooks") + 1);
        self.hears(text(&id, to, words)).await;
        self.quiet().await;
        self.last_session()
    }

    /// The carrier reports on a text of ours.
    pub async fn reports(&self, words: &str, state: DeliveryState) {
        let id = self.outside.carrier_id_of(words);
        self.webhook(self.house.trunk, vec![report(&id, state)]).await.expect("the webhook is taken");
        self.quiet().await;
    }

    /// A phone writes, for the first time.
    pub async fn phone_writes(&self, extension: ExtensionId, to: &str, words: &str) -> PhoneAnswer {
        let answer = self.phone_sends(extension, to, words, &format!("call of {words}")).await;
        self.quiet().await;
        answer.expect("the store takes it")
    }

    /// A phone sends a request with this Call-ID.
    pub async fn phone_sends(
        &self,
        extension: ExtensionId,
        to: &str,
        words: &str,
        call_id: &str,
    ) -> Result<PhoneAnswer, FlowError> {
        let said =
            PhoneText { wants_receipt: true, ..PhoneText::new(extension, to.into(), words.into(), key(call_id)) };
        from_phone(&self.desk, said).await
    }

    /// A phone registers, for an hour.
    pub async fn registers(&self, extension: ExtensionId) {
        self.outside.state().there.insert(extension);
        self.refreshes(extension).await;
        self.quiet().await;
    }

    /// A phone's registration comes in.
    pub async fn refreshes(&self, extension: ExtensionId) {
        let expires_at = self.desk.now().plus(Duration::from_secs(3600));
        let binding = KeptBinding { contact: format!("sip:{extension}@192.0.2.1"), binding: "{}".into(), expires_at };
        phone::registered(&self.desk, extension, vec![binding]).await.expect("the registration is kept");
    }

    /// A phone leaves.
    pub async fn leaves(&self, extension: ExtensionId) {
        self.outside.state().there.remove(&extension);
        phone::registered(&self.desk, extension, Vec::new()).await.expect("the leave is kept");
        self.quiet().await;
    }

    /// All phones register.
    pub async fn everyone_is_there(&self) {
        for extension in [self.house.anna, self.house.ben, self.house.cleo] {
            self.registers(extension).await;
        }
    }

    /// Somebody, acting with their extension.
    pub fn actor(&self, extension: ExtensionId) -> Actor {
        let name = self.text(&format!("SELECT number || ' ' || name FROM extensions WHERE id = {extension}"));
        Actor { user: None, extension: Some(extension), name }
    }

    /// Somebody without an extension.
    pub fn admin(&self) -> Actor {
        Actor { user: None, extension: None, name: "admin".into() }
    }

    /// Anna opens a conversation with Carla from her own number.
    pub async fn anna_writes(&self, words: &str) -> MessageId {
        let by = self.actor(self.house.anna);
        let id = format!("client id of {words}");
        let message =
            send::start(&self.desk, self.house.annas, address(CARLA), words.into(), id, by).await.expect("it is taken");
        self.quiet().await;
        message
    }

    /// Carla writes to Anna's own number.
    pub async fn carla_writes_to_anna(&self, words: &str) -> SessionId {
        self.carla_writes(ANNAS, words).await
    }
}
