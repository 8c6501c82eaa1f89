//! The tab "Power": what a principal may do, class by class, with the statements that grant it and those that limit it;
//! and the number by which the pane sorts, part by part.

use super::{CREDENTIALS, PATHS, TRUST, WHO, evidence};
use crate::analysis::policy::Truth;
use crate::analysis::power::grades::{Grade, Shown, short, shown};
use crate::analysis::power::{NodeId, Power};
use crate::analysis::{Assessment, PrincipalRow};
use crate::catalog::powers::{self, classes};
use crate::panes::PaneId;
use crate::panes::cell::Tone;
use crate::panes::document::{Line, Section, Target};
use crate::panes::filter::quote;

/// Answers of a class that are shown before the rest is counted.
const SHOWN: usize = 8;

pub(super) fn sections(a: &Assessment, row: usize) -> Vec<Section> {
    let principal = &a.principals[row];
    let mut sections = vec![Section { heading: "In short".into(), lines: in_short(principal) }];
    if principal.power_is_known() {
        sections.push(Section { heading: "Exposure".into(), lines: exposure(principal) });
    }
    for &node in &principal.nodes {
        sections.extend(of_node(a, principal, node));
    }
    if principal.nodes.is_empty() {
        let words = "No policy of this account speaks of it: nothing is known of its power";
        sections.push(Section { heading: "Policies".into(), lines: vec![Line::toned(words, Tone::Dim)] });
    }
    sections
}

/// What the columns' words mean, short enough for 80 columns.
pub(super) fn words() -> Vec<(&'static str, &'static str)> {
    let mut words: Vec<(&str, &str)> = vec![
        ("exposure", "power x reach x way in x unused; tab Power tells each"),
        ("power", "what the policies come to, evaluated; gravest first:"),
    ];
    let meaning = |power: powers::Power| match power {
        powers::Power::Admin => "everything, on every resource, without condition",
        powers::Power::OrganizationControl => "changes the organization: accounts, policies, delegates",
        powers::Power::IamControl => "changes who may do what here, and so becomes anybody",
        powers::Power::RootRecovery => "changes how root is recovered and who hears of it",
        powers::Power::TrailControl => "stops, narrows or deletes the record of what is done",
        powers::Power::BillingControl => "changes what is paid, how, and who sees it",
        powers::Power::Data => "reads data at rest, secrets, logs and code",
        powers::Power::Read => "sees what there is and who may do what",
    };
    words.extend(powers::Power::ALL.map(|power| (short(power), meaning(power))));
    words.extend([
        ("?", "behind a word: hangs on a condition, or was not read"),
        ("to admin", "fewest steps to an administrator; tab Paths shows each"),
        ("into members", "member accounts in which it can assume a role:"),
        ("could", "its policies allow it on the name of a role there"),
        ("presumed", "and the role should be there and trust this account"),
        ("did", "CloudTrail shows that it did, in the period"),
        ("lever", "a call that changes the organization or the ways in"),
        ("may", "answer to can:ACTION; some: on resources named; ?: open"),
        ("ceiling", "a permissions boundary; no SCP or RCP binds here"),
        ("to note", "facts of trust and credentials, as no-external-id"),
    ]);
    words
}

fn in_short(principal: &PrincipalRow) -> Vec<Line> {
    let words = match principal.profile.words() {
        _ if !principal.power_is_known() => "not known".to_owned(),
        words if words.is_empty() => "nothing that counts".to_owned(),
        words => words,
    };
    let to_paths = |line: Line| line.to(Target::Tab(PaneId::Principals, principal.key.to_string(), PATHS));
    let mut lines = vec![Line::field("Power", words), to_paths(Line::field("Administrator", standing(principal)))];
    if !principal.reach.is_empty() {
        lines.push(to_paths(Line::field("Members", principal.reach.words())));
    }
    let open = principal.profile.open_levers();
    let unless = if open == 0 { String::new() } else { format!("; {open} more, if what is not known holds") };
    match (principal.profile.gravest, principal.profile.levers()) {
        (Some(gravest), 1) => {
            lines.push(to_paths(Line::field("Organization", format!("1 lever, which {}{unless}", gravest.words()))));
        }
        (Some(gravest), count) => {
            lines.push(to_paths(Line::field(
                "Organization",
                format!("{count} levers; the gravest {}{unless}", gravest.words()),
            )));
        }
        (None, _) if open > 0 => {
            lines.push(to_paths(Line::field("Organization", format!("{open} levers, if what is not known holds"))));
        }
        (None, _) => {}
    }
    lines
}

