//! Tokens: any text, and any header and claims that are well signed.
#![no_main]

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use geooffer_plane::tokens::TokenVerifier;
use ring::signature::{Ed25519KeyPair, KeyPair};

const NOW_S: f64 = 1_800_000_000.5;

struct Signer {
    key: Ed25519KeyPair,
    verifier: TokenVerifier,
}

static SIGNER: LazyLock<Signer> = LazyLock::new(|| {
    let key = Ed25519KeyPair::from_seed_unchecked(&[1; 32]).expect("32 bytes are a seed");
    let public = key.public_key().as_ref().iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    let settings = serde_json::json!({
        "issuer": "geooffer", "audience": "geooffer", "leeway_s": 30.0, "lifetime_max_s": 86_400.0,
        "keys": [{"kid": "", "algorithm": "EdDSA", "key": public}],
    });
    Signer { key, verifier: TokenVerifier::from_json(&settings.to_string()).expect("settings as Python writes them") }
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((&way, data)) = data.split_first() else { return };
    if way & 1 == 0 {
        if let Ok(text) = std::str::from_utf8(data) {
            assert!(SIGNER.verifier.verify(text, NOW_S).is_none(), "nobody signed it");
        }
        return;
    }
    // header and claims, with a zero byte between them
    let cut = data.iter().position(|&byte| byte == 0).unwrap_or(0);
    let (header, payload) = data.split_at(cut);
    let signed =
        format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload.get(1..).unwrap_or(&[])));
    let signature = SIGNER.key.sign(signed.as_bytes());
    if let Some(caller) = SIGNER.verifier.verify(&format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)), NOW_S) {
        assert!(caller.expires_at_s > NOW_S && caller.expires_at_s.is_finite());
    }
});
