//! Python virtual environments with external packages, each created once in the target folder.

use std::path::PathBuf;
use std::process::Command;

use super::project::target;

/// Returns the folder of the programs of an environment with these packages. The name of the
/// environment depends on the packages.
pub fn programs(name: &str, packages: &[&str]) -> PathBuf {
    let folder = target().join(name);
    let (programs, done) = (folder.join("bin"), folder.join("installed"));
    // Another test binary may be installing the same environment.
    let lock = std::fs::File::create(target().join(format!("{name}.lock"))).unwrap();
    lock.lock().unwrap();
    if !done.exists() {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder));
        run(Command::new(programs.join("python"))
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
            .args(packages));
        std::fs::write(done, packages.join("\n")).unwrap();
    }
    programs
}

/// Runs a program, and returns its output.
pub fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
