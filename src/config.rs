//! The configuration file: theme, times, keys. Unknown words are refused, so that a typing mistake is not silent.
//! Precedence: command line, then file, then what comes with the program.

use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use serde::Deserialize;

use crate::app::keymap::{DEFAULT, Keymap};
use crate::panes::TimeMode;
use crate::ui::theme::{BUILT_IN, Theme};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// A built-in theme's name.
    theme: Option<String>,
    /// `utc`, `local` or `relative`.
    time: Option<String>,
    /// Whether events of a live account are kept between runs.
    cache: Option<bool>,
    /// A folder with rules of one's own over events.
    rules: Option<PathBuf>,
    /// Laid over the default keymap.
    #[serde(default)]
    keymap: toml::Table,
    /// A theme of one's own, instead of a name.
    roles: Option<toml::Table>,
}

#[derive(Debug)]
pub struct Settings {
    pub theme: Theme,
    pub theme_name: String,
    pub time: TimeMode,
    pub keymap: Keymap,
    /// Whether events of a live account are kept between runs.
    pub cache: bool,
    /// A folder with rules of one's own over events.
    pub rules: Option<PathBuf>,
    /// The file's own roles, where they take the place of a named theme.
    roles: Option<toml::Table>,
    file: Option<PathBuf>,
}

/// The folder's default place, `mgmtscope/config.toml`.
pub fn default_path() -> Option<PathBuf> {
    etcetera::choose_base_strategy().ok().map(|base| base.config_dir().join("mgmtscope").join("config.toml"))
}

/// Where events are kept, `mgmtscope/events` in the user's cache folder.
pub fn cache_path() -> Option<PathBuf> {
    etcetera::choose_base_strategy().ok().map(|base| base.cache_dir().join("mgmtscope").join("events"))
}

impl Settings {
    /// Reads the file that was named, or the default one if it is there.
    ///
    /// # Errors
    /// One line: which file, and what is wrong in it.
    pub fn load(named: Option<&Path>, theme: Option<&str>, no_color: bool) -> Result<Self, String> {
        let path = in_force(named);
        let file = match &path {
            Some(path) => read(path)?,
            None => File::default(),
        };
        let at = |error: String| match &path {
            Some(path) => format!("{}: {error}", path.display()),
            None => error,
        };
        let mut keymap = Keymap::standard();
        keymap.lay(&file.keymap).map_err(at)?;
        let time = match file.time.as_deref() {
            None | Some("utc") => TimeMode::Utc,
            Some("local") => TimeMode::Local,
            Some("relative") => TimeMode::Relative,
            Some(other) => return Err(at(format!("`time` is `{other}`; it may be utc, local or relative"))),
        };
        let mut own = None;
        let (theme, theme_name) = match (theme, no_color, file.roles, file.theme) {
            (Some(name), ..) => (Theme::named(name)?, name.to_owned()),
            (None, true, ..) => (Theme::named("mono")?, "mono".to_owned()),
            (None, false, Some(roles), _) => {
                let table = toml::Table::from_iter([("roles".to_owned(), toml::Value::Table(roles))]);
                own = Some(table.clone());
                (Theme::from_table(&table).map_err(at)?, "own".to_owned())
            }
            (None, false, None, Some(name)) => (Theme::named(&name).map_err(at)?, name),
            (None, false, None, None) => (Theme::named("16")?, "16".to_owned()),
        };
        let rules = file.rules.map(|rules| beside(path.as_deref(), rules));
        Ok(Self { theme, theme_name, time, keymap, cache: file.cache.unwrap_or(true), rules, roles: own, file: path })
    }

