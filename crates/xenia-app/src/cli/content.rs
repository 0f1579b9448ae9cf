//! Arguments of `content`.

use super::volumes::{content_kind, hexadecimal};
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;
use xenia_kernel::user::profile::Xuid;

/// `content`.
#[derive(Debug, Args)]
pub struct ContentCommandArgs {
    #[command(subcommand)]
    pub command: ContentCommand,
}

/// What to do with saved games and downloads.
#[derive(Debug, Subcommand)]
pub enum ContentCommand {
    /// List saved games and downloads.
    #[command(after_help = "Example:\n  xenia-rs content list --content saves --json -")]
    List(ContentListArgs),
    /// Write saved games and downloads as content packages (STFS, unsigned), or as folders.
    #[command(after_help = "\
Examples:
  xenia-rs content export backup --content saves                       everything
  xenia-rs content export backup --content saves --title-id 4D5307D1   what one title has
  xenia-rs content export backup \"Save 1\" --content saves --as folder")]
    Export(ContentExportArgs),
    /// Take in content packages (STFS), or folders.
    #[command(after_help = "\
Examples:
  xenia-rs content import save.con --content saves
  xenia-rs content import dlc --content saves --title-id 4D5307D1 --kind add-on")]
    Import(ContentImportArgs),
}

/// Where saves are.
#[derive(Clone, Debug, Default, Args)]
pub struct PlaceArgs {
    /// The folder of profiles and saves (default: `content` in the user's data folder).
    #[arg(long, value_name = "DIR", env = "XENIA_CONTENT", conflicts_with = "portable")]
    pub content: Option<PathBuf>,
    /// Saves are beside the program, in the folder `content`.
    #[arg(long)]
    pub portable: bool,
}

/// Which packages are meant; all that no flag leaves out.
#[derive(Clone, Debug, Default, Args)]
pub struct WhichArgs {
    /// Those of this title alone, in hexadecimal digits.
    #[arg(long, value_name = "ID", value_parser = hexadecimal)]
    pub title_id: Option<u32>,
    /// Those of this profile alone, by its id in hexadecimal digits; 0: every profile's.
    #[arg(long, value_name = "XUID", value_parser = xuid)]
    pub owner: Option<Xuid>,
    /// Those of this kind alone: saved-game, add-on and so on, or a number.
    #[arg(long, value_name = "KIND", value_parser = content_kind)]
    pub kind: Option<u32>,
}

/// `content list`.
#[derive(Clone, Debug, Args)]
pub struct ContentListArgs {
    #[command(flatten)]
    pub place: PlaceArgs,
    #[command(flatten)]
    pub which: WhichArgs,
    /// Write the list as JSON (`-` for standard output).
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// What packages are written as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ExportForm {
    /// Content packages, as a console's own (CON).
    #[default]
    Stfs,
    /// Folders with their files.
    Folder,
}

/// `content export`.
#[derive(Clone, Debug, Args)]
pub struct ContentExportArgs {
    /// The folder to write to; it is made, and nothing in it is replaced.
    pub folder: PathBuf,
    /// Packages, by their files' names; all unless some are named.
    pub names: Vec<String>,
    #[command(flatten)]
    pub place: PlaceArgs,
    #[command(flatten)]
    pub which: WhichArgs,
    /// What they are written as. Names, pictures and licences are in packages only.
    #[arg(long = "as", value_enum, default_value = "stfs")]
    pub form: ExportForm,
}

/// `content import`.
#[derive(Clone, Debug, Args)]
pub struct ContentImportArgs {
    /// Content packages, or folders.
    #[arg(required = true)]
    pub packages: Vec<PathBuf>,
    #[command(flatten)]
    pub place: PlaceArgs,
    /// Of which title they are, in hexadecimal digits; what packages say unless given, folders say
    /// nothing.
    #[arg(long, value_name = "ID", value_parser = hexadecimal)]
    pub title_id: Option<u32>,
    /// Whose they are, by the profile's id in hexadecimal digits; 0: every profile's. Unless given,
    /// a save is for the profile that its package names if it is here, or else for the first,
    /// and what is no save is every profile's.
    #[arg(long, value_name = "XUID", value_parser = xuid)]
    pub owner: Option<Xuid>,
    /// What they are: saved-game, add-on and so on, or a number; what packages say unless given,
    /// folders are saved games.
    #[arg(long, value_name = "KIND", value_parser = content_kind)]
    pub kind: Option<u32>,
    /// Replace packages that are there.
    #[arg(long)]
    pub replace: bool,
}

/// A profile's id.
fn xuid(text: &str) -> Result<Xuid, String> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let is_plain = digits.chars().all(|c| c.is_ascii_hexdigit());
    let parsed = u64::from_str_radix(digits, 16).ok().filter(|_| is_plain).map(Xuid);
    let parsed = parsed.filter(|xuid| *xuid == Xuid::NOBODY || xuid.is_offline());
    parsed.ok_or_else(|| format!("{text:?} is no id of a profile: 16 hexadecimal digits that begin with E"))
}
