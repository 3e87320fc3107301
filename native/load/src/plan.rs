//! What to do, as `geooffer.bench` writes it.

use serde::Deserialize;

use crate::LoadError;
use crate::world::World;

/// When messages of an open loop are meant to leave.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Arrivals {
    /// Equally far apart.
    Fixed,
    /// Exponentially distributed distances, as of many who know nothing of each other.
    #[default]
    Poisson,
}

/// What a server speaks.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// `PingService.StreamPings`.
    #[default]
    Grpc,
    /// Redis's protocol: `SET` of points, and events by `PSUBSCRIBE` ([`crate::resp_run`]).
    Resp,
}

/// One run against one server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// `host:port`.
    pub address: String,
    /// What is spoken there.
    #[serde(default)]
    pub protocol: Protocol,
    /// Certificates to trust, PEM; empty = clear text.
    #[serde(default)]
    pub ca_pem: String,
    /// What the server's certificate must name; unused in clear text.
    #[serde(default)]
    pub server_name: String,
    /// One for all streams, or one per stream.
    pub tokens: Vec<String>,
    /// TCP connections.
    pub connection_count: usize,
    /// On each.
    pub streams_per_connection: usize,
    /// Messages in flight on a stream, closed loop.
    pub window: usize,
    /// Rows of a message; 0 = single pings.
    #[serde(default)]
    pub row_count: usize,
    /// Messages a second over all streams, open loop; 0 = closed loop.
    #[serde(default)]
    pub messages_per_s: f64,
    /// Of an open loop.
    #[serde(default)]
    pub arrivals: Arrivals,
    /// Of Poisson arrivals.
    #[serde(default)]
    pub seed: u64,
    /// Before measuring.
    pub warmup_s: f64,
    /// Measured.
    pub measure_s: f64,
    /// For answers that are missing at the end, and for opening all streams.
    #[serde(default = "grace_default_s")]
    pub grace_s: f64,
    /// Whose CPU time is told; 0 = nobody's.
    #[serde(default)]
    pub server_pid: u32,
    /// What counts as within budget.
    pub budget_ms: u64,
    /// Told with every message: how long an answer is of use; 0 = what the server takes by default.
    #[serde(default)]
    pub decision_budget_ms: i32,
    /// Of the pings; a new one for every run, it scopes their sequences.
    pub session_id: i64,
    /// Find out where slow answers spent their time (open loop; [`crate::trace`]).
    #[serde(default)]
    pub trace: bool,
    /// Slow, for the trace.
    #[serde(default = "slow_default_us")]
    pub trace_above_us: u64,
    /// Who is where.
    pub world: World,
}

fn grace_default_s() -> f64 {
    30.0
}

fn slow_default_us() -> u64 {
    1_000
}

impl Plan {
    /// Parse and check.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn from_json(text: &str) -> Result<Self, LoadError> {
        let plan: Self = serde_json::from_str(text).map_err(|error| LoadError::Plan(error.to_string()))?;
        match plan.fault() {
            Some(fault) => Err(LoadError::Plan(fault.to_owned())),
            None => Ok(plan),
        }
    }

    /// Streams of all connections.
    #[must_use]
    pub fn stream_count(&self) -> usize {
        self.connection_count * self.streams_per_connection
    }

    /// Pings of a message.
    #[must_use]
    pub fn rows_per_message(&self) -> usize {
        self.row_count.max(1)
    }

    /// Whether messages leave at times fixed beforehand.
    #[must_use]
    pub fn is_open_loop(&self) -> bool {
        self.messages_per_s > 0.0
    }

    /// The token of a stream, by its number over all connections.
    #[must_use]
    pub fn token(&self, stream: usize) -> &str {
        &self.tokens[if self.tokens.len() == 1 { 0 } else { stream }]
    }

    fn fault(&self) -> Option<&'static str> {
        let streams = self.stream_count();
        if streams == 0 || streams > 1_000_000 || self.window == 0 || self.window > 4_096 {
            return Some("1 to 1,000,000 streams and a window of 1 to 4,096 messages");
        }
        if self.tokens.len() != 1 && self.tokens.len() != streams {
            return Some("one token, or one per stream");
        }
        if self.row_count > 1_024 {
            return Some("at most 1,024 rows a message");
        }
        let times = [self.warmup_s, self.measure_s, self.grace_s, self.messages_per_s];
        if times.iter().any(|value| !value.is_finite() || *value < 0.0) || self.measure_s <= 0.0 {
            return Some("times and rates are finite and not negative, and something is measured");
        }
        if self.messages_per_s * (self.warmup_s + self.measure_s) > 2e8 {
            return Some("at most 200,000,000 messages in a schedule");
        }
        if self.protocol == Protocol::Resp && (self.is_open_loop() || self.row_count != 0 || self.trace) {
            return Some("RESP is driven closed loop, one point a command, without a trace");
        }
        self.world.fault(streams, self.rows_per_message())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn plan_json(changes: &serde_json::Value) -> String {
        let mut plan = serde_json::json!({
            "address": "127.0.0.1:1", "tokens": ["t"], "connection_count": 2, "streams_per_connection": 2, "window": 1,
            "warmup_s": 0.1, "measure_s": 0.2, "budget_ms": 50, "session_id": 9,
            "world": {"device_count": 8, "names_devices": true, "bases": [[1, 2], [3, 4]], "path": [[0, 0], [5, 5]],
                      "path_shift": 1, "accuracy_cm": 1000, "speed_cm_per_s": 120},
        });
        for (key, value) in changes.as_object().into_iter().flatten() {
            plan[key] = value.clone();
        }
        plan.to_string()
    }

    #[test]
    fn a_plan_is_read_and_its_faults_are_named() {
        let plan = Plan::from_json(&plan_json(&serde_json::json!({}))).expect("a plan");
        assert_eq!(plan.stream_count(), 4);
        assert_eq!(plan.token(3), "t");
        assert!(!plan.is_open_loop());
        for (change, word) in [
            (serde_json::json!({"window": 0}), "window"),
            (serde_json::json!({"tokens": ["a", "b"]}), "token"),
            (serde_json::json!({"row_count": 2_000}), "rows"),
            (serde_json::json!({"measure_s": 0.0}), "measured"),
            (serde_json::json!({"messages_per_s": 1e12}), "schedule"),
            (serde_json::json!({"row_count": 3}), "devices"),
            (serde_json::json!({"protocol": "resp", "row_count": 2}), "RESP"),
            (serde_json::json!({"unheard_of": 3}), "unheard_of"),
        ] {
            let fault = Plan::from_json(&plan_json(&change)).expect_err("a fault").to_string();
            assert!(fault.contains(word), "{fault}");
        }
    }
}
