//! Which rules each event raises, by itself and as one of many. Events that raise the same rules share a set.

use std::collections::HashMap;

use super::bursts::Bursts;
use crate::catalog::rules::judge::alone;
use crate::catalog::rules::{Rule, Severity, rules};
use crate::model::log::{EventLog, Family, Key};

/// Rules, the gravest first.
#[derive(Clone, Debug, Default)]
pub struct RuleSet {
    pub rules: Vec<&'static Rule>,
    /// Their ids, with blanks between.
    pub text: String,
}

impl RuleSet {
    fn of(mut rules: Vec<&'static Rule>) -> Self {
        rules.sort_by(|one, two| two.severity.cmp(&one.severity).then_with(|| one.id.cmp(&two.id)));
        rules.dedup_by(|one, two| one.id == two.id);
        let text = rules.iter().map(|rule| rule.id.as_str()).collect::<Vec<_>>().join(" ");
        Self { rules, text }
    }

    pub fn severity(&self) -> Option<Severity> {
        self.rules.first().map(|rule| rule.severity)
    }
}

#[derive(Clone, Debug, Default)]
pub struct RuleSets {
    /// Number 0 is the empty one.
    pub all: Vec<RuleSet>,
    /// By event number: its set.
    pub of_row: Vec<u32>,
}

impl RuleSets {
    pub fn of(log: &EventLog, bursts: &Bursts) -> Self {
        let mut sets = Self { all: vec![RuleSet::default()], of_row: Vec::new() };
        let mut known: HashMap<String, u32> = HashMap::from([(String::new(), 0)]);
        let by_word: Vec<u32> = (log.words(Family::Rules).iter())
            .map(|word| sets.number(&mut known, RuleSet::of(alone(word).collect())))
            .collect();
        if by_word.iter().all(|&set| set == 0) && bursts.all.is_empty() {
            return sets;
        }
        sets.of_row.reserve_exact(log.rows());
        for piece in log.pieces() {
            sets.of_row.extend(piece.keys[Key::Rules as usize].iter().map(|&word| by_word[word as usize]));
        }
        // A set with one more rule, for each that there is.
        let mut grown: HashMap<(u32, usize), u32> = HashMap::new();
        for burst in &bursts.all {
            let Some(place) = rules().place(&burst.rule.id) else { continue };
            for &row in &burst.rows {
                let before = sets.of_row[row as usize];
                let after = match grown.get(&(before, place)) {
                    Some(&after) => after,
                    None => {
                        let mut more = sets.all[before as usize].rules.clone();
                        more.push(burst.rule);
                        let after = sets.number(&mut known, RuleSet::of(more));
                        grown.insert((before, place), after);
                        after
                    }
                };
                sets.of_row[row as usize] = after;
            }
        }
        sets
    }

    fn number(&mut self, known: &mut HashMap<String, u32>, set: RuleSet) -> u32 {
        let next = u32::try_from(self.all.len()).unwrap_or(0);
        let number = *known.entry(set.text.clone()).or_insert(next);
        if number == next {
            self.all.push(set);
        }
        number
    }

    /// The rules that an event raises.
    pub fn get(&self, row: u32) -> &RuleSet {
        static NONE: RuleSet = RuleSet { rules: Vec::new(), text: String::new() };
        self.of_row.get(row as usize).and_then(|&set| self.all.get(set as usize)).unwrap_or(&NONE)
    }
}
