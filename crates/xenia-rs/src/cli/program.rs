//! Arguments of the commands about the program itself: settings, completions, manual, tables.

use clap::{Args, Subcommand};
use std::ffi::OsString;
use std::path::PathBuf;

/// Arguments of `config`; without a flag both parts are shown.
#[derive(Clone, Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct ConfigArgs {
    #[command(subcommand)]
    pub command: Option<ConfigCommand>,
    /// Show the folders, whether they exist or not.
    #[arg(long)]
    pub paths: bool,
    /// Show the settings from the settings file and the environment, in the format of a settings
    /// file.
    #[arg(long)]
    pub show: bool,
}

/// Commands on the settings file.
#[derive(Clone, Debug, Subcommand)]
pub enum ConfigCommand {
    /// Show the settings of players with their values and sources: a flag, the environment, the
    /// title's table, the command's table, or the default.
    #[command(after_help = "\
Examples:
  xenia-rs config list
  xenia-rs config list game/default.xex                what holds for a title
  xenia-rs config list -- --volume 50 --osd            with these flags")]
    List(ConfigListArgs),
    /// Write a commented settings file to standard output: all settings with their defaults.
    #[command(after_help = "Example:\n  xenia-rs config template > my.toml")]
    Template(ConfigTemplateArgs),
    /// Write a JSON schema of the settings file to standard output, with which editors complete
    /// keys and mark mistakes.
    #[command(after_help = "\
Example:
  xenia-rs config schema > config.schema.json
Taplo, and Even Better TOML in VS Code, read a first line `#:schema ./config.schema.json`.")]
    Schema,
    /// Change a setting in the settings file; the rest of the file stays as it is.
    #[command(after_help = "\
Examples:
  xenia-rs config set volume 80 --config my.toml                   for all titles
  xenia-rs config set title.4D5307D1.volume 60 --config my.toml    for one title
  xenia-rs config set bench.runs 9 --config my.toml                for another command
  xenia-rs config set input.dead-zone 0.2 --config my.toml")]
    Set(ConfigSetArgs),
    /// Remove a setting from the settings file, so that its default holds.
    #[command(after_help = "Example:\n  xenia-rs config unset volume --config my.toml")]
    Unset(ConfigUnsetArgs),
}

/// Arguments of `config list`.
#[derive(Clone, Debug, Args)]
pub struct ConfigListArgs {
    /// The title whose table holds, too.
    pub title: Option<PathBuf>,
    /// Flags of `exec`.
    #[arg(last = true, value_name = "FLAGS")]
    pub flags: Vec<OsString>,
    /// Show the settings of the workshop, too.
    #[arg(long)]
    pub all: bool,
    /// Write JSON (`-` for standard output), with all settings.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// Arguments of `config template`.
#[derive(Clone, Debug, Args)]
pub struct ConfigTemplateArgs {
    /// Write the settings of the workshop, too.
    #[arg(long)]
    pub all: bool,
}

/// Arguments of `config set`.
#[derive(Clone, Debug, Args)]
pub struct ConfigSetArgs {
    /// The setting: a flag's name for a flag of `exec`, or its table and name, with dots between.
    pub key: String,
    /// The value, as on the command line or as in the file.
    #[arg(allow_hyphen_values = true)]
    pub value: String,
}

/// Arguments of `config unset`.
#[derive(Clone, Debug, Args)]
pub struct ConfigUnsetArgs {
    /// The setting: a flag's name for a flag of `exec`, or its table and name, with dots between.
    pub key: String,
}

/// Arguments of `completions`.
#[derive(Clone, Debug, Args)]
pub struct CompletionsArgs {
    /// The shell to complete in.
    pub shell: clap_complete::Shell,
}

/// Arguments of `man`.
#[derive(Clone, Debug, Args)]
pub struct ManArgs {
    /// Write one page for each command to this folder instead of the main page to standard output.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Arguments of `generate`.
#[derive(Clone, Debug, Args)]
pub struct GenerateArgs {
    /// The table to print (default: print the names of the tables).
    pub kind: Option<String>,
}
