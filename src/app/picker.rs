//! A list to choose from by typing: palette, help, columns to sort by, panes to look in.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use tui_input::{Input, InputRequest};

use super::command::Command;
use super::keymap::{Chord, Context, Key, Keymap};
use crate::analysis::Assessment;
use crate::panes::complete::complete;
use crate::panes::sentence;
use crate::panes::{Pane, Target};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Palette,
    Help,
    Sort,
    Group,
    Everywhere,
}

impl Purpose {
    pub fn title(self) -> &'static str {
        match self {
            Self::Palette => "Run a command",
            Self::Help => "Keys (type to search, Enter runs the line)",
            Self::Sort => "Sort by",
            Self::Group => "Group by (end goes to the last row)",
            Self::Everywhere => "Look for it in",
        }
    }
}

/// What choosing an item does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    Command(Command),
    Sort(usize),
    Group(usize),
    Go(Target),
    /// Puts this into the input, to go on typing.
    Type(String),
    /// Runs what was typed.
    Run,
    /// A word that is explained: found by typing, and nothing to run.
    Word,
    /// A heading or a line that says something.
    Nothing,
}

/// The filter language, for the help: what stands beside the key that begins a filter.
const FILTERS: [&str; 2] = [
    "word  !not  a|b  (a OR b) c  \"two words\"  /regex/  ~fuzzy",
    "field:part  field!part  age>90d  since:24h  between:3d..1d",
];

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub left: String,
    pub right: String,
    pub choice: Choice,
}

#[derive(Debug)]
pub struct Picker {
    pub purpose: Purpose,
    pub input: Input,
    pub items: Vec<Item>,
    pub shown: Vec<usize>,
    pub cursor: usize,
    pub offset: usize,
    /// The items that the list was made with, while a sentence's are shown in their place.
    others: Option<Vec<Item>>,
}

/// What came of a key.
#[derive(Debug, PartialEq, Eq)]
pub enum Picked {
    Still,
    Closed,
    Chose(Choice),
    /// Enter with nothing that matches: the text itself.
    Text(String),
}

impl Picker {
    pub fn new(purpose: Purpose, items: Vec<Item>) -> Self {
        let mut picker =
            Self { purpose, input: Input::default(), items, shown: Vec::new(), cursor: 0, offset: 0, others: None };
        picker.search();
        picker
    }

    pub fn palette(keymap: &Keymap) -> Self {
        let items = Command::ALL.iter().map(|&command| Item {
            left: command.name().to_owned(),
            right: match keymap.keys_of(command) {
                keys if keys.is_empty() => command.help().to_owned(),
                keys => format!("{}  [{keys}]", command.help()),
            },
            choice: Choice::Command(command),
        });
        let sentences = sentence::all().map(|sentence| Item {
            left: format!("{} …", sentence.word),
            right: format!("{}: {}", sentence.arguments, sentence.help),
            choice: Choice::Type(format!("{} ", sentence.word)),
        });
        Self::new(Purpose::Palette, items.chain(sentences).collect())
    }

    /// While a sentence is being typed: how it goes on, and what it could become, in place of the items.
    pub fn offer(&mut self, a: &Assessment) {
        let text = self.input.value().to_owned();
        let Some((sentence, rest)) = sentence::find(&text).filter(|_| self.purpose == Purpose::Palette) else {
            if let Some(items) = self.others.take() {
                self.items = items;
                self.search();
            }
            return;
        };
        let usage = Item {
            left: format!("{} {}", sentence.word, sentence.arguments),
            right: sentence.help.to_owned(),
            choice: Choice::Run,
        };
        let completed = (sentence.complete)(a, &sentence, rest).into_iter().map(|rest| Item {
            left: rest.clone(),
            right: String::new(),
            choice: Choice::Type(format!("{} {rest}", sentence.word)),
        });
        let items = std::iter::once(usage).chain(completed).collect();
        let before = std::mem::replace(&mut self.items, items);
        self.others.get_or_insert(before);
        self.shown = (0..self.items.len()).collect();
        (self.cursor, self.offset) = (0, 0);
    }

    /// Replaces what was typed.
    pub fn set_text(&mut self, text: String) {
        self.input = Input::new(text);
        self.search();
    }

