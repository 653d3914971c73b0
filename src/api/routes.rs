//! The whole API on one page. Each handler says its path and its answers; here is the order of the house.

use crate::api::error::Problem;
use crate::api::guard::{bind_browser, refuse_foreign_writes};
use crate::api::state::ApiState;
use crate::api::{
    alarms, attachments, audit, campaign_content, campaign_export, campaign_lists, campaign_results, campaigns,
    channels, connect, consent, contact_sources, contacts, contacts_export, extensions, health, imports, live, log,
    login, media_rules, messages, numbers, opt_outs, people, phonebooks, portal, queues, reasons, rich, search,
    sending, sessions, simulator, templates, trunks, uploads, users,
};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::openapi::schema::{ArrayItems, Schema};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{OpenApi, Path};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};
use utoipa_axum::{PathItemExt, routes};

/// Where the API lives.
const BASE: &str = "/api/v1";
/// Largest request; files come another way, see `uploads`.
const BODY_BYTES_MAX: usize = 1 << 20;
/// Where files come: larger and slower than anything else.
pub const FILE_PATHS: &[&str] =
    &["/api/v1/uploads", "/api/v1/imports", "/api/v1/campaigns/*/lists", "/api/v1/opt-outs/import"];

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Depesche",
        description = "The private API of the portal. Times are milliseconds since 1970 UTC. Every write carries the \
                       header X-Depesche. Errors are application/problem+json with a stable code.",
        license(name = "MIT OR Apache-2.0")
    ),
    servers((url = "/api/v1"))
)]
struct Contract;

/// The private door: API, portal, health.
pub fn router(state: ApiState) -> Router {
    let routes = api(Served(Router::new()));
    let routes = routes
        .0
        .fallback(|| async { Problem::not_found("path in the API").into_response() })
        .method_not_allowed_fallback(|| async { Problem::wrong_method().into_response() })
        .layer(from_fn_with_state(state.clone(), audit::note_settings))
        .layer(from_fn(refuse_foreign_writes))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX));
    Router::new()
        .nest(BASE, routes)
        .route("/healthz", get(health::healthz))
        .fallback(portal::portal)
        .layer(CatchPanicLayer::custom(|_| Problem::panicked().into_response()))
        .layer(from_fn(bind_browser))
        .with_state(state)
}

/// The contract, as `depesche openapi` prints it.
pub fn openapi() -> String {
    let (_, mut contract) = api(OpenApiRouter::with_openapi(Contract::openapi())).split_for_parts();
    contract.info.version = env!("CARGO_PKG_VERSION").to_owned();
    name_operations(&mut contract);
    name_items(&mut contract);
    let mut text = contract.to_pretty_json().expect("a contract made of plain data is JSON");
    text.push('\n');
    text
}

/// An operation is called after its part and its function: `sessions_list`, `queues_list`.
fn name_operations(contract: &mut utoipa::openapi::OpenApi) {
    for path in contract.paths.paths.values_mut() {
        let methods = [&mut path.get, &mut path.post, &mut path.put, &mut path.patch, &mut path.delete];
        for operation in methods.into_iter().filter_map(Option::as_mut) {
            let tag = operation.tags.as_ref().and_then(|tags| tags.first());
            if let (Some(tag), Some(id)) = (tag, &operation.operation_id) {
                operation.operation_id = Some(format!("{tag}_{id}"));
            }
        }
    }
}

/// A page of things is made of those very things, not of others that look the same.
fn name_items(contract: &mut utoipa::openapi::OpenApi) {
    let Some(components) = &mut contract.components else { return };
    let known: Vec<String> = components.schemas.keys().cloned().collect();
    for (name, schema) in &mut components.schemas {
        let of = name.split_once('_').filter(|(list, _)| matches!(*list, "Items" | "Page")).map(|(_, of)| of);
        if let (Some(of), RefOr::T(Schema::Object(list))) = (of.filter(|of| known.iter().any(|one| one == of)), schema)
            && let Some(RefOr::T(Schema::Array(items))) = list.properties.get_mut("items")
        {
            items.items = ArrayItems::RefOrSchema(Box::new(Ref::from_schema_name(of).into()));
        }
    }
}

