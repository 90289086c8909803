//! moto, an emulator of AWS that is developed elsewhere: installed once into the target folder, one
//! server for each test.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use reconcile_samples::{EditSpec, PROD};

use super::project::Project;
use super::python;

/// The guide for users of moto. The tests run on the package that it names.
pub const GUIDE: &str = include_str!("../../docs/src/guides/emulator.md");
/// The account of credentials that did not come from `AssumeRole`.
const AMBIENT: &str = "123456789012";

/// An unpatched moto server. It stops when this value is dropped, and when the test process ends.
pub struct Moto {
    server: Child,
    url: String,
}

impl Moto {
    pub fn start() -> Self {
        Self::serve("moto_server -p 5000")
    }

    /// Starts a server with the command of a user, on a free port in place of 5000.
    pub fn serve(command: &str) -> Self {
        // The end of standard input stops the server, so that a test that is killed leaves none
        // behind.
        const SCRIPT: &str = "exec 3<&0
            COMMAND &
            server=$!
            { cat <&3 >/dev/null; kill $server; } &
            wait $server";
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = Command::new("sh")
            .args(["-c", &SCRIPT.replace("COMMAND", &command.replace("5000", &port.to_string()))])
            .env("PATH", search_path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut moto = Self { server, url: format!("http://127.0.0.1:{port}") };
        let deadline = Instant::now() + Duration::from_mins(2);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = moto.server.try_wait().unwrap();
            assert!(ended.is_none() && Instant::now() < deadline, "moto does not start: {ended:?}");
            std::thread::yield_now();
        }
        moto
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Deletes everything that the server holds.
    pub fn reset(&self) {
        boto3(
            &self.environment(),
            &format!(
                "import urllib.request as it\nit.urlopen(it.Request('{}/moto-api/reset', method='POST'))",
                self.url
            ),
        );
    }

    /// A user's folder with specs for moto's accounts, and an environment that leads to this
    /// server.
    pub fn project(&self) -> Project {
        let project = Project::with_environment(self.environment());
        project.write("specs/prod.yaml", PROD.with("accounts.master.id", &format!("\"{AMBIENT}\"")));
        project
    }

    pub fn environment(&self) -> Vec<(String, String)> {
        [
            ("AWS_ENDPOINT_URL", self.url.as_str()),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    /// Runs a script with boto3 on this server.
    pub fn boto3(&self, script: &str) -> String {
        boto3(&self.environment(), script)
    }
}

/// Runs a script with boto3 and returns its output. `member(ID, ROLE)` in it is a session of
/// another account.
pub fn boto3(environment: &[(String, String)], script: &str) -> String {
    const HEAD: &str = r#"
import boto3, json
def member(account, role="Other"):
    arn = f"arn:aws:iam::{account}:role/{role}"
    given = boto3.client("sts").assume_role(RoleArn=arn, RoleSessionName="other")["Credentials"]
    return boto3.Session(aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"], aws_session_token=given["SessionToken"])
"#;
    let mut child = Command::new(programs().join("python"))
        .arg("-")
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(format!("{HEAD}{script}").as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

impl Drop for Moto {
    fn drop(&mut self) {
        // Waiting closes standard input first. The server may have stopped before.
        let _ = self.server.wait();
    }
}

/// A search path with the programs of the virtual environment that has moto before those of the
/// system.
pub fn search_path() -> String {
    format!("{}:{}", programs().display(), std::env::var("PATH").unwrap())
}

/// The programs of a virtual environment with moto, which is created on first use.
fn programs() -> &'static PathBuf {
    static PROGRAMS: OnceLock<PathBuf> = OnceLock::new();
    PROGRAMS.get_or_init(|| python::programs(&package().replace("[server]==", "-"), &[package()]))
}

/// The package that the guide tells users to install.
fn package() -> &'static str {
    let (_, install) = GUIDE.split_once("$ pip install '").unwrap();
    install.split_once('\'').unwrap().0
}
