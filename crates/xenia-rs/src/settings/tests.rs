//! Tests of complete settings files, with the parser that reads them.

use super::definitions::loose;
use super::*;
use crate::cli::{Cli, Command as Chosen, ExecArgs};
use clap::{ArgAction, CommandFactory, Parser};
use xenia::config::CrossCheckUnit;
use xenia_lab::LabCommand;
use xenia_lab::args::{JitArgs, JitCommand};

const SUITE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/bin/console-suite.xex");

pub(super) fn parsed_with(file: &str, words: &[&str]) -> Result<Cli> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.toml");
    std::fs::write(&path, file).unwrap();
    let mut all: Vec<OsString> = ["xenia-rs"].iter().chain(words).map(OsString::from).collect();
    all.extend(["--config".into(), path.into()]);
    Ok(Cli::try_parse_from(apply(&Cli::command(), all)?.0)?)
}

pub(super) fn exec(file: &str, words: &[&str]) -> ExecArgs {
    let cli = parsed_with(file, words).unwrap_or_else(|error| panic!("{file}: {error:#}"));
    match cli.command {
        None => cli.exec,
        Some(Chosen::Exec(exec)) => *exec,
        other => panic!("{other:?}"),
    }
}

#[test]
fn settings_hold_with_and_without_the_word_exec() {
    let file = "[exec]\nheadless = true\nframes = 1_20\ngpu = \"none\"\nlockstep = false\n\
                cross-check = \"instr\"\ndump-threads-after = 1.5\n[bench]\nruns = 9\n";
    for words in [&["exec", "t.xex"][..], &["t.xex"], &[]] {
        let exec = exec(file, words);
        assert!(exec.picture.headless && !exec.engine.mode.lockstep, "{words:?}");
        assert_eq!(exec.run.frames, Some(120));
        assert_eq!(exec.engine.cpu.cross_check, Some(CrossCheckUnit::Instr));
        assert_eq!(exec.run.dump_threads_after, Some(std::time::Duration::from_millis(1500)));
    }
    let Some(Chosen::Lab(LabCommand::Bench(bench))) = parsed_with(file, &["bench"]).unwrap().command else {
        panic!("not bench")
    };
    assert_eq!(bench.runs, 9);
}

#[test]
fn the_file_may_be_named_before_the_command() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("c.toml");
    std::fs::write(&path, "[exec]\nframes = 5\n").unwrap();
    let joined = format!("--config={}", path.display());
    for start in [vec!["--config", path.to_str().unwrap()], vec![joined.as_str()]] {
        let words = ["xenia-rs"].iter().chain(&start).chain(&["exec", "t.xex"]).map(OsString::from);
        let cli = Cli::try_parse_from(apply(&Cli::command(), words.collect()).unwrap().0).unwrap();
        let Some(Chosen::Exec(exec)) = cli.command else { panic!("{start:?}: not exec") };
        assert_eq!((exec.run.frames, exec.title), (Some(5), Some("t.xex".into())));
    }
}

#[test]
fn static_commands_are_known_by_all_of_their_names() {
    let definition = Cli::command();
    for path in STATIC_COMMANDS {
        let found = path.split(' ').try_fold(&definition, |command, name| command.find_subcommand(name));
        assert!(found.is_some(), "{path}");
    }
    let is_one = |words: &[&str]| {
        let words = ["xenia-rs"].iter().chain(words);
        is_static(&loose(&Cli::command(), &Scope::All).try_get_matches_from(words).unwrap())
    };
    assert!(is_one(&["trace", "diff", "a", "b"]) && is_one(&["info", "t.xex"]));
    assert!(!is_one(&["trace", "play", "a"]) && !is_one(&["t.xex"]) && !is_one(&["content", "export"]));
}

#[test]
fn the_command_line_wins() {
    let exec_ = exec("[exec]\nframes = 5\n", &["--frames", "7"]);
    assert_eq!(exec_.run.frames, Some(7));
    // A setting that contradicts a typed flag gives way to it.
    let exec_ = exec("[exec]\ninterp = true\n", &["exec", "--cross-check"]);
    assert!(!exec_.engine.cpu.interp && exec_.engine.cpu.cross_check.is_some());
    let Some(Chosen::Lab(LabCommand::Fuzz(fuzz))) =
        parsed_with("[fuzz]\nshrink = false\n", &["fuzz"]).unwrap().command
    else {
        panic!("not fuzz")
    };
    assert!(!fuzz.shrink, "on by default");
    let exec_ = exec("[exec]\ncross-check = true\n", &["exec", "--interp"]);
    assert!(exec_.engine.cpu.interp && exec_.engine.cpu.cross_check.is_none());
}

