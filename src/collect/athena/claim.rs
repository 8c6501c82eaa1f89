//! An expression as SQL. What SQL cannot say exactly is said too wide, never too narrow, since the rows are held against
//! the expression once more when they are here. So each claim has two sides: SQL that is true of every event that meets it
//! (`Side::Over`), and SQL that is true of no other (`Side::Under`), which is what a negation turns round.
//!
//! Text is compared as the log has it; only what is written with ASCII's visible characters is looked for in SQL.

use jiff::Timestamp;

use super::cond::{Column, Cond};
use super::expr::{Claim, Expr, Field, Test, What};
use super::layout::Layout;
use super::pattern::patterns;
use super::statement::second_text;
use crate::model::ActorKind;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Over,
    Under,
}

impl Side {
    fn other(self) -> Self {
        match self {
            Self::Over => Self::Under,
            Self::Under => Self::Over,
        }
    }

    /// What stands for a claim that cannot be told.
    fn unknown(self) -> Cond {
        match self {
            Self::Over => Cond::True,
            Self::Under => Cond::False,
        }
    }
}

/// What SQL says of an expression.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// The condition; none: every row.
    pub sql: Option<String>,
    /// No row can meet it.
    pub nothing: bool,
    /// Terms that SQL says too wide.
    pub widened: Vec<String>,
    /// Terms that SQL does not say.
    pub local: Vec<String>,
}

/// The SQL of an expression, for a table.
pub fn say(expr: &Expr, layout: &Layout) -> Said {
    let sql = Sql { layout };
    let mut said = Said::default();
    sql.tell(expr, Side::Over, &mut said);
    match sql.of(expr, Side::Over) {
        Cond::True => {}
        Cond::False => said.nothing = true,
        Cond::Sql(sql) => said.sql = Some(sql),
    }
    said
}

/// The times between which every event lies that meets the expression, as far as that is plain.
pub fn span(expr: &Expr) -> (Option<Timestamp>, Option<Timestamp>) {
    match expr {
        Expr::All(list) => list.iter().map(span).fold((None, None), |(from, to), (one_from, one_to)| {
            let later = match (from, one_from) {
                (Some(a), Some(b)) => Some(Ord::max(a, b)),
                (a, b) => a.or(b),
            };
            let earlier = match (to, one_to) {
                (Some(a), Some(b)) => Some(Ord::min(a, b)),
                (a, b) => a.or(b),
            };
            (later, earlier)
        }),
        Expr::Is(Claim { what: What::From(from), .. }) => (Some(*from), None),
        Expr::Is(Claim { what: What::To(to), .. }) => (None, Some(*to)),
        Expr::Not(one) => match &**one {
            Expr::Is(Claim { what: What::From(from), .. }) => (None, Some(*from)),
            Expr::Is(Claim { what: What::To(to), .. }) => (Some(*to), None),
            _ => (None, None),
        },
        Expr::Any(_) | Expr::Is(_) => (None, None),
    }
}

struct Sql<'a> {
    layout: &'a Layout,
}

