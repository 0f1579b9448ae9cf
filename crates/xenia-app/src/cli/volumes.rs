//! Arguments of what reads, checks and writes volumes: disc images, content packages, archives.

use super::small_number;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// `ls`.
#[derive(Clone, Debug, Args)]
pub struct LsArgs {
    /// A disc image, a content package or an archive.
    pub image: PathBuf,
    /// Write the list as JSON (`-` for standard output).
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// `extract`.
#[derive(Clone, Debug, Args)]
pub struct ExtractArgs {
    /// A disc image, a content package or an archive.
    pub image: PathBuf,
    /// The folder to write to; it is made, and no file in it is replaced.
    pub folder: PathBuf,
}

/// `make-iso`.
#[derive(Clone, Debug, Args)]
pub struct MakeIsoArgs {
    /// The folder that has default.xex and what goes with it.
    pub folder: PathBuf,
    /// The disc image to write; one that is there is replaced.
    pub image: PathBuf,
}

/// `verify`.
#[derive(Clone, Debug, Args)]
pub struct VerifyArgs {
    /// A disc image, a content package, an archive or an executable.
    pub file: PathBuf,
    /// Write JSON (`-` for standard output).
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// A TOML file with the user's own retail key.
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
}

/// Who would have signed a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PackageSigner {
    /// A console: saves.
    Con,
    /// The online service: what is downloaded.
    Live,
    /// The maker.
    Pirs,
}

/// `make-stfs`.
#[derive(Clone, Debug, Args)]
pub struct MakeStfsArgs {
    /// The folder to put into the package.
    pub folder: PathBuf,
    /// The package to write; one that is there is replaced.
    pub package: PathBuf,
    /// What users see; the folder's name unless given.
    #[arg(long, value_name = "TEXT")]
    pub name: Option<String>,
    /// Of which title, in hexadecimal digits; that of the folder's default.xex unless given. A
    /// folder without one has to be told.
    #[arg(long, value_name = "ID", value_parser = hexadecimal)]
    pub title_id: Option<u32>,
    /// What it is: saved-game, add-on, update, arcade-title, demo and so on, or a number;
    /// arcade-title if there is a default.xex, else add-on.
    #[arg(long, value_name = "KIND", value_parser = content_kind)]
    pub kind: Option<u32>,
    /// Whose kind of package it is. No signature is made.
    #[arg(long, value_enum, default_value = "live")]
    pub signer: PackageSigner,
    /// Its picture (PNG).
    #[arg(long, value_name = "FILE")]
    pub thumbnail: Option<PathBuf>,
}

/// A number in hexadecimal digits, as title ids are written.
pub fn hexadecimal(text: &str) -> Result<u32, String> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let is_plain = digits.chars().all(|c| c.is_ascii_hexdigit());
    let parsed = u32::from_str_radix(digits, 16).ok().filter(|_| is_plain);
    parsed.ok_or_else(|| format!("{text:?} is not up to eight hexadecimal digits"))
}

/// What a package is, by name or number.
pub fn content_kind(text: &str) -> Result<u32, String> {
    let known = xenia_formats::stfs::kind_of(text).map(Ok);
    known.unwrap_or_else(|| small_number(text).map_err(|_| format!("{text:?} is no kind of package")))
}
