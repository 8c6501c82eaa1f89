//! The command line: the source is a global option, the subcommand says what to do with it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::SignedDuration;

use crate::collect::RegionScope;
use crate::collect::athena::{Accounts, TableName};
use crate::model::Region;
use crate::panes::filter::duration;

const EXIT_CODES: &str = "Exit codes: 0 everything was read; 1 it failed; 2 the input is wrong; 3 something could not be read, \
    and what came is shown. A signal ends it with 128 and its number.";

/// Shows how exposed an AWS Organizations management account is.
///
/// Without a subcommand it opens the terminal interface. It only reads: every call to AWS goes through a list of
/// read-only operations (see `mgmtscope policy`). --athena alone does more: it starts a query.
#[derive(Debug, Parser)]
#[command(
    name = "mgmtscope",
    version,
    subcommand_precedence_over_arg = true,
    max_term_width = 110,
    after_long_help = EXIT_CODES
)]
pub struct Cli {
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub look: LookArgs,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Where the picture comes from. Live by default, with the usual AWS configuration.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Source")]
pub struct SourceArgs {
    /// The embedded sample organization; needs no account
    #[arg(long, global = true, conflicts_with_all = ["from", "profile", "endpoint_url"])]
    pub demo: bool,
    /// Files instead of a live account: a snapshot, `aws iam get-account-authorization-details`, a credential report,
    /// CloudTrail logs (files or folders), `aws organizations ...` output; known by their content, several make one picture
    #[arg(long, global = true, value_name = "PATH", num_args = 1.., conflicts_with_all = ["profile", "endpoint_url"])]
    pub from: Vec<PathBuf>,
    /// A profile of the AWS configuration
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// The home Region: of Identity Center, and where global services are asked
    #[arg(long, global = true, value_name = "REGION")]
    pub region: Option<String>,
    /// Regions to look at: all that are on, or a list such as us-east-1,eu-central-1
    #[arg(long, global = true, value_name = "all|R1,R2", default_value = "all", value_parser = regions)]
    pub regions: RegionScope,
    /// How far back events are read: 7d if not given, and all of the sample; CloudTrail's event history holds 90d
    #[arg(long, global = true, value_name = "AGE", value_parser = since)]
    pub since: Option<SignedDuration>,
    /// Ask this endpoint instead of AWS
    #[arg(long, global = true, value_name = "URL", value_parser = url)]
    pub endpoint_url: Option<String>,
    /// Keep no events of a live account between runs, and use none that were kept
    #[arg(long, global = true)]
    pub no_cache: bool,
    /// Rules of your own over events: files in the Sigma format in this folder, beside those of the program
    /// (docs/rules.md)
    #[arg(long, global = true, value_name = "FOLDER")]
    pub rules: Vec<PathBuf>,
    #[command(flatten)]
    pub athena: AthenaArgs,
}

/// Events from the log of a trail, by Athena.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Events by Athena (docs/athena.md)")]
pub struct AthenaArgs {
    /// Read events from this table of a trail's log instead of CloudTrail's event history. Starts a query, which costs by
    /// what it scans; the filter of `query activity` becomes part of it
    #[arg(long, global = true, value_name = "DATABASE.TABLE", value_parser = TableName::parse, conflicts_with_all = ["demo", "from"])]
    pub athena: Option<TableName>,
    /// The workgroup of the query, with its limit of bytes (default: primary)
    #[arg(long, global = true, value_name = "NAME")]
    pub workgroup: Option<String>,
    /// Where Athena writes the results (default: where the workgroup says)
    #[arg(long, global = true, value_name = "s3://BUCKET/PREFIX/", value_parser = s3)]
    pub output_location: Option<String>,
    /// The accounts whose log is read (default: that of the credentials); all: those that the table names
    #[arg(long, global = true, value_name = "all|A1,A2", value_parser = accounts)]
    pub accounts: Option<Accounts>,
    /// Read only events that this filter of the activity pane wants
    #[arg(long, global = true, value_name = "FILTER")]
    pub ask: Option<String>,
    /// Print the query instead of starting it
    #[arg(long, global = true)]
    pub dry_run: bool,
}

impl AthenaArgs {
    /// The first option that means nothing without a table.
    pub fn without_table(&self) -> Option<&'static str> {
        let options = [
            ("--workgroup", self.workgroup.is_some()),
            ("--output-location", self.output_location.is_some()),
            ("--accounts", self.accounts.is_some()),
            ("--ask", self.ask.is_some()),
            ("--dry-run", self.dry_run),
        ];
        options.into_iter().find(|(_, given)| *given && self.athena.is_none()).map(|(name, _)| name)
    }
}

