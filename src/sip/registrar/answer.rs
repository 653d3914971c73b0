//! The answers to a REGISTER: the list of bindings, or why it was refused.

use crate::domain::time::Timestamp;
use crate::sip::message::address::quote;
use crate::sip::message::{Request, Response};
use crate::sip::registrar::binding::Binding;
use std::borrow::Cow;

/// Why a REGISTER was refused; nothing of it was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// 400, 403, 420 or 423.
    pub status: u16,
    /// In plain words.
    pub reason: Cow<'static, str>,
    /// With a 423: the shortest time that is taken.
    pub min_expires_s: Option<u32>,
    /// With a 420: what was required and is not known.
    pub unsupported: Vec<String>,
}

impl Refused {
    pub fn new(status: u16, reason: impl Into<Cow<'static, str>>) -> Refused {
        Refused { status, reason: reason.into(), min_expires_s: None, unsupported: Vec::new() }
    }

    pub fn answer(&self, request: &Request) -> Response {
        let mut response =
            Response::to(request, self.status).with("Warning", format!("399 depesche {}", quote(&self.reason)));
        if let Some(seconds) = self.min_expires_s {
            response.headers.push("Min-Expires", seconds.to_string());
        }
        if !self.unsupported.is_empty() {
            response.headers.push("Unsupported", self.unsupported.join(", "));
        }
        response
    }
}

/// 200 with all bindings and the seconds each has left (RFC 3261 10.3, 8), and the time, which desk phones set
/// their clocks by. Path comes back only to who knows it (RFC 3327, 5.3).
pub fn listing(request: &Request, bindings: &[Binding], now: Timestamp) -> Response {
    let mut response = Response::to(request, 200);
    for binding in bindings {
        response.headers.push("Contact", contact(binding, now));
    }
    if request.headers.has_token("Supported", "path") {
        for path in request.headers.get_all("Path") {
            response.headers.push("Path", path);
        }
    }
    response.headers.push("Supported", "path");
    if let Some(date) = date(now) {
        response.headers.push("Date", date);
    }
    response
}

fn contact(binding: &Binding, now: Timestamp) -> String {
    let left_ms = binding.expires_at.since(now).as_millis();
    let mut value = format!("<{}>;expires={}", binding.contact_uri, left_ms.div_ceil(1000));
    if let Some(q) = binding.q {
        value.push_str(&format!(";q={}.{:03}", q / 1000, q % 1000));
    }
    if let Some(instance) = &binding.instance {
        value.push_str(&format!(";+sip.instance={}", quote(instance)));
    }
    if let Some(reg_id) = &binding.reg_id {
        value.push_str(&format!(";reg-id={reg_id}"));
    }
    value
}

/// RFC 3261 20.17.
fn date(now: Timestamp) -> Option<String> {
    let moment = jiff::Timestamp::from_second(now.as_seconds()).ok()?;
    Some(moment.to_zoned(jiff::tz::TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
}
