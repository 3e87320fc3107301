//! A StreamPingsRequest of any bytes: what is taken is in range, what is refused leaves nothing behind.
#![no_main]

use geooffer_plane::wire::decode::RequestKind;

libfuzzer_sys::fuzz_target!(|data: &[u8]| geooffer_fuzz::check_request(RequestKind::Stream, data));