impl Sql<'_> {
    fn of(&self, expr: &Expr, side: Side) -> Cond {
        match expr {
            Expr::All(list) => Cond::all(list.iter().map(|one| self.of(one, side))),
            Expr::Any(list) => Cond::any(list.iter().map(|one| self.of(one, side))),
            Expr::Not(one) => self.of(one, side.other()).not(),
            Expr::Is(claim) => self.claim(&claim.what, side),
        }
    }

    /// Which terms SQL does not decide.
    fn tell(&self, expr: &Expr, side: Side, said: &mut Said) {
        match expr {
            Expr::All(list) | Expr::Any(list) => list.iter().for_each(|one| self.tell(one, side, said)),
            Expr::Not(one) => self.tell(one, side.other(), said),
            Expr::Is(claim) => {
                let (told, exact) = (self.claim(&claim.what, side), self.claim(&claim.what, side.other()));
                if matches!(told, Cond::Sql(_)) && is_as_good_as_exact(&claim.what) {
                    return;
                }
                let terms = match told {
                    told if told == exact => return,
                    Cond::True | Cond::False => &mut said.local,
                    Cond::Sql(_) => &mut said.widened,
                };
                if !terms.contains(&claim.words) {
                    terms.push(claim.words.clone());
                }
            }
        }
    }

    fn claim(&self, what: &What, side: Side) -> Cond {
        match what {
            What::Local => side.unknown(),
            What::Text(field, test) => self.text(*field, test, side),
            What::Anywhere(test) => self.anywhere(test, side),
            What::Kind(kinds) => self.kinds(kinds, side),
            What::ReadOnly(values) => self.read_only(values, side),
            What::Mfa => self.mfa(side),
            What::Console => self.console(side),
            What::From(time) => self.from(*time, side),
            What::To(time) => self.to(*time, side),
            What::Network(address, bits) => self.network(*address, *bits, side),
        }
    }

    /// A column, or a field in one, if the table has it.
    fn column(&self, path: &[&str]) -> Option<Column> {
        self.layout.has(path).then(|| Column::new(path))
    }

    fn with(&self, path: &[&str], side: Side, make: impl FnOnce(&Column) -> Cond) -> Cond {
        self.column(path).map_or_else(|| side.unknown(), |column| make(&column))
    }

    fn text(&self, field: Field, test: &Test, side: Side) -> Cond {
        if !is_plain(test) {
            return side.unknown();
        }
        match field {
            Field::Event => self.with(&["eventname"], side, |column| held(column, test, side)),
            Field::Ip => self.with(&["sourceipaddress"], side, |column| held(column, test, side)),
            Field::Region => self.with(&["awsregion"], side, |column| held(column, test, side)),
            Field::Agent => self.with(&["useragent"], side, |column| held(column, test, side)),
            Field::Key => self.with(&["useridentity", "accesskeyid"], side, |column| held(column, test, side)),
            Field::Source => self.source(test, side),
            Field::Error => self.error(test, side),
            Field::Account => self.account(test, side),
            Field::Resource => self.resource(test, side),
            Field::Principal | Field::Person | Field::Session | Field::Arn => self.identity(test, side),
            // Shown in small letters where it is a UUID.
            Field::Id => match (test, side) {
                (Test::Is(id), Side::Over) if !id.is_empty() => {
                    self.with(&["eventid"], side, |column| column.has_folded(id))
                }
                (Test::Has(_), Side::Over) => self.with(&["eventid"], side, |column| held(column, test, side)),
                _ => side.unknown(),
            },
        }
    }

    /// Shown without the ending that all services have.
    fn source(&self, test: &Test, side: Side) -> Cond {
        const ENDING: &str = ".amazonaws.com";
        self.with(&["eventsource"], side, |column| match (test, side) {
            (Test::Is(name), _) if name.ends_with(ENDING) => column.is(&format!("{name}{ENDING}")),
            (Test::Is(name), _) => column.is_in(&[name.clone(), format!("{name}{ENDING}")]),
            (Test::Has(_), Side::Over) => held(column, test, side),
            // What may be in the ending is found there too; a needle that cannot is in the name.
            (Test::Has(words), Side::Under) => {
                Cond::any(words.iter().filter(|word| !touches(word, ENDING)).map(|word| column.surely_has_folded(word)))
            }
            (Test::Matches(_), _) => side.unknown(),
        })
    }

    /// The error's code, but a sign-in that failed has none: it is told by the answer.
    fn error(&self, test: &Test, side: Side) -> Cond {
        let sign_in = self.with(&["eventsource"], side, |column| column.is(SIGN_IN));
        self.with(&["errorcode"], side, |column| {
            let told = held(column, test, side);
            match (test, side) {
                (Test::Is(none), Side::Over) if none.is_empty() => told,
                (Test::Is(none), Side::Under) if none.is_empty() => {
                    let elsewhere = self.with(&["eventsource"], side, |source| source.is(SIGN_IN).not());
                    Cond::all([told, elsewhere])
                }
                (_, Side::Over) => Cond::any([told, sign_in]),
                (_, Side::Under) => told,
            }
        })
    }

    /// The account of the credentials, or that of the role which they are of.
    fn account(&self, test: &Test, side: Side) -> Cond {
        let own = self.with(&["useridentity", "accountid"], side, |column| held(column, test, side));
        if *test == Test::Is(String::new()) {
            return side.unknown();
        }
        match side {
            Side::Under => own,
            Side::Over => Cond::any([own, self.of_issuer("accountid", |column| held(column, test, side))]),
        }
    }

    /// False where the table has no such field: then the record has none either.
    fn of_issuer(&self, field: &str, make: impl FnOnce(&Column) -> Cond) -> Cond {
        let column = self.column(&["useridentity", "sessioncontext", "sessionissuer", field]);
        column.map_or(Cond::False, |column| make(&column))
    }

    /// Every ARN of the record's resources, and the account whose root user was asked for (`sts:AssumeRoot`).
    fn resource(&self, test: &Test, side: Side) -> Cond {
        let named = self.layout.has(&["resources", "arn"]) && !self.layout.has(&["resources", "resourcename"]);
        if !named || side == Side::Under || *test == Test::Is(String::new()) {
            return side.unknown();
        }
        let words: Vec<&str> = match test {
            // The cell is all of them, with blanks between.
            Test::Has(words) => words.iter().filter_map(|word| word.split(' ').max_by_key(|part| part.len())).collect(),
            Test::Is(value) => value.split(' ').max_by_key(|part| part.len()).into_iter().collect(),
            Test::Matches(_) => return side.unknown(),
        };
        if words.iter().any(|word| word.is_empty()) {
            return side.unknown();
        }
        let element = Column::of("r", "arn");
        let Cond::Sql(found) = Cond::any(words.iter().map(|word| element.has_folded(word))) else {
            return side.unknown();
        };
        // Trino has any_match, which DuckDB has not: taking out what is found leaves another list.
        let listed = Cond::Sql(format!("coalesce(filter(resources, r -> NOT ({found})) <> resources, false)"));
        let assumed = self.with(&["eventname"], side, |column| column.is("AssumeRoot"));
        Cond::any([listed, assumed])
    }

    /// Who it was is made of many fields (see `model::event::record`): every part of the needle that is no word of an ARN's
    /// own must be in one of them.
    fn identity(&self, test: &Test, side: Side) -> Cond {
        if side == Side::Under {
            return side.unknown();
        }
        let texts: Vec<&str> = match test {
            Test::Has(words) => words.iter().map(String::as_str).collect(),
            Test::Is(text) => vec![text],
            Test::Matches(_) => return side.unknown(),
        };
        Cond::any(texts.into_iter().map(|text| {
            let parts = text.split([':', '/', ' ']).filter(|part| !is_own_word(&part.to_ascii_lowercase()));
            let parts: Vec<&str> = parts.collect();
            // An account's number tells little where there is a name too.
            let names: Vec<&str> =
                parts.iter().copied().filter(|part| !part.bytes().all(|b| b.is_ascii_digit())).collect();
            let telling = if names.is_empty() { parts } else { names };
            Cond::all(telling.into_iter().map(|part| self.in_identity(part)))
        }))
    }

    fn in_identity(&self, part: &str) -> Cond {
        let user = ["username", "arn", "principalid", "accountid", "invokedby", "identityprovider"];
        let user = user.iter().filter_map(|field| self.column(&["useridentity", field]));
        let behalf = self.column(&["useridentity", "onbehalfof", "userid"]);
        let found = user.chain(behalf).map(|column| column.has_folded(part));
        let issuer = ["username", "arn", "accountid"].map(|field| self.of_issuer(field, |c| c.has_folded(part)));
        if self.layout.has(&["useridentity"]) { Cond::any(found.chain(issuer)) } else { Cond::True }
    }

    fn kinds(&self, kinds: &[ActorKind], side: Side) -> Cond {
        self.with(&["useridentity", "type"], side, |column| {
            let types: Vec<&str> =
                TYPES.iter().filter(|kind| kinds.contains(&ActorKind::from_type(kind))).copied().collect();
            let named = column.is_in(&types);
            // Without a type it is a service that says who called, or nobody knows; so it is with a type that we do not know.
            let open = kinds.contains(&ActorKind::Unknown) || kinds.contains(&ActorKind::AwsService);
            match (open, side) {
                (true, Side::Over) => Cond::any([named, column.is_in(TYPES).not()]),
                _ => named,
            }
        })
    }

    fn read_only(&self, values: &[Option<bool>], side: Side) -> Cond {
        if !self.layout.is_text("readonly") {
            return side.unknown();
        }
        let column = Column::new(&["readonly"]);
        Cond::any(values.iter().map(|value| match value {
            Some(flag) => column.is(if *flag { "true" } else { "false" }),
            None => column.is_in(&["true", "false"]).not(),
        }))
    }

    fn mfa(&self, side: Side) -> Cond {
        let session =
            self.with(&["useridentity", "sessioncontext", "attributes", "mfaauthenticated"], side, |column| {
                column.is("true")
            });
        match side {
            Side::Under => session,
            Side::Over => {
                let sign_in = self.with(&["eventsource"], side, |column| column.is(SIGN_IN));
                let used = self.with(&["additionaleventdata"], side, |column| column.has("MFAUsed"));
                Cond::any([session, Cond::all([sign_in, used])])
            }
        }
    }

    /// As `model::event::record::is_console`.
    fn console(&self, side: Side) -> Cond {
        let told = [
            self.column(&["eventtype"]).map(|column| column.is_in(&["AwsConsoleSignIn", "AwsConsoleAction"])),
            self.column(&["sessioncredentialfromconsole"]).map(|column| column.is("true")),
            self.column(&["useragent"]).map(|column| {
                Cond::any([column.is_in(&["console.amazonaws.com", "signin.amazonaws.com"]), column.has("S3Console/")])
            }),
        ];
        // Exact: what the table does not have, the record does not have either.
        if side == Side::Over && told.iter().all(Option::is_none) {
            return Cond::False;
        }
        Cond::any(told.into_iter().flatten())
    }

    /// Times are texts such as `2026-11-24T12:00:00Z`: without the Z, fractions of a second compare right too.
    fn from(&self, time: Timestamp, side: Side) -> Cond {
        let whole = time.subsec_nanosecond() == 0;
        let second = if side == Side::Under && !whole { time.as_second() + 1 } else { time.as_second() };
        self.with(&["eventtime"], side, |column| {
            second_text(second).map_or(side.unknown(), |text| column.at_least(&text))
        })
    }

    fn to(&self, time: Timestamp, side: Side) -> Cond {
        let second = if side == Side::Over { time.as_second() + 1 } else { time.as_second() };
        self.with(&["eventtime"], side, |column| second_text(second).map_or(side.unknown(), |text| column.below(&text)))
    }

    /// The octets that are whole: the rest is decided here.
    fn network(&self, address: [u8; 4], bits: u8, side: Side) -> Cond {
        let whole = usize::from(bits / 8);
        if side == Side::Under || whole == 0 {
            return side.unknown();
        }
        let octets: Vec<String> = address.iter().take(whole).map(u8::to_string).collect();
        self.with(&["sourceipaddress"], side, |column| match whole {
            4 => column.is(&octets.join(".")),
            _ => column.like_folded(&format!("{}.%", octets.join("."))),
        })
    }

    /// In any field that the list shows, those that are made up by us included.
    fn anywhere(&self, test: &Test, side: Side) -> Cond {
        if !is_plain(test) || matches!(test, Test::Is(_)) {
            return side.unknown();
        }
        let fields = Cond::any(Field::ALL.iter().map(|field| self.text(*field, test, side)));
        if side == Side::Under {
            return fields;
        }
        let Test::Has(words) = test else { return side.unknown() };
        let lower = |word: &String| word.to_ascii_lowercase();
        if words.iter().map(lower).any(|word| is_in_time(&word) || MADE_UP.iter().any(|made| made.contains(&word))) {
            return Cond::True;
        }
        let kinds = KINDS.iter().copied().filter(|kind| words.iter().any(|word| kind.word().contains(&lower(word))));
        Cond::any([fields, self.kinds(&kinds.collect::<Vec<_>>(), side)])
    }
}

