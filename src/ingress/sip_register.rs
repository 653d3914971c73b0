//! REGISTER: a phone says where it is. It may speak for its own extension alone, and hears 200 when that is on disk.

use crate::domain::time::Timestamp;
use crate::flow::error::FlowError;
use crate::flow::phone;
use crate::ingress::directory::Entry;
use crate::ingress::sip::{Room, Sender, warned};
use crate::ingress::sip_settings::DoorMode;
use crate::sip::message::{Request, Response, Source};
use crate::sip::registrar::binding::Binding;
use crate::sip::registrar::register::{register, user};
use crate::store::bindings::KeptBinding;

impl Room {
    pub async fn register(&self, request: &Request, source: &Source) -> Response {
        let is_gateway = user(request).is_ok_and(|user| self.switchboard.sip_line_of_user(&user).is_some());
        if let DoorMode::Pbx { .. } = self.settings.mode
            && !is_gateway
        {
            return warned(request, 405, "phones register at the PBX, not here").with("Allow", self.methods());
        }
        if !self.is_ours(&request.uri, source) {
            return warned(request, 404, "this server serves its own domain only");
        }
        let entry = match self.sender(request, source) {
            Ok(Sender::Extension(entry)) => entry,
            Ok(Sender::Trunk(line)) => return self.trunk_register(request, source, &line).await,
            Ok(Sender::Pbx) => return Response::to(request, 403),
            Err(refused) => return refused.answer,
        };
        let whose = match user(request) {
            Ok(whose) => whose,
            Err(refused) => return refused.answer(request),
        };
        if whose != entry.number {
            let id = entry.id;
            tracing::warn!(target: "audit", { extension.id = %id, source = %source.addr }, "Extension {id} tried to register as another one; refused");
            return warned(request, 403, "you may register for your own extension only");
        }
        match self.kept(&entry, request, source).await {
            Ok(answer) => answer,
            Err(error) => self.put_off(request, &error),
        }
    }

    async fn kept(&self, entry: &Entry, request: &Request, source: &Source) -> Result<Response, FlowError> {
        let _turn = self.turn(entry.id).await;
        let (extension, now) = (entry.id, self.desk.now());
        let before = self.desk.store.read(move |db| db.bindings(extension, now)).await?;
        let before: Vec<Binding> = before.iter().filter_map(read).collect();
        let registered = match register(&before, request, source, &self.settings.rules, now) {
            Ok(registered) => registered,
            Err(refused) => return Ok(refused.answer(request)),
        };
        if registered.bindings != before {
            let bindings = registered.bindings.iter().map(kept).collect();
            phone::registered(&self.desk, extension, bindings).await?;
        }
        Ok(registered.response)
    }
}

/// What was written by a version that wrote it differently is a binding less: the phone comes again.
pub(super) fn read(kept: &KeptBinding) -> Option<Binding> {
    serde_json::from_str(&kept.binding).ok()
}

pub(super) fn kept(binding: &Binding) -> KeptBinding {
    KeptBinding {
        contact: binding.contact_uri.clone(),
        binding: serde_json::to_string(binding).expect("a binding is plain data"),
        expires_at: Timestamp(binding.expires_at.0),
    }
}
