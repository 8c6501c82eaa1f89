//! A program in a real pseudo-terminal, with a terminal emulator on our side of it.
//!
//! A thread reads all that the program writes; waits are for a condition on the screen, woken by new output.

use std::io::{Read, Write};
use std::num::NonZero;
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, ExitStatus, MasterPty, PtySize, SlavePty, native_pty_system};

pub const SIZE: (u16, u16) = (24, 80);

/// The screen at one moment.
#[derive(Clone, Debug)]
pub struct Screen {
    /// Rows, then columns.
    pub size: (u16, u16),
    pub rows: Vec<String>,
    /// Row, then column.
    pub cursor: (u16, u16),
    pub cursor_hidden: bool,
    pub alternate: bool,
    /// The last window title that was set; empty if none ever was.
    pub title: String,
    /// What was copied by OSC 52, still in base64.
    pub copied: Vec<String>,
}

impl Screen {
    pub fn text(&self) -> String {
        let lines: Vec<&str> = self.rows.iter().map(|row| row.trim_end()).collect();
        lines.join("\n")
    }

    pub fn has(&self, text: &str) -> bool {
        self.rows.iter().any(|row| row.contains(text))
    }

    /// The first row that contains a text.
    pub fn row_with(&self, text: &str) -> Option<&str> {
        self.rows.iter().find(|row| row.contains(text)).map(String::as_str)
    }
}

/// What the program left behind.
#[derive(Debug)]
pub struct Ended {
    /// `None` when a signal ended it.
    pub code: Option<u32>,
    pub signal: Option<String>,
    pub screen: Screen,
    pub raw: Vec<u8>,
    /// The line discipline is as before the start: not raw, echoing.
    pub modes_restored: bool,
}

impl Ended {
    /// The terminal is as a shell wants it.
    ///
    /// # Panics
    /// When it is not.
    pub fn assert_restored(&self) {
        let last = String::from_utf8_lossy(&self.raw[self.raw.len().saturating_sub(400)..]).into_owned();
        assert!(!self.screen.alternate, "left in the alternate screen; last bytes {last:?}");
        assert!(!self.screen.cursor_hidden, "the cursor is left hidden; last bytes {last:?}");
        assert!(self.modes_restored, "the terminal is left in raw mode; last bytes {last:?}");
    }
}

#[derive(Default)]
struct Seen {
    title: Vec<u8>,
    copied: Vec<String>,
    replies: Vec<u8>,
    /// In the middle of a synchronized update: a real terminal shows the frame before.
    updating: bool,
}

impl vt100::Callbacks for Seen {
    fn set_window_title(&mut self, _: &mut vt100::Screen, title: &[u8]) {
        self.title = title.to_vec();
    }

    fn copy_to_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8], data: &[u8]) {
        self.copied.push(String::from_utf8_lossy(data).into_owned());
    }

    /// Questions that a real terminal answers.
    fn unhandled_csi(
        &mut self,
        screen: &mut vt100::Screen,
        first: Option<u8>,
        _: Option<u8>,
        params: &[&[u16]],
        last: char,
    ) {
        match (first, last) {
            (Some(b'?'), 'h' | 'l') if params.iter().any(|param| **param == [2026]) => self.updating = last == 'h',
            (None, 'c') => self.replies.extend(b"\x1b[?62;22c"),
            (None, 'n') if params.first().is_some_and(|param| *param == [6]) => {
                let (row, column) = screen.cursor_position();
                self.replies.extend(format!("\x1b[{};{}R", row + 1, column + 1).as_bytes());
            }
            _ => {}
        }
    }
}

struct State {
    parser: vt100::Parser<Seen>,
    raw: Vec<u8>,
    status: Option<ExitStatus>,
    at_end: bool,
}

impl State {
    /// What a terminal shows; `None` while a frame is being written.
    fn shown(&self) -> Option<Screen> {
        (!self.parser.callbacks().updating).then(|| self.screen())
    }

    fn screen(&self) -> Screen {
        let screen = self.parser.screen();
        let seen = self.parser.callbacks();
        let size = (screen.size().0.get(), screen.size().1.get());
        Screen {
            size,
            rows: screen.rows(0, size.1).collect(),
            cursor: screen.cursor_position(),
            cursor_hidden: screen.hide_cursor(),
            alternate: screen.alternate_screen(),
            title: String::from_utf8_lossy(&seen.title).into_owned(),
            copied: seen.copied.clone(),
        }
    }
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panicked with the screen")
    }
}

type Writer = Arc<Mutex<Box<dyn Write + Send>>>;

/// A running program and its terminal; killed on drop.
pub struct Terminal {
    shared: Arc<Shared>,
    master: Box<dyn MasterPty + Send>,
    /// Kept open, so that the modes can be read after the program's end.
    slave: Option<Box<dyn SlavePty + Send>>,
    writer: Writer,
    pid: u32,
    modes: Option<[u64; 4]>,
}

impl Terminal {
    /// Starts a program in a terminal of (rows, columns).
    pub fn spawn(command: CommandBuilder, size: (u16, u16)) -> Self {
        let pair = native_pty_system().openpty(pty_size(size)).expect("a pty can be opened");
        let modes = modes(pair.master.as_ref());
        let mut child = pair.slave.spawn_command(command).expect("the program starts");
        let pid = child.process_id().expect("it runs");
        let parser = vt100::Parser::new_with_callbacks(cells(size.0), cells(size.1), 0, Seen::default());
        let state = State { parser, raw: Vec::new(), status: None, at_end: false };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let reader = pair.master.try_clone_reader().expect("the pty can be read");
        let writer = Arc::new(Mutex::new(pair.master.take_writer().expect("the pty can be written")));
        let (for_reader, for_waiter, answers) = (Arc::clone(&shared), Arc::clone(&shared), Arc::clone(&writer));
        std::thread::spawn(move || read(reader, &for_reader, &answers));
        std::thread::spawn(move || {
            let status = child.wait().unwrap_or_else(|_| ExitStatus::with_exit_code(u32::MAX));
            for_waiter.state().status = Some(status);
            for_waiter.changed.notify_all();
        });
        Self { shared, master: pair.master, slave: Some(pair.slave), writer, pid, modes }
    }

