//! Arguments of the `content` command.

use super::volumes::{content_kind, hexadecimal};
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;
use xenia_kernel::user::profile::Xuid;

/// Arguments of `content`.
#[derive(Debug, Args)]
pub struct ContentCommandArgs {
    #[command(subcommand)]
    pub command: ContentCommand,
}

/// Operations on saved games and downloadable content.
#[derive(Debug, Subcommand)]
pub enum ContentCommand {
    /// List saved games and downloadable content.
    #[command(after_help = "Example:\n  xenia-rs content list --content saves --json -")]
    List(ContentListArgs),
    /// Export saved games and downloadable content as content packages (STFS, unsigned) or as
    /// folders.
    #[command(after_help = "\
Examples:
  xenia-rs content export backup --content saves                       everything
  xenia-rs content export backup --content saves --title-id 4D5307D1   what one title has
  xenia-rs content export backup \"Save 1\" --content saves --as folder")]
    Export(ContentExportArgs),
    /// Import content packages (STFS) or folders.
    #[command(after_help = "\
Examples:
  xenia-rs content import save.con --content saves
  xenia-rs content import dlc --content saves --title-id 4D5307D1 --kind add-on")]
    Import(ContentImportArgs),
    /// List titles' scratch disks (cache:), or remove them.
    #[command(after_help = "\
Examples:
  xenia-rs content scratch                                             what the titles have
  xenia-rs content scratch --remove                                    remove all
  xenia-rs content scratch --title-id 4D5307D1 --remove                remove those of one title")]
    Scratch(ContentScratchArgs),
}

/// The location of saved content.
#[derive(Clone, Debug, Default, Args)]
pub struct PlaceArgs {
    /// The folder of profiles and saved content (default: `content` in the user's data folder).
    #[arg(long, value_name = "DIR", env = "XENIA_CONTENT", conflicts_with = "portable")]
    pub content: Option<PathBuf>,
    /// Use the folder `content` beside the program.
    #[arg(long)]
    pub portable: bool,
}

/// Filters that select packages; without any, all packages are selected.
#[derive(Clone, Debug, Default, Args)]
pub struct WhichArgs {
    /// Only packages of the title with this id (hexadecimal).
    #[arg(long, value_name = "ID", value_parser = hexadecimal)]
    pub title_id: Option<u32>,
    /// Only packages of the profile with this id (hexadecimal); 0 selects packages shared by all
    /// profiles.
    #[arg(long, value_name = "XUID", value_parser = xuid)]
    pub owner: Option<Xuid>,
    /// Only packages of this kind: saved-game, add-on and so on, or a number.
    #[arg(long, value_name = "KIND", value_parser = content_kind)]
    pub kind: Option<u32>,
}

/// Arguments of `content list`.
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

/// Output formats of `content export`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ExportForm {
    /// Content packages in the form of a console's own (CON), unsigned.
    #[default]
    Stfs,
    /// Folders that hold the packages' files.
    Folder,
}

/// Arguments of `content export`.
#[derive(Clone, Debug, Args)]
pub struct ContentExportArgs {
    /// The folder to write to. It is created if it is missing; existing files are not replaced.
    pub folder: PathBuf,
    /// File names of the packages to export (default: all).
    pub names: Vec<String>,
    #[command(flatten)]
    pub place: PlaceArgs,
    #[command(flatten)]
    pub which: WhichArgs,
    /// Output format. Only packages keep names, pictures and licences.
    #[arg(long = "as", value_enum, default_value = "stfs")]
    pub form: ExportForm,
}

/// Arguments of `content import`.
#[derive(Clone, Debug, Args)]
pub struct ContentImportArgs {
    /// Content packages or folders to import.
    #[arg(required = true)]
    pub packages: Vec<PathBuf>,
    #[command(flatten)]
    pub place: PlaceArgs,
    /// The title that they belong to, by id in hexadecimal (default: the title that a package
    /// names, or the folders above it; required if none does).
    #[arg(long, value_name = "ID", value_parser = hexadecimal)]
    pub title_id: Option<u32>,
    /// The profile that they belong to, by id in hexadecimal; 0: all profiles (default: for a saved
    /// game the profile that it or the folders above it name, if that exists, otherwise the first
    /// profile; for other kinds all profiles).
    #[arg(long, value_name = "XUID", value_parser = xuid)]
    pub owner: Option<Xuid>,
    /// The kind of content: saved-game, add-on and so on, or a number (default: the kind that a
    /// package names, or the folders above it; saved-game if none does).
    #[arg(long, value_name = "KIND", value_parser = content_kind)]
    pub kind: Option<u32>,
    /// Replace packages that already exist.
    #[arg(long)]
    pub replace: bool,
}

/// Arguments of `content scratch`.
#[derive(Clone, Debug, Args)]
pub struct ContentScratchArgs {
    #[command(flatten)]
    pub place: PlaceArgs,
    /// The folder of scratch disks (default: `Scratch` in the folder of --content, else `scratch`
    /// in the user's cache folder).
    #[arg(long, value_name = "DIR", env = "XENIA_SCRATCH")]
    pub scratch: Option<PathBuf>,
    /// Only the disks of the title with this id (hexadecimal).
    #[arg(long, value_name = "ID", value_parser = hexadecimal)]
    pub title_id: Option<u32>,
    /// Remove the disks. Those that a run uses are kept, and reported.
    #[arg(long)]
    pub remove: bool,
}

/// Parses a profile id (XUID) in hexadecimal.
fn xuid(text: &str) -> Result<Xuid, String> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let is_plain = digits.chars().all(|c| c.is_ascii_hexdigit());
    let parsed = u64::from_str_radix(digits, 16).ok().filter(|_| is_plain).map(Xuid);
    let parsed = parsed.filter(|xuid| *xuid == Xuid::NOBODY || xuid.is_offline());
    parsed.ok_or_else(|| format!("{text:?} is not a profile ID: 16 hexadecimal digits that begin with E"))
}