const SIGN_IN: &str = "signin.amazonaws.com";

/// What `ActorKind::from_type` knows.
const TYPES: &[&str] = &[
    "Root",
    "IAMUser",
    "AssumedRole",
    "Role",
    "FederatedUser",
    "SAMLUser",
    "WebIdentityUser",
    "IdentityCenterUser",
    "AWSAccount",
    "AWSService",
    "Directory",
];

pub const KINDS: [ActorKind; 11] = [
    ActorKind::Root,
    ActorKind::IamUser,
    ActorKind::AssumedRole,
    ActorKind::FederatedUser,
    ActorKind::SamlUser,
    ActorKind::WebIdentityUser,
    ActorKind::IdentityCenterUser,
    ActorKind::AwsAccount,
    ActorKind::AwsService,
    ActorKind::Directory,
    ActorKind::Unknown,
];

/// Cells whose words are ours and that a search in all columns finds: whether the call needed the account, `rw`.
const MADE_UP: [&str; 9] =
    ["management", "delegate", "conditional", "convention", "any", "background", "unclassified", "r", "w"];

/// Parts of names and ARNs that the record may not hold as they are shown; also what is only a part of such a word, since a
/// needle may begin or end within one.
fn is_own_word(part: &str) -> bool {
    const WORDS: [&str; 10] =
        ["arn", "aws-us-gov", "aws-cn", "iam", "sts", "assumed-role", "role", "root", "user", "group"];
    WORDS.iter().any(|word| word.contains(part))
}

