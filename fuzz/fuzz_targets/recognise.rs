//! The recogniser on arbitrary bytes: never panics, and bytes in memory can always be read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mgmtscope::collect::files::recognise::recognise;

fuzz_target!(|bytes: &[u8]| {
    assert!(recognise(bytes).is_ok());
});
