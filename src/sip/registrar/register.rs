//! REGISTER, from the bindings before to the bindings after (RFC 3261 10.3). Pure; all or nothing.

use crate::domain::time::Timestamp;
use crate::sip::message::{Contacts, NameAddr, Request, Response, Source, Uri};
use crate::sip::registrar::answer::{Refused, listing};
use crate::sip::registrar::binding::{Binding, received_from};
use crate::sip::registrar::contact::{Ourselves, is_same, objection};
use std::time::Duration;

/// What is granted.
#[derive(Clone, Debug)]
pub struct Rules {
    pub expires_min_s: u32,
    /// For who does not say how long.
    pub expires_default_s: u32,
    /// Longer wishes are shortened to this.
    pub expires_max_s: u32,
    /// For each user. A new phone pushes out the one that was longest silent.
    pub bindings_max: usize,
    pub ourselves: Ourselves,
}

impl Default for Rules {
    fn default() -> Rules {
        Rules {
            expires_min_s: 60,
            expires_default_s: 600,
            expires_max_s: 3600,
            bindings_max: 10,
            ourselves: Ourselves::default(),
        }
    }
}

/// A REGISTER that was granted: keep the bindings, then send the response.
#[derive(Clone, Debug, PartialEq)]
pub struct Registered {
    /// All that hold now; what is not among them is gone.
    pub bindings: Vec<Binding>,
    /// Whether a phone came or came back, so that what waits for it should go out now.
    pub arrived: bool,
    pub response: Response,
}

const URI_BYTES_MAX: usize = 1024;
const PATHS_MAX: usize = 8;
const WORDS_MAX: usize = 64;
const TEXT_CHARS_MAX: usize = 256;

/// The user a REGISTER is about: that of its To.
pub fn user(request: &Request) -> Result<String, Refused> {
    let to = request.headers.to().map_err(|error| Refused::new(400, error.to_string()))?;
    let user = to.uri.user_decoded().filter(|user| to.uri.is_sip() && !user.is_empty());
    user.ok_or_else(|| Refused::new(404, "the To names no user"))
}

/// Applies a REGISTER of someone who may: `before` are the bindings of its To.
pub fn register(
    before: &[Binding],
    request: &Request,
    source: &Source,
    rules: &Rules,
    now: Timestamp,
) -> Result<Registered, Refused> {
    refuse_unknown_requirements(request)?;
    let order = Order::of(request)?;
    let live: Vec<Binding> = before.iter().filter(|binding| !binding.is_expired(now)).cloned().collect();
    let (bindings, arrived) = match request.headers.contacts().map_err(|error| Refused::new(400, error.to_string()))? {
        Contacts::Star => (clear(live, request, &order)?, false),
        Contacts::List(contacts) => {
            let wishes = wishes(&contacts, request, source, rules)?;
            let arrived = wishes.iter().any(|wish| wish.expires_s > 0);
            (update(live, &wishes, request, source, &order, rules, now)?, arrived)
        }
    };
    let response = listing(request, &bindings, now);
    Ok(Registered { bindings, arrived, response })
}

/// Call-ID and CSeq: what tells a late request from a new one.
struct Order {
    call_id: String,
    cseq: u32,
}

impl Order {
    fn of(request: &Request) -> Result<Order, Refused> {
        let cseq = request.headers.cseq().map_err(|error| Refused::new(400, error.to_string()))?;
        Ok(Order { call_id: request.headers.call_id().to_owned(), cseq: cseq.number })
    }

    /// RFC 3261 10.3, 7: a lower CSeq in the same Call-ID came late. An equal one is the same request again: we
    /// stopped between keeping it and answering it, and the answer is the same.
    fn admits(&self, binding: &Binding) -> Result<(), Refused> {
        if binding.call_id == self.call_id && self.cseq < binding.cseq {
            return Err(Refused::new(400, "a later REGISTER of this phone was there before; its CSeq must go up"));
        }
        Ok(())
    }
}

/// One contact and how long it shall hold.
struct Wish<'a> {
    contact: &'a NameAddr,
    expires_s: u32,
}

fn refuse_unknown_requirements(request: &Request) -> Result<(), Refused> {
    let unknown: Vec<String> =
        request.headers.values("Require").filter(|tag| !tag.eq_ignore_ascii_case("path")).map(str::to_owned).collect();
    match unknown.is_empty() {
        true => Ok(()),
        false => Err(Refused { unsupported: unknown, ..Refused::new(420, "it requires what is not known here") }),
    }
}

/// `Contact: *`: all go, but only with `Expires: 0`.
fn clear(live: Vec<Binding>, request: &Request, order: &Order) -> Result<Vec<Binding>, Refused> {
    if request.headers.expires() != Ok(Some(0)) {
        return Err(Refused::new(400, "Contact: * is taken only with Expires: 0"));
    }
    live.iter().try_for_each(|binding| order.admits(binding))?;
    Ok(Vec::new())
}

