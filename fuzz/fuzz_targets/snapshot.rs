//! The snapshot reader on arbitrary bytes, packed or not: never panics, tells damage at most once.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mgmtscope::store::bounded::Limits;
use mgmtscope::store::snapshot::read;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { item: 1 << 16, total: 1 << 20, ratio: 100 };
    if let Ok(batches) = read(std::io::Cursor::new(bytes.to_vec()), limits) {
        assert!(batches.filter(Result::is_err).count() <= 1);
    }
});
