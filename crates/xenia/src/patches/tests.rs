//! Tests of the choice of patches, and of their effect on a run.

use super::*;
use crate::code_store;
use crate::config::{CpuConfig, MachineConfig, Tier, VideoConfig};
use crate::digest::title_identity;
use crate::machine::{Machine, MachineOptions};
use crate::machine_tests::assembled;
use crate::title::Title;
use std::fmt::Write as _;
use std::sync::Arc;
use xenia_cpu::ReservationMode;
use xenia_formats::image::{ExecutionInfo, Version};
use xenia_guest::{GuestAddr, MediaId};
use xenia_sched::Limits;

/// A title that stores 5 and ends.
const ENDS: &str = "
        li 3, 5
        lis 4, 0x8201
        stw 3, 0x100(4)
        bl exit
exit:   .long 0x01000000, 0x02000000, 0x7D6903A6, 0x4E800420
";
const ID: u32 = 0x4D53_07D1;

fn title() -> Title {
    let mut title = assembled(ENDS, "exit", 0x1A6, ""); // XamLoaderTerminateTitle
    let image = Arc::make_mut(&mut title.image);
    image.execution = Some(ExecutionInfo {
        media_id: MediaId(0),
        version: Version(0),
        base_version: Version(0),
        title_id: TitleId(ID),
        platform: 0,
        executable_type: 0,
        disc_number: 0,
        disc_count: 0,
        savegame_id: 0,
    });
    title
}

/// A patch file for the title with these patches.
fn file(hash: &str, patches: &[(&str, bool, &str)]) -> String {
    let mut text = format!("title_name = 'T'\ntitle_id = '{ID:08X}'\nhash = '{hash}'\n");
    for (name, is_enabled, writes) in patches {
        let _ = write!(text, "[[patch]]\nname = '{name}'\nis_enabled = {is_enabled}\n{writes}\n");
    }
    text
}

