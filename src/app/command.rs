//! Everything a key can do: one row a command. Keymap, help and palette are made from this table.

macro_rules! commands {
    ($($variant:ident, $name:literal, $group:ident, $help:literal;)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Command { $($variant,)* }

        impl Command {
            pub const ALL: &'static [Command] = &[$(Command::$variant,)*];

            /// The kebab-case name, in keymaps and in the palette.
            pub fn name(self) -> &'static str {
                match self { $(Command::$variant => $name,)* }
            }

            /// One line for the help.
            pub fn help(self) -> &'static str {
                match self { $(Command::$variant => $help,)* }
            }

            pub fn group(self) -> Group {
                match self { $(Command::$variant => Group::$group,)* }
            }

            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Command::$variant),)* _ => None }
            }
        }
    };
}

/// Where a command stands in the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    Panes,
    Moving,
    Looking,
    Narrowing,
    Joining,
    Marking,
    Copying,
    Program,
}

impl Group {
    pub fn title(self) -> &'static str {
        match self {
            Self::Panes => "Panes",
            Self::Moving => "Moving",
            Self::Looking => "Looking",
            Self::Narrowing => "Narrowing",
            Self::Joining => "Joining",
            Self::Marking => "Marking",
            Self::Copying => "Copying",
            Self::Program => "Program",
        }
    }
}

commands! {
    Overview, "overview", Panes, "the five practices and what speaks for or against them";
    Principals, "principals", Panes, "who can act in this account";
    Activity, "activity", Panes, "what was done, newest first";
    Residents, "residents", Panes, "what lives in this account";
    Delegation, "delegation", Panes, "who was given what, and what could be given";
    Coverage, "coverage", Panes, "coverage and tasks: what was read, what is missing";
    NextPane, "next-pane", Panes, "the next pane";
    PreviousPane, "previous-pane", Panes, "the pane before";
    HistoryBack, "history-back", Panes, "back to where you were";
    HistoryForward, "history-forward", Panes, "forward again";
    LastPlace, "last-place", Panes, "to and fro between the last two places";
    Down, "down", Moving, "a row down";
    Up, "up", Moving, "a row up";
    Top, "top", Moving, "to the first row";
    Bottom, "bottom", Moving, "to the last row";
    PageDown, "page-down", Moving, "a page down";
    PageUp, "page-up", Moving, "a page up";
    HalfDown, "half-down", Moving, "half a page down";
    HalfUp, "half-up", Moving, "half a page up";
    NextRow, "next-row", Moving, "the next row, with its detail";
    PreviousRow, "previous-row", Moving, "the row before, with its detail";
    NextNotable, "next-notable", Moving, "the next event that raises a rule (not only for information) or was denied";
    PreviousNotable, "previous-notable", Moving, "the one before";
    ColumnLeft, "column-left", Moving, "the column to the left: for =, #, sort and copy";
    ColumnRight, "column-right", Moving, "the column to the right";
    Open, "open", Looking, "open the detail; in it, follow the line to its evidence";
    Back, "back", Looking, "back: close the detail, clear the filter, leave the pane";
    NextTab, "next-tab", Looking, "in a detail, its next tab; the next pane where it has none";
    PreviousTab, "previous-tab", Looking, "in a detail, the tab before";
    Raw, "raw", Looking, "the raw JSON as a tree that folds and can be searched";
    Zoom, "zoom", Looking, "the pane or its detail on the whole screen; with the histogram, less time";
    WidenTime, "widen-time", Looking, "with the histogram, more time around the cursor";
    Histogram, "histogram", Looking, "events over time, and the values that occur most";
    TimeMode, "time-mode", Looking, "times in UTC, local, or as ages";
    OwnCalls, "own-calls", Looking, "show or hide mgmtscope's own calls";
    Fold, "fold", Looking, "fold this branch";
    Unfold, "unfold", Looking, "unfold this branch";
    Search, "search", Looking, "search in this tab of the detail, or in the raw JSON; Esc ends it";
    NextMatch, "next-match", Looking, "the next place that matches the search";
    PreviousMatch, "previous-match", Looking, "the match before";
    Filter, "filter", Narrowing, "filter the rows while you type; tab completes a field";
    Group, "group", Narrowing, "fold rows by a column, and by a second one; Enter opens a group";
    Sort, "sort", Narrowing, "sort by a column; again, the other way round";
    SortReverse, "sort-reverse", Narrowing, "turn the order round";
    LikeThis, "like-this", Narrowing, "only rows like this cell";
    NotLikeThis, "not-like-this", Narrowing, "no rows like this cell";
    Noise, "noise", Narrowing, "hide or show what AWS services do by themselves";
    Everywhere, "everywhere", Narrowing, "look for this cell in every pane";
    JumpEvents, "jump-events", Joining, "to its events";
    JumpPrincipal, "jump-principal", Joining, "to its principal";
    JumpResidents, "jump-residents", Joining, "to its residents";
    Mark, "mark", Marking, "mark this row";
    MarkRange, "mark-range", Marking, "mark from the last mark to here";
    UnmarkAll, "unmark-all", Marking, "take all marks away";
    CopyCell, "copy-cell", Copying, "copy the cell; in a detail, the line; in the raw JSON, the value";
    CopyRow, "copy-row", Copying, "copy the row (the marked rows) as tab-separated text";
    CopyArn, "copy-arn", Copying, "copy the ARN";
    CopyJson, "copy-json", Copying, "copy the raw JSON";
    CopyDetail, "copy-detail", Copying, "copy the open tab of the detail as text";
    Refresh, "refresh", Program, "read again what this pane shows";
    RefreshAll, "refresh-all", Program, "read everything again";
    Follow, "follow", Program, "follow: ask for new events again and again, until it is switched off";
    Cancel, "cancel", Program, "stop the reading that goes on; what came stays";
    Palette, "palette", Program, "run a command by name";
    Help, "help", Program, "all keys; Enter runs the line";
    Chrome, "chrome", Program, "show or hide the lines around the pane";
    Mouse, "mouse", Program, "let the mouse scroll and choose (off at the start)";
    Redraw, "redraw", Program, "draw the screen anew";
    Quit, "quit", Program, "quit";
    QuitNow, "quit-now", Program, "quit at once";
}

#[cfg(test)]
mod tests {
    use super::Command;

    #[test]
    fn names_are_unique_and_every_command_is_explained() {
        for &command in Command::ALL {
            assert_eq!(Command::from_name(command.name()), Some(command));
            assert!(!command.help().is_empty());
        }
    }
}