/// `is one`, `3 steps away`, `no way is known`.
pub(super) fn standing(principal: &PrincipalRow) -> String {
    match (principal.profile.grade(powers::Power::Admin), principal.steps) {
        (Grade::Everywhere, _) => "is one".into(),
        (_, Some((steps, Truth::Yes))) => format!("{} away", steps_words(steps)),
        (Grade::Conditional, _) => "is one, if conditions hold that cannot be told".into(),
        (_, Some((steps, _))) => format!("{} away, if what is not known holds", steps_words(steps)),
        _ if !principal.power_is_known() => "not known".into(),
        _ => "no way is known".into(),
    }
}

fn steps_words(steps: u32) -> String {
    if steps == 1 { "1 step".into() } else { format!("{steps} steps") }
}

fn exposure(principal: &PrincipalRow) -> Vec<Line> {
    let exposure = &principal.exposure;
    let mut lines = vec![Line::field("Exposure", format!("{}, the product of", exposure.score))];
    for factor in &exposure.factors {
        let value = if factor.what == "power" {
            format!("{}", factor.value / 100)
        } else {
            format!("× {}.{:02}", factor.value / 100, factor.value % 100)
        };
        let line = Line::field(factor.what, format!("{value:<7} {}", factor.why)).indent(1);
        let tab = match factor.what {
            "reach" => PATHS,
            "from outside" if principal.keys.is_empty() => TRUST,
            "from outside" => CREDENTIALS,
            "dormant" => WHO,
            _ => PATHS,
        };
        lines.push(line.to(Target::Tab(PaneId::Principals, principal.key.to_string(), tab)));
    }
    lines
}

/// The statements behind an answer, those that limit it, and what could not be told.
fn because(power: &Power, shown: &Shown) -> Vec<Line> {
    let open = shown.open.iter().map(|open| Line::toned(format!("cannot tell {open}"), Tone::Warn).indent(2));
    let mut lines = evidence::with_limits(power, &shown.need, 2);
    lines.extend(open);
    lines
}

fn of_node(a: &Assessment, principal: &PrincipalRow, node: NodeId) -> Vec<Section> {
    let power: &Power = &a.power;
    let mut sections = Vec::new();
    if principal.nodes.len() > 1 || power.graph.node(node).key != principal.key {
        let name = &power.graph.node(node).name;
        let line = Line::field("Acts as", name.as_str());
        let key = power.graph.node(node).key.to_string();
        sections.push(Section {
            heading: format!("As {name}"),
            lines: vec![line.to(Target::Row(PaneId::Principals, key))],
        });
    }
    for class in classes() {
        let grade = power.profile(node).grade(class.power);
        if grade == Grade::No {
            continue;
        }
        let mut lines = vec![Line::toned(class.meaning, Tone::Plain)];
        let all = shown(&power.graph, &power.ground, node, class);
        // What answers several questions alike is said once, below the last of them.
        let mut answers: Vec<Line> = Vec::new();
        for one in all.iter().take(SHOWN) {
            let answer = because(power, one);
            if answer != answers {
                lines.append(&mut answers);
                answers = answer;
            }
            let tone = if one.grade == Grade::Conditional { Tone::Warn } else { Tone::Plain };
            let words = format!("{}: {}", evidence::need(&one.need), one.probe.why);
            // Who else may.
            let resource = if one.need.resource == "*" { String::new() } else { format!(" {}", one.need.resource) };
            let question = format!("can:{}", quote(&format!("{}{resource}", one.need.action.name())));
            lines.push(Line::toned(words, tone).indent(1).to(Target::Filter(PaneId::Principals, question)));
        }
        lines.append(&mut answers);
        if all.len() > SHOWN {
            lines.push(
                Line::toned(format!("and {} more of {} actions", all.len() - SHOWN, class.probes.len()), Tone::Dim)
                    .indent(1),
            );
        }
        sections.push(Section { heading: format!("{}: {}", class.power.word(), grade.word()), lines });
    }
    sections
}
