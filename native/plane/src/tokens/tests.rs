//! What verifies, what does not, and that every refusal costs the same. The Python verifier itself is the judge in
//! tests/rpc/test_native_tokens.py.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};

use super::json::{Value, parse};
use super::keys::CHECK_COUNT;
use super::*;

const NOW_S: f64 = 1_800_000_000.5;
const EDDSA: &str = r#"{"alg":"EdDSA","typ":"JWT"}"#;

fn key(seed: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

fn settings(keys: &[(&str, &str, &[u8])], leeway_s: f64) -> String {
    let keys: Vec<_> = keys
        .iter()
        .map(|(kid, algorithm, key)| serde_json::json!({"kid": kid, "algorithm": algorithm, "key": hex(key)}))
        .collect();
    serde_json::json!({
        "issuer": "geooffer", "audience": "geooffer", "leeway_s": leeway_s, "lifetime_max_s": 86_400.0, "keys": keys,
    })
    .to_string()
}

fn verifier() -> TokenVerifier {
    TokenVerifier::from_json(&settings(&[("", "EdDSA", key(1).public_key().as_ref())], 0.0)).unwrap()
}

fn content(header: &str, payload: &str) -> String {
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload))
}

fn signed(header: &str, payload: &str) -> String {
    let content = content(header, payload);
    let signature = key(1).sign(content.as_bytes());
    format!("{content}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// Good claims of a device, with some members replaced or added behind.
fn claims(more: &str) -> String {
    format!(
        r#"{{"iss":"geooffer","aud":"geooffer","sub":"7","iat":1800000000,"exp":1800000600,"role":"device"{}{more}}}"#,
        if more.is_empty() { "" } else { "," }
    )
}

fn accepts(more: &str) -> bool {
    verifier().verify(&signed(EDDSA, &claims(more)), NOW_S).is_some()
}

#[test]
fn a_device_speaks_for_itself() {
    let caller = verifier().verify(&signed(EDDSA, &claims(r#""sub":"-7""#)), NOW_S).unwrap();
    let identity = caller.into_identity().unwrap();
    assert_eq!((identity.role, identity.subject.as_str()), (Role::Device, "-7"));
    assert_eq!(identity.sender, Sender { own_key: -7, key_ranges: Vec::new() });
    assert!((identity.expires_at_s - 1_800_000_600.0).abs() < f64::EPSILON);
}

#[test]
fn a_gateway_speaks_for_its_ranges() {
    let more = r#""role":"gateway","sub":"g","device_key_ranges":[[-9223372036854775808,-5],[10,20]]"#;
    let identity = verifier().verify(&signed(EDDSA, &claims(more)), NOW_S).unwrap().into_identity().unwrap();
    assert_eq!(identity.role, Role::Gateway);
    assert_eq!(identity.sender, Sender { own_key: 0, key_ranges: vec![(i64::MIN, -5), (10, 20)] });
}

#[test]
fn roles_that_send_no_pings_are_known_and_denied() {
    for more in [r#""role":"marketing""#, r#""role":"privacy_officer""#, r#""role":"store","store_ids":["a"]"#] {
        let caller = verifier().verify(&signed(EDDSA, &claims(more)), NOW_S).unwrap();
        assert_eq!(caller.into_identity().unwrap_err().code, Code::PermissionDenied, "{more}");
    }
}

#[test]
fn claims_that_are_good() {
    for more in [
        r#""exp":1800000600.25,"iat":1799999999.5"#,
        r#""iat":1800000000.99"#, // whole seconds are compared
        r#""aud":["x","geooffer"]"#,
        r#""nbf":1800000000"#,
        r#""nbf":true"#,
        r#""nbf":-10000000000000000000000"#,
        r#""jti":"x""#,
        r#""role":"root","role":"device""#,
        r#""role":"operator","sub":"o""#,
        r#""role":"operator","sub":"o","device_key_ranges":{}"#,
        r#""role":"operator","sub":"o","device_key_ranges":"""#,
        r#""device_key_ranges":7"#, // a device's are not read
        r#""more":[NaN,Infinity,-Infinity,1e999,123456789012345678901234567890,"\ud800"]"#,
        r#""sub":"\u0037""#,
    ] {
        assert!(accepts(more), "{more}");
    }
    assert!(accepts(&format!(r#""deep":{}{}"#, "[".repeat(500), "]".repeat(500))));
}

#[test]
fn claims_that_are_not() {
    for more in [
        r#""exp":1800000000"#, // now, cut to whole seconds, is its last second
        r#""exp":"1800000600""#,
        r#""exp":true"#,
        r#""exp":null"#,
        r#""exp":NaN"#,
        r#""exp":1e999"#,
        r#""exp":1800090000"#,
        r#""exp":99999999999999999999999"#,
        r#""iat":1800000001"#,
        r#""iat":"1""#,
        r#""iat":null"#,
        r#""iat":1800000700"#,
        r#""nbf":1800000001"#,
        r#""nbf":null"#,
        r#""nbf":"1""#,
        r#""nbf":NaN"#,
        r#""nbf":[]"#,
        r#""jti":1"#,
        r#""jti":null"#,
        r#""cnf":null"#,
        r#""iss":"x""#,
        r#""iss":["geooffer"]"#,
        r#""aud":"x""#,
        r#""aud":"""#,
        r#""aud":[]"#,
        r#""aud":["geooffer",1]"#,
        r#""aud":{"geooffer":1}"#,
        r#""role":"root""#,
        r#""role":["device"]"#,
        r#""role":null"#,
        r#""sub":7"#,
        r#""sub":"0""#,
        r#""sub":"-0""#,
        r#""sub":"07""#,
        r#""sub":"+7""#,
        r#""sub":" 7""#,
        r#""sub":"7_0""#,
        r#""sub":"""#,
        r#""sub":"9223372036854775808""#,
        r#""role":"operator","sub":"\ud800""#,
        r#""role":"operator","device_key_ranges":null"#,
        r#""role":"operator","device_key_ranges":7"#,
        r#""role":"operator","device_key_ranges":"x""#,
        r#""role":"operator","device_key_ranges":[[1]]"#,
        r#""role":"operator","device_key_ranges":[[1,2,3]]"#,
        r#""role":"operator","device_key_ranges":[[2,1]]"#,
        r#""role":"operator","device_key_ranges":[[1,2.0]]"#,
        r#""role":"operator","device_key_ranges":[[true,2]]"#,
        r#""role":"operator","device_key_ranges":[[1,9223372036854775808]]"#,
        r#""role":"operator","device_key_ranges":[["1","2"]]"#,
        r#""role":"store","store_ids":[]"#,
        r#""role":"store","store_ids":[1]"#,
        r#""role":"store","store_ids":"*""#,
        r#""role":"store""#,
    ] {
        assert!(!accepts(more), "{more}");
    }
    assert!(!accepts(&format!(r#""role":"operator","sub":"{}""#, "x".repeat(129))));
    assert!(accepts(&format!(r#""role":"operator","sub":"{}""#, "é".repeat(128))));
    let too_many = vec![r#""s""#; STORE_COUNT + 1].join(",");
    assert!(!accepts(&format!(r#""role":"store","store_ids":[{too_many}]"#)));
    assert!(!accepts(&format!(r#""deep":{}{}"#, "[".repeat(600), "]".repeat(600))));
}

const STORE_COUNT: usize = crate::limits::STORES_PER_TOKEN_COUNT_MAX;

#[test]
fn every_refusal_checks_one_signature() {
    let good = signed(EDDSA, &claims(""));
    let headers = [
        r#"{"alg":"none"}"#,
        r#"{"alg":"None"}"#,
        r#"{"alg":"HS256"}"#,
        r#"{"alg":"ES256"}"#,
        r#"{"alg":null}"#,
        r#"{"typ":"JWT"}"#,
        r#"{"alg":"EdDSA","kid":["a"]}"#,
        r#"{"alg":"EdDSA","kid":null}"#,
        r#"{"alg":"EdDSA","crit":["exp"]}"#,
        r#"{"alg":"EdDSA","b64":true}"#,
        r#"{"alg":"EdDSA","zip":"DEF"}"#,
        r#"{"alg":"EdDSA","enc":null}"#,
        r#"["EdDSA"]"#,
        "\u{feff}{\"alg\":\"EdDSA\"}",
        r#"{"alg":"EdDSA"}x"#,
    ];
    let mut bad: Vec<String> = headers.iter().map(|header| signed(header, &claims(""))).collect();
    bad.extend(["", "x", "a.b", "a.b.c", "a.b.c.d.e"].map(str::to_owned));
    bad.push("x".repeat(1_000_000));
    bad.push(signed(EDDSA, &claims(&format!(r#""more":"{}""#, "x".repeat(8_000)))));
    bad.push(signed(EDDSA, "[1]"));
    bad.push(signed(EDDSA, &"[".repeat(1_500)));
    bad.push(signed(EDDSA, "\u{0}"));
    bad.push(format!("{}A", &good[..good.len() - 1]));
    bad.push(format!("{}.{}", content(EDDSA, &claims("")), URL_SAFE_NO_PAD.encode([0; 64])));
    bad.push(good.replacen('.', "..", 1));
    for token in &bad {
        CHECK_COUNT.set(0);
        assert!(verifier().verify(token, NOW_S).is_none(), "{token:.80}");
        assert_eq!(CHECK_COUNT.get(), 1, "{token:.80}");
    }
    CHECK_COUNT.set(0);
    assert!(verifier().verify(&good, NOW_S).is_some());
    assert_eq!(CHECK_COUNT.get(), 1);
}

#[test]
fn exactly_one_bearer_header() {
    let good = format!("Bearer {}", signed(EDDSA, &claims("")));
    let verifies = |values: &[&str]| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        }
        CHECK_COUNT.set(0);
        let is_good = verifier().verify_headers(&headers, NOW_S).is_some();
        assert_eq!(CHECK_COUNT.get(), 1);
        is_good
    };
    assert!(verifies(&[&good]));
    assert!(verifies(&[&good.replace("Bearer", "bEARER")]));
    let basic = good.replace("Bearer", "Basic");
    let spaced = good.replace("Bearer ", "Bearer  ");
    for bad in [&[][..], &[""], &["Bearer"], &[&basic], &[&spaced], &[&good[7..]], &[&good, &good]] {
        assert!(!verifies(bad), "{} headers", bad.len());
    }
}

#[test]
fn keys_are_found_by_name_and_exchanged() {
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let curve = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap();
    let old = signed(r#"{"alg":"EdDSA","kid":"old"}"#, &claims(""));
    let body = content(r#"{"alg":"ES256","kid":"new"}"#, &claims(""));
    let new = format!("{body}.{}", URL_SAFE_NO_PAD.encode(curve.sign(&random, body.as_bytes()).unwrap()));
    let ed = key(1);
    let first = ("old", "EdDSA", ed.public_key().as_ref());
    let second = ("new", "ES256", curve.public_key().as_ref());
    let verifier = TokenVerifier::from_json(&settings(&[first], 0.0)).unwrap();
    let mut seen = Vec::new();
    for keys in [&[first][..], &[first, second], &[second]] {
        let changed = verifier.replace_json(&settings(keys, 0.0)).unwrap();
        seen.push((changed, verifier.verify(&old, NOW_S).is_some(), verifier.verify(&new, NOW_S).is_some()));
    }
    assert_eq!(seen, [(false, true, false), (true, true, true), (true, false, true)]);
    let nameless = signed(EDDSA, &claims(""));
    assert!(verifier.verify(&nameless, NOW_S).is_none());
    assert!(verifier.replace_json(&settings(&[first], 0.0)).unwrap());
    assert!(verifier.verify(&nameless, NOW_S).is_some(), "of the only key there is");
    for bad in [&[][..], &[first, first], &[("", "EdDSA", first.2), second], &[("a", "ES256", first.2)]] {
        assert!(verifier.replace_json(&settings(bad, 0.0)).is_err());
    }
    assert!(verifier.replace_json(&settings(&[first], 61.0)).is_err());
    assert!(verifier.verify(&nameless, NOW_S).is_some(), "nothing has changed");
}

#[test]
fn the_leeway_counts_both_ways() {
    let ed = key(1);
    let verifier = TokenVerifier::from_json(&settings(&[("", "EdDSA", ed.public_key().as_ref())], 60.0)).unwrap();
    let token = signed(EDDSA, &claims(""));
    assert!(verifier.verify(&token, 1_800_000_000.0 - 60.0).is_some());
    assert!(verifier.verify(&token, 1_800_000_000.0 - 61.0).is_none());
    let late = verifier.verify(&token, 1_800_000_600.0 + 59.9).unwrap();
    assert!((late.expires_at_s - 1_800_000_660.0).abs() < f64::EPSILON);
    assert!(verifier.verify(&token, 1_800_000_600.0 + 60.0).is_none());
}

#[test]
fn documents_are_read_as_python_reads_them() {
    for good in
        ["0", "-0", "10", "1.5e-3", "1E5", "-Infinity", "\"\\ud83d\\ude00\"", " [ ] ", "{\"\":{}}", "[[[[{}]]]]"]
    {
        assert!(parse(good.as_bytes()).is_some(), "{good}");
    }
    for bad in [
        "",
        " ",
        "01",
        "1.",
        ".5",
        "-",
        "+1",
        "1e",
        "1.e5",
        "0x1",
        "nan",
        "-NaN",
        "infinity",
        "'a'",
        "\"\t\"",
        "\"\\x\"",
        "\"\\u12g4\"",
        "\"\\ud83d\\u12g4\"",
        "\"",
        "[1,]",
        "[,1]",
        "{\"a\":1,}",
        "{a:1}",
        "{1:1}",
        "{\"a\" 1}",
        "[1 2]",
        "[1}",
        "[[[[1,]]]]",
        "[[[{1:1}]]]",
        "[[[{\"a\":1,}]]]",
        "[[[[}]]]",
        "[[[[",
        "tru",
        "nullx",
        "1 2",
        "[] []",
    ] {
        assert!(parse(bad.as_bytes()).is_none(), "{bad}");
    }
    assert_eq!(parse(br#""\ud83d\ude00""#), Some(Value::Text("😀".into())));
    assert_eq!(parse(br#""\ud83dA""#), Some(Value::Text(b"\xed\xa0\xbdA".to_vec())));
    assert_eq!(parse(br"[[[[1]]], -0]"), parse(br#"[[[[2, {"a": []}]]],0]"#));
    assert_eq!(parse(b"-9223372036854775809"), Some(Value::BigInt { negative: true }));
    assert_eq!(parse(b"\"\xff\""), None);
}
