//! Launches of titles by titles, with and without a debugger.

use super::*;
use crate::config::{CpuConfig, MachineConfig, NamedDisc, Tier, VideoConfig};
use crate::machine::{MachineOptions, SavePoint};
use crate::machine_tests::assembled;
use crate::report::End;
use crate::title::discs::TitleDiscs;
use crate::title::discs::tests::title_of_disc;
use crate::title::medium::Medium;
use std::sync::{Arc, Mutex};
use xenia_formats::stfs::{self, PackageInfo};
use xenia_formats::{KeyRing, Volume};
use xenia_gdb::registers::GdbRegister;
use xenia_gdb::{Listener, ServerAddress, TestClient};
use xenia_kernel::deployment::Deployment;
use xenia_kernel::title::{Inheritance, PackageOnMedium};

/// A program that launches the title named at 0x82010000.
const LAUNCHER: &str = "
        lis 3, 0x8201
        li 4, 0
        bl launch
launch: .long 0x01000000, 0x02000000, 0x7D6903A6, 0x4E800420
";
const HELLO: &[u8] = include_bytes!("../../../../guest/bin/hello.xex");

fn launcher(path: &str, folder: &Path) -> Title {
    let medium = Some(Medium::Folder(folder.to_owned()));
    Title { medium, ..assembled(LAUNCHER, "launch", 0x1A4, path) }
}

/// A package with [`HELLO`].
fn package() -> Vec<u8> {
    let mut volume = Volume::default();
    volume.add_file(Volume::ROOT, "Hello.xex", Arc::new(HELLO.to_vec())).unwrap();
    let mut bytes = Vec::new();
    let info = PackageInfo { content_type: 0x8_0000, ..PackageInfo::default() };
    stfs::write(&volume, &info, &mut bytes, &mut |_| ()).unwrap();
    bytes
}

/// A volume with the folder's files.
fn volume(folder: &Path) -> Medium {
    let mut volume = Volume::default();
    for name in ["Hello.xex", "noise.xex"] {
        let file = std::fs::File::open(folder.join(name)).unwrap();
        volume.add_file(Volume::ROOT, name, Arc::new(file)).unwrap();
    }
    let deployment = Deployment::default();
    Medium::Volume { file: "game.iso".into(), volume: Arc::new(volume), deployment }
}

fn machine(
    title: &Title,
    launched: Option<Launched>,
    interp: bool,
    text: &Arc<Mutex<String>>,
) -> Result<Machine> {
    let text = text.clone();
    let cpu = CpuConfig { tier: Tier::interpreted_if(interp), ..CpuConfig::default() };
    let engine = MachineConfig { cpu, ..MachineConfig::default() };
    let picture = VideoConfig::default();
    Machine::new(
        title,
        MachineOptions {
            text: Box::new(move |part| text.lock().unwrap().push_str(&String::from_utf8_lossy(part))),
            launched,
            ..MachineOptions::new(&engine, &picture)
        },
    )
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("Hello.xex"), HELLO).unwrap();
    std::fs::write(folder.path().join("noise.xex"), "noise").unwrap();
    folder
}

#[test]
fn the_launched_title_runs_in_a_new_machine() {
    let folder = folder();
    let limits = Limits { instructions: Some(1_000_000), ..Limits::default() };
    let mut digests = Vec::new();
    for (interp, in_volume) in [(true, false), (false, false), (false, true), (true, true)] {
        let text = Arc::default();
        let mut title = launcher(r"game:\hello.xex", folder.path());
        if in_volume {
            title.medium = Some(volume(folder.path()));
        }
        let finished =
            run(title, RunPlan::new(&limits), |title, _, launched| machine(title, launched, interp, &text))
                .unwrap();
        assert_eq!((finished.report.launches, finished.report.exit), (1, End::Exit));
        assert!(!text.lock().unwrap().is_empty(), "hello says something");
        digests.push(finished.report.digest);
    }
    assert!(digests[0].is_some() && digests.iter().all(|digest| *digest == digests[0]));
}

