//! Root and the IAM users.

use super::case::{Case, told};
use super::shell::{Command, Document};
use super::uses::{Link, Tally, Use};
use super::{Effect, Step, pages};
use crate::analysis::principals::{KeyFacts, LastUse};
use crate::model::Text;

const KEY_PLACEHOLDER: &str = "access key id, from list-access-keys";

pub(super) fn user(case: &Case<'_>) -> Vec<Step> {
    let row = case.row;
    let mine = std::slice::from_ref(&row.key);
    let taken = case.taken_words(mine, &[]);
    let mut steps = vec![
        Step::new(
            Effect::Stops,
            "Deny everything to the user",
            "An explicit Deny is asked at each request and beats every Allow, also that of a resource's policy: keys, \
             console, and sessions from GetSessionToken and GetFederationToken all stop.",
            pages::TEMPORARY,
        )
        .leaves(taken.clone())
        .breaks(uses(case))
        .run(case.deny_user()),
    ];
    steps.extend(keys(case, &taken));
    steps.extend(password(case));
    steps.extend(case.revoke_taken(mine, &[]));
    steps.push(
        Step::new(
            Effect::StopsInPart,
            "Revoke the user's older sessions",
            "Denies everything to the user's sessions that began before the command runs. The key itself carries no \
             aws:TokenIssueTime and works on: for a user who is to go on with a new key.",
            pages::TEMPORARY,
        )
        .leaves(format!("access keys, new sessions, and {taken}"))
        .breaks(in_sessions(case))
        .run(
            Command::new("iam put-user-policy")
                .with("user-name", &row.name)
                .with("policy-name", "AWSRevokeOlderSessions")
                .document("policy-document", &Document::revoke()),
        ),
    );
    let present = match &row.boundary {
        Some(arn) => format!("{taken}. The boundary that is there now is replaced: {arn}"),
        None => taken,
    };
    steps.push(
        Step::new(Effect::Stops, "Permissions boundary that denies everything", BOUNDARY, pages::BOUNDARY)
            .leaves(present)
            .breaks(uses(case))
            .run(
                Command::new("iam put-user-permissions-boundary")
                    .with("user-name", &row.name)
                    .with("permissions-boundary", &case.deny_all()),
            ),
    );
    steps
}

/// Why AWSDenyAll, and no boundary that only leaves things out.
pub(super) const BOUNDARY: &str = "AWSDenyAll denies explicitly, which counts in a boundary as anywhere. A boundary \
    that only allows little would not do: what a resource's policy grants to a user or a session directly passes its \
    implicit deny.";

/// All that the user does, and by which key where there are several.
fn uses(case: &Case<'_>) -> Vec<Use> {
    let row = case.row;
    let mut uses = case.uses_of(row);
    let keys: Vec<(&Text, Tally)> = case.ledger.keys_of(&row.key).filter(|(key, _)| key.starts_with("AKIA")).collect();
    if keys.len() > 1 {
        uses.extend(
            keys.iter().map(|(key, tally)| {
                Use::new(format!("access key {key}"), *tally, Some(Link::AccessKey((*key).clone())))
            }),
        );
    }
    uses
}

fn keys(case: &Case<'_>, taken: &str) -> Vec<Step> {
    let row = case.row;
    let active: Vec<&KeyFacts> = row.keys.iter().filter(|key| key.active).collect();
    let why = "Requests that are signed with this key fail. It does not end what was got with it.";
    let left = |others: usize| {
        let mut left = vec!["sessions from GetSessionToken, up to 36 hours".to_owned(), taken.to_owned()];
        if others > 0 {
            left.insert(0, super::count(others, "other active key", "other active keys"));
        }
        match row.password {
            Some(true) => left.insert(0, "the console password".to_owned()),
            None => left.insert(0, "a console password, if there is one".to_owned()),
            Some(false) => {}
        }
        left.join("; ")
    };
    let update = || Command::new("iam update-access-key").with("user-name", &row.name);
    let list = || Command::new("iam list-access-keys").with("user-name", &row.name);
    if row.active_keys.is_none() {
        return vec![
            Step::new(
                Effect::StopsInPart,
                "Deactivate the access keys",
                format!("{why} Its keys were not read."),
                pages::KEYS,
            )
            .leaves(left(0))
            .breaks(uses(case))
            .run(list())
            .run(update().unknown("access-key-id", KEY_PLACEHOLDER).with("status", "Inactive")),
        ];
    }
    let one = |key: &KeyFacts| {
        let name = match key.id.as_str() {
            "" => "Deactivate the access key".to_owned(),
            id => format!("Deactivate access key {id}"),
        };
        let step = Step::new(Effect::StopsInPart, name, why, pages::KEYS).leaves(left(active.len() - 1));
        if key.id.is_empty() {
            let command = update().unknown("access-key-id", KEY_PLACEHOLDER).with("status", "Inactive");
            return step.breaks(uses(case)).run(list()).run(command);
        }
        let signed = case.ledger.keys_of(&row.key).find(|(id, _)| **id == key.id);
        let used = signed.map(|(id, tally)| {
            Use::new(format!("all that is signed with {id}"), tally, Some(Link::AccessKey(id.clone())))
        });
        let used = used.or_else(|| told(&format!("what signs with {}", key.id), key.last));
        step.breaks(used.into_iter().collect()).run(update().with("access-key-id", &key.id).with("status", "Inactive"))
    };
    active.iter().map(|key| one(key)).collect()
}

