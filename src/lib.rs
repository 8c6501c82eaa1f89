//! mgmtscope: how exposed is an AWS Organizations management account?
//!
//! | layer | holds | may use |
//! |---|---|---|
//! | `model` | the nouns: values, no I/O, no clock | nothing of ours |
//! | `catalog` | sourced facts about AWS, embedded | `model` |
//! | `analysis` | what the facts mean, purely | `model`, `catalog` |
//! | `panes` | what each screen says, as data | `model`, `catalog`, `analysis` |
//! | `collect` | the only way data comes in; the SDK in `collect::aws` alone | `model`, `catalog`, `store` |
//! | `store` | our own files | `model` |
//! | `report` | panes on paper | `model`, `catalog`, `analysis`, `panes` |
//! | `app` | the program as a machine: messages in, effects out | `model`, `analysis`, `panes`, words of `collect` |
//! | `ui` | the only user of ratatui's drawing | `app`, `panes`, `analysis`, `model` |
//! | `run`, `cli`, `config` | everything impure | all |

pub mod analysis;
pub mod app;
pub mod catalog;
pub mod cli;
pub mod collect;
pub mod config;
pub mod model;
pub mod panes;
pub mod report;
pub mod run;
pub mod store;
pub mod ui;
