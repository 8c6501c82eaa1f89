//! Pure functions over [`Facts`]: what the facts mean. Nothing here reads a file, a clock or AWS.
//!
//! [`assess`] makes everything that panes and reports show, in one value.

pub mod activity;
pub mod containment;
pub mod coverage;
pub mod delegation;
pub mod elsewhere;
#[cfg(test)]
pub(crate) mod fixture;
pub mod policy;
pub mod power;
pub mod practices;
pub mod principals;
pub mod residents;

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::model::{Facts, Text};

pub use activity::Activity;
pub use coverage::CoverageRow;
pub use delegation::DelegationRow;
pub use elsewhere::Elsewhere;
pub use power::Power;
pub use practices::Claim;
pub use principals::PrincipalRow;
pub use residents::ResidentRow;

/// What is known and what it means, at a moment.
#[derive(Clone, Debug, Default)]
pub struct Assessment {
    pub facts: Facts,
    pub as_of: Timestamp,
    pub activity: Activity,
    /// What follows from the policies; made anew only when they change.
    pub power: Arc<Power>,
    /// Policies are being evaluated: powers are those of before, or none yet.
    pub evaluating: bool,
    pub principals: Vec<PrincipalRow>,
    pub residents: Vec<ResidentRow>,
    /// By resident, who made it, where the events of the period tell; keys both.
    pub makers: HashMap<Text, Text>,
    pub delegation: Vec<DelegationRow>,
    /// The account's calls, as policies would have met them in another place.
    pub elsewhere: Arc<Elsewhere>,
    pub coverage: Vec<CoverageRow>,
    pub claims: Vec<Claim>,
}

/// What shapes the picture beside the facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lens {
    /// Leave mgmtscope's own calls out of the activity.
    pub hide_own: bool,
}

impl Default for Lens {
    fn default() -> Self {
        Self { hide_own: true }
    }
}

/// Makes the whole picture. `as_of` is the moment against which ages are told.
pub fn assess(facts: Facts, as_of: Timestamp, lens: Lens) -> Assessment {
    let power = Arc::new(Power::of(&facts, as_of));
    assess_with(facts, as_of, lens, power)
}

/// The same, with powers that are known already; or not yet, to be added by [`Assessment::empower`].
pub fn assess_with(facts: Facts, as_of: Timestamp, lens: Lens, power: Arc<Power>) -> Assessment {
    let activity = activity::assess(&facts, lens);
    let elsewhere = Arc::new(Elsewhere::of(&facts, &activity));
    let mut assessment = Assessment { facts, as_of, activity, elsewhere, ..Assessment::default() };
    assessment.residents = residents::assess(&assessment.facts);
    assessment.makers = residents::makers(&assessment.facts, &assessment.residents);
    assessment.coverage = coverage::assess(&assessment.facts);
    assessment.empower(power);
    assessment
}

impl Assessment {
    /// Says that powers are on their way: what follows from them is not known until [`Self::empower`].
    pub fn await_power(&mut self) {
        self.evaluating = true;
        self.claims = practices::assess(self);
    }

    /// Takes in powers, and makes anew what follows from them.
    pub fn empower(&mut self, power: Arc<Power>) {
        self.evaluating = false;
        self.power = power;
        self.principals = principals::assess(self);
        self.delegation = delegation::assess(self);
        self.claims = practices::assess(self);
    }
}
