//! The public keys that tokens are verified by, as `geooffer/rpc/token_keys.py` has read them.

use ring::digest::{SHA256, digest};
use ring::signature::{ECDSA_P256_SHA256_FIXED, ED25519, UnparsedPublicKey, VerificationAlgorithm};
use serde::Deserialize;

use crate::limits::TOKEN_KEY_COUNT_MAX;

/// A key as Python writes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyText {
    /// Its name; '' of a key that is alone and verifies whatever name a token has.
    pub kid: String,
    /// `EdDSA` or `ES256`.
    pub algorithm: String,
    /// Hexadecimal: 32 bytes of Ed25519, or 65 of an uncompressed point of P-256.
    pub key: String,
}

/// A key and the one algorithm it verifies.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenKey {
    kid: String,
    algorithm: Algorithm,
    public: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    EdDsa,
    Es256,
}

impl Algorithm {
    fn name(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
        }
    }

    fn verification(self) -> &'static dyn VerificationAlgorithm {
        match self {
            Self::EdDsa => &ED25519,
            Self::Es256 => &ECDSA_P256_SHA256_FIXED,
        }
    }
}

impl TokenKey {
    /// Whether a header asks for the algorithm of this key.
    pub fn is_of(&self, algorithm: &[u8]) -> bool {
        self.algorithm.name().as_bytes() == algorithm
    }

    /// Whether this key signed it. The one place where a signature is checked.
    pub fn verifies(&self, signed: &[u8], signature: &[u8]) -> bool {
        #[cfg(test)]
        CHECK_COUNT.set(CHECK_COUNT.get() + 1);
        UnparsedPublicKey::new(self.algorithm.verification(), &self.public).verify(signed, signature).is_ok()
    }
}

#[cfg(test)]
thread_local! {
    /// Signatures checked by this thread.
    pub static CHECK_COUNT: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// What tokens may be signed with. Never changes: a reload makes another one.
#[derive(PartialEq, Eq)]
pub struct KeyRing {
    keys: Vec<TokenKey>,
    decoy_signature: [u8; 64],
}

/// As long as what a gateway's token signs.
const DECOY_SIGNED: [u8; 320] = [b'x'; 320];

impl KeyRing {
    /// The keys in their order. Errors tell what is wrong without any of it.
    pub fn new(texts: &[KeyText]) -> Result<Self, String> {
        if !(1..=TOKEN_KEY_COUNT_MAX).contains(&texts.len()) {
            return Err(format!("1..{TOKEN_KEY_COUNT_MAX} token keys are needed"));
        }
        let keys = texts.iter().map(parsed).collect::<Result<Vec<_>, _>>()?;
        if keys.len() > 1 && keys.iter().any(|key| key.kid.is_empty()) {
            return Err("of several token keys each needs a name".into());
        }
        if keys.iter().enumerate().any(|(number, key)| keys[..number].iter().any(|other| other.kid == key.kid)) {
            return Err("each token key needs a kid of its own".into());
        }
        let decoy_signature = decoy_signature(&keys[0]);
        Ok(Self { keys, decoy_signature })
    }

    /// The key of a token whose header names `kid`; without a name the only one there is.
    pub fn find(&self, kid: Option<&[u8]>) -> Option<&TokenKey> {
        let takes_any_name = self.keys[0].kid.is_empty();
        match kid {
            Some(kid) if !takes_any_name => self.keys.iter().find(|key| key.kid.as_bytes() == kid),
            _ => self.keys.first().filter(|_| self.keys.len() == 1),
        }
    }

    /// The work of checking one signature, for a token whose own cannot be.
    pub fn check_decoy(&self) {
        // nobody signed it: the answer is known
        let _never = std::hint::black_box(self.keys[0].verifies(&DECOY_SIGNED, &self.decoy_signature));
    }
}

fn parsed(text: &KeyText) -> Result<TokenKey, String> {
    let public = from_hex(&text.key).ok_or("a token key is not hexadecimal")?;
    let (algorithm, is_sound) = match text.algorithm.as_str() {
        "EdDSA" => (Algorithm::EdDsa, public.len() == 32),
        "ES256" => (Algorithm::Es256, public.len() == 65 && public[0] == 4),
        _ => return Err("a token key is of EdDSA or ES256".into()),
    };
    if !is_sound {
        return Err("a token key has 32 bytes (EdDSA), or 65 beginning with 4 (ES256)".into());
    }
    Ok(TokenKey { kid: text.kid.clone(), algorithm, public })
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.chars().map(|digit| digit.to_digit(16)).collect::<Option<Vec<_>>>()?;
    let pairs = digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair.get(1)?).ok());
    pairs.collect()
}

/// Sound in form (both numbers lie below the order of the group), so that checking it takes all the work there is.
fn decoy_signature(key: &TokenKey) -> [u8; 64] {
    let mut signature = [0; 64];
    for (half, label) in [b'r', b's'].into_iter().enumerate() {
        let content = [&[label], key.public.as_slice()].concat();
        signature[half * 32..][..32].copy_from_slice(digest(&SHA256, &content).as_ref());
    }
    match key.algorithm {
        Algorithm::EdDsa => signature[63] &= 0x0f,
        Algorithm::Es256 => {
            signature[0] &= 0x7f;
            signature[32] &= 0x7f;
        }
    }
    signature
}
