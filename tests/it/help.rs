//! What `--help` says, of the program and of every subcommand, pinned; and that the manual and the completions know
//! every one of them.

use std::process::Command as Process;

use clap::{Command, CommandFactory};
use mgmtscope::cli::Cli;
use mgmtscope::panes::ALL;
use mgmtscope::report::{FORMATS, SUMMARIES};
use mgmtscope::ui::theme::BUILT_IN;

/// The definition at a width of its own: the terminal of whoever runs the test must not matter.
fn program() -> Command {
    let mut program = Cli::command().term_width(100);
    program.build();
    program
}

fn printed(arguments: &[&str]) -> String {
    let out = Process::new(env!("CARGO_BIN_EXE_mgmtscope")).args(arguments).output().expect("it runs");
    assert!(out.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).expect("UTF-8")
}

#[test]
fn help_of_the_program() {
    insta::assert_snapshot!("help", program().render_long_help());
}

/// The options of source and look are those of the program; each subcommand's own part is pinned here.
#[test]
fn help_of_every_subcommand() {
    for subcommand in program().get_subcommands_mut().filter(|subcommand| subcommand.get_name() != "help") {
        let help = subcommand.render_long_help().to_string();
        let own = help.split("\nSource:\n").next().unwrap_or_default();
        assert!(
            help.contains("--demo") && help.contains("--theme"),
            "{} lost the global options",
            subcommand.get_name()
        );
        insta::assert_snapshot!(format!("help_{}", subcommand.get_name()), own);
    }
}

#[test]
fn every_option_is_explained() {
    fn walk(command: &Command) {
        for argument in command.get_arguments() {
            assert!(argument.get_help().is_some(), "{} {} says nothing", command.get_name(), argument.get_id());
        }
        assert!(command.get_about().is_some(), "{} says nothing", command.get_name());
        command.get_subcommands().for_each(walk);
    }
    walk(&program());
}

/// What a value may be is written down twice, for clap and where it is done: no list may lack what another has.
#[test]
fn the_values_offered_are_those_there_are() {
    let program = program();
    let values = |command: &str, argument: &str| -> Vec<String> {
        let command = program.find_subcommand(command).expect(command);
        let argument = command.get_arguments().find(|found| found.get_id() == argument).expect(argument);
        let mut values: Vec<_> = argument.get_possible_values().iter().map(|value| value.get_name().into()).collect();
        values.sort();
        values
    };
    let sorted = |names: &mut dyn Iterator<Item = &str>| {
        let mut names: Vec<String> = names.map(str::to_owned).collect();
        names.sort();
        names
    };
    assert_eq!(values("query", "format"), sorted(&mut FORMATS.iter().map(|format| format.name)));
    assert_eq!(values("report", "format"), sorted(&mut SUMMARIES.iter().map(|summary| summary.name)));
    assert_eq!(values("query", "pane"), sorted(&mut ALL.iter().map(|pane| pane.name)));
    let theme =
        program.get_arguments().find(|argument| argument.get_id() == "theme").and_then(|theme| theme.get_help());
    let theme = theme.expect("a help").to_string();
    for (name, _) in BUILT_IN {
        assert!(theme.contains(name), "--theme does not name {name}");
    }
}

/// The options of the whole program stand on its own page.
#[test]
fn the_manual_has_a_page_for_every_command() {
    let main = printed(&["man"]);
    assert!(main.contains(".SH SOURCE") && main.contains("\\-\\-endpoint\\-url"), "{main}");
    for subcommand in program().get_subcommands().filter(|subcommand| subcommand.get_name() != "help") {
        let name = subcommand.get_name();
        // The manual writes a hyphen that is part of a name as `\-`.
        let written = name.replace('-', "\\-");
        assert!(main.contains(&format!("mgmtscope\\-{written}(1)")), "{name} is not in the manual");
        let page = printed(&["man", name]);
        assert!(page.contains(&format!(".TH mgmtscope-{name} 1")), "{page}");
        for option in
            subcommand.get_arguments().filter(|argument| !argument.is_global_set()).filter_map(|o| o.get_long())
        {
            assert!(page.contains(&option.replace('-', "\\-")), "{name} --{option} is not on its page");
        }
    }
}

#[test]
fn a_page_that_does_not_exist_is_the_users_mistake() {
    let out = Process::new(env!("CARGO_BIN_EXE_mgmtscope")).args(["man", "nonsense"]).output().expect("it runs");
    assert_eq!(out.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&out.stderr).contains("nonsense"));
}

#[test]
fn completions_of_every_shell_know_every_subcommand() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = printed(&["completions", shell]);
        for subcommand in program().get_subcommands() {
            assert!(script.contains(subcommand.get_name()), "{shell} does not know {}", subcommand.get_name());
        }
        assert!(script.contains("endpoint-url"), "{shell}");
    }
}
