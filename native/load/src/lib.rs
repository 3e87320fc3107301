//! The load generator of `geooffer bench`.
