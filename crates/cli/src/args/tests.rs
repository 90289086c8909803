use clap::CommandFactory;

use super::*;

#[test]
fn rejected_arguments_ask_for_json_in_both_spellings() {
    for (words, is_json) in [
        ("plan --format json --no-such-option", true),
        ("plan --no-such-option --format=json", true),
        ("plan --format text", false),
        ("plan --format", false),
        ("plan json --format", false),
        ("plan -- --format json", false),
    ] {
        assert_eq!(ask_for_json(words.split(' ').map(OsString::from)), is_json, "{words}");
    }
}

/// Reviews the `--help` of the program, of each command and of each subcommand. The global options
/// are part of each; they are reviewed once, in the help of the program.
#[test]
fn the_help_of_every_command_is_reviewed() {
    let mut program = Cli::command().term_width(100).color(clap::ColorChoice::Never);
    program.build();
    let mut commands = vec![(String::new(), program.clone())];
    while let Some((above, mut command)) = commands.pop() {
        let name = format!("{above}{}", command.get_name());
        let help = command.render_long_help().to_string();
        let help = match help.split_once("Global options:\n") {
            Some((own, options)) if !above.is_empty() => {
                let after = options.split_once("\n\nExample").map(|(_, it)| format!("Example{it}"));
                format!("{own}{}", after.unwrap_or_default())
            }
            _ => help,
        };
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(format!("help_{}", name.replace(' ', "_")), help);
        });
        let own = command.get_subcommands().filter(|it| it.get_name() != "help");
        let found: Vec<_> = own.map(|it| (format!("{name} "), it.clone())).collect();
        commands.extend(found);
    }
}

/// A user copies the examples: each of them is accepted.
#[test]
fn every_command_has_examples_that_are_accepted() {
    let program = Cli::command();
    let commands = program.get_subcommands().filter(|it| !matches!(it.get_name(), "help" | "schema"));
    for command in commands.chain([&program]) {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let examples: Vec<&str> = help.lines().filter_map(|line| line.strip_prefix("  reconcile ")).collect();
        assert!(!examples.is_empty(), "`{}` has an example", command.get_name());
        for example in examples {
            // An explanation follows after two spaces. The rest after `>` or `||` is for the shell.
            let end = ["  ", " > ", " || "].into_iter().filter_map(|it| example.find(it)).min();
            let words = example[..end.unwrap_or(example.len())].split_whitespace();
            let words = words.map(|word| word.trim_matches('\''));
            let parsed = Cli::try_parse_from(["reconcile"].into_iter().chain(words));
            assert!(
                parsed.is_ok(),
                "{example}: {}",
                parsed.err().map(|it| it.to_string()).unwrap_or_default()
            );
        }
    }
}
