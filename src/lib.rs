//! mgmtscope: how exposed is an AWS Organizations management account?
//!
//! | layer | holds | may use |
//! |---|---|---|
//! | `model` | the nouns: values, no I/O, no clock | nothing |
//! | `catalog` | sourced facts about AWS, embedded | `model` |

pub mod catalog;
pub mod collect;
pub mod model;
