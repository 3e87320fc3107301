//! Why a call ends: the rows of `geooffer/rpc/status.py` that the plane itself can end calls with.
//!
//! `wire::status` makes `grpc-status`, `grpc-message` and `grpc-status-details-bin` of one, byte for byte as Python does.

/// A gRPC status code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Code {
    /// 0.
    Ok = 0,
    /// 3.
    InvalidArgument = 3,
    /// 4.
    DeadlineExceeded = 4,
    /// 7.
    PermissionDenied = 7,
    /// 8.
    ResourceExhausted = 8,
    /// 12.
    Unimplemented = 12,
    /// 13.
    Internal = 13,
    /// 14.
    Unavailable = 14,
    /// 16.
    Unauthenticated = 16,
}

/// A call's end that is not well. Texts are fixed: nothing of what was sent is in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status.
    pub code: Code,
    /// UPPER_SNAKE, of `google.rpc.ErrorInfo`; empty = the transport's own refusal, without details.
    pub reason: &'static str,
    /// For people.
    pub message: String,
    /// Of `google.rpc.BadRequest`; empty = none.
    pub field: &'static str,
    /// Of `google.rpc.RetryInfo`; 0 = what the code says by itself.
    pub retry_after_ms: u64,
}

impl Refusal {
    /// One without field or delay.
    #[must_use]
    pub fn new(code: Code, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), field: "", retry_after_ms: 0 }
    }

    /// INVALID_ARGUMENT at a field ("" = the message as a whole).
    #[must_use]
    pub fn invalid(field: &'static str, message: impl Into<String>) -> Self {
        Self { field, ..Self::new(Code::InvalidArgument, "INVALID_ARGUMENT", message) }
    }

    /// PERMISSION_DENIED at a field.
    #[must_use]
    pub fn denied(field: &'static str, message: impl Into<String>) -> Self {
        Self { field, ..Self::new(Code::PermissionDenied, "PERMISSION_DENIED", message) }
    }

    /// UNAUTHENTICATED, with the one sentence for every cause.
    #[must_use]
    pub fn unauthenticated() -> Self {
        Self::new(Code::Unauthenticated, "UNAUTHENTICATED", "a valid token is required")
    }

    /// UNAVAILABLE while the service shuts down.
    #[must_use]
    pub fn draining() -> Self {
        Self::new(Code::Unavailable, "DRAINING", "the service is shutting down")
    }
}
