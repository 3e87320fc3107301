//! Who is calling: the verdicts of `geooffer/rpc/auth.py`, without Python.
//!
//! A token is a JWT of EdDSA or ES256, whichever its key is for. Whatever is wrong with one, the caller reads the same
//! sentence, and the same work was done: one signature is checked, a decoy's where the token's own cannot be. Nothing of a
//! token is kept, logged or told in an error.
//!
//! Python accepts a few exotic tokens that are refused here (nothing the other way round; docs/native-plane.md lists
//! them): documents in UTF-16 or UTF-32, behind a byte order mark, or with raw surrogates; a subject with a lone surrogate;
//! `nbf` as digits in a text; more than 512 levels of nesting.

mod claims;
mod json;
mod keys;
mod segments;
#[cfg(test)]
mod tests;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

use http::HeaderMap;
use http::header::AUTHORIZATION;
use serde::Deserialize;

use crate::identity::{Identity, Role, Sender};
use crate::limits::{TOKEN_LEEWAY_MAX_S, TOKEN_LENGTH_MAX, TOKEN_LIFETIME_MAX_S};
use crate::refusal::{Code, Refusal};
use crate::tokens::keys::{KeyRing, KeyText, TokenKey};
use crate::tokens::segments::Segments;

/// Header fields that change what the rest means; keys and addresses of keys in a header are not read.
const UNHEARD_OF: [&str; 4] = ["crit", "b64", "zip", "enc"];

/// All roles a token may have; three of them may send pings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenRole {
    /// A phone.
    Device,
    /// What stands in front of phones.
    Gateway,
    /// A store.
    Store,
    /// Who plans campaigns.
    Marketing,
    /// Who answers for consent.
    PrivacyOfficer,
    /// Who runs the service.
    Operator,
}

impl TokenRole {
    const ALL: [Self; 6] =
        [Self::Device, Self::Gateway, Self::Store, Self::Marketing, Self::PrivacyOfficer, Self::Operator];

    /// As tokens spell it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Gateway => "gateway",
            Self::Store => "store",
            Self::Marketing => "marketing",
            Self::PrivacyOfficer => "privacy_officer",
            Self::Operator => "operator",
        }
    }

    fn of_name(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name().as_bytes() == name)
    }
}

impl From<Role> for TokenRole {
    fn from(role: Role) -> Self {
        match role {
            Role::Device => Self::Device,
            Role::Gateway => Self::Gateway,
            Role::Operator => Self::Operator,
        }
    }
}

/// What a good token says, of whatever role.
#[derive(Clone, PartialEq)]
pub struct Verified {
    /// Whose rules hold.
    pub role: TokenRole,
    /// 1..128 characters; of a device its key in decimal.
    pub subject: String,
    /// Whose rows it may send, if it may send any.
    pub sender: Sender,
    /// Seconds since 1970, real clock, leeway included.
    pub expires_at_s: f64,
}

impl Verified {
    /// A caller of PingService.
    ///
    /// # Errors
    /// For roles that may not call it (the table of `rpc/roles.py`).
    pub fn into_identity(self) -> Result<Identity, Refusal> {
        let role = match self.role {
            TokenRole::Device => Role::Device,
            TokenRole::Gateway => Role::Gateway,
            TokenRole::Operator => Role::Operator,
            TokenRole::Store | TokenRole::Marketing | TokenRole::PrivacyOfficer => {
                return Err(Refusal::new(
                    Code::PermissionDenied,
                    "PERMISSION_DENIED",
                    "this role may not call this method",
                ));
            }
        };
        Ok(Identity { role, subject: self.subject, sender: self.sender, expires_at_s: self.expires_at_s })
    }
}

/// What tokens have to be like, and the keys they are signed with; as Python writes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenSettings {
    issuer: String,
    audience: String,
    leeway_s: f64,
    lifetime_max_s: f64,
    keys: Vec<KeyText>,
}

/// What the claims of a token are held against.
#[derive(PartialEq)]
struct Rules {
    issuer: String,
    audience: String,
    leeway_s: f64,
    lifetime_max_s: f64,
}

/// What a reload exchanges as a whole.
#[derive(PartialEq)]
struct Snapshot {
    rules: Rules,
    ring: KeyRing,
}

/// Verifies tokens by settings that a reload may exchange while all workers ask it.
pub struct TokenVerifier {
    snapshot: RwLock<Arc<Snapshot>>,
}