fn wishes<'a>(
    contacts: &'a [NameAddr],
    request: &Request,
    source: &Source,
    rules: &Rules,
) -> Result<Vec<Wish<'a>>, Refused> {
    if contacts.len() > rules.bindings_max {
        return Err(Refused::new(403, format!("more than {} contacts in one REGISTER", rules.bindings_max)));
    }
    // A malformed time counts as none (RFC 3261 20.10 and 20.19 ask for a default).
    let general = request.headers.expires().ok().flatten();
    let mut wishes = Vec::with_capacity(contacts.len());
    for contact in contacts {
        let own = contact.param("expires").and_then(|seconds| seconds.parse().ok());
        let expires_s = own.or(general).unwrap_or(rules.expires_default_s).min(rules.expires_max_s);
        if expires_s > 0 {
            refuse_contact(&contact.uri, source, rules)?;
            if expires_s < rules.expires_min_s {
                let reason = format!("a registration holds {} seconds at least", rules.expires_min_s);
                return Err(Refused { min_expires_s: Some(rules.expires_min_s), ..Refused::new(423, reason) });
            }
        }
        wishes.push(Wish { contact, expires_s });
    }
    Ok(wishes)
}

fn refuse_contact(contact: &Uri, source: &Source, rules: &Rules) -> Result<(), Refused> {
    if !contact.is_sip() {
        return Err(Refused::new(400, "a contact is no sip or sips URI"));
    }
    if contact.to_string().len() > URI_BYTES_MAX {
        return Err(Refused::new(400, "a contact is too long"));
    }
    objection(contact, source, &rules.ourselves).map_or(Ok(()), |why| Err(Refused::new(403, why)))
}

fn update(
    mut bindings: Vec<Binding>,
    wishes: &[Wish<'_>],
    request: &Request,
    source: &Source,
    order: &Order,
    rules: &Rules,
    now: Timestamp,
) -> Result<Vec<Binding>, Refused> {
    let path = path(request)?;
    let mut placed: Vec<Binding> = Vec::with_capacity(wishes.len());
    for wish in wishes {
        let same = |binding: &Binding| binding.uri().is_some_and(|uri| is_same(&uri, &wish.contact.uri));
        bindings.iter().filter(|binding| same(binding)).try_for_each(|binding| order.admits(binding))?;
        bindings.retain(|binding| !same(binding));
        placed.retain(|binding| !same(binding));
        if wish.expires_s > 0 {
            let binding = bind(wish, request, source, order, &path, now);
            // The same device at a new address: the old one is dead, and would only cost time (RFC 5626, 6).
            bindings.retain(|old| !is_same_device(old, &binding));
            placed.push(binding);
        }
    }
    bindings.sort_by_key(|binding| binding.expires_at);
    let too_many = (bindings.len() + placed.len()).saturating_sub(rules.bindings_max);
    bindings.drain(..too_many.min(bindings.len()));
    bindings.append(&mut placed);
    Ok(bindings)
}

fn is_same_device(old: &Binding, new: &Binding) -> bool {
    old.instance.is_some() && old.instance == new.instance && old.reg_id == new.reg_id
}

fn bind(
    wish: &Wish<'_>,
    request: &Request,
    source: &Source,
    order: &Order,
    path: &[String],
    now: Timestamp,
) -> Binding {
    let (contact, headers) = (wish.contact, &request.headers);
    let has_rport = headers.top_via().is_ok_and(|via| via.params.contains("rport"));
    let methods = contact.params.get_unquoted("methods");
    let allowed = || words(headers.values("Allow"));
    Binding {
        contact_uri: contact.uri.to_string(),
        received: received_from(source, &contact.uri, has_rport, !path.is_empty()),
        transport: source.transport,
        flow: Some(source.flow),
        path: path.to_vec(),
        call_id: order.call_id.clone(),
        cseq: order.cseq,
        expires_at: now.plus(Duration::from_secs(u64::from(wish.expires_s))),
        user_agent: headers.user_agent().map(label),
        instance: contact.params.get_unquoted("+sip.instance").filter(|text| !text.is_empty()).map(|text| label(&text)),
        reg_id: contact.param("reg-id").filter(|id| is_number(id)).map(str::to_owned),
        q: contact.param("q").and_then(thousandths),
        accepts: words(headers.values("Accept")).map(media_types),
        methods: methods.map_or_else(allowed, |methods| words(methods.split(',').map(str::trim))),
    }
}

fn path(request: &Request) -> Result<Vec<String>, Refused> {
    let path = request.headers.addresses("Path").map_err(|error| Refused::new(400, error.to_string()))?;
    let uris: Vec<String> = path.iter().map(|hop| hop.uri.to_string()).collect();
    if uris.len() > PATHS_MAX
        || uris.iter().any(|uri| uri.len() > URI_BYTES_MAX)
        || !path.iter().all(|hop| hop.uri.is_sip())
    {
        return Err(Refused::new(400, "the Path is too long, or holds what is no sip URI"));
    }
    Ok(uris)
}

fn words<'a>(values: impl Iterator<Item = &'a str>) -> Option<Vec<String>> {
    let words: Vec<String> = values.filter(|word| !word.is_empty()).take(WORDS_MAX).map(label).collect();
    (!words.is_empty()).then_some(words)
}

/// Media types without their parameters, in lower case.
fn media_types(accepts: Vec<String>) -> Vec<String> {
    accepts.iter().map(|accept| accept.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()).collect()
}

/// What a phone says of itself, fit to be kept and shown.
fn label(text: &str) -> String {
    text.chars().filter(|char| !char.is_control()).take(TEXT_CHARS_MAX).collect()
}

fn is_number(text: &str) -> bool {
    (1..=10).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `0.75` is 750; None for what is no qvalue (RFC 3261 25.1).
fn thousandths(text: &str) -> Option<u16> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if !matches!(whole, "0" | "1") || part.len() > 3 || !part.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let value = format!("{whole}{part:0<3}").parse::<u16>().ok()?;
    (value <= 1000).then_some(value)
}

#[cfg(test)]
#[path = "register_tests.rs"]
mod tests;
