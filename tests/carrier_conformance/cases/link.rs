//! LINK Mobility EU: nothing is signed.

use super::{Case, HOOK, Report, What, heard};
use serde_json::json;

pub const CASES: &[Case] = &[
    Case {
        name: "link",
        settings: || json!({ "token": "canary-access-token" }),
        webhook: |what| {
            let mut body = json!({
                "notificationId": "8a80f1d4-0001", "transferId": "005f0a5c0001", "senderAddress": "4915550012345",
                "senderAddressType": "international", "recipientAddress": "4930555000",
                "recipientAddressType": "international",
            });
            match what {
                What::Message => {
                    body["messageType"] = "text".into();
                    body["textMessageContent"] = "Grüße & 1+1=2".into();
                }
                What::Report => {
                    body["messageType"] = "deliveryReport".into();
                    body["deliveryReportMessageStatus"] = "expired".into();
                    body["clientMessageId"] = "ref-1".into();
                }
                What::Unknown => body["messageType"] = "binary".into(),
            }
            Some(heard(HOOK, "application/json", &[], body.to_string()))
        },
        report: Report { carrier_id: Some("005f0a5c0001"), reason: Some("expired"), ..Case::USUAL.report },
        ..Case::USUAL
    },
    Case {
        name: "link",
        settings: || json!({ "username": "user", "password": "canary-password" }),
        webhook: |what| (CASES[0].webhook)(what),
        report: Report { reason: Some("expired"), ..Case::USUAL.report },
        ..Case::USUAL
    },
];
