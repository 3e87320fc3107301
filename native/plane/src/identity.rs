//! Who calls: what a verified token says (tokens.rs), and whose devices its streams may speak for.

/// The roles that may send pings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// A phone: its own device key only; told what its own row explains.
    Device,
    /// A gateway: ranges of device keys; told all verdicts and transitions.
    Gateway,
    /// An operator: as a gateway, and told of tries.
    Operator,
}

impl Role {
    /// Told of transitions.
    #[must_use]
    pub fn sees_transitions(self) -> bool {
        self != Role::Device
    }

    /// Told of tries, which Python words.
    #[must_use]
    pub fn sees_tries(self) -> bool {
        self == Role::Operator
    }
}

/// A verified caller of PingService. Its token is not kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity {
    /// Which rules hold for it.
    pub role: Role,
    /// Of a device its key in decimal.
    pub subject: String,
    /// Whose rows it may send.
    pub sender: Sender,
    /// Seconds since 1970, real clock, leeway included: its streams end then.
    pub expires_at_s: f64,
}

/// Whose devices a stream may speak for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sender {
    /// The device of a role `device` token; 0 for the other roles.
    pub own_key: i64,
    /// First and last key of each range, both included; unused where `own_key` is set.
    pub key_ranges: Vec<(i64, i64)>,
}

impl Sender {
    /// Whether `key` lies in one of the ranges.
    #[must_use]
    pub fn owns(&self, key: i64) -> bool {
        self.key_ranges.iter().any(|&(low, high)| low <= key && key <= high)
    }
}
