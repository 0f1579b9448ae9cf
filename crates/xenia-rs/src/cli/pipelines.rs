//! Arguments of the `pipelines` command.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Arguments of `pipelines`.
#[derive(Debug, Args)]
pub struct PipelinesArgs {
    #[command(subcommand)]
    pub command: PipelinesCommand,
}

/// Operations on stored pipelines.
#[derive(Debug, Subcommand)]
pub enum PipelinesCommand {
    /// List the titles that have stored pipelines.
    #[command(after_help = "Example:\n  xenia-rs pipelines list --json -")]
    List(PipelinesListArgs),
    /// Export the stored pipelines of titles to one file, for another computer.
    #[command(after_help = "\
Examples:
  xenia-rs pipelines export -o all.pipelines                       those of all titles
  xenia-rs pipelines export game/default.xex -o game.pipelines     those of one title")]
    Export(PipelinesExportArgs),
    /// Import the pipelines in an exported file. Those that are stored already stay. A title that
    /// runs has the new ones at its next start.
    #[command(after_help = "Example:\n  xenia-rs pipelines import game.pipelines")]
    Import(PipelinesImportArgs),
}

/// The location of the stored pipelines.
#[derive(Clone, Debug, Default, Args)]
pub struct PipelinesPlaceArgs {
    /// Folder of the pipeline cache (default: the user's cache folder).
    #[arg(long, value_name = "DIR", env = "XENIA_CACHE")]
    pub cache: Option<PathBuf>,
}

/// Arguments of `pipelines list`.
#[derive(Clone, Debug, Args)]
pub struct PipelinesListArgs {
    #[command(flatten)]
    pub place: PipelinesPlaceArgs,
    /// Write the list as JSON (`-` for standard output).
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// Arguments of `pipelines export`.
#[derive(Clone, Debug, Args)]
pub struct PipelinesExportArgs {
    /// Titles to export, each by its name in the list, by its id if it is in the library, or by its
    /// file or folder (default: all). A listed name or id comes first: `./NAME` is a file.
    pub titles: Vec<PathBuf>,
    #[command(flatten)]
    pub place: PipelinesPlaceArgs,
    /// The file to write; an existing file is replaced.
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
}

/// Arguments of `pipelines import`.
#[derive(Clone, Debug, Args)]
pub struct PipelinesImportArgs {
    /// The exported file.
    pub file: PathBuf,
    #[command(flatten)]
    pub place: PipelinesPlaceArgs,
    /// Write JSON (`-` for standard output).
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}
