//! All that is to be found at the public door: carriers' webhooks, and files. Everything else is not found.

use crate::ingress::media_link::MediaDoor;
use crate::ingress::webhook::WebhookDoor;
use axum::Router;

/// The routes of the public listener.
pub fn router(webhooks: &WebhookDoor, media: &MediaDoor) -> Router {
    webhooks.router().merge(media.routes())
}
