//! mgmtscope: how exposed is an AWS Organizations management account?
//!
//! | layer | holds | may use |
//! |---|---|---|
//! | `model` | the nouns: values, no I/O, no clock | nothing |
//! | `catalog` | sourced facts about AWS, embedded | `model` |
//! | `analysis` | judgements over `Facts`: pure, no clock | `model`, `catalog` |

pub mod analysis;
pub mod catalog;
pub mod collect;
pub mod model;
