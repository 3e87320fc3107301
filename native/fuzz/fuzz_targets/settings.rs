//! Settings and token settings of any text: parsed or refused.
#![no_main]

use geooffer_plane::settings::PlaneSettings;
use geooffer_plane::tokens::TokenVerifier;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        let _parsed = serde_json::from_str::<PlaneSettings>(text);
        let _verifier = TokenVerifier::from_json(text);
    }
});