impl SourceArgs {
    /// A live account is asked.
    pub fn is_live(&self) -> bool {
        !self.demo && self.from.is_empty()
    }

    /// # Errors
    /// Options that do not go together, in one line.
    pub fn check(&self) -> Result<(), String> {
        if let Some(option) = self.athena.without_table() {
            return Err(format!("{option} needs --athena DATABASE.TABLE"));
        }
        if self.athena.athena.is_none() && self.since.is_some_and(|since| since > LONGEST) {
            return Err("--since: CloudTrail's event history holds 90 days".into());
        }
        Ok(())
    }

    /// What every order of this session has in common.
    pub fn since(&self) -> SignedDuration {
        let usual = if self.demo { LONGEST } else { SignedDuration::from_hours(7 * 24) };
        self.since.unwrap_or(usual)
    }
}

/// How far back event history reaches (CloudTrail User Guide, view-cloudtrail-events).
const LONGEST: SignedDuration = SignedDuration::from_hours(90 * 24);

/// How it looks.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Look")]
pub struct LookArgs {
    /// 16, dark, light or mono; NO_COLOR means mono
    #[arg(long, global = true, value_name = "NAME")]
    pub theme: Option<String>,
    /// The configuration file (default: mgmtscope/config.toml in the user's configuration folder)
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print the configuration in force, keys and theme included, and exit
    #[arg(long)]
    pub print_config: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Read everything and write it to a snapshot file, with progress on stderr
    Collect {
        /// The snapshot to write (mode 0600)
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Print the five practices with their counts, and what could not be read
    Report {
        /// Text for people, JSON for programs
        #[arg(long, default_value = "text", value_parser = ["text", "json"])]
        format: String,
    },
    /// List the rows of a pane
    Query {
        /// The pane
        pane: Listed,
        /// The filter language of the interface, as in `kind:user mfa:no`
        filter: Vec<String>,
        /// Fold the rows by these columns: how many have the same values, and when first and last
        #[arg(long, value_name = "COLUMN,...", value_delimiter = ',')]
        by: Vec<String>,
        /// How the rows are written
        #[arg(long, default_value = "table", value_parser = ["table", "json", "csv", "count"])]
        format: String,
    },
    /// List the principals that may do something, or of whom it cannot be told
    WhoCan {
        /// The action, such as iam:PassRole
        action: String,
        /// The resource's ARN; without it, any resource at all
        resource: Option<String>,
        /// How the rows are written
        #[arg(long, default_value = "table", value_parser = ["table", "json", "csv", "count"])]
        format: String,
    },
    /// Say whether one principal may do something, and by which statements. Exit code 0: it may; 1: it may not; 3: it
    /// cannot be told
    Can {
        /// The principal's name or ARN
        principal: String,
        /// The action, such as iam:PassRole
        action: String,
        /// The resource's ARN; without it, any resource at all
        resource: Option<String>,
    },
    /// Replay this account's own calls against the SCPs and RCPs of another place of the organization: what they would have
    /// denied there, by call (docs/elsewhere.md)
    Elsewhere {
        /// A unit or account, by id or name
        place: String,
        /// Which calls: the filter language of the activity pane
        filter: Vec<String>,
        /// How the rows are written
        #[arg(long, default_value = "table", value_parser = ["table", "json", "csv", "count"])]
        format: String,
    },
    /// Say who is asking, whether this is the management account, which calls are denied and what to add
    Doctor,
    /// Print the least-privilege IAM policy that mgmtscope needs; with --athena, the one to read events by Athena
    Policy {
        /// Print instead the further policies with which Cloud Control can list the heavy resource types: an array of
        /// documents, each within IAM's size for a managed policy
        #[arg(long)]
        cloud_control: bool,
    },
    /// Run policy tests: one JSON object a line with a request, its policies and the expected verdict (docs/evaluate.md).
    /// Prints id, verdict and the statements that decided; exit code 1 when a verdict is not the expected one
    Evaluate {
        /// The file of tests; - is standard input
        #[arg(value_name = "CASES")]
        cases: PathBuf,
        /// Text for people, a JSON object a line for programs
        #[arg(long, default_value = "text", value_parser = ["text", "json"])]
        format: String,
    },
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man {
        /// The page of this command, instead of the program's
        command: Option<String>,
    },
}

/// The panes that can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Listed {
    Principals,
    Activity,
    Residents,
    Delegation,
    Overview,
    Coverage,
}

