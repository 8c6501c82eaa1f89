//! Principals over a small account.
