//! `[title.ID]`: the flags of `exec` for one title, by its id.
//!
//! ```toml
//! [title.4D5307D1]
//! patches = ["60 FPS"]
//! ```
//!
//! The id is read from the header of the title on the command line, only if the file has such a
//! table. Commands with a TITLE use the flags that they share with `exec`.

use super::DEFAULT_COMMAND;
use super::file::{File, Setting};
use anyhow::{Context, Result, bail};
use clap::{ArgMatches, Command};
use std::collections::BTreeSet;
use std::path::PathBuf;
use toml::Spanned;
use toml::de::DeValue;
use xenia::title::id_of;
use xenia_guest::TitleId;

/// Name of the table.
pub(super) const TABLE: &str = "title";
/// Id of the argument that names a title.
const ARGUMENT: &str = "title";

/// The title on the command line, if it has settings.
pub(super) fn meant(given: &ArgMatches, settings: &[Setting<'_>]) -> Option<TitleId> {
    let path = given.try_get_one::<PathBuf>(ARGUMENT).ok()?;
    settings.iter().find(|setting| setting.title.is_some())?;
    let id = id_of(path.map(PathBuf::as_path))?;
    settings.iter().any(|setting| setting.title == Some(id)).then_some(id)
}

impl File<'_> {
    /// Collects the settings of all titles.
    pub(super) fn titles<'a>(
        &self,
        tables: &Spanned<DeValue<'_>>,
        offset: usize,
        definition: &'a Command,
        settings: &mut Vec<Setting<'a>>,
    ) -> Result<()> {
        let wanted = || {
            let at = self.place_at(offset);
            format!("{at}: settings of a title are in a table with its ID, such as [{TABLE}.4D5307D1]")
        };
        let exec = definition.find_subcommand(DEFAULT_COMMAND).with_context(wanted)?;
        let tables = tables.get_ref().as_table().with_context(wanted)?;
        let mut seen = BTreeSet::new();
        for (key, table) in tables {
            let name = key.get_ref().as_ref();
            let at = self.place_at(key.span().start);
            let is_id = name.len() == 8 && name.bytes().all(|digit| digit.is_ascii_hexdigit());
            let Some(id) = u32::from_str_radix(name, 16).ok().filter(|_| is_id) else {
                bail!("{at}: `{name}` is not a title ID of eight digits, such as 454108CF");
            };
            if !seen.insert(id) {
                bail!("{at}: there are two tables of the title {name}");
            }
            for (key, value) in table.get_ref().as_table().with_context(wanted)? {
                settings.push(self.setting(exec, &[exec.get_name()], key, value, Some(TitleId(id)))?);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{exec, parsed_with};
    use crate::cli::Command as Chosen;

    const SUITE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/bin/console-suite.xex");

    /// A settings file with a table of the title, whose id is read from its header.
    fn suite_settings(settings: &str) -> String {
        let id = xenia::title::id_of(Some(SUITE.as_ref())).unwrap();
        format!("[title.{id}]\n{settings}\n")
    }

    #[test]
    fn a_titles_settings_override_the_commands_and_yield_to_flags() {
        let file = suite_settings("patches = [\"60 FPS\", \"a, b\"]\nquantum = 7\ninterp = true")
            + "[title.00000001]\nquantum = 9\nlicense = 3\n\
               [exec]\nquantum = 8\nframes = 5\ntier = \"baseline\"\n";
        for words in [&["exec", SUITE][..], &[SUITE]] {
            let exec = exec(&file, words);
            assert_eq!(exec.engine.patches.patches, ["60 FPS", "a, b"]);
            assert_eq!((exec.engine.quantum, exec.run.frames), (Some(7), Some(5)));
            assert_eq!((exec.engine.license, exec.engine.cpu.interp), (None, true));
            assert_eq!(exec.engine.cpu.tier, Default::default(), "contradicts the title's setting");
        }
        let typed = exec(&file, &["exec", SUITE, "--quantum", "6", "--patches", "off"]);
        assert_eq!(typed.engine.quantum, Some(6));
        assert_eq!(typed.engine.patches.patches, ["off"]);
        let typed = exec(&file, &["exec", SUITE, "--tier", "baseline"]);
        assert!(!typed.engine.cpu.interp);
        let other = exec(&file, &["exec", "t.xex"]);
        assert_eq!((other.engine.quantum, other.engine.patches.patches.len()), (Some(8), 0));
    }

    #[test]
    fn the_console_that_one_title_sees_is_set_by_its_table() {
        let file = suite_settings(
            "missing = [\"zero\", \"MmDoubleMapMemory=1\"]\nsystem-version = \"2.0.7371\"\nlanguage = \"german\"\n\
             country = \"DE\"\nregion = \"europe\"\nnull-page = true\nlicense = 1\n\
             video-mode = \"640x480@50\"\nwidescreen = false\nlimit = [\"open_files=2_000\", \"sockets=64\"]",
        );
        let config = xenia::config::MachineConfig::from(&exec(&file, &[SUITE]).engine);
        let flags = config.console.flags().join(" ");
        assert_eq!(
            flags,
            "--missing zero --missing MmDoubleMapMemory=0x1 --system-version 2.0.7371.0 --language 3 \
             --country DE --region 0x2fe --video-mode 640x480@50 --widescreen false --null-page --limit open_files=2000 \
             --limit sockets=64"
        );
        assert_eq!(config.license, Some(1));
        let other = xenia::config::MachineConfig::from(&exec(&file, &["t.xex"]).engine);
        assert!(other.console.flags().is_empty() && other.license.is_none());
        let typed = exec(&file, &[SUITE, "--missing", "fail", "--language", "english"]);
        let typed = xenia::config::MachineConfig::from(&typed.engine).console.flags().join(" ");
        assert!(typed.starts_with("--missing fail --system-version"), "{typed}");
    }

    #[test]
    fn commands_use_the_flags_that_they_have() {
        let file = suite_settings("patches = \"60 FPS\"\nheadless = true\nquantum = 7");
        let Some(Chosen::Patches(args)) = parsed_with(&file, &["patches", SUITE]).unwrap().command else {
            panic!("not patches")
        };
        assert_eq!(args.patches.patches, ["60 FPS"]);
        let words = ["check", SUITE, "--expect", "g.json"];
        let Some(Chosen::Check(args)) = parsed_with(&file, &words).unwrap().command else {
            panic!("not check")
        };
        assert_eq!(args.engine.quantum, Some(7));
        let Some(Chosen::Info(_)) = parsed_with(&file, &["info", SUITE]).unwrap().command else {
            panic!("not info")
        };
    }

    #[test]
    fn mistakes_in_a_titles_table_name_their_line() {
        for (file, expected) in [
            ("[title.4D53]\nquantum = 1\n", "line 1: `4D53` is not a title ID of eight digits"),
            ("[title]\nquantum = 1\n", "line 2: `quantum` is not a title ID"),
            ("title = 1\n", "line 1: settings of a title are in a table with its ID"),
            (
                "[title.4D5307D1]\nvolume = 1\n[title.4d5307d1]\nmute = true\n",
                "there are two tables of the title",
            ),
            ("[title]\n4D5307D1 = 1\n", "settings of a title are in a table with its ID"),
            (
                "[title.4D5307D1]\nquantun = 1\n",
                "line 2: exec has no flag --quantun (did you mean `quantum`?)",
            ),
            ("[title.4D5307D1]\njson = \"x\"\n", "line 2: `json` names an output"),
            ("[title.4D5307D1]\ntier = \"warp\"\n", "line 2: `tier`: invalid value 'warp'"),
        ] {
            let error =
                parsed_with(file, &["exports"]).err().unwrap_or_else(|| panic!("{file:?} was accepted"));
            assert!(format!("{error:#}").contains(expected), "{file:?}: {error:#}");
        }
    }
}