    /// The most items that it has shown: its frame does not grow and shrink with what is typed.
    pub fn height(&self) -> usize {
        self.others.as_ref().map_or(0, Vec::len).max(self.items.len())
    }

    /// The keys by group, as the live keymap has them; and what the words of the pane mean.
    pub fn help(keymap: &Keymap, pane: &Pane) -> Self {
        let mut commands: Vec<Command> = Command::ALL.to_vec();
        commands.sort_by_key(|command| command.group());
        let mut items = Vec::new();
        let mut group = None;
        for command in commands {
            if group != Some(command.group()) {
                group = Some(command.group());
                items.push(Item {
                    left: command.group().title().to_owned(),
                    right: String::new(),
                    choice: Choice::Nothing,
                });
            }
            let keys = keymap.keys_of(command);
            let left = if keys.is_empty() { format!(":{}", command.name()) } else { keys };
            let place = match keymap.only_in(command) {
                Some(Context::Detail) => "in a detail: ",
                Some(Context::Raw) => "in the raw tree: ",
                _ => "",
            };
            let help = command.help();
            let place = if help.starts_with("in a detail") { "" } else { place };
            items.push(Item { left, right: format!("{place}{help}"), choice: Choice::Command(command) });
            if command == Command::Filter {
                let line = |right: &str| Item { left: String::new(), right: right.to_owned(), choice: Choice::Nothing };
                items.extend(FILTERS.map(line));
            }
        }
        let words = (pane.words)();
        if !words.is_empty() {
            let left = format!("Words of {}", pane.title);
            items.push(Item { left, right: String::new(), choice: Choice::Nothing });
        }
        let word = |(word, meaning): (&str, &str)| Item {
            left: word.to_owned(),
            right: meaning.to_owned(),
            choice: Choice::Word,
        };
        items.extend(words.into_iter().map(word));
        Self::new(Purpose::Help, items)
    }

    /// The columns of a pane, to sort or to group by.
    pub fn columns(pane: &Pane, purpose: Purpose) -> Self {
        let choice = |n| if purpose == Purpose::Group { Choice::Group(n) } else { Choice::Sort(n) };
        let items = pane.columns.iter().enumerate().map(|(n, column)| Item {
            left: column.name.to_owned(),
            right: column.title.to_owned(),
            choice: choice(n),
        });
        let items = items.collect();
        Self::new(purpose, items)
    }

    fn search(&mut self) {
        let text = self.input.value().trim();
        self.cursor = 0;
        self.offset = 0;
        if text.is_empty() {
            self.shown = (0..self.items.len()).collect();
            self.cursor = self.items.iter().position(|item| item.choice != Choice::Nothing).unwrap_or(0);
            return;
        }
        let mut matcher = Matcher::new(Config::DEFAULT);
        let pattern = Pattern::parse(text, CaseMatching::Ignore, Normalization::Smart);
        let mut buffer = Vec::new();
        let mut hits: Vec<(u32, usize)> = Vec::new();
        for (n, item) in self.items.iter().enumerate().filter(|(_, item)| item.choice != Choice::Nothing) {
            let left = pattern.score(Utf32Str::new(&item.left, &mut buffer), &mut matcher).map(|score| score * 2);
            let right = pattern.score(Utf32Str::new(&item.right, &mut buffer), &mut matcher);
            // What was typed in full is what is meant.
            let whole = item.left.strip_suffix(" …").unwrap_or(&item.left) == text;
            if let Some(score) = left.max(right) {
                hits.push((if whole { u32::MAX } else { score }, n));
            }
        }
        hits.sort_by_key(|&(score, n)| (std::cmp::Reverse(score), n));
        self.shown = hits.into_iter().map(|(_, n)| n).collect();
    }

    fn step(&mut self, by: isize, height: usize) {
        let last = self.shown.len().saturating_sub(1);
        self.cursor = self.cursor.saturating_add_signed(by).min(last);
        self.clamp(height);
    }

    pub fn clamp(&mut self, height: usize) {
        let height = height.max(1);
        self.offset = self.offset.min(self.cursor);
        if self.cursor >= self.offset + height {
            self.offset = self.cursor + 1 - height;
        }
        if self.cursor <= 1 {
            self.offset = 0;
        }
    }