fn password(case: &Case<'_>) -> Option<Step> {
    let row = case.row;
    let why = match row.password {
        Some(false) => return None,
        Some(true) => "No new sign-in to the console. The password cannot be given back, only a new one made.",
        None => "No new sign-in to the console. Whether there is a password was not read.",
    };
    let step = Step::new(Effect::StopsInPart, "Delete the console password", why, pages::PASSWORD);
    let left = "console sessions begun before it, up to 12 hours; access keys";
    let mut uses = in_sessions(case);
    if uses.is_empty() {
        let report = case.facts.credential_report.get(row.name.as_str());
        let last = report.and_then(|report| report.password_last_used).map_or(LastUse::Unknown, LastUse::At);
        uses.extend(told("who signs in with the password", last));
    }
    let command = Command::new("iam delete-login-profile").with("user-name", &row.name);
    Some(step.leaves(left).breaks(uses).run(command))
}

/// What is done in the user's own sessions, the console's among them.
fn in_sessions(case: &Case<'_>) -> Vec<Use> {
    let row = case.row;
    let tally = case.ledger.temporary(&row.key);
    if tally.events == 0 {
        return Vec::new();
    }
    let who = "what is done in the console and in other sessions of the user";
    vec![Use::new(who, tally, Some(Link::Actor(row.key.clone())))]
}

pub(super) fn root(case: &Case<'_>) -> Vec<Step> {
    let row = case.row;
    let used = case.uses_of(row);
    let mut steps = Vec::new();
    if row.active_keys != Some(0) {
        steps.push(root_keys(case));
    }
    steps.push(
        Step::new(
            Effect::StopsInPart,
            "Change root's password and second factor",
            "In the console, signed in as root, under Security credentials: a new password, every MFA device that is \
             not yours removed, one of yours added. The mailbox of the root user comes first: who reads it sets the \
             password anew.",
            pages::ROOT,
        )
        .leaves("sessions begun before it: AWS offers no way to revoke those of root; access keys")
        .breaks(used.clone()),
    );
    steps.extend(case.revoke_taken(std::slice::from_ref(&row.key), &[]));
    steps.push(
        Step::new(
            Effect::CannotTell,
            "Ask AWS Support for the account",
            "If password, mailbox or telephone number are no longer yours, AWS alone can give the account back. What \
             it then does with open sessions is not documented.",
            pages::ROOT_LOST,
        )
        .breaks(used),
    );
    steps.push(Step::new(
        Effect::DoesNotStop,
        "Deny, boundary or permission set",
        "No policy of the account changes root's permissions, and none reaches its temporary credentials.",
        pages::TEMPORARY,
    ));
    steps.push(Step::new(
        Effect::DoesNotStop,
        "Central root access (AssumeRoot)",
        "The management account can delete the root credentials of members with it, not its own.",
        pages::ROOT,
    ));
    steps
}

fn root_keys(case: &Case<'_>) -> Step {
    let root = &case.row.key;
    let signed: Vec<(&Text, Tally)> = case.ledger.keys_of(root).filter(|(key, _)| key.starts_with("AKIA")).collect();
    let used = signed.iter().map(|(key, tally)| {
        Use::new(format!("all that is signed with {key}"), *tally, Some(Link::AccessKey((*key).clone())))
    });
    let why = if case.row.active_keys.is_none() {
        "Requests that are signed with a key of root fail. Whether there is one was not read. Only root can do this."
    } else {
        "Requests that are signed with this key fail. Only root can do this: run it with root's own credentials."
    };
    let step = Step::new(Effect::StopsInPart, "Deactivate and delete root's access keys", why, pages::ROOT_KEY)
        .leaves("the console, by password; sessions from GetSessionToken, up to an hour, which cannot be revoked")
        .breaks(used.collect());
    let update = || Command::new("iam update-access-key");
    let delete = || Command::new("iam delete-access-key");
    if signed.is_empty() {
        return step
            .run(Command::new("iam list-access-keys"))
            .run(update().unknown("access-key-id", KEY_PLACEHOLDER).with("status", "Inactive"))
            .run(delete().unknown("access-key-id", KEY_PLACEHOLDER));
    }
    signed.iter().fold(step.run(Command::new("iam list-access-keys")), |step, (key, _)| {
        step.run(update().with("access-key-id", key).with("status", "Inactive"))
            .run(delete().with("access-key-id", key))
    })
}
