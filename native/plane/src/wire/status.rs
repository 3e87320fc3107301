//! A refusal as the trailers of a call: `geooffer/rpc/status.py` over again, and how gRPC writes it on the wire.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::BytesMut;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::writer::{put_bytes, put_integer, put_message};
use crate::refusal::{Code, Refusal};

const DOMAIN: &[u8] = b"geooffer";
const RETRY_DELAY_MS: u64 = 250;
const QUOTA_EXCEEDED: &str = "QUOTA_EXCEEDED";

const STATUS: HeaderName = HeaderName::from_static("grpc-status");
const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");

/// The trailers of a call that ends well.
#[must_use]
pub fn trailers_ok() -> HeaderMap {
    let mut trailers = HeaderMap::with_capacity(1);
    trailers.insert(STATUS, HeaderValue::from_static("0"));
    trailers
}

/// The trailers of a call that ends with `refusal`.
#[must_use]
pub fn trailers(refusal: &Refusal) -> HeaderMap {
    let mut trailers = HeaderMap::with_capacity(3);
    trailers.insert(STATUS, HeaderValue::from(refusal.code as u16));
    if let Some(message) = percent_encoded(&refusal.message) {
        trailers.insert(MESSAGE, message);
    }
    if let Some(details) = base64(&details(refusal)) {
        trailers.insert(DETAILS, details);
    }
    trailers
}

/// The serialised `google.rpc.Status`; empty for the transport's own refusals, which come without.
#[must_use]
pub fn details(refusal: &Refusal) -> Vec<u8> {
    let mut out = BytesMut::new();
    if refusal.reason.is_empty() {
        return Vec::new();
    }
    let message = refusal.message.as_bytes();
    put_integer(0x08, refusal.code as i64, &mut out);
    put_bytes(0x12, message, &mut out);
    put_detail(b"type.googleapis.com/google.rpc.ErrorInfo", &mut out, |out| {
        put_bytes(0x0a, refusal.reason.as_bytes(), out);
        put_bytes(0x12, DOMAIN, out);
    });
    if !refusal.field.is_empty() {
        put_detail(b"type.googleapis.com/google.rpc.BadRequest", &mut out, |out| {
            put_message(0x0a, out, |out| {
                put_bytes(0x0a, refusal.field.as_bytes(), out);
                put_bytes(0x12, message, out);
            });
        });
    }
    if refusal.code == Code::ResourceExhausted {
        put_detail(b"type.googleapis.com/google.rpc.QuotaFailure", &mut out, |out| {
            put_message(0x0a, out, |out| {
                put_bytes(0x0a, DOMAIN, out);
                put_bytes(0x12, message, out);
            });
        });
    }
    if let Some(delay_ms) = retry_delay_ms(refusal) {
        put_detail(b"type.googleapis.com/google.rpc.RetryInfo", &mut out, |out| {
            put_message(0x0a, out, |out| {
                put_integer(0x08, i64::try_from(delay_ms / 1_000).unwrap_or(i64::MAX), out);
                put_integer(0x10, i64::try_from(delay_ms % 1_000 * 1_000_000).unwrap_or(0), out);
            });
        });
    }
    out.to_vec()
}

/// When the caller may try again; None where the status does not say.
fn retry_delay_ms(refusal: &Refusal) -> Option<u64> {
    if refusal.reason == QUOTA_EXCEEDED {
        return Some(refusal.retry_after_ms);
    }
    let stated_ms = if refusal.retry_after_ms == 0 { RETRY_DELAY_MS } else { refusal.retry_after_ms };
    (refusal.code == Code::Unavailable).then_some(stated_ms)
}

/// One `google.protobuf.Any` of Status.details.
fn put_detail(type_url: &[u8], out: &mut BytesMut, fill: impl FnOnce(&mut BytesMut)) {
    put_message(0x1a, out, |out| {
        put_bytes(0x0a, type_url, out);
        put_message(0x12, out, fill);
    });
}

/// As gRPC has `grpc-message`: all but the visible ASCII characters, the blank and not `%`, as `%XX`.
fn percent_encoded(text: &str) -> Option<HeaderValue> {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut encoded = Vec::with_capacity(text.len());
    for &byte in text.as_bytes() {
        if matches!(byte, b' '..=b'~') && byte != b'%' {
            encoded.push(byte);
        } else {
            encoded.extend([b'%', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
        }
    }
    if encoded.is_empty() { None } else { HeaderValue::from_bytes(&encoded).ok() }
}

/// As gRPC has binary headers: the standard alphabet, without padding.
fn base64(bytes: &[u8]) -> Option<HeaderValue> {
    if bytes.is_empty() {
        return None;
    }
    HeaderValue::try_from(STANDARD_NO_PAD.encode(bytes)).ok()
}

#[cfg(test)]
#[path = "status_tests.rs"]
mod tests;
