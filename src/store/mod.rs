//! Our own files: written atomically, readable by their owner alone.

pub mod atomic;
pub mod snapshot;
