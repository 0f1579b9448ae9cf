//! `xenia-rs config`: shows the folders of settings, keys and results, and the settings in effect;
//! changes the settings file.

mod list;

#[cfg(feature = "lab")]
pub use list::{SettingRowReport, SettingsReport};

use crate::cli::{Cli, ConfigArgs, ConfigCommand};
use crate::settings::{self, SettingChange};
use anyhow::{Context, Result};
use clap::CommandFactory;
use std::path::{Path, PathBuf};
use xenia::say::{errln, error_text, out, outln};
use xenia::source::optional_file_exists;
use xenia::user_folders;
use xenia_cli::Code;

/// Prints the settings that the flags select. A mistake in the settings file is an error.
pub fn run(args: &ConfigArgs, named: Option<&Path>) -> Result<Code> {
    match &args.command {
        None => {}
        Some(ConfigCommand::List(args)) => return list::run(args, named),
        Some(ConfigCommand::Template(args)) => {
            out!("{}", settings::template(&settings::table(&settings::built(Cli::command())), args.all));
            return Ok(Code::Done);
        }
        Some(ConfigCommand::Schema) => {
            let schema = settings::schema(&settings::built(Cli::command()));
            outln!("{}", serde_json::to_string_pretty(&schema)?);
            return Ok(Code::Done);
        }
        Some(ConfigCommand::Set(args)) => return change(named, &args.key, Some(&args.value)),
        Some(ConfigCommand::Unset(args)) => return change(named, &args.key, None),
    }
    let both = args.paths == args.show;
    if both || args.paths {
        paths();
    }
    if both {
        outln!();
    }
    if both || args.show {
        show(named)?;
    }
    Ok(Code::Done)
}

/// Changes a setting, or removes it, in the file that `--config` names or the default file.
fn change(named: Option<&Path>, key: &str, value: Option<&str>) -> Result<Code> {
    let path = named.map(Path::to_owned).or_else(settings::default_file);
    let path =
        path.context("there is no configuration folder (HOME is not set): --config FILE names a file")?;
    match settings::change(&settings::built(Cli::command()), &path, key, value)? {
        SettingChange::Set(line) => outln!("{line}  # in {}", path.display()),
        SettingChange::Removed => outln!("# {key} is removed from {}", path.display()),
        SettingChange::WasNotSet => outln!("# {key} is not set in {}", path.display()),
    }
    Ok(Code::Done)
}

fn paths() {
    let rows: [(&str, Option<PathBuf>, &str); 4] = [
        ("config", user_folders::config(), "config.toml and keys.toml"),
        ("data", user_folders::data(), "saves, patches and screenshots"),
        ("state", user_folders::state(), "reports of crashes"),
        (
            "cache",
            user_folders::cache(),
            "pipelines, compiled code and scratch disks; may be deleted at any time",
        ),
    ];
    for (name, folder, what) in rows {
        let place =
            folder.map_or_else(|| "none: HOME is not set".to_owned(), |folder| folder.display().to_string());
        outln!("{name:<7} {place}  ({what})");
    }
}

fn show(named: Option<&Path>) -> Result<()> {
    let definition = Cli::command();
    let path = named
        .map(Path::to_owned)
        .or_else(|| settings::default_file().filter(|path| optional_file_exists(path)));
    let Some(path) = path else {
        outln!("# there is no settings file");
        environment(&definition);
        return Ok(());
    };
    // Read the whole file first, so that a mistake is reported before any output.
    let file = settings::read(&definition, &path)?;
    outln!("# {}", path.display());
    let mut before = "";
    for row in &file.settings {
        if row.table != before {
            outln!("[{}]", row.table);
            before = &row.table;
        }
        outln!("{} = {}  # line {}", row.key, row.value, row.line);
    }
    for line in &file.assignments {
        match line.table_at {
            Some(number) => outln!("{}  # line {number}", line.text),
            None => outln!("{}", line.text),
        }
    }
    environment(&definition);
    Ok(())
}

/// Prints the settings from environment variables, and their errors.
fn environment(definition: &clap::Command) {
    let Some(exec) = definition.find_subcommand("exec") else { return };
    let bare = settings::without_environment(exec.clone());
    for set in settings::read_environment(exec, &|name| std::env::var_os(name)) {
        let value = set.value.to_string_lossy();
        outln!("# --{} is {value} by {}, over any file", set.flag, set.variable);
        if let Err(error) = set.check(&bare) {
            errln!("xenia-rs: warning: {}", error_text(&error));
        }
    }
}
