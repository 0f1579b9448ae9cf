//! `exports --against`: the status of the exports that a list names, such as a title's imports.
//!
//! A list has a name in each line, or it is a CSV file whose heading has a column `name`. Other
//! columns whose values are 0 and 1 select the names of one title each.

use super::Counts;
use anyhow::{Context, Result, bail};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;
use xenia::say::outln;
use xenia::source;
use xenia_cli::Code;
use xenia_documents::documented;
use xenia_exports::registry;
use xenia_kernel::imports::StatusCounts;

/// Largest list in bytes: some ten times all names there are.
const MAX_BYTES: usize = 1 << 20;

documented! {
    /// Status of the exports that a list names.
    #[derive(Debug, Serialize)]
    pub struct Against {
        /// Number of exports by status, for all names (`all`) and for each title of the list.
        titles: BTreeMap<String, Counts>,
        /// Names that are neither done nor constant, with their status.
        unfinished: BTreeMap<String, &'static str>,
        /// Names that no library exports.
        unknown: Vec<String>,
    }
}

/// Key of all names in [`Against::titles`].
const ALL: &str = "all";

/// A list of names, each with the titles that import it.
struct List {
    titles: Vec<String>,
    /// Names, and for each title whether it imports the name.
    names: Vec<(String, Vec<bool>)>,
}

impl List {
    fn parse(text: &str) -> Result<Self> {
        let mut lines = (1..)
            .zip(text.lines().map(str::trim))
            .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
            .peekable();
        let Some(&(_, heading)) = lines.peek() else { bail!("the list is empty") };
        let columns: Vec<&str> = heading.split(',').map(str::trim).collect();
        let Some(name_column) = columns.iter().position(|&column| column == "name") else {
            if columns.len() > 1 {
                bail!("line 1 has several columns, and none is `name`");
            }
            let names = lines.map(|(_, name)| (name.to_owned(), Vec::new())).collect();
            return Ok(Self { titles: Vec::new(), names });
        };
        lines.next();
        let rows = lines
            .map(|(number, line)| {
                let values: Vec<&str> = line.split(',').map(str::trim).collect();
                if values.len() != columns.len() {
                    bail!("line {number} has {} values for {} columns", values.len(), columns.len());
                }
                Ok(values)
            })
            .collect::<Result<Vec<_>>>()?;
        let is_title = |&column: &usize| rows.iter().all(|row| matches!(row[column], "0" | "1"));
        let titles: Vec<usize> = (0..columns.len()).filter(is_title).collect();
        Ok(Self {
            titles: titles.iter().map(|&column| columns[column].to_owned()).collect(),
            names: rows
                .iter()
                .map(|row| {
                    let imports = titles.iter().map(|&column| row[column] == "1").collect();
                    (row[name_column].to_owned(), imports)
                })
                .collect(),
        })
    }
}

impl Against {
    /// Reads a list and looks up its names.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let read = || -> Result<String> {
            let text = source::text(path)?;
            if text.len() > MAX_BYTES {
                bail!("a list of exports has at most {MAX_BYTES} bytes");
            }
            Ok(text)
        };
        let about = || format!("cannot use {} as a list of exports", path.display());
        Ok(Self::of(&List::parse(&read().with_context(about)?).with_context(about)?))
    }

    fn of(list: &List) -> Self {
        let named: Vec<_> =
            list.names.iter().map(|(name, by)| (name, by, registry().status_of_name(name))).collect();
        let count = |title: Option<usize>| {
            let imports = |by: &[bool]| title.is_none_or(|title| by[title]);
            named
                .iter()
                .filter(|(_, by, _)| imports(by))
                .filter_map(|row| row.2)
                .collect::<StatusCounts>()
                .into()
        };
        let titles = list.titles.iter().enumerate().map(|(at, title)| (title.clone(), count(Some(at))));
        let unfinished = named.iter().filter_map(|(name, _, status)| {
            let status = status.filter(|status| !status.is_finished())?;
            Some(((*name).clone(), status.name()))
        });
        Self {
            titles: titles.chain([(ALL.to_owned(), count(None))]).collect(),
            unfinished: unfinished.collect(),
            unknown: named.iter().filter(|row| row.2.is_none()).map(|row| row.0.clone()).collect(),
        }
    }

    /// Prints the counts and the names that are not finished.
    pub(super) fn print(&self) {
        super::heading();
        for (title, counts) in &self.titles {
            super::line(title, counts);
        }
        for (name, status) in &self.unfinished {
            outln!("{status:<8} {name}");
        }
        for name in &self.unknown {
            outln!("unknown  {name}");
        }
    }

    /// The exit code: a mismatch if a name is neither done nor constant.
    pub(super) fn code(&self) -> Code {
        if self.unfinished.is_empty() && self.unknown.is_empty() { Code::Done } else { Code::Mismatch }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Against> {
        List::parse(text).map(|list| Against::of(&list))
    }

    #[test]
    fn names_are_counted_for_each_title() {
        let text =
            "# imports\nlibrary,ordinal,name,one,other\nxboxkrnl,3,DbgPrint,1,0\nxam,9,NoSuchCall,0,1\n";
        let found = of(text).unwrap();
        assert_eq!(found.titles.keys().collect::<Vec<_>>(), ["all", "one", "other"]);
        assert_eq!((found.titles["one"].done, found.titles["other"].total), (1, 0));
        assert_eq!((found.titles[ALL].done, found.unknown), (1, vec!["NoSuchCall".to_owned()]));
        let plain = of("DbgPrint\n\nKeSetEvent\n").unwrap();
        assert_eq!((plain.titles[ALL].total, plain.code()), (2, Code::Done));
    }

    #[test]
    fn broken_lists_are_refused_with_the_line() {
        for (text, word) in
            [("", "empty"), ("a,b\n1,2\n", "none is `name`"), ("name,b\nDbgPrint\n", "line 2")]
        {
            let error = of(text).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }
}
