//! Makes files fit a channel and its carrier, and says what was done or why it cannot be. What was made once is known.

use crate::domain::address::Address;
use crate::domain::id::NumberId;
use crate::domain::media::{FitStep, FitWish, MediaFamily};
use crate::domain::message::TEXT_CHARS_MAX;
use crate::domain::reason::{Reason, ReasonCode};
use crate::flow::error::FlowError;
use crate::flow::media::desk::MediaDesk;
use crate::flow::media::keep::keep_made;
use crate::flow::media::links::TOKEN_CHARS;
use crate::flow::media::outgoing::{OutFile, SentAs};
use crate::flow::media::plan::{Plan, Takes, plan};
use crate::store::channel_media::MediaSender;
use crate::store::files::{Made, StoredFile};

/// A file that somebody wants to send.
#[derive(Clone, Debug)]
pub struct Given {
    /// What people call it.
    pub name: String,
    /// The file.
    pub file: StoredFile,
}

/// What becomes of it.
#[derive(Clone, Debug)]
pub struct Fit {
    /// The file as it would be sent, after these steps; or why it cannot be.
    pub made: Result<(StoredFile, Vec<FitStep>), Reason>,
}

/// What becomes of all of them.
#[derive(Clone, Debug)]
pub struct Fitting {
    /// How they would go.
    pub plan: Plan,
    /// One for each file, in their order.
    pub files: Vec<Fit>,
    /// What is wrong with all of them together.
    pub problem: Option<Reason>,
}

impl Fitting {
    /// Whether the files of one message are more than its carrier takes with one, where a sending becomes several.
    fn has_a_message_too_large(&self) -> bool {
        let bytes = |fit: &Fit| fit.made.as_ref().map_or(0, |(file, _)| file.facts.bytes);
        let mut messages = self.files.chunks(self.plan.per_message.max(1));
        messages.any(|files| files.iter().map(bytes).sum::<u64>() > self.plan.message_bytes_max)
    }

    /// Bytes of all that fit.
    pub fn total_bytes(&self) -> u64 {
        self.files.iter().filter_map(|fit| fit.made.as_ref().ok()).map(|(file, _)| file.facts.bytes).sum()
    }
}

/// How files would go from a number to a peer.
pub async fn plan_for(media: &MediaDesk, number: NumberId, to: &Address) -> Result<(MediaSender, Plan), FlowError> {
    let sender = media.desk.store.read(move |db| db.media_sender(number)).await?;
    let sender = sender.ok_or(FlowError::NotFound("number"))?;
    let line = media.switchboard.trunk(sender.trunk);
    let limits = line.as_ref().map(|line| line.carrier.limits());
    let takes = Takes {
        media: limits.and_then(|limits| limits.media_for(sender.kind)),
        text_chars_max: limits.map_or(TEXT_CHARS_MAX, |limits| limits.text_chars_max),
    };
    let base = media.desk.rules.public_base_url.as_deref();
    let link_chars = base.map(|base| base.chars().count() + 1 + TOKEN_CHARS);
    let plan = plan(&sender, takes, to, link_chars);
    Ok((sender, plan))
}

/// Makes files fit.
pub async fn fit_all(
    media: &MediaDesk,
    (sender, plan): (&MediaSender, Plan),
    given: &[Given],
) -> Result<Fitting, FlowError> {
    let mut fitting = Fitting { plan, files: Vec::with_capacity(given.len()), problem: None };
    if fitting.plan.sent_as.is_none() {
        let code = fitting.plan.why.unwrap_or(ReasonCode::MmsNotPossible);
        fitting.files = given.iter().map(|_| Fit { made: Err(Reason::of(code)) }).collect();
        fitting.problem = Some(Reason::of(code));
        return Ok(fitting);
    }
    for (at, one) in given.iter().enumerate() {
        let made = if at >= fitting.plan.files_max {
            Err(Reason::of(ReasonCode::FilesTooMany))
        } else {
            fit_one(media, sender, &fitting.plan, one, u64::MAX).await?
        };
        fitting.files.push(Fit { made });
    }
    if fitting.total_bytes() > fitting.plan.total_bytes_max {
        share_room(media, sender, given, &mut fitting).await?;
    }
    if fitting.total_bytes() > fitting.plan.total_bytes_max || fitting.has_a_message_too_large() {
        fitting.problem = Some(Reason::of(ReasonCode::FilesTooLarge));
    }
    Ok(fitting)
}

