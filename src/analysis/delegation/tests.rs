//! Delegation over a small organization.