fn with_variables(words: &[&str], set: &[(&str, &str)]) -> Result<Vec<String>> {
    let words = ["xenia-rs"].iter().chain(words).chain(&["--config", "/dev/null"]).map(OsString::from);
    let variables = |name: &std::ffi::OsStr| {
        set.iter().find(|(variable, _)| name == *variable).map(|(_, value)| OsString::from(value))
    };
    let definition = Cli::command();
    let words = words.collect::<Vec<_>>();
    let scope = Scope::of(&definition, &words);
    let words = apply_with(&definition, &scope, words, &variables)?;
    let words = words.into_iter().map(|word| word.into_string().unwrap()).collect::<Vec<_>>();
    Ok(words[1..words.len() - 2].to_vec())
}

#[test]
fn environment_variables_yield_to_typed_flags() {
    let words = |words: &[&str], set: &[(&str, &str)]| with_variables(words, set).unwrap();
    let quantum = ("XENIA_SCHED_QUANTUM", "7");
    let content = ("XENIA_CONTENT", "/saves");
    assert_eq!(words(&["t.xex"], &[quantum]), ["--quantum=7", "t.xex"]);
    assert_eq!(words(&["exec", "t.xex"], &[quantum]), ["exec", "--quantum=7", "t.xex"]);
    assert_eq!(words(&["content", "list"], &[quantum, content]), ["content", "list", "--content=/saves"]);
    let typed = ["t.xex", "--quantum", "9", "--fresh"];
    assert_eq!(words(&typed, &[quantum, content]), typed, "also where it only contradicts");
    for empty in ["XENIA_SCHED_QUANTUM", "XENIA_CONTENT", "XENIA_SCHED_ORDER", "XENIA_CACHE"] {
        assert_eq!(words(&["t.xex"], &[(empty, "")]), ["t.xex"], "{empty}");
    }
}

#[test]
fn a_bad_variable_fails_only_the_commands_that_read_it() {
    let bad = [("XENIA_SCHED_QUANTUM", "abc")];
    for words in [&["t.xex"][..], &["check", "t.xex"]] {
        let message = format!("{:#}", with_variables(words, &bad).unwrap_err());
        assert!(
            message.starts_with("XENIA_SCHED_QUANTUM in the environment: invalid value 'abc'"),
            "{message}"
        );
    }
    for words in [&["info", "t.xex"][..], &["config"], &["fuzz"], &["t.xex", "--quantum", "5"]] {
        assert_eq!(with_variables(words, &bad).unwrap(), words);
    }
}

#[test]
fn commands_of_commands_have_tables_in_tables() {
    let cli = parsed_with("[jit.dump]\npc = 0x8201_0000\n", &["jit", "dump", "t.xex"]).unwrap();
    let Some(Chosen::Lab(LabCommand::Jit(JitArgs { command: JitCommand::Dump(dump) }))) = cli.command else {
        panic!("not jit dump")
    };
    assert_eq!(dump.pc, 0x8201_0000);
}

#[test]
fn output_flags_are_rejected_in_settings_files() {
    for (file, flag) in [
        ("[exec]\njson = \"/home/user/thesis.tex\"\n", "--json"),
        ("[exec]\naudio = \"wav:/home/user/thesis.tex\"\n", "--audio"),
        ("[check]\nbless = true\n", "--bless"),
        ("[exec]\nguest-log = \"x\"\n", "--guest-log"),
        ("[shader.asm]\noutput = \"x\"\n", "--output"),
    ] {
        let error = parsed_with(file, &["exports"]).err().unwrap_or_else(|| panic!("{file:?} was accepted"));
        let message = format!("{error:#}");
        assert!(
            message.contains("line 2") && message.contains(flag) && message.contains("command line"),
            "{message}"
        );
    }
    let exec_ = exec("[exec]\nguest-log = \"off\"\n", &[]);
    assert_eq!(exec_.run.guest_log, Some("off".into()));
}

