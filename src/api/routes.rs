//! The whole API on one page. Each handler says its path and its answers; here is the order of the house.

use crate::api::error::Problem;
use crate::api::guard::{bind_browser, refuse_foreign_writes};
use crate::api::state::ApiState;
use crate::api::{
    alarms, attachments, campaign_content, campaign_export, campaign_lists, campaign_results, campaigns, channels,
    connect, extensions, health, live, log, login, media_rules, messages, numbers, opt_outs, portal, queues, reasons,
    rich, search, sending, sessions, simulator, templates, trunks, uploads, users,
};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn;
use axum::response::IntoResponse;
use axum::routing::get;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::OpenApi;
use utoipa::openapi::schema::{ArrayItems, Schema};
use utoipa::openapi::{Ref, RefOr};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};
use utoipa_axum::routes;

/// Where the API lives.
const BASE: &str = "/api/v1";
/// Largest request; files come another way, see `uploads`.
const BODY_BYTES_MAX: usize = 1 << 20;
/// Where files come: larger and slower than anything else.
pub const FILE_PATHS: &[&str] = &["/api/v1/uploads", "/api/v1/campaigns/*/lists"];

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

/// Takes the house's paths one after the other.
trait Pages {
    fn routes(self, found: UtoipaMethodRouter<ApiState>) -> Self;
}

/// With what each says of itself: for the contract.
impl Pages for OpenApiRouter<ApiState> {
    fn routes(self, found: UtoipaMethodRouter<ApiState>) -> Self {
        OpenApiRouter::routes(self, found)
    }
}

/// Without: the contract has two megabytes in memory, and a daemon that serves needs none of it.
struct Served(Router<ApiState>);

impl Pages for Served {
    fn routes(self, (_, paths, handlers): UtoipaMethodRouter<ApiState>) -> Self {
        let path = paths.paths.into_keys().next().expect("routes! names handlers of one path");
        Served(self.0.route(&path, handlers))
    }
}

