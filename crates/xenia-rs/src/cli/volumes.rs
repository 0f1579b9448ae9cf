//! Arguments of the commands that read, verify and write volumes: disc images, content packages and
//! archives.

use clap::{Args, ValueEnum};
use std::path::PathBuf;
use xenia_cli::numbers::small_number;

/// Arguments of `ls`.
#[derive(Clone, Debug, Args)]
pub struct LsArgs {
    /// A disc image, a content package or an archive.
    pub image: PathBuf,
    /// Write the list as JSON (`-` for standard output).
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// Arguments of `extract`.
#[derive(Clone, Debug, Args)]
pub struct ExtractArgs {
    /// A disc image, a content package or an archive.
    pub image: PathBuf,
    /// The folder to write to. It is created if it is missing; existing files are not replaced.
    pub folder: PathBuf,
}

/// Arguments of `make-iso`.
#[derive(Clone, Debug, Args)]
pub struct MakeIsoArgs {
    /// The folder with default.xex and the title's other files.
    pub folder: PathBuf,
    /// The disc image to write; an existing file is replaced.
    pub image: PathBuf,
}

/// Arguments of `verify`.
#[derive(Clone, Debug, Args)]
pub struct VerifyArgs {
    /// A disc image, a content package, an archive or an executable.
    pub file: PathBuf,
    /// Write JSON (`-` for standard output).
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// TOML file with the user's retail key.
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
}

/// Signers of content packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PackageSigner {
    /// A console, which signs saved games.
    Con,
    /// The online service, which signs downloads.
    Live,
    /// The console's manufacturer.
    Pirs,
}

/// Arguments of `make-stfs`.
#[derive(Clone, Debug, Args)]
pub struct MakeStfsArgs {
    /// The folder to put into the package.
    pub folder: PathBuf,
    /// The package to write; an existing file is replaced.
    pub package: PathBuf,
    /// Display name (default: the folder's name).
    #[arg(long, value_name = "TEXT")]
    pub name: Option<String>,
    /// Title id in hexadecimal (default: that of the folder's default.xex; required if the folder
    /// has none).
    #[arg(long, value_name = "ID", value_parser = hexadecimal)]
    pub title_id: Option<u32>,
    /// Kind of content: saved-game, add-on, update, arcade-title, demo and so on, or a number
    /// (default: arcade-title if the folder has a default.xex, otherwise add-on).
    #[arg(long, value_name = "KIND", value_parser = content_kind)]
    pub kind: Option<u32>,
    /// Signer that the package's header names. No signature is made.
    #[arg(long, value_enum, default_value = "live")]
    pub signer: PackageSigner,
    /// Picture of the package (PNG).
    #[arg(long, value_name = "FILE")]
    pub thumbnail: Option<PathBuf>,
}

/// Parses a number in hexadecimal, the notation of title ids.
pub fn hexadecimal(text: &str) -> Result<u32, String> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let is_plain = digits.chars().all(|c| c.is_ascii_hexdigit());
    let parsed = u32::from_str_radix(digits, 16).ok().filter(|_| is_plain);
    parsed.ok_or_else(|| format!("{text:?} is not up to eight hexadecimal digits"))
}

/// Parses a kind of content, by name or number.
pub fn content_kind(text: &str) -> Result<u32, String> {
    let known = xenia_formats::stfs::kind_of(text).map(Ok);
    known.unwrap_or_else(|| small_number(text).map_err(|_| format!("{text:?} is not a kind of package")))
}
