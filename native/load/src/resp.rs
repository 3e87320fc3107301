//! Redis's protocol, as much of it as it takes to tell Tile38 where somebody is and to hear of its fences: no I/O.

use std::io::Write;

use crate::world::Step;

/// The collection that positions are set in; `geooffer/bench/tile38.py` makes the fences of the same one.
pub const COLLECTION: &str = "fleet";
/// Everything that any fence tells.
pub const SUBSCRIBE: &[u8] = b"*2\r\n$10\r\nPSUBSCRIBE\r\n$1\r\n*\r\n";
/// Where a message says what happened: right at its beginning.
const KIND_WITHIN_BYTES: usize = 120;

/// Append `SET fleet KEY POINT LATITUDE LONGITUDE`.
pub fn put_point(out: &mut Vec<u8>, step: &Step) {
    out.extend_from_slice(b"*6\r\n$3\r\nSET\r\n");
    put_text(out, COLLECTION);
    put_text(out, &step.device_key.to_string());
    out.extend_from_slice(b"$5\r\nPOINT\r\n");
    put_text(out, &degrees(step.latitude_e7));
    put_text(out, &degrees(step.longitude_e7));
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    // writing to a Vec cannot fail
    write!(out, "${}\r\n{text}\r\n", text.len()).unwrap_or_else(|_| unreachable!());
}

/// Degrees × 10⁷ as a decimal number of degrees, exactly.
fn degrees(value_e7: i32) -> String {
    let sign = if value_e7 < 0 { "-" } else { "" };
    let (whole, part) = (value_e7.unsigned_abs() / 10_000_000, value_e7.unsigned_abs() % 10_000_000);
    format!("{sign}{whole}.{part:07}")
}

/// What a line of a subscription tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Somebody entered a fence.
    Enter,
    /// Somebody left one.
    Exit,
    /// Lengths, names, the answer to `PSUBSCRIBE`.
    Nothing,
    /// An error, or an event of another kind: it was not asked for.
    Unexpected,
}

/// Read a line of a subscription, without its end.
#[must_use]
pub fn told(line: &[u8]) -> Told {
    match line.first() {
        Some(b'{') => {
            let head = &line[..line.len().min(KIND_WITHIN_BYTES)];
            let says = |kind: &[u8]| head.windows(kind.len()).any(|part| part == kind);
            if says(b"\"detect\":\"enter\"") {
                Told::Enter
            } else if says(b"\"detect\":\"exit\"") {
                Told::Exit
            } else {
                Told::Unexpected
            }
        }
        Some(b'-') => Told::Unexpected,
        _ => Told::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_set_by_its_exact_degrees() {
        let step = Step { device_key: 12, sequence: 1, latitude_e7: 471_234_567, longitude_e7: -84_000_005 };
        let mut out = Vec::new();
        put_point(&mut out, &step);
        let text = "*6|$3|SET|$5|fleet|$2|12|$5|POINT|$10|47.1234567|$10|-8.4000005|";
        assert_eq!(String::from_utf8(out).expect("text"), text.replace('|', "\r\n"));
        assert_eq!((degrees(-5), degrees(0)), ("-0.0000005".to_owned(), "0.0000000".to_owned()));
    }

    #[test]
    fn a_line_of_a_subscription_is_an_enter_an_exit_or_neither() {
        let event = |kind: &str| format!(r#"{{"command":"set","group":"6a","detect":"{kind}","hook":"7","key":"f"}}"#);
        assert_eq!(told(event("enter").as_bytes()), Told::Enter);
        assert_eq!(told(event("exit").as_bytes()), Told::Exit);
        assert_eq!(told(event("inside").as_bytes()), Told::Unexpected);
        assert_eq!(told(b"-ERR no"), Told::Unexpected);
        for line in [&b"$8"[..], b"*4", b"pmessage", b"fence-7", b":1", b""] {
            assert_eq!(told(line), Told::Nothing);
        }
    }
}
