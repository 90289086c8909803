//! moto, an independent emulator of AWS: installed once into the target folder, with one server for
//! each test.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use reconcile_samples::{EditSpec, PROD};

use super::project::Project;
use super::python;

/// The guide for users of moto. The tests use the package that the guide names.
pub const GUIDE: &str = include_str!("../../docs/src/guides/emulator.md");
/// The account of credentials that do not come from `AssumeRole`.
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

    /// Starts a server with the command from the guide, on a free port in place of 5000.
    pub fn serve(command: &str) -> Self {
        // The server stops at the end of standard input, so that a killed test does not leave a
        // server behind.
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

    /// Deletes the whole state of the server.
    pub fn reset(&self) {
        boto3(
            &self.environment(),
            &format!(
                "import urllib.request as it\nit.urlopen(it.Request('{}/moto-api/reset', method='POST'))",
                self.url
            ),
        );
    }

    /// Creates a user's folder with specs for the accounts of moto, and an environment that points
    /// to this server.
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

/// Runs a script with boto3 and returns its output. In the script, `member(ID, ROLE)` is a session
/// of another account.
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
        // The wait first closes standard input. The server may have stopped earlier.
        let _ = self.server.wait();
    }
}

/// Returns a search path with the programs of the virtual environment of moto before those of the
/// system.
pub fn search_path() -> String {
    format!("{}:{}", programs().display(), std::env::var("PATH").unwrap())
}

/// Returns the folder of the programs of a virtual environment with moto, which is created on first
/// use.
fn programs() -> &'static PathBuf {
    static PROGRAMS: OnceLock<PathBuf> = OnceLock::new();
    PROGRAMS.get_or_init(|| python::programs(&package().replace("[server]==", "-"), &[package()]))
}

/// Returns the package that the guide tells users to install.
fn package() -> &'static str {
    let (_, install) = GUIDE.split_once("$ pip install '").unwrap();
    install.split_once('\'').unwrap().0
}
