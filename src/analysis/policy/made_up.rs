//! What a stranger could bear: ARNs and account ids made to fit the patterns of a policy, and keys that it chooses.

use super::glob::Glob;
use super::principal::Caller;

/// Keys whose values a stranger chooses, or leaves out; by their beginnings, in lower case.
pub(super) const CHOSEN: [&str; 11] = [
    "aws:principaltag/",
    "aws:requesttag/",
    "aws:useragent",
    "aws:referer",
    "aws:username",
    "aws:principaltype",
    "sts:rolesessionname",
    "organizations:",
    "s3:x-amz-",
    "aws:requestedregion",
    "sts:sourceidentity",
];

/// Keys whose wanted value a stranger does not know or have, and that it may leave out or bear otherwise.
pub(super) const SECRET: [&str; 3] = ["sts:externalid", "aws:sourcevpc", "aws:sourcevpce"];

/// What a stranger makes of what it may choose.
#[derive(Clone, Copy)]
pub(super) struct Choice {
    /// The keys of [`CHOSEN`] for which the statement wants a value bear it.
    pub(super) wanted: bool,
    /// The others are there.
    pub(super) others: bool,
    /// None: a long-term key, which carries no MFA.
    pub(super) mfa: Option<bool>,
    /// An AWS service makes the call for it.
    pub(super) via: bool,
}

impl Choice {
    pub(super) fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for (mfa, via) in [(Some(true), false), (None, false), (Some(true), true)] {
            for (wanted, others) in [(true, true), (true, false), (false, true), (false, false)] {
                all.push(Self { wanted, others, mfa, via });
            }
        }
        all
    }
}

/// How many stars of a pattern are filled in every way; the rest with a letter.
const STARS: usize = 3;

/// The key holds the role's ARN, never the session's (reference_policies_condition-keys, `aws:PrincipalArn`).
pub(super) fn without_session(arn: &str) -> String {
    match Caller::parse(arn) {
        Caller::Session { account, role, .. } => format!("arn:aws:iam::{account}:role/{role}"),
        _ => arn.to_owned(),
    }
}

pub(super) fn stranger_arn(account: &str) -> String {
    format!("arn:aws:iam::{account}:role/stranger")
}

pub(super) fn role_of(account: &str) -> Caller {
    Caller::parse(&stranger_arn(account))
}

pub(super) fn is_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// An account's id that fits a pattern.
pub(super) fn fitting(pattern: &str) -> Option<String> {
    let stars = pattern.matches('*').count();
    let missing = 12_usize.checked_sub(pattern.len() - stars)?;
    let filled = pattern.replace('?', "9").replacen('*', &"9".repeat(missing), 1).replace('*', "");
    (stars > 0 || pattern.contains('?')).then_some(filled)
}

/// The texts that a pattern becomes when its stars are filled in with what an ARN of the account may hold.
pub(super) fn filled(pattern: &str, account: &str) -> Vec<String> {
    let role = format!("iam::{account}:role/x");
    let fills = ["", "x", account, &role, &format!("aws:{role}"), &format!("arn:aws:iam::{account}")];
    // By its parts: the fifth is the account.
    let by_part = |(n, part): (usize, &str)| match n {
        4 if part.contains(['*', '?']) && Glob::new(part).matches(account) => account.to_owned(),
        _ => part.replace(['*', '?'], "x"),
    };
    let parts: Vec<String> = pattern.splitn(6, ':').enumerate().map(by_part).collect();
    let mut all = vec![pattern.replace('?', "x")];
    for _ in 0..STARS {
        all = all.iter().flat_map(|text| fills.iter().map(|fill| text.replacen('*', fill, 1))).collect();
    }
    all.iter_mut().for_each(|text| *text = text.replace('*', "x"));
    all.push(parts.join(":"));
    all.sort_unstable();
    all.dedup();
    all
}

/// Whether a made-up ARN is one that a stranger of the account can have. A bucket's names no account; one of many may be
/// anybody's.
pub(super) fn belongs(arn: &str, pattern: &str, account: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts[..] {
        ["arn", partition, service, _, of, resource] => {
            let whole = !partition.is_empty() && !service.is_empty() && !resource.is_empty();
            whole && (of == account || of.is_empty() && service == "s3" && pattern.contains('*'))
        }
        _ => false,
    }
}
