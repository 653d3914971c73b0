//! `GET /live`: what changed, as it changes. Events carry kinds and ids, never contents; the browser fetches what it may
//! see. Nobody is told of sessions that are none of their business.

use crate::api::auth::{Who, login_token};
use crate::api::error::Problem;
use crate::api::state::ApiState;
use crate::bus::{Missed, Numbered};
use crate::domain::event::Event;
use crate::domain::id::{SessionId, UserId};
use crate::domain::secret::Secret;
use crate::flow::users;
use crate::store::error::StoreError;
use axum::extract::State;
use axum::response::sse::{self, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use http::HeaderMap;
use serde_json::json;
use std::collections::{HashMap, HashSet, VecDeque};
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

/// Live streams at once: beyond them a browser is told to try again.
const STREAMS_MAX: usize = 512;
/// Of one user: a browser needs one, whatever the number of its tabs.
const STREAMS_OF_USER_MAX: usize = 12;
/// Proxies and phones forget a connection that says nothing.
const PING_EVERY: Duration = Duration::from_secs(20);
/// A login that has ended is told nothing more after this.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Events that are looked at in one go.
const BATCH_MAX: usize = 64;
/// Sessions a stream remembers to have spoken of, so that it can say when they are gone.
const SPOKEN_OF_MAX: usize = 4_000;

/// Who has how many streams.
#[derive(Default)]
pub struct Streams(Mutex<HashMap<UserId, usize>>);

/// One place; given back when the stream ends.
struct Place {
    streams: Arc<Streams>,
    user: UserId,
}

impl Streams {
    fn take(self: &Arc<Streams>, user: UserId) -> Option<Place> {
        let mut places = self.0.lock().expect("nothing panics while places are counted");
        let taken: usize = places.values().sum();
        let own = places.entry(user).or_default();
        if taken >= STREAMS_MAX || *own >= STREAMS_OF_USER_MAX {
            return None;
        }
        *own += 1;
        Some(Place { streams: Arc::clone(self), user })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut places = self.streams.0.lock().expect("nothing panics while places are counted");
        if let Some(own) = places.get_mut(&self.user) {
            *own -= 1;
            if *own == 0 {
                places.remove(&self.user);
            }
        }
    }
}

/// What changed, as it changes.
#[utoipa::path(get, path = "/live", tag = "live", responses(
    (status = 200, content_type = "text/event-stream", body = String,
     description = "hello {version}; change {kind, ids, session?}; resync {}. Last-Event-ID replays what was missed."),
    (status = 503, body = Problem)))]
pub async fn live(State(state): State<ApiState>, who: Who, headers: HeaderMap) -> Result<Response, Problem> {
    let place = state.streams.take(who.known.user.id);
    let place = place.ok_or_else(|| {
        Problem::busy((
            "Too many live connections are open: close some tabs.",
            "Zu viele Live-Verbindungen sind offen: bitte einige Fenster schließen.",
        ))
    })?;
    let token = Secret::new(login_token(&headers).unwrap_or_default());
    let last_seen = headers.get("last-event-id").and_then(|id| id.to_str().ok()).map(|id| number_in(id, state.boot));
    let now_at = state.desk.bus.last();
    let (missed, events) = state.desk.bus.listen_since(match last_seen {
        None => now_at,
        Some(Some(number)) => number,
        Some(None) => u64::MAX,
    });

    let mut stream = Stream {
        spoken_of: HashSet::new(),
        waiting: VecDeque::new(),
        last: now_at,
        looked_at: state.desk.clock.monotonic(),
        events,
        who,
        token,
        state,
        _place: place,
    };
    stream.begin(missed).await?;
    let events = stream::unfold(stream, |mut stream| async move {
        let event = stream.next().await?;
        Some((Ok::<_, Infallible>(event), stream))
    });
    let mut response = Sse::new(events).into_response();
    response.headers_mut().insert("x-accel-buffering", http::HeaderValue::from_static("no"));
    Ok(response)
}

/// The number in an event's id, if the id is of this start of the house.
fn number_in(id: &str, boot: i64) -> Option<u64> {
    let (of, number) = id.split_once('-')?;
    (of == boot.to_string()).then(|| number.parse().ok()).flatten()
}

struct Stream {
    state: ApiState,
    who: Who,
    token: Secret,
    events: Receiver<Numbered>,
    /// Number of the newest event this stream has dealt with.
    last: u64,
    waiting: VecDeque<sse::Event>,
    /// When the login was last looked at.
    looked_at: Duration,
    spoken_of: HashSet<SessionId>,
    _place: Place,
}

