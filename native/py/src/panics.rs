//! What is told of a panic: where it happened. Its text could hold what somebody sent.

use std::panic;

/// One JSON line on stderr per panic, as all other lines of the log; in the place of the standard message.
pub fn tell_the_place_only() {
    panic::set_hook(Box::new(|info| {
        let (file, line) = info.location().map_or(("unknown", 0), |place| (place.file(), place.line()));
        let name = file.rsplit('/').next().unwrap_or("unknown");
        eprintln!(r#"{{"event": "native_panic", "level": "error", "place": "{name}:{line}"}}"#);
    }));
}