    /// The configuration in force, as a file that would give it again.
    pub fn print(&self) -> String {
        let from = self.file.as_ref().map_or("no file".into(), |path| path.display().to_string());
        let time = match self.time {
            TimeMode::Utc => "utc",
            TimeMode::Local => "local",
            TimeMode::Relative => "relative",
        };
        let theme = match &self.roles {
            Some(_) => String::new(),
            None => format!("theme = \"{}\"\n", self.theme_name),
        };
        let mut text = format!("# In force (from {from})\n{theme}time = \"{time}\"\ncache = {}\n", self.cache);
        if let Some(rules) = self.rules.as_ref().and_then(|rules| rules.to_str()) {
            text.push_str(&format!("rules = {}\n", toml::Value::String(rules.to_owned())));
        }
        text.push('\n');
        let mut contexts: Vec<&str> = Vec::new();
        for (context, keys, command) in self.keymap.iter() {
            if contexts.last() != Some(&context.name()) {
                contexts.push(context.name());
                text.push_str(&format!("\n[keymap.{}]\n", context.name()));
            }
            let keys = keys.replace('\\', "\\\\").replace('"', "\\\"");
            text.push_str(&format!("\"{keys}\" = \"{}\"\n", command.name()));
        }
        if let Some(Ok(roles)) = self.roles.as_ref().map(toml::to_string) {
            text.push_str(&format!("\n{roles}"));
        }
        if let Some((_, theme)) = BUILT_IN.iter().find(|(name, _)| *name == self.theme_name) {
            text.push_str("\n# The theme's roles; a table [roles] of your own takes their place.\n");
            for line in theme.lines() {
                text.push_str(&format!("# {line}\n"));
            }
        }
        text
    }
}

fn in_force(named: Option<&Path>) -> Option<PathBuf> {
    named.map(Path::to_path_buf).or_else(|| default_path().filter(|path| path.exists()))
}

/// A path in a file is meant from where the file is.
fn beside(file: Option<&Path>, path: PathBuf) -> PathBuf {
    match file.and_then(Path::parent) {
        Some(folder) => folder.join(path),
        None => path,
    }
}

/// The folder with rules of one's own that the configuration names: what needs no screen needs nothing else of it.
///
/// # Errors
/// As of [`Settings::load`].
pub fn rules(named: Option<&Path>) -> Result<Option<PathBuf>, String> {
    let Some(path) = in_force(named) else { return Ok(None) };
    Ok(read(&path)?.rules.map(|rules| beside(Some(&path), rules)))
}

fn read(path: &Path) -> Result<File, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    toml::from_str(&text).map_err(|error| {
        let line = error.span().map_or(1, |span| text.get(..span.start).unwrap_or("").matches('\n').count() + 1);
        format!("{}, line {line}: {}", path.display(), error.message().lines().next().unwrap_or("not TOML"))
    })
}

/// The default keymap's text, for the documentation.
pub fn default_keymap() -> &'static str {
    DEFAULT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_can_be_read_again() {
        let settings = Settings::load(None, Some("16"), false).expect("defaults");
        let file: File = toml::from_str(&settings.print()).expect("valid TOML");
        let mut keymap = Keymap::default();
        keymap.lay(&file.keymap).expect("valid keys");
        assert_eq!(keymap, settings.keymap);
    }

    #[test]
    fn own_roles_are_printed_so_that_they_can_be_read_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("c.toml");
        std::fs::write(&path, "[roles]\nbad = \"magenta\"\n").expect("written");
        let settings = Settings::load(Some(&path), None, false).expect("valid");
        std::fs::write(&path, settings.print()).expect("written");
        assert_eq!(Settings::load(Some(&path), None, false).expect("valid again").theme, settings.theme);
    }

    #[test]
    fn a_folder_of_rules_is_meant_from_where_the_file_is_and_printed_so() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("c.toml");
        std::fs::write(&path, "rules = \"own\"\n").expect("written");
        let expected = Some(folder.path().join("own"));
        assert_eq!(rules(Some(&path)), Ok(expected.clone()));
        let settings = Settings::load(Some(&path), None, false).expect("valid");
        let printed: File = toml::from_str(&settings.print()).expect("valid TOML");
        assert_eq!((settings.rules, printed.rules), (expected.clone(), expected));
    }

    #[test]
    fn an_unknown_word_is_refused_with_its_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("c.toml");
        std::fs::write(&path, "theme = \"dark\"\ncolour = 1\n").expect("written");
        let error = Settings::load(Some(&path), None, false).expect_err("refused");
        assert!(error.contains("line 2") && error.contains("colour"), "{error}");
    }
}
