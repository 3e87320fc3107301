//! The three segments of a token, by the base64url rules of PyJWT.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Characters of a signature of 64 bytes, unpadded.
pub const SIGNATURE_LENGTH: usize = 86;

/// A token taken apart; nothing of it is believed yet.
pub struct Segments<'a> {
    /// What was signed: header and payload as they were written.
    pub signed: &'a [u8],
    /// A JSON document, or not.
    pub header: Vec<u8>,
    /// A JSON document, or not.
    pub payload: Vec<u8>,
    /// Of 64 bytes.
    pub signature: Vec<u8>,
}

/// Takes a token apart; None where a segment is missing or not base64url.
pub fn split(token: &str) -> Option<Segments<'_>> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, payload) = signed.split_once('.')?;
    if signature.len() != SIGNATURE_LENGTH {
        return None;
    }
    Some(Segments {
        signed: signed.as_bytes(),
        header: decode(header)?,
        payload: decode(payload)?,
        signature: decode(signature)?,
    })
}

/// Padding may be there (then whole), or not; bits behind the last byte have to be zero.
fn decode(segment: &str) -> Option<Vec<u8>> {
    let stripped = segment.trim_end_matches('=');
    let padding = segment.len() - stripped.len();
    if padding > 2 || (padding > 0 && segment.len() % 4 != 0) {
        return None;
    }
    URL_SAFE_NO_PAD.decode(stripped).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_is_whole_or_missing() {
        for good in ["", "QQ", "QQ==", "QUI", "QUI=", "QUJD", "-_-_"] {
            assert!(decode(good).is_some(), "{good}");
        }
        for bad in
            ["Q", "Q===", "QQ=", "QQ===", "QUJD=", "QUJD====", "QR", "QUJ", "Q.", "+/+/", "QQ==QQ==", "QQ\n", "é"]
        {
            assert!(decode(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn there_are_three_segments_and_a_signature_of_its_length() {
        let signature = "A".repeat(SIGNATURE_LENGTH);
        assert!(split(&format!("e30.e30.{signature}")).is_some());
        for bad in [String::new(), signature.clone(), format!("e30.{signature}"), format!("e30.e30.{signature}A")] {
            assert!(split(&bad).is_none());
        }
        assert!(split(&format!("e30.e30.e30.{signature}")).is_none());
        assert!(split(&format!("e30.e30.{}==", "A".repeat(SIGNATURE_LENGTH - 2))).is_none());
    }
}