#[test]
fn every_flag_that_takes_a_file_is_known_to_write_or_to_read() {
    const READ: [&str; 27] = [
        "check",
        "patch-folder",
        "root",
        "thumbnail",
        "pad-mappings",
        "pad-pipe",
        "against",
        "key-file",
        "replay",
        "load-state",
        "states",
        "contention-manifest",
        "folder",
        "cache",
        "content",
        "scratch",
        "programs",
        "screenshots",
        "corpus",
        "merge",
        "config",
        "filter",
        "log",
        "sched-order",
        "scene",
        "script",
        "symbols",
    ];
    fn check(command: &Command) {
        for flag in command.get_arguments() {
            let is_path =
                flag.get_value_parser().type_id() == clap::builder::ValueParser::path_buf().type_id();
            let Some(name) = flag.get_long().filter(|_| is_path) else { continue };
            assert!(WRITTEN.contains(&name) || READ.contains(&name), "--{name} of {}", command.get_name());
        }
        command.get_subcommands().for_each(check);
    }
    check(&Cli::command());
}

#[test]
fn paths_after_a_word_are_relative_to_the_files_folder() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.toml");
    let text = "[exec]\ndisc = [\"2=discs/a=b.iso\", \"3=/c.iso\"]\nsched-order = \"replay:m.jsonl\"\n";
    let settings = File { text, path: &path };
    let definition = built(Cli::command());
    let settings = settings.settings(&definition).unwrap();
    let words: Vec<&String> = settings.iter().flat_map(|setting| &setting.words).collect();
    let at = |path: &str| dir.path().join(path).display().to_string();
    let expected = [
        format!("--disc=2={}", at("discs/a=b.iso")),
        format!("--disc=3={}", at("/c.iso")),
        format!("--sched-order=replay:{}", at("m.jsonl")),
    ];
    assert_eq!(words, expected.iter().collect::<Vec<_>>());
}

#[test]
fn a_setting_in_an_inline_table_is_removed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.toml");
    let text = "exec = { volume = 50, mute = true }\ntitle = { 4d5307d1 = { volume = 5, mute = true } }\n";
    std::fs::write(&path, text).unwrap();
    for key in ["volume", "title.4D5307D1.volume"] {
        let removed = change(&built(Cli::command()), &path, key, None).unwrap();
        assert_eq!(removed, SettingChange::Removed, "{key}");
    }
    let left = std::fs::read_to_string(&path).unwrap();
    assert!(!left.contains("volume") && left.matches("mute = true").count() == 2, "{left}");
}

#[test]
fn mistakes_name_their_line_with_every_command() {
    for (file, expected) in [
        ("[exec]\n\nframez = 1\n", "line 3: exec has no flag --framez (did you mean `frames`?)"),
        ("[exec]\nxyz = 1\n", "line 2: exec has no flag --xyz"),
        ("[exce]\n", "line 1: `exce` is not a command (did you mean `exec`?)"),
        ("frames = 1\n", "line 1: `frames` is not a command"),
        ("exec = 5\n", "line 1: `exec` is a command; its settings are in a table: [exec]"),
        ("[[exec]]\nvolume = 5\n", "line 1: `exec` is a command; its settings are in a table: [exec]"),
        ("[exec]\nframes = \"many\"\n", "line 2: `frames`: invalid value 'many'"),
        ("[exec]\nframes = 0x1_0000_0000_0000_0000\n", "is more than 18446744073709551615"),
        ("[exec]\nframes = 99999999999999999999\n", "is more than 18446744073709551615"),
        ("[exec]\nheadless = 1\n", "line 2: `headless`: expected true or false"),
        ("[exec]\nbreak-lifter = true\n", "line 2: exec has no flag --break-lifter"),
        ("[exec]\nconfig = \"x\"\n", "line 2: exec has no flag --config"),
        ("[exec]\ntitle = \"x\"\n", "line 2: exec has no flag --title"),
        ("[exec]\ntier = \"warp\"\n", "line 2: `tier`: invalid value 'warp'"),
        ("[exec]\ngpu = \"opengl\"\n", "[possible values: auto, reference, wgpu, none]"),
        ("[exec]\ngpu = \"refrence\"\n", "tip: a similar value exists: 'reference'"),
        ("[exec\n", "line 1"),
    ] {
        let error = parsed_with(file, &["exports"]).err().unwrap_or_else(|| panic!("{file:?} was accepted"));
        assert!(format!("{error:#}").contains(expected), "{file:?}: {error:#}");
    }
}

