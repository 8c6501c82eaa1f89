//! Roles to styles: read from `assets/themes` or a user's file, never decided while drawing.

use ratatui::style::{Color, Modifier, Style};

use crate::panes::Tone;

macro_rules! roles {
    ($($variant:ident, $name:literal;)*) => {
        /// What a style is for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(usize)]
        pub enum Role { $($variant,)* }

        const NAMES: &[&str] = &[$($name,)*];
    };
}

roles! {
    Text, "text";
    Dim, "dim";
    Good, "good";
    Warn, "warn";
    Bad, "bad";
    Link, "link";
    Title, "title";
    Header, "header";
    Tab, "tab";
    Active, "active";
    Selection, "selection";
    Column, "column";
    Mark, "mark";
    Border, "border";
    Match, "match";
    Prompt, "prompt";
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theme {
    styles: Vec<Style>,
}

/// The themes that come with the program.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("16", include_str!("../../assets/themes/16.toml")),
    ("dark", include_str!("../../assets/themes/dark.toml")),
    ("light", include_str!("../../assets/themes/light.toml")),
    ("mono", include_str!("../../assets/themes/mono.toml")),
];

impl Theme {
    /// A theme that comes with the program.
    ///
    /// # Errors
    /// When there is none of that name: the message names those there are.
    pub fn named(name: &str) -> Result<Self, String> {
        let Some((_, text)) = BUILT_IN.iter().find(|(known, _)| *known == name) else {
            let names: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
            return Err(format!("there is no theme `{name}`; there are {}", names.join(", ")));
        };
        let table: toml::Table = toml::from_str(text).map_err(|error| error.to_string())?;
        Self::from_table(&table)
    }

    /// A theme from a table `roles`; a role that it does not name is plain.
    ///
    /// # Errors
    /// A role, colour or attribute that does not exist.
    pub fn from_table(table: &toml::Table) -> Result<Self, String> {
        let mut styles = vec![Style::new(); NAMES.len()];
        let roles = table.get("roles").and_then(toml::Value::as_table).ok_or("a theme needs a table `roles`")?;
        for (name, value) in roles {
            let role = NAMES.iter().position(|known| known == name);
            let role = role.ok_or_else(|| format!("there is no role `{name}`; there are {}", NAMES.join(", ")))?;
            styles[role] = style(value)?;
        }
        Ok(Self { styles })
    }

    pub fn role(&self, role: Role) -> Style {
        self.styles[role as usize]
    }

    pub fn tone(&self, tone: Tone) -> Style {
        self.role(match tone {
            Tone::Plain => Role::Text,
            Tone::Dim => Role::Dim,
            Tone::Good => Role::Good,
            Tone::Warn => Role::Warn,
            Tone::Bad => Role::Bad,
            Tone::Link => Role::Link,
            Tone::Title => Role::Title,
        })
    }
}

fn style(value: &toml::Value) -> Result<Style, String> {
    let mut style = Style::new();
    if let Some(name) = value.as_str() {
        return Ok(style.fg(color(name)?));
    }
    for (key, value) in value.as_table().ok_or("a style is a colour or a table")? {
        let modifier = match key.as_str() {
            "fg" | "bg" => {
                let color = color(value.as_str().unwrap_or(""))?;
                style = if key == "fg" { style.fg(color) } else { style.bg(color) };
                continue;
            }
            "bold" => Modifier::BOLD,
            "dim" => Modifier::DIM,
            "italic" => Modifier::ITALIC,
            "underline" => Modifier::UNDERLINED,
            "reverse" => Modifier::REVERSED,
            other => return Err(format!("a style has no `{other}`")),
        };
        if value.as_bool() == Some(true) {
            style = style.add_modifier(modifier);
        }
    }
    Ok(style)
}

fn color(name: &str) -> Result<Color, String> {
    name.parse().map_err(|_| format!("`{name}` is not a colour"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_theme_reads_and_mono_has_no_colour() {
        for (name, _) in BUILT_IN {
            let theme = Theme::named(name).expect(name);
            if *name == "mono" {
                assert!(theme.styles.iter().all(|style| style.fg.is_none() && style.bg.is_none()));
            }
        }
        assert!(Theme::named("pink").expect_err("none").contains("mono"));
    }

    #[test]
    fn a_wrong_role_is_named() {
        let table = toml::from_str("[roles]\nsky = \"blue\"").expect("TOML");
        assert!(Theme::from_table(&table).expect_err("no such role").contains("sky"));
    }
}