/// All together are too large: pictures share the room that the other files leave.
async fn share_room(
    media: &MediaDesk,
    sender: &MediaSender,
    given: &[Given],
    fitting: &mut Fitting,
) -> Result<(), FlowError> {
    let is_picture = |file: &StoredFile| file.facts.media_type.family() == MediaFamily::Picture;
    let made = || fitting.files.iter().filter_map(|fit| fit.made.as_ref().ok()).map(|(file, _)| file);
    let others: u64 = made().filter(|file| !is_picture(file)).map(|file| file.facts.bytes).sum();
    let pictures = made().filter(|file| is_picture(file)).count() as u64;
    let room = fitting.plan.total_bytes_max.saturating_sub(others);
    let Some(each) = room.checked_div(pictures).filter(|&each| each > 0) else { return Ok(()) };
    for (at, one) in given.iter().enumerate() {
        let is_large = matches!(&fitting.files[at].made, Ok((file, _)) if is_picture(file) && file.facts.bytes > each);
        if is_large {
            let made = fit_one(media, sender, &fitting.plan, one, each).await?;
            fitting.files[at].made = made.map_err(|_| Reason::of(ReasonCode::FilesTooLarge));
        }
    }
    Ok(())
}

async fn fit_one(
    media: &MediaDesk,
    sender: &MediaSender,
    plan: &Plan,
    one: &Given,
    at_most: u64,
) -> Result<Result<(StoredFile, Vec<FitStep>), Reason>, FlowError> {
    let media_type = one.file.facts.media_type;
    let Some(wish) = plan.wish(sender, &one.file.facts, at_most) else {
        return Ok(Err(Reason::of(ReasonCode::FileTypeNotAllowed).saying(media_type.as_str())));
    };
    let (hash, wished) = (one.file.hash.clone(), wish.clone());
    let known = media.desk.store.read(move |db| db.made_of(&hash, &wished)).await?;
    let made = match known {
        Some(made) => {
            needed_anew(media, &made).await?;
            made
        }
        None => make(media, &one.file, &wish).await?,
    };
    Ok(match made {
        Made::Fits(file, steps) => Ok((file, steps)),
        Made::Refused(reason) => Err(reason),
    })
}

/// What was made before is about to be needed: nobody clears it away meanwhile.
async fn needed_anew(media: &MediaDesk, made: &Made) -> Result<(), FlowError> {
    let Made::Fits(file, _) = made else { return Ok(()) };
    let (file, now) = (file.clone(), media.desk.now());
    media.desk.store.write_together(move |tx| Ok(tx.note_file(&file, now)?)).await
}

async fn make(media: &MediaDesk, file: &StoredFile, wish: &FitWish) -> Result<Made, FlowError> {
    let made = match try_to_make(media, file, wish).await {
        Ok(made) => made,
        // Something about this house, not about the file: it may be better next time.
        Err(reason) if matches!(reason.code, ReasonCode::FileProblem | ReasonCode::FilesFull) => {
            return Ok(Made::Refused(reason));
        }
        Err(reason) => Made::Refused(reason),
    };
    let (now, hash, wish, noted) = (media.desk.now(), file.hash.clone(), wish.clone(), made.clone());
    media.desk.store.write_together(move |tx| Ok::<_, FlowError>(tx.note_made(&hash, &wish, &noted, now)?)).await?;
    Ok(made)
}

async fn try_to_make(media: &MediaDesk, file: &StoredFile, wish: &FitWish) -> Result<Made, Reason> {
    make_fit(media, file, wish).await.map(|(file, steps)| Made::Fits(file, steps))
}

/// Has a file made fit; it is kept as it ended, with what was done.
pub async fn make_fit(
    media: &MediaDesk,
    file: &StoredFile,
    wish: &FitWish,
) -> Result<(StoredFile, Vec<FitStep>), Reason> {
    let made = media.archive.begin().await.map_err(|error| error.reason())?;
    let fitted = media.workshop.fit(&media.archive.path_of(&file.hash), made.path(), wish).await?;
    if fitted.steps.is_empty() {
        return Ok((file.clone(), Vec::new()));
    }
    Ok((keep_made(media, made, fitted.facts, file).await?, fitted.steps))
}

/// The files as they are sent; the first that cannot be is the reason why none is.
pub fn all_or_none(given: &[Given], fitting: &Fitting) -> Result<(Vec<OutFile>, SentAs), FlowError> {
    let mut files = Vec::with_capacity(given.len());
    for (one, fit) in given.iter().zip(&fitting.files) {
        let refused = |reason: &Reason| FlowError::File { reason: reason.clone(), name: Some(one.name.clone()) };
        let (file, steps) = fit.made.as_ref().map_err(refused)?;
        let name = crate::domain::media::safe_name(&one.name, file.facts.media_type);
        files.push(OutFile { hash: file.hash.clone(), name, steps: steps.clone() });
    }
    match (&fitting.problem, fitting.plan.sent_as) {
        (Some(reason), _) => Err(FlowError::File { reason: reason.clone(), name: None }),
        (None, Some(sent_as)) => Ok((files, sent_as)),
        (None, None) => Err(FlowError::Refused(ReasonCode::MmsNotPossible)),
    }
}