#[test]
fn a_title_in_a_package_runs_with_the_package_as_its_medium() {
    // XamContentLaunchImageFromFileInternal: the second name is 16 bytes after the first.
    let code = LAUNCHER.replace("li 4, 0", "addi 4, 3, 16");
    let folder = folder();
    std::fs::create_dir(folder.path().join("Demo")).unwrap();
    std::fs::write(folder.path().join("Demo/pack"), package()).unwrap();
    let limits = Limits { instructions: Some(1_000_000), ..Limits::default() };
    let saved = folder.path().join("a.state");
    let start = || {
        let medium = Some(Medium::Folder(folder.path().to_owned()));
        Title { medium, ..assembled(&code, "launch", 0x257, "game:\\demo\\PACK\0hello.xex") }
    };
    let text = Arc::default();
    let mut digests = Vec::new();
    for from in [None, Some(saved.as_path())] {
        let plan = RunPlan { start_state: from, ..RunPlan::new(&limits) };
        let finished = run(start(), plan, |title, before, launched| {
            let mut machine = machine(title, launched, false, &text)?;
            if before.launches == 1 {
                assert!(machine.has_file(r"game:\hello.xex") && !machine.has_file(r"game:\Demo"));
                match from {
                    Some(from) => return machine.load_state_from(from),
                    None => {
                        machine.set_save_points(vec![SavePoint { instructions: 10, path: saved.clone() }]);
                    }
                }
            }
            Ok(machine)
        });
        let report = finished.unwrap().report;
        let place = format!(r"{}: \demo\PACK", folder.path().display());
        assert_eq!(report.title.folder, Some(place));
        assert_eq!((report.launches, report.exit), (1, End::Exit));
        digests.push(report.digest);
    }
    assert!(digests[0].is_some() && digests[0] == digests[1]);
    assert!(!text.lock().unwrap().is_empty(), "hello says something");
}

#[test]
fn a_package_on_another_disc_is_found_there_and_takes_its_place() {
    let folder = tempfile::tempdir().unwrap();
    for number in [1, 2] {
        let disc = folder.path().join(number.to_string());
        std::fs::create_dir(&disc).unwrap();
        std::fs::write(disc.join("default.xex"), title_of_disc(7, number, 2)).unwrap();
    }
    std::fs::write(folder.path().join("2/pack"), package()).unwrap();
    let start = |named: &[NamedDisc]| {
        let mut title = Title::open(&folder.path().join("1"), &KeyRing::development()).unwrap();
        title.discs = TitleDiscs::open(&title, named).unwrap();
        title
    };
    let package = Some(PackageOnMedium { disc: Some(2), path: r"\Pack".to_owned() });
    let file = Ok(HELLO.to_vec());
    let launch = Arc::new(Launch {
        path: r"\Device\Cdrom0\hello.xex".to_owned(),
        file,
        patch: None,
        package,
        folder: None,
        command_line: String::new(),
    });
    let unnamed = launched_image(&mut start(&[]), &launch).unwrap_err();
    assert_eq!(unnamed.to_string(), "is in a package on a disc that --disc must name");
    let mut title = start(&[format!("2={}", folder.path().join("2").display()).parse().unwrap()]);
    launched_image(&mut title, &launch).unwrap();
    let text = Arc::default();
    let next = |inheritance| {
        let before = EarlierTitles { launches: 1, ..EarlierTitles::default() };
        let launched = Launched { launch: launch.clone(), before, inheritance };
        machine(&title, Some(launched), false, &text).unwrap()
    };
    let running = next(Some(Inheritance { disc: Some(2), ..Inheritance::default() }));
    assert!(running.has_file(r"game:\hello.xex"));
    let mut state = Cursor::new(Vec::new());
    running.hand_over().unwrap().write(&mut state).unwrap();
    next(None).load_state(&decoded(&state.into_inner()).unwrap()).unwrap();
}