    /// Types; `"\r"` is Enter, `"\x1b"` Esc.
    pub fn send(&self, keys: &str) {
        let mut writer = self.writer.lock().expect("nobody panicked with the keyboard");
        // A program that has just ended hears no more keys; the wait that follows says so.
        let _ = writer.write_all(keys.as_bytes()).and_then(|()| writer.flush());
    }

    pub fn screen(&self) -> Screen {
        self.wait_until("whole frame", Duration::from_secs(20), State::shown)
    }

    pub fn raw(&self) -> Vec<u8> {
        self.shared.state().raw.clone()
    }

    /// Waits until the screen fulfils a condition.
    ///
    /// # Panics
    /// With the screen, when the deadline passes or the program ends without it.
    pub fn wait_for(&self, what: &str, within: Duration, fulfilled: impl Fn(&Screen) -> bool) -> Screen {
        let deadline = Instant::now() + within;
        let mut state = self.shared.state();
        loop {
            if let Some(screen) = state.shown().filter(&fulfilled) {
                return screen;
            }
            let screen = state.screen();
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "no {what} within {within:?}; the screen:\n{}", screen.text());
            assert!(!state.at_end, "no {what} before the program ended ({:?}):\n{}", state.status, screen.text());
            state = self.shared.changed.wait_timeout(state, left).expect("nobody panicked with the screen").0;
        }
    }

    pub fn wait_for_text(&self, text: &str, within: Duration) -> Screen {
        self.wait_for(&format!("{text:?}"), within, |screen| screen.has(text))
    }

    /// Waits until the program has written more than this many bytes.
    pub fn wait_for_output(&self, beyond: usize, within: Duration) {
        self.wait_until("output", within, |state| (state.raw.len() > beyond).then_some(()));
    }

    /// Changes the size of the terminal; the program gets SIGWINCH.
    pub fn resize(&self, size: (u16, u16)) {
        self.shared.state().parser.screen_mut().set_size(cells(size.0), cells(size.1));
        self.master.resize(pty_size(size)).expect("a pty can be resized");
    }

    /// Sends a signal by its short name: `TERM`, `HUP`, `INT`, `TSTP`, `CONT`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.pid.to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "SIG{name} could not be sent");
    }

    /// Waits for the program's end and takes stock.
    ///
    /// # Panics
    /// With the screen, when it does not end in time.
    pub fn wait_exit(mut self, within: Duration) -> Ended {
        let status = self.wait_until("exit", within, |state| state.status.clone());
        let modes_restored = self.modes.is_some() && modes(self.master.as_ref()) == self.modes;
        // Ours is the last handle on the slave: without it the reader comes to the end.
        self.slave.take();
        self.wait_until("end of output", within, |state| state.at_end.then_some(()));
        let state = self.shared.state();
        let signal = status.signal().map(str::to_owned);
        let code = signal.is_none().then(|| status.exit_code());
        Ended { code, signal, screen: state.screen(), raw: state.raw.clone(), modes_restored }
    }

    fn wait_until<T>(&self, what: &str, within: Duration, found: impl Fn(&State) -> Option<T>) -> T {
        let deadline = Instant::now() + within;
        let mut state = self.shared.state();
        loop {
            if let Some(found) = found(&state) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "no {what} within {within:?}; the screen:\n{}", state.screen().text());
            state = self.shared.changed.wait_timeout(state, left).expect("nobody panicked with the screen").0;
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Once it has been waited for, its number may be another's.
        if self.shared.state.lock().is_ok_and(|state| state.status.is_none()) {
            let _ = Command::new("kill").args(["-s", "KILL", &self.pid.to_string()]).status();
        }
    }
}

fn read(mut reader: Box<dyn Read + Send>, shared: &Shared, writer: &Writer) {
    let mut buffer = [0; 8192];
    loop {
        // An error is how Linux reports that nobody holds the other end any more.
        let count = reader.read(&mut buffer).unwrap_or(0);
        let mut state = shared.state();
        if count == 0 {
            state.at_end = true;
            shared.changed.notify_all();
            return;
        }
        state.raw.extend_from_slice(&buffer[..count]);
        state.parser.process(&buffer[..count]);
        let replies = std::mem::take(&mut state.parser.callbacks_mut().replies);
        drop(state);
        shared.changed.notify_all();
        if !replies.is_empty() {
            let mut writer = writer.lock().expect("nobody panicked with the keyboard");
            let _ = writer.write_all(&replies).and_then(|()| writer.flush());
        }
    }
}

fn cells(count: u16) -> NonZero<u16> {
    NonZero::new(count).expect("a terminal has rows and columns")
}

fn pty_size((rows, cols): (u16, u16)) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

fn modes(master: &dyn MasterPty) -> Option<[u64; 4]> {
    let termios = master.get_termios()?;
    Some([
        u64::from(termios.input_flags.bits()),
        u64::from(termios.output_flags.bits()),
        u64::from(termios.control_flags.bits()),
        u64::from(termios.local_flags.bits()),
    ])
}
