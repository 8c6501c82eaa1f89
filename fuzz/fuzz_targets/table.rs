//! The reader of CSV on arbitrary bytes: never panics, and a row begins within the file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mgmtscope::collect::files::table;

fuzz_target!(|bytes: &[u8]| {
    let heading = &b"eventName,eventTime,userIdentity,requestParameters,resources,x\n"[..];
    for bytes in [bytes.to_vec(), [heading, bytes].concat()] {
        let length = bytes.len() as u64;
        let told = table::read(std::io::Cursor::new(bytes), 1 << 12, |event, at| {
            assert!(at < length && !event.name.is_empty());
            Ok(())
        });
        assert!(told.is_ok());
    }
});
