//! Our own files: how they are written without harm, the snapshot, and the
//! events that are kept between runs.
//!
//! What others wrote is read in `collect::files`.

pub mod atomic;
pub mod bounded;
pub mod shelf;
pub mod snapshot;
