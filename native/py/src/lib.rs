//! The private extension module `geooffer_native`: thin, all meaning is in geooffer-plane and in `geooffer.dataplane`.
//!
//! `raw` is the one module with unsafe code: it calls the matcher through its address, and looks at rows as bytes.

#![deny(unsafe_code)]

mod crossings;
mod engine_lock;
mod matcher;
mod panics;
mod plane;
mod probes;
mod raw;
mod replies;
mod wire_probes;

use pyo3::prelude::*;

/// The data plane and the load generator; used by `geooffer.dataplane.native_plane` and `geooffer.bench` only.
#[pymodule]
mod geooffer_native {
    use pyo3::prelude::*;

    #[pymodule_export]
    const VERSION: &str = env!("CARGO_PKG_VERSION");
    /// Grows with every change of what Python calls here; `geooffer.dataplane.native_module` asks for its own.
    #[pymodule_export]
    const INTERFACE_VERSION: u32 = 5;

    #[pymodule_export]
    use super::crossings::{Decided, Left, Refused, Undecided};
    #[pymodule_export]
    use super::engine_lock::EngineLock;
    #[pymodule_export]
    use super::plane::Plane;
    #[pymodule_export]
    use super::probes::{run_load, verify_token};
    #[pymodule_export]
    use super::wire_probes::{decode_rows, decode_time_ns, encode_answer, status_trailers};

    #[allow(clippy::unnecessary_wraps)] // PyO3 asks for a result
    #[pymodule_init]
    fn init(_module: &Bound<'_, PyModule>) -> PyResult<()> {
        super::panics::tell_the_place_only();
        Ok(())
    }
}
