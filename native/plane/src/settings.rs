//! How a plane is set up: parsed once from the JSON that `geooffer.dataplane.native_plane` writes.

use serde::Deserialize;

/// All of a plane.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaneSettings {
    /// Where phones connect, `host:port`; port 0 = chosen by the system.
    pub phone_address: String,
    /// Where gateways connect, with larger windows and more streams; empty = at the phones' address as well.
    #[serde(default)]
    pub gateway_address: String,
    /// Path of the Unix socket of the grpc.aio server that answers all other methods of the public port; empty = none:
    /// then they are UNIMPLEMENTED.
    #[serde(default)]
    pub upstream_path: String,
    /// Threads that serve, each with its own runtime.
    pub worker_count: usize,
    /// The cores to pin workers to, round robin; empty = not pinned.
    #[serde(default)]
    pub worker_cores: Vec<usize>,
    /// For pings that name no budget; 0 = for ever (client clock).
    pub default_budget_ms: i64,
    /// Answers every message at once, unread: the ceiling of a benchmark.
    #[serde(default)]
    pub echo: bool,
    /// Full TLS handshakes a second over all workers; 0 = without bound.
    #[serde(default)]
    pub handshakes_per_s: u32,
    /// Connections of both listeners; who comes beyond is hung up on.
    #[serde(default = "connection_count_max")]
    pub connection_count_max: usize,
}

fn connection_count_max() -> usize {
    16_384
}
