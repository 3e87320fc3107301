//! The private extension module `geooffer_native`: thin, all meaning is in geooffer-plane and in `geooffer.dataplane`.

use pyo3::prelude::*;

/// The data plane and the load generator; used by `geooffer.dataplane.native_plane` and `geooffer.bench` only.
#[pymodule]
mod geooffer_native {
    #[pymodule_export]
    const VERSION: &str = env!("CARGO_PKG_VERSION");
}
