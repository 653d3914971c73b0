//! JSON Web Tokens as carriers sign webhooks with them: compact form, HMAC with SHA-2 alone (RFC 7515, RFC 7519).
//! Whatever else a token says of its own algorithm is not believed.

use crate::carrier::dialect::Refusal;
use crate::carrier::sign;
use crate::domain::time::Timestamp;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use subtle::ConstantTimeEq;

/// How far the carrier's clock and ours may be apart, in seconds.
const SKEW_MAX_S: i64 = 300;

/// The claims of `token`, if one of the keys signed it and it is neither too old nor from the future.
///
/// `what` names the key for the operator: "signing key".
pub fn verified(token: &str, keys: &[&[u8]], what: &'static str, now: Timestamp) -> Result<Value, Refusal> {
    let forged = || Refusal::Forged(what);
    let (signed, signature) = token.rsplit_once('.').ok_or_else(forged)?;
    let (head, claims) = signed.split_once('.').ok_or_else(forged)?;
    let given = URL_SAFE_NO_PAD.decode(signature).map_err(|_| forged())?;
    let read = |part: &str| -> Option<Value> { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok() };
    let head = read(head).ok_or_else(forged)?;
    let mac = match head["alg"].as_str() {
        Some("HS256") => sign::hmac_sha256,
        Some("HS384") => sign::hmac_sha384,
        Some("HS512") => sign::hmac_sha512,
        _ => return Err(forged()),
    };
    let fits =
        keys.iter().fold(false, |fits, key| fits | bool::from(mac(key, &[signed.as_bytes()]).as_slice().ct_eq(&given)));
    if !fits {
        return Err(forged());
    }
    let claims = read(claims).ok_or_else(forged)?;
    in_time(&claims, now)?;
    Ok(claims)
}

/// `iat`, `nbf` and `exp` in seconds; a token without `iat` and `exp` would be good for ever.
fn in_time(claims: &Value, now: Timestamp) -> Result<(), Refusal> {
    let now_s = now.as_seconds();
    let moment = |key: &str| claims[key].as_i64();
    let issued = moment("iat").or(moment("nbf"));
    if let Some(issued) = issued {
        let away = now_s - issued;
        if away < -SKEW_MAX_S || (away > SKEW_MAX_S && moment("exp").is_none()) {
            return Err(Refusal::Stale(away));
        }
    }
    match moment("exp") {
        Some(expires) if now_s > expires + SKEW_MAX_S => Err(Refusal::Stale(now_s - expires)),
        None if issued.is_none() => Err(Refusal::Unreadable("the token does not say when it was made".into())),
        _ => Ok(()),
    }
}

/// A token with these claims, signed with HS256.
pub fn signed(claims: &Value, key: &[u8]) -> String {
    let head = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let text = format!("{head}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
    let signature = URL_SAFE_NO_PAD.encode(sign::hmac_sha256(key, &[text.as_bytes()]));
    format!("{text}.{signature}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: Timestamp = Timestamp(1_795_000_000_000);

    #[test]
    fn a_token_is_believed_only_from_who_knows_the_key_and_in_time() {
        let iat = NOW.as_seconds();
        let token = signed(&json!({ "iat": iat, "payload_hash": "x" }), b"key");
        assert_eq!(verified(&token, &[b"old", b"key"], "key", NOW).expect("good")["payload_hash"], "x");
        assert_eq!(verified(&token, &[b"other"], "key", NOW), Err(Refusal::Forged("key")));
        let later = Timestamp::from_seconds(iat + 301);
        assert_eq!(verified(&token, &[b"key"], "key", later), Err(Refusal::Stale(301)));
        let for_ever = signed(&json!({ "a": 1 }), b"key");
        assert!(matches!(verified(&for_ever, &[b"key"], "key", NOW), Err(Refusal::Unreadable(_))));
    }

    #[test]
    fn a_token_cannot_choose_to_be_unsigned() {
        let claims = URL_SAFE_NO_PAD.encode(json!({ "iat": NOW.as_seconds() }).to_string());
        let head = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
        for token in [format!("{head}.{claims}."), format!("{head}.{claims}"), "x".into(), String::new()] {
            assert!(verified(&token, &[b"key"], "key", NOW).is_err(), "{token}");
        }
    }
}