#[test]
fn a_launched_title_continues_from_its_state() {
    let folder = folder();
    let saved = folder.path().join("a.state");
    let text = Arc::default();
    let start = || launcher(r"game:\hello.xex", folder.path());
    let limits = Limits { instructions: Some(1_000_000), ..Limits::default() };
    let whole =
        run(start(), RunPlan::new(&limits), |title, _, launched| machine(title, launched, false, &text));
    let whole = whole.unwrap().report;
    let point = SavePoint { instructions: 10, path: saved.clone() };
    let saving = run(start(), RunPlan::new(&limits), |title, before, launched| {
        let mut machine = machine(title, launched, false, &text)?;
        if before.launches == 1 {
            machine.set_save_points(vec![point.clone()]);
        }
        Ok(machine)
    });
    assert!(!saving.unwrap().has_lost_output, "the state is saved");
    let mut seen = Vec::new();
    let later = run(
        start(),
        RunPlan { start_state: Some(&saved), ..RunPlan::new(&limits) },
        |title, before, launched| {
            seen.push(*before);
            machine(title, launched, true, &text)?.load_state_from(&saved)
        },
    );
    let without =
        run(start(), RunPlan { start_state: Some(&saved), ..RunPlan::new(&limits) }, |title, _, launched| {
            machine(title, launched, true, &text)
        });
    assert!(without.err().expect("ran from the start").to_string().contains("without the state"));
    let later = later.unwrap().report;
    assert_eq!((later.launches, later.exit), (1, End::Exit));
    assert_eq!((later.digest, later.instructions), (whole.digest, whole.instructions));
    assert!(seen.len() == 1 && seen[0].launches == 1 && seen[0].instructions > 0, "{seen:?}");
    let at = seen[0].instructions + point.instructions;
    for (limit, is_taken) in [(at - 1, false), (at, true)] {
        let limits = Limits { instructions: Some(limit), ..Limits::default() };
        let begun = run(
            start(),
            RunPlan { start_state: Some(&saved), ..RunPlan::new(&limits) },
            |title, _, launched| machine(title, launched, true, &text)?.load_state_from(&saved),
        );
        let refused = begun.err().map(|error| error.to_string());
        let names_it = |message: &String| message.contains("a.state was saved after the limit of this run");
        assert_eq!(refused.as_ref().is_none_or(|message| !names_it(message)), is_taken, "{refused:?}");
    }
}

/// Runs the launcher while a client runs `script`.
fn debugged(
    path: &str,
    interp: bool,
    script: impl FnOnce(&mut TestClient) + Send + 'static,
) -> (Finished, String) {
    let folder = folder();
    let text = Arc::default();
    let mut client = None;
    let mut script = Some(script);
    let finished =
        run(launcher(path, folder.path()), RunPlan::new(&Limits::default()), |title, before, launched| {
            let mut machine = machine(title, launched, interp, &text)?;
            if before.machines == 0 {
                let listener = Listener::open(&ServerAddress::Port(0))?;
                let mut gdb = TestClient::connect(&listener)?;
                machine.set_debugger(listener);
                let script = script.take().unwrap();
                client = Some(std::thread::spawn(move || {
                    gdb.ask("qSupported:multiprocess+;swbreak+").unwrap();
                    script(&mut gdb);
                }));
            }
            Ok(machine)
        })
        .unwrap();
    client.unwrap().join().unwrap();
    let text = text.lock().unwrap().clone();
    (finished, text)
}

#[test]
fn a_debugger_stays_in_the_title_that_is_launched() {
    let folder = folder();
    let start = launcher(r"game:\hello.xex", folder.path());
    let text = Arc::default();
    let alone = run(start, RunPlan::new(&Limits::default()), |title, _, launched| {
        machine(title, launched, false, &text)
    })
    .unwrap();
    for interp in [true, false] {
        let (finished, output) = debugged(r"game:\hello.xex", interp, |gdb| {
            assert_eq!(gdb.ask("Z0,82000004,4").unwrap(), "OK");
            assert!(gdb.ask("vCont;c").unwrap().contains("swbreak"));
            assert!(gdb.monitor("goto 0").unwrap().starts_with("0 instructions"));
            assert_eq!(gdb.ask("z0,82000004,4").unwrap(), "OK");
            let stop = gdb.ask("vCont;c").unwrap();
            assert!(stop.starts_with("T05thread:"), "{stop}");
            assert!(gdb.monitor("title").unwrap().contains("hello.xex"));
            assert!(gdb.monitor("position").unwrap().starts_with("0 instructions"));
            let entry = gdb.register(GdbRegister::Pc).unwrap() + 8;
            assert_eq!(gdb.ask(&format!("Z0,{entry:x},4")).unwrap(), "OK");
            assert!(gdb.ask("vCont;c").unwrap().contains("swbreak"), "in the launched title");
            assert_eq!(gdb.register(GdbRegister::Pc).unwrap(), entry);
            assert!(gdb.ask("bc").unwrap().contains("replaylog:begin"));
            assert_eq!(gdb.ask(&format!("z0,{entry:x},4")).unwrap(), "OK");
            assert_eq!(gdb.ask("vCont;c").unwrap(), "W00");
        });
        assert_eq!((finished.report.launches, finished.report.exit), (1, End::Exit));
        assert_eq!(finished.report.digest, alone.report.digest);
        assert_eq!(output, *text.lock().unwrap());
    }
}

