//! Files as a source.