    pub fn key(&mut self, chord: Chord, height: usize) -> Picked {
        match (chord.key, chord.ctrl) {
            (Key::Esc, _) | (Key::Char('c' | 'g'), true) => return Picked::Closed,
            (Key::Enter, _) => {
                return match self.shown.get(self.cursor) {
                    Some(&at) if !matches!(self.items[at].choice, Choice::Nothing | Choice::Word) => {
                        Picked::Chose(self.items[at].choice.clone())
                    }
                    Some(_) => Picked::Still,
                    None => Picked::Text(self.input.value().to_owned()),
                };
            }
            (Key::Down, _) | (Key::Char('n'), true) => self.step(1, height),
            (Key::Up, _) | (Key::Char('p'), true) => self.step(-1, height),
            (Key::PageDown, _) | (Key::Char('f'), true) => self.step(height.cast_signed(), height),
            (Key::PageUp, _) | (Key::Char('b'), true) => self.step(-height.cast_signed(), height),
            // Tab completes to the line under the cursor; from how a sentence goes on, to the first that it could become.
            (Key::Tab, _) => {
                let under = self.shown.get(self.cursor..).unwrap_or(&[]);
                let run = |at: &&usize| self.items[**at].choice != Choice::Run;
                let text = under.iter().find(run).map(|&at| match &self.items[at] {
                    Item { choice: Choice::Type(text), .. } => text.clone(),
                    item => item.left.clone(),
                });
                if let Some(text) = text {
                    self.set_text(text);
                }
            }
            _ => {
                if let Some(request) = request(chord)
                    && self.input.handle(request).is_some_and(|changed| changed.value)
                {
                    self.search();
                }
            }
        }
        Picked::Still
    }
}

/// What a chord means in a line of text; the usual readline keys.
pub fn request(chord: Chord) -> Option<InputRequest> {
    Some(match (chord.key, chord.ctrl, chord.alt) {
        (Key::Char(c), false, false) => InputRequest::InsertChar(c),
        (Key::Char('a'), true, _) | (Key::Home, ..) => InputRequest::GoToStart,
        (Key::Char('e'), true, _) | (Key::End, ..) => InputRequest::GoToEnd,
        (Key::Char('u'), true, _) => InputRequest::DeleteLine,
        (Key::Char('k'), true, _) => InputRequest::DeleteTillEnd,
        (Key::Char('w'), true, _) | (Key::Backspace, _, true) => InputRequest::DeletePrevWord,
        (Key::Char('b'), _, true) | (Key::Left, true, _) => InputRequest::GoToPrevWord,
        (Key::Char('f'), _, true) | (Key::Right, true, _) => InputRequest::GoToNextWord,
        (Key::Char('h'), true, _) | (Key::Backspace, ..) => InputRequest::DeletePrevChar,
        (Key::Char('d'), true, _) | (Key::Delete, ..) => InputRequest::DeleteNextChar,
        (Key::Left, ..) => InputRequest::GoToPrevChar,
        (Key::Right, ..) => InputRequest::GoToNextChar,
        _ => return None,
    })
}

/// A line of input with what it is for.
#[derive(Debug)]
pub struct Prompt {
    pub asking: Asking,
    pub input: Input,
    /// What stood there before, for Esc.
    pub before: String,
    /// What the last word could become, after a completion that could not decide.
    pub hint: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asking {
    Filter,
    Search,
}

impl Prompt {
    pub fn new(asking: Asking, text: &str) -> Self {
        Self { asking, input: Input::new(text.to_owned()), before: text.to_owned(), hint: String::new() }
    }

    /// Tab: completes the last word to a field of the pane or to a value of its field, as far as all that fit agree.
    pub fn complete(&mut self, pane: &Pane, a: &Assessment) -> bool {
        let text = self.input.value();
        let completion = complete(pane, a, text);
        let is_all = completion.before.len() == text.len() && !text.ends_with([':', '=', '!', '|', '"']);
        let Some(agreed) = completion.agreed().filter(|_| !is_all) else { return false };
        self.hint = match completion.fitting.len() {
            1 => String::new(),
            many => {
                let some: Vec<&str> = completion.fitting.iter().take(12).map(String::as_str).collect();
                format!("{many}: {}", some.join(" "))
            }
        };
        self.input = Input::new(agreed);
        true
    }
}
