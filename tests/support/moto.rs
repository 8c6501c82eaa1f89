//! Starts a moto server of the pinned version, installed once into a folder under Cargo's target directory.
//!
//! The server prints its port after it listens, so that nothing has to be polled, and ends with its standard input,
//! so that it does not outlive the tests even when they are killed.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

const REQUIREMENTS: &str = include_str!("requirements.txt");
const START: Duration = Duration::from_secs(60);

/// A running server; killed on drop.
pub struct Moto {
    child: Child,
    address: SocketAddr,
    python: PathBuf,
}

impl Moto {
    /// # Errors
    /// In words, when Python is absent, the packages cannot be installed or the server does not come up.
    pub fn start() -> Result<Self, String> {
        let python = install("moto", "requirements.txt", REQUIREMENTS)?;
        let (child, address) = serve(&python, "moto")?;
        Ok(Self { child, address, python })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The interpreter that has moto and boto3.
    pub fn python(&self) -> &Path {
        &self.python
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn support() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join("support")
}

/// Runs `NAME_server.py` until it has printed its port.
pub fn serve(python: &Path, name: &str) -> Result<(Child, SocketAddr), String> {
    let log = File::create(Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}.log", std::process::id())))
        .map_err(|error| format!("{name}'s log cannot be written: {error}"))?;
    let mut child = Command::new(python)
        .arg(support().join(format!("{name}_server.py")))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .map_err(|error| format!("{}: {error}", python.display()))?;
    let stdout = child.stdout.take().expect("the output was piped");
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let _ = BufReader::new(stdout).read_line(&mut line);
        let _ = sender.send(line);
    });
    let line = receiver.recv_timeout(START).unwrap_or_default();
    let Ok(port) = line.trim().parse() else {
        let _ = child.kill();
        let _ = child.wait();
        return Err(format!("{name} did not start within {START:?}; it said {line:?}"));
    };
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpStream::connect(address).map_err(|error| format!("{name} at {address}: {error}"))?;
    Ok((child, address))
}

/// Installs the pinned packages unless that was done before; answers the interpreter to use.
pub fn install(name: &str, file: &str, requirements: &str) -> Result<PathBuf, String> {
    let pinned = format!("{name}==");
    let version = requirements.lines().find_map(|line| line.strip_prefix(&pinned)).expect("it is pinned");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("it lies in the target directory");
    let home = target.join(format!("{name}-{version}"));
    let python = home.join("bin").join("python");
    let done = home.join("installed.txt");
    // Test binaries may run side by side.
    let lock = File::create(target.join(format!("{name}.lock"))).map_err(|error| format!("{name}.lock: {error}"))?;
    lock.lock().map_err(|error| format!("{name}.lock: {error}"))?;
    if fs::read_to_string(&done).is_ok_and(|installed| installed == requirements) {
        return Ok(python);
    }
    let system = ["python3", "python"]
        .into_iter()
        .find(|name| Command::new(name).arg("--version").output().is_ok_and(|out| out.status.success()))
        .ok_or("the end-to-end tests need Python 3.10 or newer for their servers, and there is no python3 in PATH")?;
    run(Command::new(system).args(["-m", "venv", "--clear"]).arg(&home)).map_err(|why| {
        format!("no Python environment could be made (on Debian: apt-get install python3-venv): {why}")
    })?;
    run(Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"])
        .arg(support().join(file)))
    .map_err(|why| format!("{name} {version} could not be installed with pip: {why}"))?;
    fs::write(&done, requirements).map_err(|error| format!("{}: {error}", done.display()))?;
    Ok(python)
}

/// Runs a command to its end; its last words on failure.
pub fn run(command: &mut Command) -> Result<String, String> {
    let out = command.stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    if out.status.success() {
        return Ok(String::from_utf8_lossy(&out.stdout).into_owned());
    }
    let text = [out.stdout, out.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    let last: Vec<&str> = text.lines().rev().take(5).collect();
    Err(format!("{}: {}", out.status, last.into_iter().rev().collect::<Vec<_>>().join(" | ")))
}
