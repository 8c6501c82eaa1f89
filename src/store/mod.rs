//! Our own files: how they are written without harm, and the snapshot.
//!
//! What others wrote is read in `collect::files`.

pub mod atomic;
pub mod bounded;
pub mod snapshot;