impl TokenVerifier {
    /// From the JSON that Python writes: issuer, audience, `leeway_s`, `lifetime_max_s`, `keys`.
    ///
    /// # Errors
    /// A sentence that names what is wrong, without any of it.
    pub fn from_json(text: &str) -> Result<Self, String> {
        Ok(Self { snapshot: RwLock::new(Arc::new(snapshot_of(text)?)) })
    }

    /// Verify by these settings from now on; streams that are open stay. False where they are the same.
    ///
    /// # Errors
    /// As [`TokenVerifier::from_json`]; then nothing has changed.
    pub fn replace_json(&self, text: &str) -> Result<bool, String> {
        let snapshot = snapshot_of(text)?;
        // poison means nothing here: what is behind the lock is replaced as a whole
        let mut current = self.snapshot.write().unwrap_or_else(PoisonError::into_inner);
        if **current == snapshot {
            return Ok(false);
        }
        *current = Arc::new(snapshot);
        Ok(true)
    }

    /// The caller that exactly one `authorization: Bearer …` header proves at `now_s` ([`now_s`]). None for every fault.
    #[must_use]
    pub fn verify_headers(&self, headers: &HeaderMap, now_s: f64) -> Option<Verified> {
        let snapshot = self.snapshot();
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let token = match (values.next().map(|value| value.to_str()), values.next()) {
            (Some(Ok(value)), None) => bearer(value),
            _ => None,
        };
        verified(&snapshot, token, now_s)
    }

    /// The caller that a token proves at `now_s`. None for every fault.
    #[must_use]
    pub fn verify(&self, token: &str, now_s: f64) -> Option<Verified> {
        verified(&self.snapshot(), Some(token), now_s)
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The real clock, in seconds since 1970.
#[must_use]
pub fn now_s() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// What [`TokenVerifier`] says, as JSON: for the test that holds it against Python's verifier. None also where the
/// settings are none.
#[must_use]
pub fn verify_for_test(settings_json: &str, token: &str, now_s: f64) -> Option<String> {
    let caller = TokenVerifier::from_json(settings_json).ok()?.verify(token, now_s)?;
    let identity = serde_json::json!({
        "role": caller.role.name(),
        "subject": caller.subject,
        "own_key": caller.sender.own_key,
        "key_ranges": caller.sender.key_ranges,
        "expires_at_s": caller.expires_at_s,
    });
    Some(identity.to_string())
}

fn snapshot_of(text: &str) -> Result<Snapshot, String> {
    // serde's message may quote what it met
    let settings: TokenSettings =
        serde_json::from_str(text).map_err(|_unsaid| "these are no token settings".to_owned())?;
    if !(0.0..=TOKEN_LEEWAY_MAX_S).contains(&settings.leeway_s) {
        return Err(format!("a leeway is 0..{TOKEN_LEEWAY_MAX_S} s"));
    }
    if !(0.0 < settings.lifetime_max_s && settings.lifetime_max_s <= TOKEN_LIFETIME_MAX_S) {
        return Err(format!("a token lives at most {TOKEN_LIFETIME_MAX_S} s"));
    }
    let TokenSettings { issuer, audience, leeway_s, lifetime_max_s, keys } = settings;
    Ok(Snapshot { rules: Rules { issuer, audience, leeway_s, lifetime_max_s }, ring: KeyRing::new(&keys)? })
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

fn verified(snapshot: &Snapshot, token: Option<&str>, now_s: f64) -> Option<Verified> {
    let Some((segments, key)) = token.and_then(|token| checkable(&snapshot.ring, token)) else {
        snapshot.ring.check_decoy();
        return None;
    };
    if !key.verifies(segments.signed, &segments.signature) {
        return None;
    }
    claims::verified(&json::parse(&segments.payload)?, &snapshot.rules, now_s)
}

/// A token whose signature can be checked, and by which key; nothing of its payload is read yet.
fn checkable<'a, 'ring>(ring: &'ring KeyRing, token: &'a str) -> Option<(Segments<'a>, &'ring TokenKey)> {
    if token.len() > TOKEN_LENGTH_MAX {
        return None;
    }
    let segments = segments::split(token)?;
    let header = json::parse(&segments.header)?;
    if !matches!(header, json::Value::Map(_)) || UNHEARD_OF.iter().any(|name| header.get(name).is_some()) {
        return None;
    }
    let kid = match header.get("kid") {
        None => None,
        Some(kid) => Some(kid.text()?),
    };
    let key = ring.find(kid)?;
    key.is_of(header.get("alg")?.text()?).then_some((segments, key))
}
