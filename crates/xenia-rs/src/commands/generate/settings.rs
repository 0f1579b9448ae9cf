//! The table of settings: keys, values, defaults and documentation, by heading.

use crate::cli::Cli;
use crate::settings;
use clap::CommandFactory;
use std::fmt::Write as _;

/// The page of all settings.
pub(super) fn table() -> String {
    let definition = settings::built(Cli::command());
    let mut out = String::from(
        "# Settings\n\nThe keys of `[exec]` and `[title.ID]` in config.toml, which are flags of `exec`, too. Live ones act \
         at once when a key of the window changes them.\n",
    );
    let mut heading = String::new();
    for row in settings::table(&definition) {
        if row.heading != heading {
            heading.clone_from(&row.heading);
            let _ = write!(
                out,
                "\n## {heading}\n\nFor {}.\n\n| key | values | default | live | |\n|---|---|---|---|---|\n",
                if row.audience == settings::Audience::Players { "players" } else { "the workshop" }
            );
        }
        let cell = |text: &str| text.replace('|', "\\|");
        let default = row.default.as_ref().map_or("-".to_owned(), |value| format!("`{}`", cell(value)));
        let live = if row.live { "yes" } else { "" };
        let _ = writeln!(
            out,
            "| `{}` | {} | {default} | {live} | {} |",
            row.key,
            cell(&row.kind.words()),
            cell(&row.says)
        );
    }
    out
}