#[test]
fn an_error_of_a_setting_names_its_origin() {
    let text = "[exec]\n\nfolder = \"/no where\"\nquantum = 0\nheadless = true\n";
    let file = File { text, path: Path::new("c.toml") };
    let definition = built(Cli::command());
    let settings = file.settings(&definition).unwrap();
    let origins: Vec<SettingOrigin> = settings.iter().filter_map(|setting| setting.origin(&file)).collect();
    let notes = |error: &str| -> Vec<String> {
        origins.iter().filter(|origin| origin.is_named_in(error)).map(SettingOrigin::note).collect()
    };
    assert_eq!(notes("--quantum 0: a visit has one"), ["\n  --quantum is set in c.toml, line 4"]);
    assert_eq!(notes("cannot list /no where: no"), ["\n  --folder is set in c.toml, line 3"]);
    assert!(notes("--quantum-x 0, --folders").is_empty());
}

#[test]
fn every_flag_can_be_set() {
    let definition = built(Cli::command());
    let mut flags = 0;
    for command in definition.get_subcommands().filter(|command| command.get_name() != "help") {
        for flag in command.get_arguments() {
            let Some(long) = flag.get_long().filter(|_| !flag.is_hide_set()) else { continue };
            if matches!(long, "config" | "help" | "version") || WRITTEN.contains(&long) {
                continue;
            }
            let first = flag.get_possible_values().first().map(|value| value.get_name().to_owned());
            let value = match first {
                _ if matches!(flag.get_action(), ArgAction::SetTrue) => "true".to_owned(),
                // Values that the parsers of these flags accept.
                _ if matches!(long, "start" | "base" | "pc") => "0x82010000".to_owned(),
                _ if long == "missing" => "[\"zero\", \"MmDoubleMapMemory=1\"]".to_owned(),
                _ if long == "limit" => "[\"open_files=99\", \"apcs=5\"]".to_owned(),
                _ if long == "system-version" => "\"2.0.7371.0\"".to_owned(),
                _ if long == "video-mode" => "\"640x480@50\"".to_owned(),
                _ if long == "family" => "\"copies\"".to_owned(),
                _ if matches!(long, "brightness" | "gamma") => "110".to_owned(),
                _ if long == "aspect-ratio" => "\"4:3\"".to_owned(),
                _ if long == "country" => "\"JP\"".to_owned(),
                _ if long == "trace-calls" => "\"Nt*,-xam:*\"".to_owned(),
                _ if long == "audio" => "\"null\"".to_owned(),
                _ if long == "screen" => "\"80x24\"".to_owned(),
                _ if long == "start-time" => "\"now\"".to_owned(),
                _ if long == "much-code" => "[\"30x4\", \"5x6:wide\"]".to_owned(),
                _ if long == "disc" => "[\"2=a.iso\", \"3=b\"]".to_owned(),
                Some(value) if value == "true" || value == "false" => "false".to_owned(),
                Some(value) => format!("\"{value}\""),
                _ if matches!(flag.get_action(), ArgAction::Count) => "2".to_owned(),
                None => "\"3\"".to_owned(),
            };
            let file = format!("[{}]\n{long} = {value}\n", command.get_name());
            let parsed = File { text: &file, path: Path::new("f") };
            let settings = parsed.settings(&definition).unwrap_or_else(|error| panic!("{file}: {error:#}"));
            assert_eq!(settings.len(), 1, "{file}");
            assert!(!settings[0].words.is_empty(), "{file}");
            flags += 1;
        }
    }
    assert!(flags > 60, "{flags}");
}

#[test]
fn settings_that_contradict_each_other_name_the_file() {
    let error = parsed_with("[exec]\ninterp = true\ncross-check = true\n", &["t.xex"]).err().unwrap();
    let message = format!("{error:#}");
    assert!(message.contains("config.toml") && message.contains("--interp"), "{message}");
}

#[test]
fn a_file_that_is_named_must_be_there() {
    let words = ["xenia-rs", "exports", "--config", "/nowhere/config.toml"].map(OsString::from).to_vec();
    assert!(apply(&Cli::command(), words).is_err());
}

