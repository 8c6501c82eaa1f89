//! The terminal is borrowed: taken here, and given back on every way out, panic and signal included.

use std::io::{self, Write, stdout};
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::cursor::{Hide, SetCursorStyle, Show};
use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture};
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use crossterm::{execute, queue};

static TAKEN: AtomicBool = AtomicBool::new(false);

/// While it lives the terminal is ours; dropping it gives it back.
#[derive(Debug)]
pub struct Guard(());

/// Takes the terminal: raw mode, alternate screen, no cursor, bracketed paste.
///
/// # Errors
/// When standard output is not a terminal that can do this.
pub fn take() -> io::Result<Guard> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    let guard = Guard(());
    execute!(stdout(), EnterAlternateScreen, Hide, EnableBracketedPaste)?;
    Ok(guard)
}

/// Gives the terminal back; once, whoever comes first.
pub fn give_back() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = stdout();
    // The terminal may be gone (SIGHUP); there is nobody left to tell.
    let _ = queue!(
        out,
        DisableMouseCapture,
        DisableBracketedPaste,
        SetCursorStyle::DefaultUserShape,
        LeaveAlternateScreen,
        Show
    );
    let _ = out.flush();
    let _ = disable_raw_mode();
}

impl Drop for Guard {
    fn drop(&mut self) {
        give_back();
    }
}

pub fn mouse(on: bool) -> io::Result<()> {
    if on { execute!(stdout(), EnableMouseCapture) } else { execute!(stdout(), DisableMouseCapture) }
}

/// Makes a panic of the main thread give the terminal back before it prints. A worker's panic does not touch the screen:
/// the loop learns of it from the worker's end and shows it.
pub fn install_panic_hook() {
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let main = std::thread::current().name() == Some("main");
        if main || !TAKEN.load(Ordering::SeqCst) {
            give_back();
            print(info);
        } else {
            tracing::error!("a worker panicked: {info}");
        }
    }));
}
