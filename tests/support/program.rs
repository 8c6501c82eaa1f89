//! How the tests call mgmtscope: the real binary, with an environment of its own and a home that is a new folder.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use portable_pty::CommandBuilder;
use tempfile::TempDir;

use super::front::Front;
use super::pty::Terminal;

/// A home folder, the variables that go with it and the source to read.
pub struct Program {
    home: TempDir,
    variables: Vec<(String, OsString)>,
    source: Vec<String>,
}

/// What a headless run said.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Said {
    /// # Panics
    /// When it did not exit with 0.
    pub fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self.out
    }

    /// What was printed, whole or with gaps (exit code 3).
    ///
    /// # Panics
    /// On any other exit code.
    pub fn rows(self) -> String {
        assert!(matches!(self.code, Some(0 | 3)), "{self:#?}");
        self.out
    }

    /// The number that a `--format count` query prints.
    pub fn number(self) -> usize {
        let out = self.rows();
        out.trim().parse().unwrap_or_else(|_| panic!("not a number: {out:?}"))
    }
}

impl Program {
    /// Reads a live account behind a front.
    pub fn live(front: &Front, regions: &[impl AsRef<str>]) -> Self {
        let regions: Vec<&str> = regions.iter().map(AsRef::as_ref).collect();
        Self::with(&["--endpoint-url", &front.url(), "--regions", &regions.join(",")])
    }

    pub fn demo() -> Self {
        Self::with(&["--demo"])
    }

    /// With the source given as arguments.
    pub fn with(source: &[&str]) -> Self {
        let home = TempDir::new().expect("a folder can be made");
        let nowhere = home.path().join("none");
        let mut variables: Vec<(String, OsString)> = Vec::new();
        let mut set = |name: &str, value: OsString| variables.push((name.to_owned(), value));
        for name in ["HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"] {
            set(name, home.path().into());
        }
        set("AWS_CONFIG_FILE", nowhere.clone().into());
        set("AWS_SHARED_CREDENTIALS_FILE", nowhere.into());
        set("PATH", std::env::var_os("PATH").unwrap_or_default());
        for (name, value) in [
            ("AWS_ACCESS_KEY_ID", "AKIATEST"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("TERM", "xterm-256color"),
            ("LANG", "C.UTF-8"),
            ("TZ", "UTC"),
        ] {
            set(name, value.into());
        }
        Self { home, variables, source: source.iter().map(|&word| word.to_owned()).collect() }
    }

    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    /// A file in the home folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub fn binary() -> &'static Path {
        Path::new(env!("CARGO_BIN_EXE_mgmtscope"))
    }

    /// The subcommand with the source added, to its end.
    ///
    /// # Panics
    /// When it does not end in time.
    pub fn run(&self, words: &[&str], within: Duration) -> Said {
        self.run_fed(words, "", within)
    }

    /// The same, with something on its standard input.
    ///
    /// # Panics
    /// When it does not end in time.
    pub fn run_fed(&self, words: &[&str], input: &str, within: Duration) -> Said {
        let mut command = Command::new(Self::binary());
        command.args(words).args(&self.source).env_clear();
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = child.expect("the program starts");
        let pid = child.id();
        // Whoever does not read it has closed it.
        let _ = child.stdin.take().expect("it is piped").write_all(input.as_bytes());
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || sender.send(child.wait_with_output()));
        match receiver.recv_timeout(within) {
            Ok(output) => Said::of(output.expect("its output can be read")),
            Err(_) => {
                let _ = Command::new("kill").args(["-s", "KILL", &pid.to_string()]).status();
                let said = receiver.recv_timeout(Duration::from_secs(10)).ok().and_then(Result::ok).map(Said::of);
                panic!("`mgmtscope {}` did not end within {within:?}; it said {said:#?}", words.join(" "));
            }
        }
    }

    /// The TUI, in a terminal of (rows, columns).
    pub fn open(&self, size: (u16, u16)) -> Terminal {
        self.open_with(&[], size)
    }

    pub fn open_with(&self, words: &[&str], size: (u16, u16)) -> Terminal {
        let mut command = CommandBuilder::new(Self::binary());
        command.args(&self.source);
        command.args(words);
        command.env_clear();
        for (name, value) in &self.variables {
            command.env(name, value);
        }
        command.cwd(self.home.path());
        Terminal::spawn(command, size)
    }
}

impl Said {
    fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}
