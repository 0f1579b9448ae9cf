//! Tests of the default settings file: which commands a mistake in it stops, the error messages,
//! and how it is shown.

use std::path::Path;
use std::process::{Command, Output};
use xenia_testing::without_settings;

const HELLO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/bin/hello.xex");
const PRIMES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/bin/primes.xex");

/// Runs the program with this config.toml; returns the exit code, standard output and standard
/// error.
fn run_with_file(file: &str, words: &[&str]) -> (i32, String, String) {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("xenia-rs");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("config.toml"), file).unwrap();
    run(home.path(), words)
}

fn run(config: &Path, words: &[&str]) -> (i32, String, String) {
    run_with(config, words, &[])
}

fn run_with(config: &Path, words: &[&str], variables: &[(&str, &str)]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xenia-rs"));
    // Those of a user would be settings, too.
    without_settings(&mut command);
    command.envs(variables.iter().copied()).args(words).env("XDG_CONFIG_HOME", config).env_remove("DISPLAY");
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

#[test]
fn settings_errors_stop_guest_commands_and_warn_others() {
    for file in ["[exec]\nframez = 1\n", "[exec\n", "[info]\nkey-file = 3.5.1\n"] {
        for words in [&["info", HELLO][..], &["exports"], &["dis", HELLO]] {
            let (code, out, messages) = run_with_file(file, words);
            assert!(code == 0 && out.lines().count() > 5, "{words:?}: {messages}");
            assert!(
                messages.contains("warning: ") && messages.contains("config.toml"),
                "{words:?}: {messages}"
            );
        }
        for words in [&["exec", HELLO, "--headless"][..], &["fuzz", "--blocks", "1"], &["config", "--show"]] {
            let (code, _, messages) = run_with_file(file, words);
            assert!(code == 2 && messages.contains("config.toml"), "{words:?}: {messages}");
        }
    }
    // A file named on the command line must exist.
    let (code, _, messages) = run_with_file("", &["exports", "--config", "/nowhere/my.toml"]);
    assert!(code == 2 && messages.contains("/nowhere/my.toml"), "{messages}");
}

#[test]
fn errors_of_a_setting_name_its_place() {
    for (setting, flag) in [("quantum = 0", "--quantum"), ("key-file = \"/nowhere/k.toml\"", "--key-file")] {
        let (code, _, messages) =
            run_with_file(&format!("[exec]\n{setting}\n"), &["exec", HELLO, "--headless"]);
        assert_eq!(code, 2, "{messages}");
        assert!(
            messages.contains(&format!("{flag} is set in ")) && messages.contains("config.toml, line 2"),
            "{messages}"
        );
        let (_, _, messages) = run_with_file("", &["exec", HELLO, "--headless", "--quantum", "0"]);
        assert!(messages.contains("--quantum 0") && !messages.contains("is set in"), "typed: {messages}");
    }
}

#[test]
fn config_command_shows_settings_with_lines() {
    let file = "[bench]\nruns = 9\n\n[exec]\nheadless = true  # here\ngpu = \"none\"\n";
    let (code, out, _) = run_with_file(file, &["config"]);
    assert_eq!(code, 0);
    let expected =
        "[bench]\nruns = 9  # line 2\n[exec]\ngpu = \"none\"  # line 6\nheadless = true  # line 5\n";
    assert!(out.contains(expected), "{out}");
    assert!(out.contains("/xenia-rs  (config.toml and keys.toml)"), "{out}");
    let (_, out, _) = run_with_file(file, &["config", "--paths"]);
    assert!(!out.contains("headless") && out.lines().count() == 4, "{out}");
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(run(empty.path(), &["config", "--show"]).1, "# there is no settings file\n");
}

#[test]
fn config_shows_the_keys_and_pads_of_the_file() {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join("xenia-rs")).unwrap();
    let text =
        "# mine\n[exec]\nquantum = 5\n[hotkeys]\npause = [\"F5\"]\n\n[input]\ndead-zone = 0.3 # less\n";
    std::fs::write(home.path().join("xenia-rs/config.toml"), text).unwrap();
    let (code, out, error) = run(home.path(), &["config", "--show"]);
    let tables = "[hotkeys]  # line 4\npause = [\"F5\"]\n[input]  # line 7\ndead-zone = 0.3 # less\n";
    assert!(code == 0 && out.ends_with(tables), "{out}{error}");
}

#[test]
fn a_bad_variable_is_named_and_config_shows_it() {
    let home = tempfile::tempdir().unwrap();
    let with = |value: &str, words: &[&str]| {
        run_with(home.path(), words, &[("XENIA_SCHED_QUANTUM", value), ("XENIA_CONTENT", "")])
    };
    let (code, _, messages) = with("abc", &[HELLO, "--headless"]);
    assert!(code == 2 && messages.contains("XENIA_SCHED_QUANTUM in the environment: "), "{messages}");
    let (code, _, messages) = with("0", &[HELLO, "--headless"]);
    let place = "--quantum is set in the environment (XENIA_SCHED_QUANTUM)";
    assert!(code == 2 && messages.contains(place), "{messages}");
    let (code, out, messages) = with("abc", &["config", "--show"]);
    assert!(code == 0 && out.contains("# --quantum is abc by XENIA_SCHED_QUANTUM"), "{out}");
    assert!(
        messages.contains("warning: XENIA_SCHED_QUANTUM in the environment: invalid value 'abc'"),
        "{messages}"
    );
    assert!(!out.contains("XENIA_CONTENT"), "{out}");
    let (code, out, messages) = with("abc", &["info", HELLO]);
    assert!(code == 0 && !out.is_empty() && messages.is_empty(), "{messages}");
    let (code, out, _) = with("abc", &["exec", "--help"]);
    assert!(code == 0 && out.contains("[env: XENIA_SCHED_QUANTUM=abc]"), "{out}");
}

