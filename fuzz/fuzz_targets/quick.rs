//! The quick readers of log files on arbitrary bytes: never panic, and say what the slow reader says.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/support/readers.rs"]
mod readers;

fuzz_target!(|bytes: &[u8]| {
    readers::agree(bytes, 1 << 10, 64);
    readers::agree(&[b"{\"Records\":[", bytes].concat(), 1 << 10, 64);
    readers::agree(&[b"{\"eventName\":\"A\"}\n", bytes].concat(), 1 << 10, 64);
});