#[rustfmt::skip]
fn api<P: Pages>(pages: P) -> P {
    pages
        // who am I
        .routes(routes!(login::log_in))                              // POST   /login
        .routes(routes!(login::log_out))                             // POST   /logout
        .routes(routes!(login::change_password))                     // POST   /login/password
        .routes(routes!(login::me, login::change_me))                // GET PATCH /me
        .routes(routes!(live::live))                                 // GET    /live
        // conversations
        .routes(routes!(sessions::list, sessions::start))            // GET POST /sessions
        .routes(routes!(sessions::counts))                           // GET    /sessions/counts
        .routes(routes!(sessions::by_ids))                           // POST   /sessions/by-ids
        .routes(routes!(sessions::get))                              // GET    /sessions/{id}
        .routes(routes!(sessions::thread))                           // GET    /sessions/{id}/thread
        .routes(routes!(sessions::reply))                            // POST   /sessions/{id}/messages
        .routes(routes!(rich::say))                                  // POST   /sessions/{id}/say
        .routes(routes!(rich::start_with))                           // POST   /sessions/say
        .routes(routes!(rich::read_place))                           // POST   /places
        .routes(routes!(sessions::pick_up))                          // POST   /sessions/{id}/pick-up
        .routes(routes!(sessions::transfer))                         // POST   /sessions/{id}/transfer
        .routes(routes!(sessions::end))                              // POST   /sessions/{id}/end
        .routes(routes!(sessions::read))                             // POST   /sessions/{id}/read
        .routes(routes!(sessions::unread))                           // POST   /sessions/{id}/unread
        .routes(routes!(messages::get, messages::change))            // GET PATCH /messages/{id}
        .routes(routes!(messages::cancel))                           // POST   /messages/{id}/cancel
        .routes(routes!(messages::send_again))                       // POST   /messages/{id}/send-again
        .routes(routes!(messages::settle))                           // POST   /messages/{id}/settle
        .routes(routes!(messages::log))                              // GET    /messages/{id}/log
        .routes(routes!(search::search))                             // GET    /search
        // files
        .routes(routes!(uploads::create, uploads::list))             // POST GET /uploads
        .routes(routes!(uploads::delete))                            // DELETE /uploads/{id}
        .routes(routes!(uploads::file))                              // GET    /uploads/{id}/file
        .routes(routes!(uploads::thumb))                             // GET    /uploads/{id}/thumb
        .routes(routes!(attachments::file))                          // GET    /attachments/{id}/file
        .routes(routes!(attachments::thumb))                         // GET    /attachments/{id}/thumb
        .routes(routes!(attachments::zip))                           // GET    /messages/{id}/media.zip
        .routes(routes!(media_rules::session_rules))                 // GET    /sessions/{id}/media-rules
        .routes(routes!(media_rules::fit_session))                   // POST   /sessions/{id}/fit
        .routes(routes!(media_rules::number_rules))                 // GET    /numbers/{id}/media-rules
        .routes(routes!(media_rules::fit_number))                    // POST   /numbers/{id}/fit
        // campaigns: where they stand, what they say and to whom, what became of them
        .routes(routes!(campaigns::list, campaigns::create))         // GET POST /campaigns
        .routes(routes!(campaigns::settings, campaigns::change_settings)) // GET PUT /campaigns/settings
        .routes(routes!(campaigns::get, campaigns::change, campaigns::delete)) // … /campaigns/{id}
        .routes(routes!(campaigns::launch))                          // POST   /campaigns/{id}/launch
        .routes(routes!(campaigns::unschedule))                      // POST   /campaigns/{id}/unschedule
        .routes(routes!(campaigns::pause))                           // POST   /campaigns/{id}/pause
        .routes(routes!(campaigns::resume))                          // POST   /campaigns/{id}/resume
        .routes(routes!(campaigns::cancel))                          // POST   /campaigns/{id}/cancel
        .routes(routes!(campaigns::duplicate))                       // POST   /campaigns/{id}/duplicate
        .routes(routes!(campaigns::retry))                           // POST   /campaigns/{id}/retry
        .routes(routes!(campaigns::uncertain))                       // POST   /campaigns/{id}/uncertain
        .routes(routes!(campaign_results::results))                  // GET    /campaigns/{id}/results
        .routes(routes!(campaign_results::recipients))               // GET    /campaigns/{id}/recipients
        .routes(routes!(campaign_export::export))                    // GET    /campaigns/{id}/export
        .routes(routes!(campaign_content::variables))                // GET    /campaigns/variables
        .routes(routes!(campaign_content::estimate))                 // POST   /campaigns/{id}/estimate
        .routes(routes!(campaign_content::preview))                  // GET    /campaigns/{id}/preview
        .routes(routes!(campaign_content::test))                     // POST   /campaigns/{id}/test
        .routes(routes!(campaign_content::add_file))                 // POST   /campaigns/{id}/files
        .routes(routes!(campaign_content::remove_file))              // DELETE /campaigns/{id}/files/{position}
        .routes(routes!(campaign_lists::create))                     // POST   /campaigns/{id}/lists
        .routes(routes!(campaign_lists::change, campaign_lists::delete)) // PUT DELETE /campaigns/{id}/lists/{list}
        // set-up
        .routes(routes!(trunks::carriers))                           // GET    /carriers
        .routes(routes!(trunks::list, trunks::create))               // GET POST /trunks
        .routes(routes!(trunks::get, trunks::change, trunks::delete)) // GET PUT DELETE /trunks/{id}
        .routes(routes!(trunks::test))                               // POST   /trunks/{id}/test
        .routes(routes!(templates::account_numbers))                 // POST   /trunks/{id}/account-numbers
        .routes(routes!(templates::list))                            // GET    /templates
        .routes(routes!(templates::refresh))                         // POST   /templates/refresh
        .routes(routes!(opt_outs::list))                             // GET    /opt-outs
        .routes(routes!(log::of_trunk))                              // GET    /trunks/{id}/log
        .routes(routes!(channels::list, channels::create))           // GET POST /channels
        .routes(routes!(channels::get, channels::change, channels::delete)) // … /channels/{id}
        .routes(routes!(numbers::list, numbers::create))             // GET POST /numbers
        .routes(routes!(numbers::get, numbers::change, numbers::delete)) // … /numbers/{id}
        .routes(routes!(media_rules::channel_media, media_rules::change_channel_media)) // GET PUT /channels/{id}/media
        .routes(routes!(sending::of_channel, sending::change_channel)) // GET PUT /channels/{id}/sending
        .routes(routes!(sending::of_number, sending::change_number)) // GET PUT /numbers/{id}/sending
        .routes(routes!(sending::pools))                             // GET    /pools
        .routes(routes!(queues::list, queues::create))               // GET POST /queues
        .routes(routes!(queues::get, queues::change, queues::delete)) // … /queues/{id}
        .routes(routes!(extensions::list, extensions::create))       // GET POST /extensions
        .routes(routes!(extensions::get, extensions::change, extensions::delete)) // … /extensions/{id}
        .routes(routes!(extensions::renew_password))                 // POST   /extensions/{id}/password
        .routes(routes!(extensions::test))                           // POST   /extensions/{id}/test
        .routes(routes!(users::list, users::create))                 // GET POST /users
        .routes(routes!(users::get, users::change, users::delete))   // GET PUT DELETE /users/{id}
        .routes(routes!(users::renew_password))                      // POST   /users/{id}/password
        .routes(routes!(connect::connect))                           // GET    /connect
        .routes(routes!(alarms::list))                               // GET    /alarms
        // what was said
        .routes(routes!(log::list))                                  // GET    /log
        .routes(routes!(log::get))                                   // GET    /log/{id}
        .routes(routes!(reasons::list))                              // GET    /reasons
        // the simulated carriers
        .routes(routes!(simulator::get))                             // GET    /simulator
        .routes(routes!(simulator::phone))                           // GET    /simulator/phone
        .routes(routes!(simulator::write))                           // POST   /simulator/write
        .routes(routes!(simulator::file))                            // GET    /simulator/files/{id}
}
