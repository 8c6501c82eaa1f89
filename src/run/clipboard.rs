//! Copying: by OSC 52 first under SSH, since a local tool there would fill the wrong clipboard; wrapped for tmux.

use std::env;
use std::io::Write;
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Terminals commonly drop longer sequences (xterm's limit in base64, as tmux and others keep it).
const LONGEST: usize = 74_994;

/// What the environment says about the way to the user's clipboard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    pub ssh: bool,
    pub tmux: bool,
    pub wayland: bool,
    pub x11: bool,
}

impl Surroundings {
    pub fn read() -> Self {
        let set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
        Self {
            ssh: set("SSH_TTY") || set("SSH_CONNECTION"),
            tmux: set("TMUX"),
            wayland: set("WAYLAND_DISPLAY"),
            x11: set("DISPLAY"),
        }
    }

    fn tools(self) -> Vec<(&'static str, &'static [&'static str])> {
        let mut tools: Vec<(&'static str, &'static [&'static str])> = Vec::new();
        if self.ssh {
            return tools;
        }
        if cfg!(target_os = "macos") {
            tools.push(("pbcopy", &[]));
        }
        if self.wayland {
            tools.push(("wl-copy", &[]));
        }
        if self.x11 {
            tools.push(("xclip", &["-selection", "clipboard"]));
        }
        tools
    }
}

/// The sequence that asks the terminal to put `text` on the clipboard; inside tmux also wrapped for the terminal around
/// it, since tmux passes one or the other depending on its settings.
pub fn osc52(text: &str, tmux: bool) -> Option<Vec<u8>> {
    let encoded = STANDARD.encode(text);
    if encoded.len() > LONGEST {
        return None;
    }
    let plain = format!("\x1b]52;c;{encoded}\x07");
    Some(if tmux { format!("{plain}\x1bPtmux;\x1b{plain}\x1b\\").into_bytes() } else { plain.into_bytes() })
}

/// Copies, and says by which way: `ARN, OSC 52, 71 bytes`. `send` writes to the terminal.
pub fn copy(
    what: &str,
    text: &str,
    around: Surroundings,
    send: impl FnOnce(&[u8]) -> std::io::Result<()>,
) -> Result<String, String> {
    for (tool, arguments) in around.tools() {
        if pipe(tool, arguments, text) {
            return Ok(format!("copied {what}, {tool}, {} bytes", text.len()));
        }
    }
    let Some(sequence) = osc52(text, around.tmux) else {
        return Err(format!("{what} is too long to copy through the terminal ({} bytes)", text.len()));
    };
    send(&sequence).map_err(|error| format!("could not copy: {error}"))?;
    Ok(format!("copied {what}, OSC 52, {} bytes", text.len()))
}

fn pipe(tool: &str, arguments: &[&str], text: &str) -> bool {
    let child =
        Command::new(tool).args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let Ok(mut child) = child else { return false };
    let written = child.stdin.take().is_some_and(|mut stdin| stdin.write_all(text.as_bytes()).is_ok());
    written && child.wait().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn under_ssh_no_local_tool_is_tried() {
        let around = Surroundings { ssh: true, x11: true, wayland: true, tmux: false };
        let mut sent = Vec::new();
        let said = copy("ARN", "arn:aws:s3:::x", around, |bytes| {
            sent.extend_from_slice(bytes);
            Ok(())
        });
        assert_eq!(said.as_deref(), Ok("copied ARN, OSC 52, 14 bytes"));
        assert_eq!(sent, b"\x1b]52;c;YXJuOmF3czpzMzo6Ong=\x07");
    }

    #[test]
    fn tmux_gets_it_wrapped_and_what_is_too_long_is_said() {
        let wrapped = osc52("x", true).expect("short");
        assert!(wrapped.ends_with(b"\x1bPtmux;\x1b\x1b]52;c;eA==\x07\x1b\\"));
        assert_eq!(osc52(&"x".repeat(80_000), false), None);
    }
}
