//! Chords to commands, by context: read from `assets/keymap.toml`, with the user's own file laid over it.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::command::Command;

pub const DEFAULT: &str = include_str!("../../assets/keymap.toml");

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    Char(char),
    Enter,
    Esc,
    Tab,
    Backspace,
    Delete,
    Up,
    Down,
    Left,
    Right,
    Home,
    End,
    PageUp,
    PageDown,
    F(u8),
}

/// One key with what is held down. Shift is part of the character where there is one (`G`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Chord {
    pub key: Key,
    pub ctrl: bool,
    pub alt: bool,
    pub shift: bool,
}

impl Chord {
    pub fn plain(key: Key) -> Self {
        Self { key, ctrl: false, alt: false, shift: false }
    }

    pub fn char(c: char) -> Self {
        Self::plain(Key::Char(c))
    }
}

const NAMED: &[(&str, Key)] = &[
    ("space", Key::Char(' ')),
    ("enter", Key::Enter),
    ("esc", Key::Esc),
    ("tab", Key::Tab),
    ("backspace", Key::Backspace),
    ("delete", Key::Delete),
    ("up", Key::Up),
    ("down", Key::Down),
    ("left", Key::Left),
    ("right", Key::Right),
    ("home", Key::Home),
    ("end", Key::End),
    ("pageup", Key::PageUp),
    ("pagedown", Key::PageDown),
];

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (held, name) in [(self.ctrl, "ctrl-"), (self.alt, "alt-"), (self.shift, "shift-")] {
            if held {
                f.write_str(name)?;
            }
        }
        match (self.key, NAMED.iter().find(|(_, key)| *key == self.key)) {
            (_, Some((name, _))) => f.write_str(name),
            (Key::Char(c), None) => write!(f, "{c}"),
            (Key::F(n), None) => write!(f, "f{n}"),
            (key, None) => write!(f, "{key:?}"),
        }
    }
}

impl FromStr for Chord {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut chord = Self::char(' ');
        let mut rest = text;
        loop {
            let held = [("ctrl-", 0), ("alt-", 1), ("shift-", 2)].into_iter().find(|(name, _)| rest.starts_with(name));
            let Some((name, which)) = held.filter(|(name, _)| rest.len() > name.len()) else { break };
            match which {
                0 => chord.ctrl = true,
                1 => chord.alt = true,
                _ => chord.shift = true,
            }
            rest = rest.get(name.len()..).unwrap_or("");
        }
        let mut chars = rest.chars();
        chord.key = match (chars.next(), chars.next()) {
            (Some(c), None) => Key::Char(c),
            _ => match NAMED.iter().find(|(name, _)| *name == rest) {
                Some((_, key)) => *key,
                None => match rest.strip_prefix('f').and_then(|n| n.parse().ok()) {
                    Some(n @ 1..=12) => Key::F(n),
                    _ => return Err(format!("`{text}` is not a key")),
                },
            },
        };
        Ok(chord)
    }
}

/// What has the focus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Context {
    #[default]
    Global,
    List,
    Detail,
    Raw,
}

impl Context {
    pub const ALL: &'static [Context] = &[Self::Global, Self::List, Self::Detail, Self::Raw];

    pub fn name(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::List => "list",
            Self::Detail => "detail",
            Self::Raw => "raw",
        }
    }
}

/// What a sequence of chords means so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    Command(Command),
    /// A beginning: these may follow.
    Prefix(Vec<(Chord, Command)>),
    Nothing,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keymap {
    bindings: BTreeMap<(Context, Vec<Chord>), Command>,
}

impl Keymap {
    /// The keys that come with the program.
    pub fn standard() -> Self {
        let table = toml::from_str(DEFAULT).expect("the default keymap is tested");
        let mut keymap = Self::default();
        keymap.lay(&table).expect("the default keymap is tested");
        keymap
    }

    /// Lays a table of the same shape over this keymap.
    ///
    /// # Errors
    /// A context, key or command that does not exist; a key that is also the beginning of another.
    pub fn lay(&mut self, table: &toml::Table) -> Result<(), String> {
        for (name, keys) in table {
            let context = Context::ALL.iter().find(|context| context.name() == name);
            let &context = context.ok_or_else(|| format!("there is no context `{name}` in the keymap"))?;
            let keys = keys.as_table().ok_or_else(|| format!("`{name}` must be a table of keys"))?;
            for (sequence, command) in keys {
                let chords = sequence.split(' ').map(str::parse).collect::<Result<Vec<Chord>, _>>()?;
                let command = command.as_str().ok_or_else(|| format!("`{sequence}` must name a command"))?;
                if command.is_empty() {
                    self.bindings.remove(&(context, chords));
                    continue;
                }
                let known = Command::from_name(command).ok_or_else(|| format!("there is no command `{command}`"))?;
                self.bindings.insert((context, chords), known);
            }
        }
        self.refuse_shadows()
    }

