//! How the types of domain/ stand in columns: ids and times as integers, states as their words, reasons as JSON.

use crate::domain::address::Address;
use crate::domain::campaign::CampaignStatus;
use crate::domain::channel::{ChannelKind, SenderClass};
use crate::domain::contact::NumberKind;
use crate::domain::contact_import::{Export, ImportFormat, ImportState, Known};
use crate::domain::delivery::DeliveryState;
use crate::domain::id::{
    AttachmentId, BindingId, CampaignId, ChannelId, ContactId, DeliveryId, ExchangeId, ExtensionId, ImportId, ListId,
    LoginId, MediaLinkId, MessageId, NumberId, OptOutId, PeerId, PhonebookId, QueueId, RecipientId, SessionEventId,
    SessionId, SourceId, TrunkId, UploadId, UserId,
};
use crate::domain::media::{AttachmentState, FileHash, MediaType};
use crate::domain::media_rules::Mms;
use crate::domain::reason::Reason;
use crate::domain::session::PickUp;
use crate::domain::time::Timestamp;
use crate::domain::trunk::{Intake, OnUncertain, TrunkState};
use crate::domain::user::{Language, Role, Theme};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

macro_rules! integers {
    ($($name:ident),+ $(,)?) => {$(
        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.0.into())
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<$name> {
                value.as_i64().map($name)
            }
        }
    )+};
}

macro_rules! words {
    ($($name:ident),+ $(,)?) => {$(
        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.as_str().into())
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<$name> {
                let word = value.as_str()?;
                $name::from_word(word).ok_or_else(|| {
                    FromSqlError::Other(format!(concat!("{:?} is no ", stringify!($name)), word).into())
                })
            }
        }
    )+};
}

integers! {
    TrunkId, ChannelId, NumberId, PeerId, SessionId, QueueId, ExtensionId, MessageId, DeliveryId, UserId, LoginId,
    BindingId, ExchangeId, SessionEventId, AttachmentId, UploadId, MediaLinkId, Timestamp,
    PhonebookId, ContactId, SourceId, ImportId, CampaignId, RecipientId, ListId, OptOutId,
}

words! { ChannelKind, SenderClass, DeliveryState, PickUp, TrunkState, OnUncertain, Intake, Role, Language, Theme, AttachmentState, MediaType, Mms, NumberKind, CampaignStatus, Export, ImportFormat, ImportState, Known }

impl ToSql for FileHash {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl FromSql for FileHash {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<FileHash> {
        FileHash::parse(value.as_str()?).ok_or_else(|| FromSqlError::Other("no hash of a file".into()))
    }
}

impl ToSql for Address {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl FromSql for Address {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Address> {
        Address::parse(value.as_str()?).map_err(|error| FromSqlError::Other(error.into()))
    }
}

impl ToSql for Reason {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let json =
            serde_json::to_string(self).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        Ok(json.into())
    }
}

impl FromSql for Reason {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Reason> {
        serde_json::from_str(value.as_str()?).map_err(|error| FromSqlError::Other(error.into()))
    }
}
