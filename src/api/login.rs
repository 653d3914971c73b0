//! Log in and out, change the password, and who am I.

use crate::api::auth::{LOGIN_COOKIE, LoggedIn, login_token};
use crate::api::error::Problem;
use crate::api::paging::Body;
use crate::api::session_view::ExtensionRef;
use crate::api::state::ApiState;
use crate::domain::id::UserId;
use crate::domain::secret::Secret;
use crate::domain::user::{Language, Role, Theme};
use crate::flow::users::{self, who};
use crate::net::forwarded::{ClientAddr, ClientScheme};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::SET_COOKIE;
use http::{Extensions, HeaderMap, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

/// A name and a password.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct LoginForm {
    name: String,
    #[schema(value_type = String)]
    password: Secret,
}

/// The old password and the new one.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct PasswordForm {
    #[schema(value_type = String)]
    old: Secret,
    /// At least 10 characters.
    #[schema(value_type = String)]
    new: Secret,
}

/// What a user likes.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Preferences {
    language: Option<Language>,
    theme: Option<Theme>,
}

/// Who I am and what I may.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Me {
    user: MyUser,
    /// What the portal may offer; the server decides again at every call.
    can: Vec<&'static str>,
    version: &'static str,
    site: Site,
}

#[derive(Serialize, utoipa::ToSchema)]
struct MyUser {
    id: UserId,
    name: String,
    role: Role,
    extension: Option<ExtensionRef>,
    must_change_password: bool,
    language: Option<Language>,
    theme: Option<Theme>,
}

#[derive(Serialize, utoipa::ToSchema)]
struct Site {
    country: String,
}

/// Log in.
#[utoipa::path(post, path = "/login", tag = "login", request_body = LoginForm,
    responses((status = 200, body = Me), (status = 401, body = Problem), (status = 429, body = Problem)))]
pub async fn log_in(
    State(state): State<ApiState>,
    headers: HeaderMap,
    extensions: Extensions,
    Body(form): Body<LoginForm>,
) -> Result<Response, Problem> {
    let begun = users::log_in(&state.desk, &state.gate, &form.name, form.password, source(&extensions)).await?;
    // Whoever logs in anew leaves the old login behind: a token that was planted or stolen before is worth nothing.
    if let Some(token) = login_token(&headers)
        && let Some(before) = who(&state.reader, token, state.desk.now()).await?
    {
        users::log_out(&state.desk, before.login).await?;
    }
    let known = who(&state.reader, begun.token.expose(), state.desk.now()).await?;
    let known = known.ok_or_else(Problem::not_logged_in)?;
    let me = me_of(&state, &known).await?;
    let cookie = cookie(begun.token.expose(), begun.life_max, &extensions);
    Ok(([(SET_COOKIE, cookie)], Json(me)).into_response())
}

/// Log out.
#[utoipa::path(post, path = "/logout", tag = "login", responses((status = 204)))]
pub async fn log_out(
    State(state): State<ApiState>,
    extensions: Extensions,
    LoggedIn(known): LoggedIn,
) -> Result<Response, Problem> {
    users::log_out(&state.desk, known.login).await?;
    let cookie = cookie("", Duration::ZERO, &extensions);
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, cookie)]).into_response())
}

/// Change the password; all other logins end.
#[utoipa::path(post, path = "/login/password", tag = "login", request_body = PasswordForm,
    responses((status = 204), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub async fn change_password(
    State(state): State<ApiState>,
    extensions: Extensions,
    LoggedIn(known): LoggedIn,
    Body(form): Body<PasswordForm>,
) -> Result<StatusCode, Problem> {
    users::change_password(&state.desk, &state.gate, &known, form.old, form.new, source(&extensions)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who am I?
#[utoipa::path(get, path = "/me", tag = "login", responses((status = 200, body = Me), (status = 401, body = Problem)))]
pub async fn me(State(state): State<ApiState>, LoggedIn(known): LoggedIn) -> Result<Json<Me>, Problem> {
    me_of(&state, &known).await.map(Json)
}

/// Change what I like.
#[utoipa::path(patch, path = "/me", tag = "login", request_body = Preferences, responses((status = 200, body = Me)))]
pub async fn change_me(
    State(state): State<ApiState>,
    LoggedIn(mut known): LoggedIn,
    Body(likes): Body<Preferences>,
) -> Result<Json<Me>, Problem> {
    users::set_preferences(&state.desk, known.user.id, likes.language, likes.theme).await?;
    known.user.language = likes.language.or(known.user.language);
    known.user.theme = likes.theme.or(known.user.theme);
    me_of(&state, &known).await.map(Json)
}

async fn me_of(state: &ApiState, known: &users::Known) -> Result<Me, Problem> {
    let user = known.user.clone();
    let wanted = user.extension;
    let (extension, country) = state
        .reader
        .read(move |snapshot| {
            let extension = wanted.map(|id| snapshot.extension_name(id)).transpose()?.flatten();
            Ok::<_, Problem>((extension, snapshot.country()?))
        })
        .await?;
    Ok(Me {
        can: user.role.can().to_vec(),
        user: MyUser {
            id: user.id,
            name: user.name,
            role: user.role,
            extension: extension.map(ExtensionRef::from),
            must_change_password: user.must_change_password,
            language: user.language,
            theme: user.theme,
        },
        version: env!("CARGO_PKG_VERSION"),
        site: Site { country },
    })
}

/// Where a request came from. Without a door around us (in a test) it came from nowhere in particular.
fn source(extensions: &Extensions) -> IpAddr {
    extensions.get::<ClientAddr>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |client| client.0)
}

fn cookie(token: &str, life_max: Duration, extensions: &Extensions) -> HeaderValue {
    let secure = match extensions.get::<ClientScheme>() {
        Some(ClientScheme::Https) => "; Secure",
        _ => "",
    };
    let seconds = life_max.as_secs();
    let text = format!("{LOGIN_COOKIE}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    HeaderValue::from_str(&text).expect("a token is base64, the rest is ours")
}
