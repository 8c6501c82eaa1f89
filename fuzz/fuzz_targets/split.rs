//! The record splitter on arbitrary bytes: never panics, keeps to its limit.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mgmtscope::collect::files::split::{Piece, split};

fuzz_target!(|bytes: &[u8]| {
    const LIMIT: usize = 1 << 12;
    let _ = split(bytes, LIMIT, &mut |piece| {
        if let Piece::Record { raw, at } = piece {
            assert!(raw.len() <= LIMIT && at <= bytes.len() as u64);
        }
        Ok(())
    });
});
