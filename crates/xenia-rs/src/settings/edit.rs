//! Edits a settings file: sets or removes values, and keeps all other text, comments included.
//!
//! The new text is checked as a whole, then replaces the file atomically, so a wrong value or a
//! full disk leaves the old file.

use super::DEFAULT_COMMAND;
use super::file::{File, flag_of};
use super::titles::TABLE as TITLES;
use anyhow::{Context, Error, Result, anyhow, bail};
use clap::Command;
use std::path::Path;
use toml_edit::{DocumentMut, Item, RawString, Table, TableLike, Value};
use xenia::input::TABLES as INPUT;
use xenia::output;
use xenia_kernel::vfs::lock_file;

/// Result of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingChange {
    /// The key is set by this line.
    Set(String),
    Removed,
    /// The key was to be removed, but was missing.
    WasNotSet,
}

/// Sets `key` to a value, or removes it, in the file at `path`, which is made if it is missing.
pub fn change(definition: &Command, path: &Path, key: &str, value: Option<&str>) -> Result<SettingChange> {
    let _lock = lock(path)?;
    let old = text_of(path)?;
    let names = names(definition, key)?;
    let document = || parsed(&old, path);
    let Some(value) = value else {
        let mut document = document()?;
        if !remove(document.as_table_mut(), &names) {
            check_flag(definition, &names)?;
            return Ok(SettingChange::WasNotSet);
        }
        write(path, &old, &document.to_string())?;
        return Ok(SettingChange::Removed);
    };
    // The setting decides whether a word such as `true` or `1` is a TOML value or a string.
    let forms = value.parse::<Value>().ok().into_iter().chain([Value::from(value)]);
    let mut refused = None;
    for form in forms {
        let mut document = document()?;
        set(document.as_table_mut(), &names, form.clone())?;
        let text = document.to_string();
        match (File { text: &text, path }).check(definition) {
            Ok(()) => {
                write(path, &old, &text)?;
                return Ok(SettingChange::Set(format!("{key} = {}", form.to_string().trim())));
            }
            Err(error) => {
                // The first form is the likelier one, so its error is reported.
                refused.get_or_insert_with(|| without_new_line(error, path, &old, &text));
            }
        }
    }
    Err(refused.unwrap_or_else(|| anyhow!("{value} is not a value")))
}

/// Drops the position of an error in a line that only the changed text contains: at that line the
/// user's file has other text, or none.
fn without_new_line(error: Error, path: &Path, old: &str, changed: &str) -> Error {
    let message = format!("{error:#}");
    let start = format!("{}, line ", path.display());
    let Some((number, rest)) = message.strip_prefix(&start).and_then(|rest| rest.split_once(": ")) else {
        return error;
    };
    let index = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    let line = |text: &str| index.and_then(|index| text.lines().nth(index)).map(str::to_owned);
    if line(old) == line(changed) { error } else { anyhow!("{rest}") }
}

/// Sets or removes several keys in one change, since the file might contradict itself between two
/// changes. Values are TOML, or else strings.
pub fn change_together(
    definition: &Command,
    path: &Path,
    changes: &[(String, Option<String>)],
) -> Result<()> {
    let _lock = lock(path)?;
    let old = text_of(path)?;
    let mut document = parsed(&old, path)?;
    for (key, value) in changes {
        let names = names(definition, key)?;
        match value {
            Some(value) => {
                // No setting is a time, as which TOML 1.1 reads an aspect ratio such as 16:10.
                let toml = value.parse::<Value>().ok().filter(|value| !value.is_datetime());
                let value = toml.unwrap_or_else(|| Value::from(value.as_str()));
                set(document.as_table_mut(), &names, value)?;
            }
            None => _ = remove(document.as_table_mut(), &names),
        }
    }
    let text = document.to_string();
    File { text: &text, path }.check(definition)?;
    write(path, &old, &text)
}

/// Locks a settings file against changes by other processes, from its reading to its replacement,
/// by a file beside it: the settings file itself is replaced.
fn lock(path: &Path) -> Result<Option<std::fs::File>> {
    make_folder(path)?;
    let Some(name) = path.file_name().filter(|_| is_replaceable(path)) else { return Ok(None) };
    let beside = path.with_file_name(format!(".{}.lock", name.to_string_lossy()));
    // A failure to lock is ignored: in a read-only folder the change itself fails, and without
    // support for locks no other process has one.
    Ok(lock_file::lock(&beside).ok())
}

/// Whether the path is free or a file's. Replacing a device such as /dev/null would harm the host.
fn is_replaceable(path: &Path) -> bool {
    std::fs::metadata(path).map_or(true, |found| found.is_file())
}

/// Makes the folder of a settings file if it is missing.
fn make_folder(path: &Path) -> Result<()> {
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else { return Ok(()) };
    std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))
}

/// Text of a settings file; empty if that is missing.
fn text_of(path: &Path) -> Result<String> {
    let there = xenia::source::optional_file_exists(path);
    let old = if there { xenia::source::text(path) } else { Ok(String::new()) };
    old.with_context(|| format!("cannot read {}", path.display()))
}

fn parsed(text: &str, path: &Path) -> Result<DocumentMut> {
    text.parse().map_err(|error| anyhow!("{}: {error}; correct it first", path.display()))
}

