//! Functions that tests and benchmarks call: the native parts by themselves.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// Run a load (`geooffer bench`) to its end, without the GIL: plan and report as JSON.
#[pyfunction]
pub fn run_load(py: Python<'_>, plan_json: &str) -> PyResult<String> {
    py.detach(|| geooffer_load::run_load(plan_json)).map_err(|error| PyValueError::new_err(error.to_string()))
}

/// What a token says by a key ring at a moment (seconds since 1970), as JSON; None: it is not valid.
#[pyfunction]
pub fn verify_token(ring_json: &str, token: &str, now_s: f64) -> PyResult<Option<String>> {
    geooffer_plane::tokens::TokenVerifier::from_json(ring_json).map_err(PyValueError::new_err)?;
    Ok(geooffer_plane::tokens::verify_for_test(ring_json, token, now_s))
}
