//! The codec against bytes that the Python codec wrote (tests/rpc/golden_wire.py).

use geooffer_plane::identity::Sender;
use geooffer_plane::wire::probe;
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    messages: Vec<Message>,
    answers: Vec<Answer>,
    /// Code, reason, field, message, delay in ms, details.
    refusals: Vec<(u8, String, String, String, u64, String)>,
}

#[derive(Deserialize)]
struct Message {
    data: String,
    own_key: i64,
    key_ranges: Vec<(i64, i64)>,
    /// Rows, ages, budget, whether it wants the next ping.
    rows: Option<(String, String, i64, bool)>,
    refusal: Option<(u8, String, String, String)>,
}

#[derive(Deserialize)]
struct Answer {
    script: String,
    bytes: String,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("golden_wire.json")).expect("written by tests/rpc/golden_wire.py")
}

fn unhex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).expect("digits"));
    digits.map(|pair| u8::from_str_radix(pair, 16).expect("hexadecimal")).collect()
}

#[test]
fn messages_are_taken_and_refused_as_by_python() {
    for message in golden().messages {
        let sender = Sender { own_key: message.own_key, key_ranges: message.key_ranges };
        let found = probe::decode_rows(&unhex(&message.data), &sender, 9, false);
        match (found, message.rows, message.refusal) {
            (Ok(found), Some((rows, ages_ms, budget_ms, wants_next_ping)), None) => {
                assert_eq!((found.rows, found.ages_ms), (unhex(&rows), unhex(&ages_ms)), "{}", message.data);
                assert_eq!((found.head.budget_ms, found.head.wants_next_ping), (budget_ms, wants_next_ping));
            }
            (Err(found), None, Some((code, reason, field, text))) => {
                let told = (found.code as u8, found.reason, found.field, found.message.as_str());
                assert_eq!(told, (code, reason.as_str(), field.as_str(), text.as_str()), "{}", message.data);
            }
            (found, rows, refusal) => panic!("{}: {found:?}, not {rows:?} {refusal:?}", message.data),
        }
    }
}

#[test]
fn streams_are_told_what_python_tells_them() {
    for answer in golden().answers {
        assert_eq!(probe::encode_answer(&answer.script), Ok(unhex(&answer.bytes)), "{}", answer.script);
    }
}

#[test]
fn refusals_have_the_details_of_python() {
    for (code, reason, field, message, delay_ms, details) in golden().refusals {
        let trailers = probe::status_trailers(code, &reason, &field, &message, delay_ms).expect("a code of the plane");
        assert_eq!(trailers[2], ("grpc-status-details-bin".to_owned(), details.into_bytes()), "{reason}");
    }
}
