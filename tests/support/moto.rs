//! moto, an emulator of AWS that nobody here wrote: installed into the target folder once, one server a test.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use super::project::{PROD, Project, target};

const VERSION: &str = "5.2.5";
/// The account of credentials that assumed no role.
const AMBIENT: &str = "123456789012";

/// A server of moto. Ends when it is dropped, or when the tests do.
pub struct Moto {
    server: Child,
    url: String,
}

impl Moto {
    pub fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = Command::new(python())
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/support/moto_server.py"))
            .arg(port.to_string())
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

    /// Empties it.
    pub fn reset(&self) {
        boto3(
            &self.environment(),
            &format!(
                "import urllib.request as it\nit.urlopen(it.Request('{}/moto-api/reset', method='POST'))",
                self.url
            ),
        );
    }

    /// A user's folder whose specs speak of moto's accounts, and whose environment leads there.
    pub fn project(&self) -> Project {
        let project = Project::with_environment(self.environment());
        project.write("specs/prod.yaml", PROD.replace("111111111111", AMBIENT));
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

/// Runs a script with boto3 and gives what it prints. `member(ID, ROLE)` in it is a session of another account.
pub fn boto3(environment: &[(String, String)], script: &str) -> String {
    const HEAD: &str = r#"
import boto3, json
def member(account, role="Other"):
    arn = f"arn:aws:iam::{account}:role/{role}"
    given = boto3.client("sts").assume_role(RoleArn=arn, RoleSessionName="other")["Credentials"]
    return boto3.Session(aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"], aws_session_token=given["SessionToken"])
"#;
    let mut child = Command::new(python())
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
        // It may have ended by itself.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// The Python of a virtual environment with moto in it, made where it is not there yet.
fn python() -> &'static PathBuf {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let folder = target().join(format!("moto-{VERSION}"));
        let python = folder.join("bin/python");
        let done = folder.join("installed");
        // Another test binary may be at it.
        let lock = std::fs::File::create(target().join("moto.lock")).unwrap();
        lock.lock().unwrap();
        if !done.exists() {
            run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder));
            let package = format!("moto[server]=={VERSION}");
            run(Command::new(&python)
                .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
                .arg(package));
            std::fs::write(done, VERSION).unwrap();
        }
        python
    })
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