/// The tables and the name of a key. A name alone is a flag of `exec`.
fn names<'a>(definition: &Command, key: &'a str) -> Result<Vec<&'a str>> {
    // Names of pads may have dots.
    let most = if key.starts_with("pad.") { 2 } else { usize::MAX };
    let names: Vec<&str> = key.splitn(most, '.').collect();
    if names.iter().any(|name| name.is_empty()) {
        bail!("`{key}` is not a setting: use a name such as volume, or title.4D5307D1.volume");
    }
    let first = names.first().copied().unwrap_or_default();
    if names.len() == 1 && !INPUT.contains(&first) && first != TITLES {
        return Ok(vec![DEFAULT_COMMAND, first]);
    }
    let is_table = INPUT.contains(&first) || first == TITLES || definition.find_subcommand(first).is_some();
    if !is_table || names.len() == 1 {
        bail!("`{key}` is not a setting: use a name such as volume, or title.4D5307D1.volume");
    }
    Ok(names)
}

/// Refuses the name of a flag that its command does not have.
fn check_flag(definition: &Command, names: &[&str]) -> Result<()> {
    let (command, name) = match names {
        [first, _, name] if *first == TITLES => (&[DEFAULT_COMMAND][..], name),
        [command @ .., name] if !command.is_empty() => (command, name),
        _ => return Ok(()),
    };
    let found = command.iter().try_fold(definition, |found, name| found.find_subcommand(name));
    let Some(found) = found.filter(|found| found.find_subcommand(name).is_none()) else { return Ok(()) };
    flag_of(found, command, name).map(drop)
}

/// Sets a value in nested tables, and creates missing ones. Keeps the comments around an old value.
fn set(table: &mut Table, names: &[&str], value: Value) -> Result<()> {
    let Some((name, rest)) = names.split_first() else { return Ok(()) };
    if *name == TITLES
        && let [id, rest @ ..] = rest
        && let Some(Item::Table(titles)) = table.get_mut(name)
        && let Some(known) = spelling(titles, id)
    {
        return set(titles, &[&[known.as_str()], rest].concat(), value);
    }
    if rest.is_empty() {
        match table.get_mut(name).and_then(Item::as_value_mut) {
            Some(old) => {
                let decor = old.decor().clone();
                *old = value;
                *old.decor_mut() = decor;
            }
            None => {
                table.insert(name, Item::Value(value));
            }
        }
        return Ok(());
    }
    let inner = table.entry(name).or_insert_with(|| {
        let mut made = Table::new();
        // A table of tables needs no header of its own.
        made.set_implicit(rest.len() > 1);
        Item::Table(made)
    });
    match inner {
        Item::Table(inner) => set(inner, rest, value),
        Item::Value(Value::InlineTable(inner)) if rest.len() == 1 => {
            inner.insert(rest[0], value);
            Ok(())
        }
        _ => bail!("`{name}` is not a table in this file; edit it by hand"),
    }
}

/// The title's id as it is written in the file, whose digits may have another case.
fn spelling(titles: &dyn TableLike, id: &str) -> Option<String> {
    titles.iter().map(|(known, _)| known).find(|known| known.eq_ignore_ascii_case(id)).map(str::to_owned)
}

/// Whether a table has neither values nor a comment at its header.
fn is_bare(item: &Item) -> bool {
    let decor = item.as_table().map(Table::decor).or_else(|| item.as_value().map(Value::decor));
    let texts = decor.into_iter().flat_map(|decor| [decor.prefix(), decor.suffix()]).flatten();
    let has_comment = texts.filter_map(RawString::as_str).any(|text| text.contains('#'));
    matches!(item.as_table_like(), Some(inner) if inner.is_empty()) && !has_comment
}

/// Removes a value from nested tables, and the table of a title that becomes empty by that. Returns
/// whether the value existed.
fn remove(table: &mut dyn TableLike, names: &[&str]) -> bool {
    match names {
        [] => false,
        [name] => table.remove(name).is_some(),
        [name, id, rest @ ..] if *name == TITLES => {
            let Some(titles) = table.get_mut(name).and_then(Item::as_table_like_mut) else { return false };
            let Some(known) = spelling(titles, id) else { return false };
            let is_removed = remove(titles, &[&[known.as_str()], rest].concat());
            if is_removed && titles.get(&known).is_some_and(is_bare) {
                titles.remove(&known);
            }
            is_removed
        }
        [name, rest @ ..] => {
            table.get_mut(name).and_then(Item::as_table_like_mut).is_some_and(|inner| remove(inner, rest))
        }
    }
}

/// Replaces the file; keeps the line endings of the old text.
fn write(path: &Path, old: &str, text: &str) -> Result<()> {
    if !is_replaceable(path) {
        bail!("{} is not a file that could keep settings; name another one with --config", path.display());
    }
    // A rename needs no right to write to the file that it replaces.
    if std::fs::metadata(path).is_ok_and(|found| found.permissions().readonly()) {
        bail!("{} is write-protected; name another file with --config", path.display());
    }
    // The parser drops the carriage returns.
    let has_returns = old.contains("\r\n") && old.matches('\n').count() == old.matches("\r\n").count();
    let returned = has_returns.then(|| text.replace("\r\n", "\n").replace('\n', "\r\n"));
    output::write(path, returned.as_deref().unwrap_or(text).as_bytes())
}

#[cfg(test)]
mod tests;