/// A path with its handlers, one for each method.
struct Page {
    path: fn() -> String,
    handlers: fn() -> MethodRouter<ApiState>,
    /// The same with all that each says of itself.
    described: fn() -> UtoipaMethodRouter<ApiState>,
}

/// The handlers of one path. What they say of themselves is two megabytes of program and as much in memory, which a
/// daemon that serves never touches: so it is asked for only where the contract is printed.
macro_rules! page {
    ($($part:ident::$handler:ident),+) => {
        pastey::paste! {
            Page {
                path: [$($part::[<__path_ $handler>]::path as fn() -> String),+][0],
                handlers: || {
                    let handlers = MethodRouter::new();
                    $(let handlers = $part::[<__path_ $handler>]::methods()
                        .iter()
                        .fold(handlers, |handlers, method| handlers.on(method.to_method_filter(), $part::$handler));)+
                    handlers
                },
                described: || routes!($($part::$handler),+),
            }
        }
    };
}

/// Takes the house's paths one after the other.
trait Pages {
    fn page(self, page: Page) -> Self;
}

/// With what each says of itself: for the contract.
impl Pages for OpenApiRouter<ApiState> {
    fn page(self, page: Page) -> Self {
        self.routes((page.described)())
    }
}

/// Without: for a daemon that serves.
struct Served(Router<ApiState>);

impl Pages for Served {
    fn page(self, page: Page) -> Self {
        Served(self.0.route(&(page.path)(), (page.handlers)()))
    }
}