#[test]
fn a_client_may_leave_before_or_after_a_launch() {
    for is_before in [true, false] {
        let (finished, output) = debugged(r"game:\hello.xex", false, move |gdb| {
            if !is_before {
                assert!(gdb.ask("vCont;c").unwrap().starts_with("T05"));
            }
            assert_eq!(gdb.ask("D").unwrap(), "OK");
        });
        assert_eq!((finished.report.launches, finished.report.exit), (1, End::Exit));
        assert!(!output.is_empty());
    }
    let (finished, _) = debugged(r"game:\hello.xex", false, |gdb| {
        assert!(gdb.ask("vCont;c").unwrap().starts_with("T05"));
        gdb.send("k").unwrap();
    });
    assert_eq!((finished.report.launches, finished.end), (1, RunEnd::Stopped));
}

#[test]
fn a_launch_that_fails_ends_the_session() {
    for path in [r"game:\missing.xex", r"game:\noise.xex"] {
        let (finished, _) = debugged(path, false, |gdb| {
            assert_eq!(gdb.ask("vCont;c").unwrap(), "W00");
        });
        assert_eq!((finished.report.launches, finished.report.exit), (0, End::Exit), "{path}");
    }
}

#[test]
fn launch_of_missing_or_invalid_title_ends_the_run() {
    let folder = folder();
    for path in [r"game:\missing.xex", r"game:\noise.xex"] {
        let text = Arc::default();
        let title = launcher(path, folder.path());
        let finished = run(title, RunPlan::new(&Limits::default()), |title, _, launched| {
            machine(title, launched, true, &text)
        })
        .unwrap();
        assert_eq!((finished.report.launches, finished.report.exit), (0, End::Exit), "{path}");
    }
}

#[test]
fn titles_that_launch_each_other_for_ever_are_ended_and_limits_hold_for_all() {
    let folder = folder();
    let text = Arc::default();
    // Each path in the folder leads to the launcher again.
    let start = || launcher(r"game:\hello.xex", folder.path());
    let go = |limits: &Limits| {
        run(start(), RunPlan::new(limits), |_, _, launched| machine(&start(), launched, true, &text)).unwrap()
    };
    let finished = go(&Limits::default());
    assert_eq!(finished.report.launches, MAX_LAUNCHES);
    let each = finished.report.instructions;
    assert!(each > 0);
    let finished = go(&Limits { instructions: Some(each * 5 + 1), ..Limits::default() });
    assert_eq!((finished.report.launches, finished.report.instructions), (5, 1));
    assert_eq!(finished.end, RunEnd::Instructions);
}

#[test]
fn launches_before_the_state_do_not_count() {
    let folder = folder();
    let saved = folder.path().join("a.state");
    let text = Arc::default();
    let start = || launcher(r"game:\hello.xex", folder.path());
    let saving = run(start(), RunPlan::new(&Limits::default()), |_, before, launched| {
        let mut machine = machine(&start(), launched, true, &text)?;
        if before.launches == MAX_LAUNCHES {
            machine.set_save_points(vec![SavePoint { instructions: 1, path: saved.clone() }]);
        }
        Ok(machine)
    });
    let saving = saving.unwrap();
    assert!(!saving.has_lost_output, "the state is saved");
    let each = saving.report.instructions;
    let limits = Limits { instructions: Some(each * (MAX_LAUNCHES + 2) + 1), ..Limits::default() };
    let plan = RunPlan { start_state: Some(&saved), ..RunPlan::new(&limits) };
    let later = run(start(), plan, |_, before, launched| {
        let machine = machine(&start(), launched, true, &text)?;
        if before.machines == 0 { machine.load_state_from(&saved) } else { Ok(machine) }
    });
    assert_eq!(later.unwrap().report.launches, MAX_LAUNCHES + 2);
}
