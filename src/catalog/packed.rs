//! Assets that are embedded compressed, unpacked at their first use.

use std::io::Read;

use flate2::read::GzDecoder;

/// The text of an embedded gzip file. It lives as long as the program: tables are made of pieces of it.
pub(super) fn unpack(bytes: &'static [u8]) -> &'static str {
    let mut text = String::new();
    GzDecoder::new(bytes).read_to_string(&mut text).expect("an embedded asset that tests have unpacked");
    text.leak()
}