#[rustfmt::skip]
fn api<P: Pages>(pages: P) -> P {
    pages
        // who am I
        .page(page!(login::log_in))                              // POST   /login
        .page(page!(login::log_out))                             // POST   /logout
        .page(page!(login::change_password))                     // POST   /login/password
        .page(page!(login::me, login::change_me))                // GET PATCH /me
        .page(page!(live::live))                                 // GET    /live
        // conversations
        .page(page!(sessions::list, sessions::start))            // GET POST /sessions
        .page(page!(sessions::counts))                           // GET    /sessions/counts
        .page(page!(sessions::by_ids))                           // POST   /sessions/by-ids
        .page(page!(sessions::get))                              // GET    /sessions/{id}
        .page(page!(sessions::thread))                           // GET    /sessions/{id}/thread
        .page(page!(sessions::reply))                            // POST   /sessions/{id}/messages
        .page(page!(rich::say))                                  // POST   /sessions/{id}/say
        .page(page!(rich::start_with))                           // POST   /sessions/say
        .page(page!(rich::read_place))                           // POST   /places
        .page(page!(sessions::pick_up))                          // POST   /sessions/{id}/pick-up
        .page(page!(sessions::transfer))                         // POST   /sessions/{id}/transfer
        .page(page!(sessions::end))                              // POST   /sessions/{id}/end
        .page(page!(sessions::read))                             // POST   /sessions/{id}/read
        .page(page!(sessions::unread))                           // POST   /sessions/{id}/unread
        .page(page!(messages::get, messages::change))            // GET PATCH /messages/{id}
        .page(page!(messages::cancel))                           // POST   /messages/{id}/cancel
        .page(page!(messages::send_again))                       // POST   /messages/{id}/send-again
        .page(page!(messages::settle))                           // POST   /messages/{id}/settle
        .page(page!(messages::log))                              // GET    /messages/{id}/log
        .page(page!(search::search))                             // GET    /search
        // files
        .page(page!(uploads::create, uploads::list))             // POST GET /uploads
        .page(page!(uploads::delete))                            // DELETE /uploads/{id}
        .page(page!(uploads::file))                              // GET    /uploads/{id}/file
        .page(page!(uploads::thumb))                             // GET    /uploads/{id}/thumb
        .page(page!(attachments::file))                          // GET    /attachments/{id}/file
        .page(page!(attachments::thumb))                         // GET    /attachments/{id}/thumb
        .page(page!(attachments::zip))                           // GET    /messages/{id}/media.zip
        .page(page!(media_rules::session_rules))                 // GET    /sessions/{id}/media-rules
        .page(page!(media_rules::fit_session))                   // POST   /sessions/{id}/fit
        .page(page!(media_rules::number_rules))                 // GET    /numbers/{id}/media-rules
        .page(page!(media_rules::fit_number))                    // POST   /numbers/{id}/fit
        // campaigns: where they stand, what they say and to whom, what became of them
        .page(page!(campaigns::list, campaigns::create))         // GET POST /campaigns
        .page(page!(campaigns::settings, campaigns::change_settings)) // GET PUT /campaigns/settings
        .page(page!(campaigns::get, campaigns::change, campaigns::delete)) // … /campaigns/{id}
        .page(page!(campaigns::launch))                          // POST   /campaigns/{id}/launch
        .page(page!(campaigns::unschedule))                      // POST   /campaigns/{id}/unschedule
        .page(page!(campaigns::pause))                           // POST   /campaigns/{id}/pause
        .page(page!(campaigns::resume))                          // POST   /campaigns/{id}/resume
        .page(page!(campaigns::cancel))                          // POST   /campaigns/{id}/cancel
        .page(page!(campaigns::duplicate))                       // POST   /campaigns/{id}/duplicate
        .page(page!(campaigns::retry))                           // POST   /campaigns/{id}/retry
        .page(page!(campaigns::uncertain))                       // POST   /campaigns/{id}/uncertain
        .page(page!(campaign_results::results))                  // GET    /campaigns/{id}/results
        .page(page!(campaign_results::recipients))               // GET    /campaigns/{id}/recipients
        .page(page!(campaign_export::export))                    // GET    /campaigns/{id}/export
        .page(page!(campaign_content::variables))                // GET    /campaigns/variables
        .page(page!(campaign_content::estimate))                 // POST   /campaigns/{id}/estimate
        .page(page!(campaign_content::preview))                  // GET    /campaigns/{id}/preview
        .page(page!(campaign_content::test))                     // POST   /campaigns/{id}/test
        .page(page!(campaign_content::add_file))                 // POST   /campaigns/{id}/files
        .page(page!(campaign_content::remove_file))              // DELETE /campaigns/{id}/files/{position}
        .page(page!(campaign_lists::create))                     // POST   /campaigns/{id}/lists
        .page(page!(campaign_lists::change, campaign_lists::delete)) // PUT DELETE /campaigns/{id}/lists/{list}
        // phonebooks
        .page(page!(phonebooks::list, phonebooks::create))       // GET POST /phonebooks
        .page(page!(phonebooks::change, phonebooks::delete))     // PUT DELETE /phonebooks/{id}
        .page(page!(contacts::list, contacts::create))           // GET POST /contacts
        .page(page!(contacts::get, contacts::change, contacts::delete)) // … /contacts/{id}
        .page(page!(contacts::by_address))                       // GET    /contacts/by-address
        .page(page!(contacts::bulk))                             // POST   /contacts/bulk
        .page(page!(contacts::duplicates))                       // GET    /contacts/duplicates
        .page(page!(contacts::merge))                            // POST   /contacts/merge
        .page(page!(contacts_export::export))                    // GET    /contacts/export
        .page(page!(imports::create, imports::list))             // POST GET /imports
        .page(page!(imports::get, imports::change, imports::delete)) // … /imports/{id}
        .page(page!(imports::check))                             // POST   /imports/{id}/check
        .page(page!(imports::run))                               // POST   /imports/{id}/run
        .page(page!(imports::faults))                            // GET    /imports/{id}/faults.csv
        .page(page!(contact_sources::list, contact_sources::create)) // GET POST /contact-sources
        .page(page!(contact_sources::get, contact_sources::change, contact_sources::delete)) // … /contact-sources/{id}
        .page(page!(contact_sources::test))                      // POST   /contact-sources/{id}/test
        .page(page!(contact_sources::read))                      // POST   /contact-sources/{id}/read
        // set-up
        .page(page!(trunks::carriers))                           // GET    /carriers
        .page(page!(trunks::list, trunks::create))               // GET POST /trunks
        .page(page!(trunks::get, trunks::change, trunks::delete)) // GET PUT DELETE /trunks/{id}
        .page(page!(trunks::test))                               // POST   /trunks/{id}/test
        .page(page!(templates::account_numbers))                 // POST   /trunks/{id}/account-numbers
        .page(page!(templates::list))                            // GET    /templates
        .page(page!(templates::refresh))                         // POST   /templates/refresh
        // who wants nothing more, and what is kept of whom
        .page(page!(opt_outs::list, opt_outs::add))              // GET POST /opt-outs
        .page(page!(opt_outs::withdraw))                         // POST   /opt-outs/{id}/withdraw
        .page(page!(opt_outs::import))                           // POST   /opt-outs/import
        .page(page!(opt_outs::export))                           // GET    /opt-outs/export
        .page(page!(consent::get, consent::change))              // GET PUT /consent/settings
        .page(page!(consent::list, consent::add))                // GET POST /consents
        .page(page!(consent::withdraw))                          // POST   /consents/{id}/withdraw
        .page(page!(people::get))                                // GET    /people
        .page(page!(people::export))                             // GET    /people/export
        .page(page!(people::erase))                              // POST   /people/erase
        .page(page!(audit::list))                                // GET    /audit
        .page(page!(log::of_trunk))                              // GET    /trunks/{id}/log
        .page(page!(channels::list, channels::create))           // GET POST /channels
        .page(page!(channels::get, channels::change, channels::delete)) // … /channels/{id}
        .page(page!(numbers::list, numbers::create))             // GET POST /numbers
        .page(page!(numbers::get, numbers::change, numbers::delete)) // … /numbers/{id}
        .page(page!(media_rules::channel_media, media_rules::change_channel_media)) // GET PUT /channels/{id}/media
        .page(page!(sending::of_channel, sending::change_channel)) // GET PUT /channels/{id}/sending
        .page(page!(sending::of_number, sending::change_number)) // GET PUT /numbers/{id}/sending
        .page(page!(sending::pools))                             // GET    /pools
        .page(page!(queues::list, queues::create))               // GET POST /queues
        .page(page!(queues::get, queues::change, queues::delete)) // … /queues/{id}
        .page(page!(extensions::list, extensions::create))       // GET POST /extensions
        .page(page!(extensions::get, extensions::change, extensions::delete)) // … /extensions/{id}
        .page(page!(extensions::renew_password))                 // POST   /extensions/{id}/password
        .page(page!(extensions::test))                           // POST   /extensions/{id}/test
        .page(page!(users::list, users::create))                 // GET POST /users
        .page(page!(users::get, users::change, users::delete))   // GET PUT DELETE /users/{id}
        .page(page!(users::renew_password))                      // POST   /users/{id}/password
        .page(page!(connect::connect))                           // GET    /connect
        .page(page!(alarms::list))                               // GET    /alarms
        // what was said
        .page(page!(log::list))                                  // GET    /log
        .page(page!(log::get))                                   // GET    /log/{id}
        .page(page!(reasons::list))                              // GET    /reasons
        // the simulated carriers
        .page(page!(simulator::get))                             // GET    /simulator
        .page(page!(simulator::phone))                           // GET    /simulator/phone
        .page(page!(simulator::write))                           // POST   /simulator/write
        .page(page!(simulator::file))                            // GET    /simulator/files/{id}
}
