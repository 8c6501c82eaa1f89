//! Judgements over `Facts`: pure functions, no clock (time comes in as a value), no I/O.

pub mod residents;