/// Writes a word.
fn be32(address: u32, value: u32) -> String {
    format!("[[patch.be32]]\naddress = {address:#x}\nvalue = {value:#x}")
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn of(files: &[(&str, String)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        Self(folder)
    }

    fn choose(&self, chosen: &[&str]) -> Result<Vec<String>> {
        let set = self.set(chosen)?;
        Ok(set.iter().map(|patch| patch.name.clone()).collect())
    }

    fn set(&self, chosen: &[&str]) -> Result<PatchSet> {
        let chosen = chosen.iter().map(ToString::to_string).collect();
        let config = PatchConfig { chosen, folder: Some(self.0.path().to_owned()) };
        choose(&title().image, &config, true)
    }
}

fn hash() -> String {
    executable_hash(&title().image).unwrap().to_string()
}

/// A folder with three patches of the title, one of another executable, and files of others.
fn folder() -> Folder {
    let six = be32(0x8200_0000, 0x3860_0006);
    let mine = file(
        &hash(),
        &[("six", false, &six), ("on", true, &be32(0x8201_0000, 1)), ("far", false, &be32(0x8202_0000, 1))],
    );
    let update = file("0000000000000001", &[("six", false, &six), ("tu", false, &six)]);
    let other = mine.replace("4D5307D1", "4D5307D2").replace("'six'", "'seven'");
    Folder::of(&[
        ("4D5307D1 - T.patch.toml", mine),
        ("4D5307D1 - T (TU1).patch.toml", update),
        ("4D5307D2 - U.patch.toml", other),
        ("readme.toml", "no patch".to_owned()),
        ("00000000 - damaged.patch.toml", "[[".to_owned()),
    ])
}

#[test]
fn names_choose_and_without_them_the_files_do() {
    let folder = folder();
    assert_eq!(folder.choose(&[]).unwrap(), ["on"]);
    assert_eq!(folder.choose(&["six"]).unwrap(), ["six", "six"], "of two executables");
    assert_eq!(folder.choose(&["off"]).unwrap(), [""; 0]);
    for (names, expected) in [
        (&["seven"][..], "there is no patch `seven` for title 4D5307D1 in "),
        (&["sixx"], "(did you mean `six`?)"),
        (&["off", "six"], "--patches off must be the only one"),
    ] {
        let error = format!("{:#}", folder.choose(names).unwrap_err());
        assert!(error.contains(expected), "{error}");
    }
    let nowhere = PatchConfig { chosen: vec![], folder: Some("/nowhere".into()) };
    let mut without_id = title();
    Arc::make_mut(&mut without_id.image).execution = None;
    for title in [title(), without_id] {
        let error = format!("{:#}", choose(&title.image, &nowhere, true).unwrap_err());
        assert!(error.contains("cannot read the folder of patches /nowhere"), "{error}");
    }
}

#[test]
fn a_patch_with_a_fault_is_refused_with_file_and_line_and_the_rest_is_used() {
    let wrong = "[[patch.be32]]\naddress = 0x182000000\nvalue = 1";
    let text = file(&hash(), &[("six", false, &be32(0x8200_0000, 1)), ("wrong", false, wrong)]);
    let folder = Folder::of(&[("4D5307D1.patch.toml", text.clone())]);
    assert_eq!(folder.choose(&["six"]).unwrap(), ["six"]);
    let error = folder.choose(&["wrong"]).unwrap_err().to_string();
    assert!(
        error.starts_with("patch `wrong` can't be used: ")
            && error.ends_with("4D5307D1.patch.toml, line 14: 0x182000000 is not an address of 32 bits"),
        "{error}"
    );
    let folder = Folder::of(&[("4D5307D1.patch.toml", text.replacen(&hash(), "12", 1))]);
    let error = folder.choose(&["six"]).unwrap_err().to_string();
    assert!(error.ends_with("line 3: `12` is not a hash of 16 hexadecimal digits"), "{error}");
}

/// The stored value, and the names of the applied patches.
fn stored(set: PatchSet, interp: bool, code_cache: Option<PathBuf>) -> (u32, Vec<String>) {
    let title = Title { patches: set.into(), ..title() };
    let cpu = CpuConfig { tier: Tier::interpreted_if(interp), warm_up: Some(0), ..CpuConfig::default() };
    let engine = MachineConfig { cpu, ..MachineConfig::default() };
    let picture = VideoConfig::default();
    let mut machine =
        Machine::new(&title, MachineOptions { code_cache, ..MachineOptions::new(&engine, &picture) })
            .unwrap();
    let finished = machine.run(&Limits { instructions: Some(1000), ..Limits::default() });
    (machine.memory().read(GuestAddr(0x8201_0100)).unwrap(), finished.report.title.patches)
}

#[test]
fn patched_code_runs_from_the_first_instruction_and_never_from_the_unpatched_cache() {
    let folder = folder();
    let cache = tempfile::tempdir().unwrap();
    for turn in 0..2 {
        for interp in [true, false] {
            let cache = || (!interp).then(|| cache.path().to_owned());
            let plain = stored(PatchSet::default(), interp, cache());
            assert_eq!(plain, (5, vec![]), "{turn} {interp}");
            let patched = stored(folder.set(&["six"]).unwrap(), interp, cache());
            assert_eq!(patched, (6, vec!["six".to_owned()]), "{turn} {interp}");
        }
    }
    let patched = Title { patches: folder.set(&["six"]).unwrap().into(), ..title() };
    let names = [title(), patched.clone()].map(|title| {
        let options = code_store::options(cache.path(), &title, ReservationMode::Context).unwrap();
        (options.title.clone(), options.keeper.name())
    });
    assert!(names[0].0 != names[1].0 && names[0].1 != names[1].1, "{names:?}");
    let identity = |title: &Title| title_identity(&title.image, &title.patches);
    assert_ne!(identity(&title()), identity(&patched));
}

#[test]
fn a_patch_outside_of_the_title_stops_it_by_name() {
    let title = Title { patches: folder().set(&["far"]).unwrap().into(), ..title() };
    let engine = MachineConfig::default();
    let picture = VideoConfig::default();
    let Err(error) = Machine::new(&title, MachineOptions::new(&engine, &picture)) else {
        panic!("it starts")
    };
    let error = format!("{error:#}");
    assert!(error.contains("patch `far` (") && error.contains("outside of the module"), "{error}");
}