#[test]
fn a_check_names_the_variables_that_change_its_run() {
    let home = tempfile::tempdir().unwrap();
    let golden = home.path().join("g.json");
    let check = |more: &[&str], variables: &[(&str, &str)]| {
        let words = ["check", PRIMES, "--expect", golden.to_str().unwrap()];
        run_with(home.path(), &[&words, more].concat(), variables)
    };
    let bless = ["--bless", "-n", "100_000"];
    let quantum = [("XENIA_SCHED_QUANTUM", "77")];
    let place = "--quantum is set in the environment (XENIA_SCHED_QUANTUM)";
    let (code, _, messages) = check(&bless, &quantum);
    assert!(
        code == 2 && messages.contains("change this one by --quantum: ") && messages.contains(place),
        "{messages}"
    );
    assert!(!golden.exists());
    // Compiled code has no part in a result.
    let (code, _, messages) = check(&bless, &[("XENIA_CODE_CACHE", "off"), ("XENIA_SCHED_QUANTUM", "")]);
    assert_eq!(code, 0, "{messages}");
    let (code, out, messages) = check(&[], &quantum);
    assert!(code == 1 && out.contains(place), "{out}{messages}");
    let (code, out, messages) = check(&["--quantum", "77"], &quantum);
    assert!(code == 1 && !out.contains("is set in"), "{out}{messages}");
}

/// Settings files are read more than once, and a named pipe may have no writer.
#[test]
fn named_pipe_is_rejected_as_settings_file() {
    let dir = tempfile::tempdir().unwrap();
    let pipe = dir.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let (code, _, error) =
        run(dir.path(), &["exec", HELLO, "--headless", "--config", pipe.to_str().unwrap()]);
    assert!(code == 2 && error.contains("it is a pipe"), "{code}: {error}");
}

/// A circular link is an example of files that cannot be examined, such as those in another user's
/// folder.
#[test]
fn an_inaccessible_settings_file_is_reported_as_left_out() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("xenia-rs");
    std::fs::create_dir(&folder).unwrap();
    for name in ["config.toml", "keys.toml"] {
        std::os::unix::fs::symlink(name, folder.join(name)).unwrap();
    }
    let (code, _, error) = run(home.path(), &["info", HELLO]);
    assert_eq!(code, 0, "{error}");
    for name in ["config.toml", "keys.toml"] {
        assert!(error.contains(&format!("{name} is left out: ")), "{error}");
    }
}

#[test]
fn the_executable_chosen_in_a_folder_is_reported_once() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::copy(HELLO, dir.path().join("Hello.xex")).unwrap();
    let folder = dir.path().to_str().unwrap();
    let file = "[title.00000001]\nquantum = 7\n[exec]\nquantum = 9\n";
    for flags in [&["--headless"][..], &[]] {
        let words = [&["exec", folder, "-n", "0"], flags].concat();
        let (code, _, messages) = run_with_file(file, &words);
        assert_eq!((code, messages.matches("Hello.xex").count()), (0, 1), "{flags:?}: {messages}");
    }
}

#[test]
fn settings_are_written_listed_and_taken_back() {
    let home = tempfile::tempdir().unwrap();
    let run = |words: &[&str]| run(home.path(), words);
    let (code, _, messages) = run(&["config", "set", "volume", "loud"]);
    assert!(code == 2 && messages.contains("'loud'"), "{messages}");
    assert_eq!(run(&["config", "set", "volume", "80"]).1.split("  #").next(), Some("volume = 80"));
    let (code, out, messages) = run(&["config", "list", "--", "--fullscreen"]);
    assert_eq!(code, 0, "{messages}");
    let row = |key: &str| out.lines().find(|line| line.starts_with(&format!("{key} "))).unwrap().to_owned();
    assert!(row("volume").contains("80") && row("volume").contains("config.toml, line 2"), "{out}");
    assert!(row("fullscreen").ends_with("flag") && row("filter").ends_with("default"), "{out}");
    assert!(!out.contains("quantum"), "a setting of the workshop: {out}");
    let (code, out, messages) = run(&["config", "list", "nowhere/default.xex"]);
    assert!(
        code == 2 && out.is_empty() && messages.contains("cannot open nowhere/default.xex: "),
        "{messages}"
    );
    let (code, json, _) = run(&["config", "list", "--json", "-"]);
    assert!(code == 0 && json.contains("xenia-rs/settings/1") && json.contains("\"quantum\""), "{json}");
    assert_eq!(run(&["config", "unset", "volume"]).0, 0);
    assert!(run(&["config", "list"]).1.lines().all(|line| !line.contains("config.toml")));
    let (_, template, _) = run(&["config", "template"]);
    std::fs::write(home.path().join("xenia-rs/config.toml"), template).unwrap();
    assert!(run(&["config", "list"]).1.lines().all(|line| !line.contains("config.toml")));
}

#[test]
fn a_switch_is_left_off_on_the_command_line() {
    let file = "[exec]\nfullscreen = true\n";
    let (code, _, messages) =
        run_with_file(file, &["exec", HELLO, "--headless", "-n", "0", "--fullscreen=false"]);
    assert_eq!(code, 0, "{messages}");
    let (code, _, messages) = run_with_file("", &["exec", HELLO, "--headless", "-n", "0", "--mute=2"]);
    assert!(code == 2 && messages.contains("--mute"), "{messages}");
}
