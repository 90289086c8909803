//! The guides of the book, run exactly as written.

use std::process::Command;

use crate::support::{self, GUIDE, Moto, Project, search_path};

/// A command in a guide, with the lines of output below it.
struct Shown<'a> {
    command: &'a str,
    output: Vec<&'a str>,
}

/// Returns the fenced code blocks of a page in one language.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    page.split(&fence).skip(1).filter_map(|rest| Some(rest.split_once("```")?.0)).collect()
}

fn commands(block: &str) -> Vec<Shown<'_>> {
    let mut shown: Vec<Shown<'_>> = Vec::new();
    for line in block.lines() {
        match line.strip_prefix("$ ") {
            Some(command) => shown.push(Shown { command, output: Vec::new() }),
            None => shown.last_mut().unwrap().output.push(line),
        }
    }
    shown
}

/// Runs commands in one shell, and returns the output of each. All commands must succeed.
fn run(project: &Project, commands: &[&str]) -> Vec<String> {
    const MARK: &str = "\u{1}";
    let echoed = |command: &&str| format!("printf '{MARK}'\n{command}\n");
    let script: String = commands.iter().map(echoed).collect();
    let reconcile = std::path::Path::new(env!("CARGO_BIN_EXE_reconcile")).parent().unwrap();
    let output = Command::new("sh")
        .args(["-ec", &format!("exec 2>&1\n{script}")])
        .current_dir(project.path(""))
        .env_clear()
        .env("HOME", project.path(""))
        .env("PATH", format!("{}:{}", reconcile.display(), search_path()))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    text.split(MARK).skip(1).map(str::to_owned).collect()
}

/// Whether a line matches the line in a guide, where `…` stands for any text.
fn is_shown(line: &str, shown: &str) -> bool {
    let mut rest = Some(line);
    for part in shown.split('…') {
        rest = rest.and_then(|rest| Some(rest.split_once(part)?.1));
    }
    rest.is_some()
}

#[test]
fn the_emulator_guide_works_as_written() {
    let project = Project::new();
    for file in blocks(GUIDE, "yaml") {
        let name = file.lines().next().unwrap().strip_prefix("# ").unwrap();
        project.write(name, file);
    }
    let mut consoles = blocks(GUIDE, "console").into_iter();

    // The first terminal.
    let server = commands(consoles.next().unwrap());
    let [install, serve] = server.as_slice() else { panic!("the server is two commands") };
    run(&project, &[install.command]);
    let moto = Moto::serve(serve.command);

    // The second terminal.
    let user: Vec<Shown<'_>> = consoles.flat_map(commands).collect();
    let typed: Vec<String> =
        user.iter().map(|it| it.command.replace("http://127.0.0.1:5000", moto.url())).collect();
    let typed: Vec<&str> = typed.iter().map(String::as_str).collect();
    let printed = run(&project, &typed);
    for verb in ["plan", "apply", "drift", "import"] {
        assert!(typed.iter().any(|it| it.starts_with(&format!("reconcile {verb}"))), "{verb} is not shown");
    }
    for (shown, printed) in user.iter().zip(&printed) {
        for line in &shown.output {
            let found = printed.lines().any(|printed| is_shown(printed, line));
            assert!(found, "`{}` does not print `{line}`, but:\n{printed}", shown.command);
        }
    }
}

#[test]
fn every_test_that_the_book_names_exists() {
    for page in [
        include_str!("../docs/src/reference/field.md"),
        include_str!("../docs/src/explanation/failures.md"),
        include_str!("../docs/src/explanation/simulation.md"),
    ] {
        let missing = support::missing_tests(page);
        assert!(missing.is_empty(), "{missing:#?}");
    }
}