    fn refuse_shadows(&self) -> Result<(), String> {
        for (context, chords) in self.bindings.keys() {
            let begun = |other: &&(Context, Vec<Chord>)| {
                other.0 == *context && other.1.len() > chords.len() && other.1.starts_with(chords)
            };
            if let Some((_, other)) = self.bindings.keys().find(begun) {
                return Err(format!("in [{}], `{}` hides `{}`", context.name(), show(chords), show(other)));
            }
        }
        Ok(())
    }

    pub fn find(&self, context: Context, chords: &[Chord]) -> Found {
        for context in [context, Context::Global] {
            if let Some(&command) = self.bindings.get(&(context, chords.to_vec())) {
                return Found::Command(command);
            }
            let next: Vec<(Chord, Command)> = self
                .bindings
                .iter()
                .filter(|((in_context, keys), _)| {
                    *in_context == context && keys.len() > chords.len() && keys.starts_with(chords)
                })
                .map(|((_, keys), &command)| (keys[chords.len()], command))
                .collect();
            if !next.is_empty() {
                return Found::Prefix(next);
            }
        }
        Found::Nothing
    }

    /// The keys of a command, in its most telling context: for help and palette.
    pub fn keys_of(&self, command: Command) -> String {
        // A list's keys stand for all; what only a detail or the raw tree knows is shown where nothing else is.
        let telling = [Context::Global, Context::List, Context::Detail, Context::Raw];
        let in_context = |context: Context| {
            let bound = self.bindings.iter().filter(move |((at, _), bound)| *at == context && **bound == command);
            bound.map(|((_, chords), _)| show(chords)).collect::<Vec<_>>()
        };
        let mut keys = in_context(telling[0]);
        for context in telling.into_iter().skip(1) {
            if keys.is_empty() {
                keys = in_context(context);
            }
        }
        keys.sort_by_key(|key| (key.chars().count() > 1, key.clone()));
        keys.join(", ")
    }

    /// The shortest key of a command, for a line that tells what to press; its name in the palette where it has none.
    pub fn key_of(&self, command: Command) -> String {
        let keys = self.keys_of(command);
        match keys.split(", ").next() {
            Some(key) if !key.is_empty() => key.to_owned(),
            _ => format!(":{}", command.name()),
        }
    }

    /// Where a command works, if not everywhere.
    pub fn only_in(&self, command: Command) -> Option<Context> {
        let mut places = self.bindings.iter().filter(|(_, bound)| **bound == command).map(|((at, _), _)| *at);
        let first = places.next()?;
        places.all(|place| place == first).then_some(first)
    }

    pub fn iter(&self) -> impl Iterator<Item = (Context, String, Command)> {
        self.bindings.iter().map(|((context, chords), &command)| (*context, show(chords), command))
    }
}

fn show(chords: &[Chord]) -> String {
    chords.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_keymap_holds_and_every_command_is_reachable() {
        let keymap = Keymap::standard();
        for &command in Command::ALL {
            // The mouse is a setting for the palette: a key for it would be pressed by mistake.
            assert!(command == Command::Mouse || !keymap.keys_of(command).is_empty(), "{command:?} has no key");
        }
    }

    #[test]
    fn chords_print_and_parse() {
        for text in ["j", "G", "ctrl-c", "shift-tab", "space", "f1", "-", "ctrl--", "/"] {
            assert_eq!(text.parse::<Chord>().expect(text).to_string(), text);
        }
        assert!("nokey".parse::<Chord>().is_err());
    }

    #[test]
    fn a_key_that_hides_a_sequence_is_refused() {
        let mut keymap = Keymap::standard();
        let table = toml::from_str("[list]\n\"y\" = \"copy-row\"").expect("TOML");
        assert!(keymap.lay(&table).expect_err("y begins y c").contains("hides"));
    }

    #[test]
    fn an_empty_command_takes_a_key_away() {
        let mut keymap = Keymap::standard();
        keymap.lay(&toml::from_str("[global]\n\"q\" = \"\"").expect("TOML")).expect("laid");
        assert_eq!(keymap.find(Context::List, &[Chord::char('q')]), Found::Nothing);
        assert!(matches!(keymap.find(Context::List, &[Chord::char('y')]), Found::Prefix(next) if next.len() == 4));
    }
}
