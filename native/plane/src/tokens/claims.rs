//! From the claims of a signed token to who calls: `_validate_claims` of PyJWT and `_identity_from` of rpc/auth.py.

use crate::identity::Sender;
use crate::limits::{ID_LENGTH_MAX, STORES_PER_TOKEN_COUNT_MAX};
use crate::tokens::json::Value;
use crate::tokens::{Rules, TokenRole, Verified};

/// Who a payload says it is of; None where anything about it is not as it must be at `now_s`.
pub fn verified(payload: &Value, rules: &Rules, now_s: f64) -> Option<Verified> {
    let expires_s = lived(payload, rules, now_s)?;
    addressed(payload, rules)?;
    if payload.get("cnf").is_some() {
        // bound to a key or certificate by who issued it, which is not looked at here: it is not a bearer's
        return None;
    }
    if payload.get("jti").is_some_and(|id| id.text().is_none()) {
        return None;
    }
    let role = TokenRole::of_name(payload.get("role")?.text()?)?;
    let subject = name(payload.get("sub")?)?;
    let mut sender = Sender::default();
    if role == TokenRole::Device {
        sender.own_key = device_key(&subject)?;
    } else {
        sender.key_ranges = payload.get("device_key_ranges").map_or(Some(Vec::new()), ranges)?;
    }
    if role == TokenRole::Store {
        check_stores(payload.get("store_ids")?)?;
    }
    Some(Verified { role, subject, sender, expires_at_s: expires_s + rules.leeway_s })
}

/// `exp`, where the token lives at `now_s`, and not for too long in all.
fn lived(payload: &Value, rules: &Rules, now_s: f64) -> Option<f64> {
    let (expires, issued) = (seconds(payload.get("exp")?)?, seconds(payload.get("iat")?)?);
    // PyJWT compares whole seconds, cut towards zero
    if issued.trunc() > now_s + rules.leeway_s || expires.trunc() <= now_s - rules.leeway_s {
        return None;
    }
    if payload.get("nbf").is_some_and(|value| !has_begun(value, now_s + rules.leeway_s)) {
        return None;
    }
    let lifetime_s = expires - issued;
    (0.0 < lifetime_s && lifetime_s <= rules.lifetime_max_s).then_some(expires)
}

/// A number of seconds, finite; not a bool, nor digits in a text. What is beyond 64 bits lives neither now nor shortly.
#[expect(clippy::cast_precision_loss, reason = "rounded as Python's float() does")]
fn seconds(value: &Value) -> Option<f64> {
    match *value {
        Value::Int(whole) => Some(whole as f64),
        Value::Float(value) if value.is_finite() => Some(value),
        _ => None,
    }
}

/// `nbf`, where PyJWT is more liberal than `seconds`: whatever Python's `int()` takes, digits in a text apart.
#[expect(clippy::cast_precision_loss, reason = "beyond 2^53 it lies in the far future or past anyway")]
fn has_begun(value: &Value, until_s: f64) -> bool {
    match *value {
        Value::Bool(value) => f64::from(u8::from(value)) <= until_s,
        Value::Int(whole) => whole as f64 <= until_s,
        Value::BigInt { negative } => negative,
        Value::Float(value) => value.is_finite() && value.trunc() <= until_s,
        _ => false,
    }
}

/// Issued by our issuer for us.
fn addressed(payload: &Value, rules: &Rules) -> Option<()> {
    let audience = rules.audience.as_bytes();
    let is_ours = match payload.get("aud")? {
        Value::Text(text) => !text.is_empty() && text == audience,
        Value::List(names) => {
            names.iter().all(|name| name.text().is_some()) && names.iter().any(|name| name.text() == Some(audience))
        }
        _ => false,
    };
    (is_ours && payload.get("iss")?.text()? == rules.issuer.as_bytes()).then_some(())
}

/// 1..128 characters. A lone surrogate is none.
fn name(value: &Value) -> Option<String> {
    let text = std::str::from_utf8(value.text()?).ok()?;
    (1..=ID_LENGTH_MAX).contains(&text.chars().count()).then(|| text.to_owned())
}

/// Decimal, in one spelling only, so that `sub` can be compared as text elsewhere; not 0.
fn device_key(subject: &str) -> Option<i64> {
    let key: i64 = subject.parse().ok()?;
    (key != 0 && key.to_string() == subject).then_some(key)
}

/// Pairs of integers of 64 bits that ascend. An empty text or map has none, as in Python.
fn ranges(value: &Value) -> Option<Vec<(i64, i64)>> {
    match value {
        Value::List(pairs) => pairs.iter().map(range).collect(),
        Value::Text(text) if text.is_empty() => Some(Vec::new()),
        Value::Map(members) if members.is_empty() => Some(Vec::new()),
        _ => None,
    }
}

fn range(pair: &Value) -> Option<(i64, i64)> {
    match pair {
        Value::List(ends) => match ends[..] {
            [Value::Int(low), Value::Int(high)] if low <= high => Some((low, high)),
            _ => None,
        },
        _ => None,
    }
}

/// What a store's token must have, though no store may send pings: so that it reads "denied" and not "no token".
fn check_stores(value: &Value) -> Option<()> {
    let Value::List(ids) = value else { return None };
    let is_bounded = (1..=STORES_PER_TOKEN_COUNT_MAX).contains(&ids.len());
    (is_bounded && ids.iter().all(|id| name(id).is_some())).then_some(())
}
