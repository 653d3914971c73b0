//! Files from phones: as the body of a MESSAGE (Twinkle, P8), or put here before and then offered by their address
//! (linphone, P7). Nothing is ever fetched: an address that is not one of ours, of this very extension, is refused (T27).

use crate::domain::id::ExtensionId;
use crate::domain::reason::{Reason, ReasonCode};
use crate::flow::media::desk::MediaDesk;
use crate::flow::media::from_phone::{self, PhoneFile};
use crate::flow::reply::PhoneText;
use crate::ingress::phone_upload::key_in;
use crate::ingress::sip::{RETRY_AFTER_S, Room, warned};
use crate::sip::message::{Request, Response};
use crate::sip::text::cpim::Wishes;
use crate::sip::text::notice::RcsFile;
use crate::sip::text::read::accept;

const NOT_OURS: &str = "the file must be put on this server first; other addresses are not fetched";

/// Who sends a file, and what he wants to hear of it.
type Writer = (ExtensionId, Wishes);

impl Room {
    /// A file that was put here, by the address the phone was told then.
    pub async fn offered_file(&self, request: &Request, writer: Writer, offered: &RcsFile) -> Response {
        let Some(media) = &self.files else { return self.no_files(request) };
        let rules = &media.desk.rules;
        let bases = [&rules.phone_base_url, &rules.public_base_url].map(|base| base.as_deref());
        let bases: Vec<&str> = bases.into_iter().flatten().collect();
        match key_in(&offered.url, &bases) {
            Some(key) => self.with_file(request, media, writer, async || Ok(PhoneFile::Upload { key })).await,
            None => {
                let (extension, _) = writer;
                tracing::warn!(target: "audit", { extension.id = %extension }, "Extension {extension} offered a file at an address elsewhere; refused");
                warned(request, 403, NOT_OURS)
            }
        }
    }

    /// A file as the body.
    pub async fn file_in_body(&self, request: &Request, writer: Writer, name: &str, bytes: &[u8]) -> Response {
        let Some(media) = &self.files else { return self.no_files(request) };
        let written = async || {
            let mut incoming = from_phone::begin(media, writer.0).await?;
            incoming.write(bytes).await.map_err(|error| error.reason())?;
            Ok(PhoneFile::Body { name: name.to_owned(), incoming: Box::new(incoming) })
        };
        self.with_file(request, media, writer, written).await
    }

    async fn with_file(
        &self,
        request: &Request,
        media: &MediaDesk,
        (extension, wishes): Writer,
        file: impl AsyncFnOnce() -> Result<PhoneFile, Reason>,
    ) -> Response {
        let Some((to_user, key)) = self.addressed(request) else {
            return warned(request, 404, "the request names nobody to write to");
        };
        if let Some(answer) = self.answered_before(request).await {
            return answer;
        }
        let file = match file().await {
            Ok(file) => file,
            Err(reason) => return self.not_taken(request, &reason),
        };
        let wants_receipt = wishes.any_good_news();
        let said = PhoneText { wants_receipt, ..PhoneText::new(extension, to_user, String::new(), key) };
        match from_phone::message(media, said, file).await {
            Ok(answer) => self.answered(request, answer.status, answer.warning.as_deref()),
            Err(error) => self.put_off(request, &error),
        }
    }

    fn answered(&self, request: &Request, status: u16, warning: Option<&str>) -> Response {
        let response = match warning {
            None => Response::to(request, status),
            Some(why) => warned(request, status, why),
        };
        match status {
            415 => response.with("Accept", accept(&self.limits())),
            503 => response.with("Retry-After", RETRY_AFTER_S),
            _ => response,
        }
    }

    /// There is no room for it.
    fn not_taken(&self, request: &Request, reason: &Reason) -> Response {
        let status = if reason.code == ReasonCode::FileTooLarge { 413 } else { 503 };
        self.answered(request, status, Some(reason.code.english()))
    }

    fn no_files(&self, request: &Request) -> Response {
        self.answered(request, 415, Some("files are not taken here"))
    }
}
