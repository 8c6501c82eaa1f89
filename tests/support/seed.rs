//! What the seeded organization holds, as `seed.py` says after making it through the real APIs.

use std::collections::BTreeMap;
use std::process::Command;

use serde::Deserialize;

use super::moto::{Moto, run, support};

#[derive(Debug, Deserialize)]
pub struct Seeded {
    pub management_account: String,
    pub regions: Vec<String>,
    pub organization: String,
    pub root: String,
    /// With the management account.
    pub accounts: usize,
    /// Without it, in the order of making.
    pub members: Vec<String>,
    pub ous: usize,
    pub own_policies: usize,
    pub trusted_services: Vec<String>,
    /// Services by account.
    pub delegated: BTreeMap<String, Vec<String>>,
    pub users: Vec<String>,
    pub roles: Vec<String>,
    pub groups: usize,
    pub policies: usize,
    pub keys: usize,
    pub passwords: usize,
    pub mfa: usize,
    pub reserved_sso_roles: usize,
    pub admin_roles: usize,
    pub permission_sets: usize,
    /// On the management account.
    pub assignments: usize,
    pub people: usize,
    pub directory_groups: usize,
    pub alternate_contacts: Vec<String>,
    /// ARNs.
    pub tagged_residents: Vec<String>,
    pub trails: Vec<String>,
    pub config_regions: Vec<String>,
}

/// # Errors
/// What the script said.
pub fn seed(moto: &Moto) -> Result<Seeded, String> {
    let out = run(Command::new(moto.python()).arg(support().join("seed.py")).arg(moto.url()))
        .map_err(|why| format!("the organization could not be seeded: {why}"))?;
    serde_json::from_str(&out).map_err(|error| format!("seed.py: {error}"))
}
