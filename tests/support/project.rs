//! A folder of a user, with specs, in which the binary runs.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use reconcile_samples::{EditSpec, PROD};
use serde_json::Value;

/// A folder of a user. It is deleted when the value is dropped.
pub struct Project {
    folder: tempfile::TempDir,
    environment: Vec<(String, String)>,
}

/// The result of a run of the binary.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Project {
    /// Creates a folder with `specs/prod.yaml`.
    pub fn new() -> Self {
        let project = Self { folder: tempfile::tempdir().unwrap(), environment: Vec::new() };
        project.write("specs/prod.yaml", PROD);
        project
    }

    /// Creates the same folder, with these environment variables.
    pub fn with_environment(environment: Vec<(String, String)>) -> Self {
        Self { environment, ..Self::new() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    pub fn json(&self, name: &str) -> Value {
        serde_json::from_str(&self.read(name)).unwrap()
    }

    /// Edits a JSON file in place.
    pub fn edit(&self, name: &str, edit: impl FnOnce(&mut Value)) {
        let mut value = self.json(name);
        edit(&mut value);
        self.write(name, value.to_string());
    }

    /// Merges YAML into `specs/prod.yaml`, as [`EditSpec::with`] does.
    #[track_caller]
    pub fn edit_spec(&self, path: &str, change: &str) {
        self.write("specs/prod.yaml", self.read("specs/prod.yaml").with(path, change));
    }

    /// Returns all files of the folder with their bytes.
    pub fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let bytes = std::fs::read(&path).unwrap();
                    found.push((path, bytes));
                }
            }
        }
        found.sort();
        found
    }

    /// Runs the binary with the arguments of a command line, without a terminal.
    pub fn run(&self, words: &str) -> Run {
        self.command(words).output().unwrap().into()
    }

    pub fn command(&self, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_reconcile"));
        command
            .args(words.split_whitespace())
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .env_clear()
            .env("HOME", self.folder.path())
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl Run {
    /// Asserts the exit code, and prints all output if the exit code differs.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.stdout))
    }

    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        let all = format!("{}{}", self.stdout, self.stderr);
        assert!(all.contains(text), "`{text}` is not in:\n{all}");
        self
    }
}

/// Returns the folder of the build output; the test binary is in `target/<profile>/deps`.
pub fn target() -> PathBuf {
    let binary = Path::new(env!("CARGO_BIN_EXE_reconcile"));
    binary.ancestors().nth(2).unwrap().to_owned()
}