/// Its two sides differ only by letters that are taken for others, or by parts of a second.
fn is_as_good_as_exact(what: &What) -> bool {
    let plain = |field: &Field| matches!(field, Field::Event | Field::Ip | Field::Region | Field::Agent | Field::Key);
    match what {
        What::Text(field, Test::Has(_) | Test::Matches(_)) => plain(field),
        what => matches!(what, What::From(_) | What::To(_)),
    }
}

/// Whether it could be found in a time as it is shown: `2026-11-24 12:00:00`.
fn is_in_time(word: &str) -> bool {
    word.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | ':' | ' '))
        && word.split(|c: char| !c.is_ascii_digit()).all(|digits| digits.len() <= 4)
}

/// Whether a needle may be found in a text, or over one of its ends.
fn touches(word: &str, ending: &str) -> bool {
    let word = word.to_ascii_lowercase();
    ending.contains(&word) || (1..ending.len()).any(|length| word.ends_with(&ending[..length]) || word.contains(ending))
}

/// Whether all that is looked for is visible ASCII, which nothing changes on its way to the screen.
fn is_plain(test: &Test) -> bool {
    let plain = |text: &String| text.bytes().all(|b| b == b' ' || b.is_ascii_graphic());
    match test {
        Test::Has(words) => words.iter().all(|word| !word.is_empty() && plain(word)),
        Test::Is(text) | Test::Matches(text) => plain(text),
    }
}

/// A test of a text that stands in a column as it is shown.
fn held(column: &Column, test: &Test, side: Side) -> Cond {
    match (test, side) {
        (Test::Is(text), _) => column.is(text),
        (Test::Has(words), Side::Over) => Cond::any(words.iter().map(|word| column.has_folded(word))),
        (Test::Has(words), Side::Under) => Cond::any(words.iter().map(|word| column.surely_has_folded(word))),
        (Test::Matches(source), Side::Over) => match patterns(source) {
            Some(patterns) => Cond::any(patterns.iter().map(|pattern| column.like_folded(pattern))),
            None => side.unknown(),
        },
        (Test::Matches(_), Side::Under) => side.unknown(),
    }
}