/// Why a stream ends: its login is gone, or the store is.
struct Over;

impl From<StoreError> for Over {
    fn from(_: StoreError) -> Over {
        Over
    }
}

impl Stream {
    async fn begin(&mut self, missed: Missed) -> Result<(), Problem> {
        let busy = |_: Over| {
            Problem::busy((
                "The house is busy: try again in a moment.",
                "Es ist gerade zu viel los: bitte gleich noch einmal versuchen.",
            ))
        };
        self.remember_open().await.map_err(busy)?;
        let hello = json!({ "version": env!("CARGO_PKG_VERSION") });
        match missed {
            Missed::Events(events) => {
                let before = events.first().map_or(self.last, |first| first.number - 1);
                self.say("hello", &hello, before);
                self.last = events.last().map_or(self.last, |last| last.number);
                self.tell(&events).await.map_err(busy)?;
            }
            Missed::TooMuch => {
                self.say("hello", &hello, self.last);
                self.say("resync", &json!({}), self.last);
            }
        }
        Ok(())
    }

    /// The next thing to say; `None` ends the stream, and the browser comes back or finds that it must log in.
    async fn next(&mut self) -> Option<sse::Event> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            let clock = self.state.desk.clock.clone();
            let heard = tokio::select! {
                heard = self.events.recv() => Some(heard),
                () = clock.sleep(PING_EVERY) => None,
            };
            let went_well = match heard {
                Some(Ok(first)) => {
                    let batch = self.gather(first);
                    self.tell(&batch).await
                }
                Some(Err(RecvError::Lagged(_))) => self.resync().await,
                Some(Err(RecvError::Closed)) => Err(Over),
                None => {
                    self.waiting.push_back(sse::Event::default().comment("ping"));
                    self.look_at_login_again().await
                }
            };
            went_well.ok()?;
        }
    }

    fn gather(&mut self, first: Numbered) -> Vec<Numbered> {
        let mut batch = vec![first];
        while batch.len() < BATCH_MAX {
            let Ok(next) = self.events.try_recv() else { break };
            batch.push(next);
        }
        // What was replayed at the beginning does not come twice.
        batch.retain(|event| event.number > self.last);
        self.last = batch.last().map_or(self.last, |last| last.number);
        batch
    }

    async fn tell(&mut self, events: &[Numbered]) -> Result<(), Over> {
        let looked_lately = self.state.desk.clock.monotonic() < self.looked_at + LOOK_EVERY;
        if !looked_lately || events.iter().any(|event| event.event == Event::SettingsChanged) {
            self.look_at_login_again().await?;
        }
        let concern = self.those_that_concern(events).await?;
        for event in events {
            if let Some(data) = self.words(event.event, &concern) {
                self.say("change", &data, event.number);
            }
            // Alarms are counted, not kept: how a trunk or a source is may have raised or ended one.
            let may_alarm = matches!(
                event.event,
                Event::TrunkChanged { .. } | Event::SourceChanged { .. } | Event::TroublesChanged
            );
            if may_alarm && self.who.role().sees_all() {
                self.say("change", &json!({ "kind": "alarm", "ids": [] }), event.number);
            }
        }
        Ok(())
    }

    /// Of the sessions the events speak of: which may be seen now, and which had to do with these eyes before.
    async fn those_that_concern(&mut self, events: &[Numbered]) -> Result<Concern, Over> {
        let sessions: HashSet<SessionId> = events.iter().filter_map(|event| session_of(event.event)).collect();
        if sessions.is_empty() || self.who.role().sees_all() {
            return Ok(Concern { seen: sessions.clone(), touched: sessions });
        }
        let sight = self.who.sight();
        let asked = sessions.clone();
        let (seen, touched) = self
            .state
            .reader
            .read(move |snapshot| {
                let (mut seen, mut touched) = (HashSet::new(), HashSet::new());
                for session in asked {
                    if snapshot.sees_session(sight, session)? {
                        seen.insert(session);
                    } else if snapshot.concerns_session(sight, session)? {
                        touched.insert(session);
                    }
                }
                Ok::<_, StoreError>((seen, touched))
            })
            .await?;
        let mut concern = Concern { seen, touched };
        concern.touched.extend(sessions.intersection(&self.spoken_of));
        concern.touched.extend(&concern.seen);
        if self.spoken_of.len() > SPOKEN_OF_MAX {
            self.remember_open().await?;
        }
        self.spoken_of.extend(&concern.seen);
        Ok(concern)
    }

    fn words(&self, event: Event, concern: &Concern) -> Option<serde_json::Value> {
        let change = |kind: &str, ids: &[i64], session: Option<SessionId>| match session {
            Some(session) => json!({ "kind": kind, "ids": ids, "session": session }),
            None => json!({ "kind": kind, "ids": ids }),
        };
        match event {
            Event::MessageFiled { session, message } if concern.seen.contains(&session) => {
                Some(change("message", &[message.0], Some(session)))
            }
            Event::DeliveryChanged { session, message } | Event::AttachmentChanged { session, message }
                if concern.seen.contains(&session) =>
            {
                Some(change("delivery", &[message.0], Some(session)))
            }
            Event::SessionChanged { session } if concern.touched.contains(&session) => {
                Some(change("session", &[session.0], Some(session)))
            }
            Event::TrunkChanged { trunk } if self.who.role().sees_all() => Some(change("trunk", &[trunk.0], None)),
            Event::ExtensionChanged { extension } => Some(change("extension", &[extension.0], None)),
            Event::SettingsChanged => Some(change("settings", &[], None)),
            Event::CampaignChanged { campaign } if self.who.role().sees_all() => {
                Some(change("campaign", &[campaign.0], None))
            }
            Event::OptOutsChanged => Some(change("opt_outs", &[], None)),
            Event::ContactsChanged => Some(change("contacts", &[], None)),
            Event::SourceChanged { source } if self.who.role().sees_all() => Some(change("source", &[source.0], None)),
            Event::ImportChanged { import } if self.who.role().sees_all() => Some(change("import", &[import.0], None)),
            _ => None,
        }
    }

    async fn resync(&mut self) -> Result<(), Over> {
        self.last = self.state.desk.bus.last();
        self.remember_open().await?;
        self.say("resync", &json!({}), self.last);
        Ok(())
    }

    async fn remember_open(&mut self) -> Result<(), Over> {
        if self.who.role().sees_all() {
            return Ok(());
        }
        let sight = self.who.sight();
        let open = self
            .state
            .reader
            .read(move |snapshot| snapshot.open_sessions_seen(sight, u32::try_from(SPOKEN_OF_MAX / 2).unwrap_or(0)))
            .await?;
        self.spoken_of = open.into_iter().collect();
        Ok(())
    }

    /// A login that has ended ends its stream; a user who may see less from now on is told less.
    async fn look_at_login_again(&mut self) -> Result<(), Over> {
        let known = users::who(&self.state.reader, self.token.expose(), self.state.desk.now()).await;
        self.looked_at = self.state.desk.clock.monotonic();
        match known {
            Ok(Some(known)) => {
                self.who = Who { known, now: self.state.desk.now() };
                Ok(())
            }
            _ => Err(Over),
        }
    }

    fn say(&mut self, event: &str, data: &serde_json::Value, number: u64) {
        let id = format!("{}-{number}", self.state.boot);
        self.waiting.push_back(sse::Event::default().id(id).event(event).data(data.to_string()));
    }
}

struct Concern {
    seen: HashSet<SessionId>,
    touched: HashSet<SessionId>,
}

fn session_of(event: Event) -> Option<SessionId> {
    match event {
        Event::MessageFiled { session, .. }
        | Event::SessionChanged { session }
        | Event::DeliveryChanged { session, .. }
        | Event::AttachmentChanged { session, .. } => Some(session),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bounded_for_one_user_and_given_back() {
        let streams = Arc::new(Streams::default());
        let mut taken: Vec<_> = (0..STREAMS_OF_USER_MAX).filter_map(|_| streams.take(UserId(1))).collect();

        assert_eq!(taken.len(), STREAMS_OF_USER_MAX);
        assert!(streams.take(UserId(1)).is_none());
        assert!(streams.take(UserId(2)).is_some());
        taken.pop();
        assert!(streams.take(UserId(1)).is_some());
    }

    #[test]
    fn an_id_of_another_start_is_no_number_of_ours() {
        assert_eq!(number_in("17-5", 17), Some(5));
        assert_eq!(number_in("16-5", 17), None);
        assert_eq!(number_in("5", 17), None);
    }
}