#[test]
fn a_switch_that_the_file_switches_on_is_left_off_by_a_word() {
    let file = "[exec]\nmute = true\nheadless = true\nosd = \"full\"\n";
    for words in
        [&["exec", "t.xex", "--mute=false", "--headless=false"][..], &["--headless=false", "--mute=false"]]
    {
        let exec = exec(file, words);
        assert!(!exec.sound.mute && !exec.picture.headless, "{words:?}");
        assert_eq!(
            exec.window.osd,
            Some(crate::cli::Osd::Full),
            "{words:?}: --headless=false contradicts nothing"
        );
    }
    let on = exec("", &["t.xex", "--mute=true", "--headless=false", "--fullscreen"]);
    assert!(on.sound.mute && on.window.fullscreen);
    let off = exec(file, &["t.xex", "--osd=off", "--headless=false"]);
    assert_eq!(off.window.osd, Some(crate::cli::Osd::Off));
    // Words after `--` belong to the title.
    let words = ["xenia-rs", "--config=/dev/null", "t.xex", "--", "--mute=false"].map(OsString::from);
    let (words, _) = apply(&Cli::command(), words.to_vec()).unwrap();
    assert_eq!(Cli::parse_from(words).exec.arguments, ["--mute=false"]);
    let error = parsed_with("", &["t.xex", "--mute=perhaps"]).err().unwrap();
    assert!(format!("{error:#}").contains("'perhaps'"), "{error:#}");
}

#[test]
fn every_switch_of_every_command_takes_a_value() {
    let definition = built(Cli::command());
    let mut switches = 0;
    for command in definition.get_subcommands().filter(|command| command.get_name() != "help") {
        for flag in command.get_arguments().filter(|flag| switches::is_switch(flag)) {
            let Some(long) = flag.get_long() else { continue };
            let words = |value: &str| {
                let words =
                    ["xenia-rs", command.get_name(), &format!("--{long}={value}"), "--config=/dev/null"];
                apply(&Cli::command(), words.map(OsString::from).to_vec()).unwrap().0
            };
            assert!(words("true").contains(&format!("--{long}").into()), "{} {long}", command.get_name());
            assert!(words("false").iter().all(|word| !word.to_str().unwrap().contains(long)), "{long}");
            switches += 1;
        }
    }
    assert!(switches > 20, "{switches}");
}

#[test]
fn a_titles_table_overrides_a_flag_of_the_command() {
    let suite = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/bin/console-suite.xex");
    let id = xenia::title::id_of(Some(suite.as_ref())).unwrap();
    let file = format!("[exec]\nmute = true\n[title.{id}]\nmute = false\n");
    assert!(!exec(&file, &[suite]).sound.mute);
    assert!(exec(&file, &["t.xex"]).sound.mute && exec(&file, &[suite, "--mute"]).sound.mute);
}

#[test]
fn settings_that_the_run_refuses_are_ignored_and_flags_are_not() {
    let settings = [
        "readback = \"none\"",
        "internal-resolution = 2",
        "content = \"saves\"",
        "scratch = \"scratch\"",
        "network = \"host\"",
        "anisotropy = \"16\"",
        "queries = \"exact\"",
        "adapter = \"x\"",
        "async-pipelines = true",
        "clock = \"host\"",
        "dialogs = \"ask\"",
        "barrier = true",
        "parallel = true",
        "resume = true",
        "rewind = true",
    ];
    let id = xenia::title::id_of(Some(SUITE.as_ref())).unwrap();
    let runs: [&[&str]; 6] = [
        &["--headless"],
        &["--lockstep"],
        &["--headless", "--lockstep"],
        &["--record", "r"],
        &["--headless", "--record", "r"],
        &["--headless", "--parallel"],
    ];
    for run in runs {
        for setting in settings {
            for table in ["exec".to_owned(), format!("title.{id}")] {
                let file = format!("[{table}]\n{setting}\n");
                let args = exec(&file, &[&[SUITE], run].concat());
                args.refuse_unsupported().unwrap_or_else(|error| panic!("{run:?} {setting}: {error}"));
            }
        }
        let all = format!("[exec]\n{}\n", settings.join("\n"));
        exec(&all, &[&[SUITE], run].concat()).refuse_unsupported().unwrap();
    }
    let typed = exec("[exec]\nreadback = \"none\"\n", &["--headless", "--anisotropy", "16"]);
    assert!(typed.refuse_unsupported().unwrap_err().to_string().contains("--anisotropy"));
    assert_eq!(typed.picture.readback, Default::default());
    let kept = exec("[exec]\nreadback = \"none\"\n", &["--headless", "--gpu", "wgpu"]);
    assert_ne!(kept.picture.readback, Default::default());
}
