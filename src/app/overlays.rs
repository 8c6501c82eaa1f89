//! What keys mean while a picker or a prompt lies over the panes.

use super::command::Command;
use super::keymap::{self, Chord};
use super::picker::{self, Asking, Picked, Picker, Prompt};
use super::{App, Effect, Overlay};
use crate::panes::{Tone, sentence};

/// Typed to be run as it stands, though the palette would find a line for it.
fn is_word(text: &str) -> bool {
    text == "q" || (cfg!(debug_assertions) && text == "panic")
}

impl App {
    pub(super) fn picker_key(&mut self, mut picker: Picker, chord: Chord) -> Vec<Effect> {
        self.dirty = true;
        let height = self.picker_page();
        let text = picker.input.value().to_owned();
        if picker.purpose == picker::Purpose::Palette && chord.key == keymap::Key::Enter && is_word(text.trim()) {
            return self.run_text(&text).unwrap_or_default();
        }
        match picker.key(chord, height) {
            Picked::Closed => return Vec::new(),
            Picked::Chose(picker::Choice::Type(text)) => picker.set_text(text),
            Picked::Chose(picker::Choice::Run) | Picked::Text(_) => {
                if let Some(effects) = self.run_text(&text) {
                    return effects;
                }
            }
            Picked::Chose(choice) => return self.choose(choice),
            Picked::Still => {}
        }
        if picker.input.value() != text {
            picker.offer(&self.a);
        }
        self.overlay = Some(Overlay::Picker(picker));
        Vec::new()
    }

    pub(super) fn prompt_key(&mut self, mut prompt: Prompt, chord: Chord) -> Vec<Effect> {
        use keymap::Key;
        let pane = self.pane.pane();
        let mut typed = false;
        match (chord.key, chord.ctrl) {
            (Key::Enter, _) => {
                self.dirty = true;
                self.end_prompt(&prompt, true);
                return Vec::new();
            }
            (Key::Esc, _) | (Key::Char('c' | 'g'), true) => {
                self.dirty = true;
                self.end_prompt(&prompt, false);
                return Vec::new();
            }
            (Key::Tab, _) if prompt.asking == Asking::Filter => {
                typed = prompt.complete(pane, &self.a);
            }
            _ => {
                self.dirty |= !std::mem::take(&mut prompt.hint).is_empty();
                if let Some(request) = picker::request(chord)
                    && let Some(changed) = prompt.input.handle(request)
                {
                    typed = changed.value;
                    self.dirty = true;
                }
            }
        }
        if typed {
            self.dirty = true;
            self.type_into(&prompt);
        }
        self.overlay = Some(Overlay::Prompt(prompt));
        Vec::new()
    }

    fn choose(&mut self, choice: picker::Choice) -> Vec<Effect> {
        match choice {
            picker::Choice::Command(command) => self.perform(command),
            picker::Choice::Sort(column) => {
                self.list_mut().set_sort(column);
                self.dirty = true;
                Vec::new()
            }
            picker::Choice::Group(column) => {
                self.list_mut().group_by(column);
                self.dirty = true;
                Vec::new()
            }
            picker::Choice::Go(target) => {
                self.follow(&target);
                Vec::new()
            }
            picker::Choice::Type(_) | picker::Choice::Run | picker::Choice::Word | picker::Choice::Nothing => {
                Vec::new()
            }
        }
    }

    /// The palette's free text: a sentence, as in `activity since:24h`, or a command by its whole name. None: what is
    /// wrong with it was said, and it can be mended.
    fn run_text(&mut self, text: &str) -> Option<Vec<Effect>> {
        if let Some((sentence, rest)) = sentence::find(text) {
            match (sentence.read)(&self.a, &sentence, rest) {
                Ok(target) => self.follow(&target),
                Err(why) => {
                    self.say(why, Tone::Warn);
                    return None;
                }
            }
            return Some(Vec::new());
        }
        match text.trim() {
            "q" => Some(vec![Effect::Quit]),
            // So that a test can see the terminal given back; not in release builds.
            "panic" if cfg!(debug_assertions) => panic!("asked for in the palette"),
            word => match Command::from_name(word) {
                Some(command) => Some(self.perform(command)),
                None => {
                    self.say(format!("there is no command `{}`", crate::model::text::clean(word)), Tone::Warn);
                    Some(Vec::new())
                }
            },
        }
    }
}