impl Listed {
    pub fn name(self) -> &'static str {
        match self {
            Self::Principals => "principals",
            Self::Activity => "activity",
            Self::Residents => "residents",
            Self::Delegation => "delegation",
            Self::Overview => "overview",
            Self::Coverage => "coverage",
        }
    }
}

fn regions(text: &str) -> Result<RegionScope, String> {
    if text == "all" {
        return Ok(RegionScope::All);
    }
    let mut list = Vec::new();
    for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        // `us-east-1`, `us-gov-west-1`: letters, dashes, a digit at the end.
        let shaped = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && name.contains('-')
            && name.ends_with(|c: char| c.is_ascii_digit());
        if !shaped {
            return Err(format!("`{name}` is not a Region's code"));
        }
        list.push(Region::new(name));
    }
    if list.is_empty() { Err("give `all` or at least one Region".into()) } else { Ok(RegionScope::Only(list)) }
}

/// An address that can be asked: `http` or `https`, with a host.
fn url(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    let host = rest.map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    match host {
        Some(host) if !host.is_empty() && !text.contains(char::is_whitespace) => Ok(text.to_owned()),
        _ => Err("give an address such as http://127.0.0.1:5000".into()),
    }
}

fn s3(text: &str) -> Result<String, String> {
    let bucket = text.strip_prefix("s3://").and_then(|rest| rest.split('/').next());
    match bucket {
        Some(bucket) if !bucket.is_empty() && !text.contains(char::is_whitespace) => Ok(text.to_owned()),
        _ => Err("give a place such as s3://BUCKET/PREFIX/".into()),
    }
}

fn accounts(text: &str) -> Result<Accounts, String> {
    if text == "all" {
        return Ok(Accounts::All);
    }
    let list: Vec<String> = text.split(',').map(|id| id.trim().to_owned()).filter(|id| !id.is_empty()).collect();
    match list.iter().find(|id| id.len() != 12 || !id.bytes().all(|b| b.is_ascii_digit())) {
        Some(odd) => Err(format!("`{odd}` is not an account's id of 12 digits")),
        None if list.is_empty() => Err("give `all` or at least one account".into()),
        None => Ok(Accounts::Only(list)),
    }
}

fn since(text: &str) -> Result<SignedDuration, String> {
    match duration(text) {
        Some(age) if age.is_positive() => Ok(age),
        _ => Err("give a length of time such as 24h or 7d".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_holds() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_subcommand_after_from_is_not_a_path() {
        let cli = Cli::try_parse_from(["mgmtscope", "--from", "a", "b", "query", "activity", "--format", "count"]);
        let cli = cli.expect("it parses");
        assert_eq!(cli.source.from.len(), 2);
        assert!(matches!(cli.command, Some(Command::Query { pane: Listed::Activity, .. })));
    }

    #[test]
    fn the_source_may_stand_behind_the_subcommand() {
        let cli = Cli::try_parse_from(["mgmtscope", "query", "principals", "kind:user", "--demo", "--format", "json"]);
        assert!(cli.expect("it parses").source.demo);
        let cli = Cli::try_parse_from(["mgmtscope", "query", "activity", "--from", "x.jsonl", "--format", "count"]);
        assert_eq!(cli.expect("it parses").source.from.len(), 1);
    }

    #[test]
    fn bad_values_say_what_is_wrong() {
        assert!(regions("mars").is_err());
        assert_eq!(regions("us-east-1, eu-west-1").map(|scope| scope != RegionScope::All), Ok(true));
        assert!(url("nonsense").is_err() && url("http://").is_err() && url("https:///x").is_err());
        assert!(url("http://127.0.0.1:5000").is_ok() && url("https://example.com/x").is_ok());
        assert!(since("soon").is_err() && since("91d").is_ok());
        assert!(s3("s3://b/p/").is_ok() && s3("b/p").is_err() && s3("s3:///p").is_err());
        assert_eq!(accounts("111122223333,444455556666").map(|a| a != Accounts::All), Ok(true));
        assert!(accounts("1").is_err() && accounts("").is_err());
    }

    #[test]
    fn the_history_holds_ninety_days_and_a_log_more() {
        let parse = |words: &[&str]| Cli::try_parse_from(words).expect("it parses").source.check();
        assert!(parse(&["mgmtscope", "--since", "91d"]).expect_err("too long").contains("90 days"));
        assert_eq!(parse(&["mgmtscope", "--since", "2y", "--athena", "logs.trail"]), Ok(()));
        assert!(parse(&["mgmtscope", "--ask", "root"]).expect_err("no table").contains("--ask needs"));
    }
}
