//! mgmtscope: how exposed is an AWS Organizations management account?
//!
//! | layer | holds | may use |
//! |---|---|---|
//! | `model` | the nouns: values, no I/O, no clock | nothing |

pub mod analysis;
pub mod app;
pub mod collect;
pub mod model;
pub mod panes;
pub mod ui;
