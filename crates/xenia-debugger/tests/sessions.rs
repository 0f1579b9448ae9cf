//! Sessions on titles: answers are those of gdb's transcripts, and screens those that were blessed.

use parking_lot::Mutex;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use xenia::Limits;
use xenia::config::{CpuConfig, MachineConfig, VideoConfig};
use xenia::launches::{self, RunPlan};
use xenia::machine::{Debugged, FrontEnd, Launched, Machine, MachineOptions, MachinePosition};
use xenia::title::Title;
use xenia_debugger::script::{SIZE, Script, text_sink};
use xenia_debugger::{DebugSession, Model, Watcher};
use xenia_kernel::ports::TextSink;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
const SCREENS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/screens");

/// A title of `guest/bin`.
fn open(title: &str) -> Title {
    let config = xenia::config::TitleConfig { repeats: true, ..Default::default() };
    Title::open_or_demo(Some(&Path::new(ROOT).join("guest/bin").join(title)), &config).unwrap()
}

fn machine(
    title: &Title,
    launched: Option<Launched>,
    cpu: CpuConfig,
    text: TextSink,
) -> anyhow::Result<Machine> {
    let config = MachineConfig { cpu, ..MachineConfig::default() };
    let video = VideoConfig::default();
    let options =
        MachineOptions { text, launched, call_history: true, ..MachineOptions::new(&config, &video) };
    Machine::new(title, options)
}

/// A watcher that lets every run continue.
struct Uninterrupted;

impl Watcher for Uninterrupted {
    fn continues(&mut self, _: &Model, _: MachinePosition) -> bool {
        true
    }
}

/// A user who sends commands and notes the answers.
struct User<'m, 'a, 'b> {
    session: DebugSession,
    machine: &'m mut Debugged<'a, 'b>,
}

impl User<'_, '_, '_> {
    /// The answer to a line.
    fn ask(&mut self, line: &str) -> String {
        // The message is looked at.
        let _ = self.session.line(line, self.machine, &mut Uninterrupted);
        self.session.model.message.clone()
    }

    /// Gives a line that is not refused.
    fn order(&mut self, line: &str) {
        let answer = self.ask(line);
        assert!(!answer.starts_with("error"), "{line}: {answer}");
    }

    /// The value of a register.
    fn register(&mut self, name: &str) -> u32 {
        self.order(&format!("memory {name}"));
        self.session.model.memory
    }
}

/// A debugger whose user is a function.
struct Driver<F>(Option<F>);

impl<F: FnOnce(User<'_, '_, '_>) + Send> FrontEnd for Driver<F> {
    fn control(&mut self, machine: &mut Debugged<'_, '_>) -> anyhow::Result<()> {
        let mut session = DebugSession::default();
        session.begin(machine);
        (self.0.take().unwrap())(User { session, machine });
        Ok(())
    }
}

fn debugged(title: &str, cpu: CpuConfig, user: impl FnOnce(User<'_, '_, '_>) + Send + 'static) {
    let mut machine = machine(&open(title), None, cpu, Box::new(|_| {})).unwrap();
    machine.set_front_end(Box::new(Driver(Some(user))));
    assert!(!machine.run(&Limits::default()).has_lost_output);
}

/// The oracle and the engine with all tiers.
fn engines() -> [CpuConfig; 2] {
    [CpuConfig::interpreted(), CpuConfig::default()]
}

#[test]
fn answers_are_those_of_gdb() {
    let transcript = std::fs::read_to_string(Path::new(ROOT).join("golden/gdb/cpu-suite.txt")).unwrap();
    let positions: Vec<&str> =
        transcript.lines().filter(|line| line.contains(" ticks of guest time")).collect();
    let writer = transcript.lines().find(|line| line.contains("executed after: goto")).unwrap().to_owned();
    let positions: Vec<String> = positions.into_iter().map(str::to_owned).collect();
    let user = |mut user: User<'_, '_, '_>, positions: Vec<String>, writer: String| {
        let mut positions = positions.into_iter();
        let same =
            |user: &mut User<'_, '_, '_>, positions: &mut dyn Iterator<Item = String>, lines: &[&str]| {
                for line in lines {
                    let answer = user.ask(line);
                    assert!(!answer.starts_with("error"), "{line}: {answer}");
                }
                assert_eq!(user.ask("position"), positions.next().unwrap(), "{lines:?}");
            };
        // As gdb, which sets breakpoints after prologues.
        same(&mut user, &mut positions, &["break 0x82010284", "continue", "step", "step", "back", "back"]);
        same(&mut user, &mut positions, &["break 0x82010bac", "continue"]);
        same(&mut user, &mut positions, &["back-continue"]);
        assert_eq!(user.session.model.state, "breakpoint");
        same(&mut user, &mut positions, &["back-continue"]);
        assert_eq!(user.session.model.state, "at the earliest moment");
        let lines = ["delete; watch 0x82023164; continue", "continue", "back-continue"];
        for (lines, further) in lines.into_iter().zip([1, 1, -1]) {
            for line in lines.split("; ") {
                user.ask(line);
            }
            assert_eq!(user.session.model.state, "watched 0x82023164");
            // gdb goes one instruction further in the direction of the run.
            let here = user.machine.position().instructions.saturating_add_signed(further);
            assert!(positions.next().unwrap().starts_with(&format!("{here} instructions")), "{lines}");
        }
        same(&mut user, &mut positions, &["delete", "goto 3_000_000"]);
        let answer = user.ask("writer 0x82023164");
        assert_eq!(answer.replace(" in cpu-suite.elf!suite_random+0x20", ""), writer);
        same(&mut user, &mut positions, &["back", "write on", "poke pc 0", "yes", "continue", "back"]);
        same(&mut user, &mut positions, &["back-continue"]);
        assert_eq!(positions.next(), None);
    };
    for cpu in engines() {
        let positions = positions.clone();
        let writer = writer.clone();
        debugged("cpu-suite.elf", cpu, move |asked| user(asked, positions, writer));
    }
}

#[test]
fn calls_are_stepped_over_and_left() {
    for cpu in engines() {
        debugged("cpu-suite.elf", cpu, |mut user| {
            user.ask("until kernel_crc32_table");
            assert_eq!(user.ask("position"), "9437650 instructions, 589853 ticks of guest time, 0 frames");
            let mut calls = 0;
            let mut pc = user.session.model.cursor;
            while calls < 2 {
                let word = user.machine.word_at(pc).unwrap();
                let before = user.machine.position().instructions;
                user.ask("next");
                let now = user.session.model.cursor;
                if xenia_debugger::panes::code::is_call(word) {
                    calls += 1;
                    assert_eq!(now, pc + 4, "behind the call");
                    assert!(user.machine.position().instructions > before + 1);
                }
                pc = now;
            }
            user.ask("code suite_random");
            user.ask("until");
            let inside = user.machine.machine().place_of(user.session.model.cursor).unwrap();
            assert_eq!((inside.name.as_str(), inside.offset), ("cpu-suite.elf!suite_random", 0));
            user.ask("memory lr");
            user.ask("finish");
            let back = user.session.model.memory;
            assert_eq!(user.session.model.cursor, back, "at its first instruction LR leads back");
        });
    }
}

#[test]
fn a_recursive_call_is_stepped_over_and_left_in_its_own_frame() {
    /// A call in `fib` of `fib`, which activations further in make, too.
    const CALL: u32 = 0x8201_18DC;
    for cpu in engines() {
        debugged("cpu-suite.elf", cpu, |mut user| {
            for line in ["write on", "set r3 8", "yes", "set pc 0x82011858", "yes", "until 0x820118dc"] {
                user.order(line);
            }
            assert_eq!(user.session.model.cursor, CALL);
            let frame = user.register("r1");
            for lines in [&["next"][..], &["step 5", "finish"]] {
                for line in ["set r3 7", "yes", "set pc 0x820118dc", "yes"].iter().chain(lines) {
                    user.order(line);
                }
                assert_eq!(user.session.model.cursor, CALL + 4, "{lines:?}");
                assert_eq!(user.register("r1"), frame, "{lines:?}");
                assert_eq!(user.register("r3"), 13, "{lines:?}");
            }
        });
    }
}

#[test]
fn changes_need_a_confirmation() {
    debugged("cpu-suite.elf", CpuConfig::default(), |mut user| {
        assert!(user.ask("set r3 5").contains("`write on` allows it"));
        assert!(user.ask("yes").contains("nothing was asked"));
        user.ask("write on");
        assert!(user.ask("set r3 0x1_0000_0000").contains("more than the 4 bytes"));
        assert!(user.ask("set r99 5").contains("is not a register"));
        let question = user.ask("set r3 5");
        assert!(
            question.starts_with("set r3 of thread 0x1 to 0x5?") && question.ends_with("y or n"),
            "{question}"
        );
        assert_eq!(user.ask("no"), "nothing was changed");
        assert!(user.ask("yes").contains("nothing was asked"));
        user.ask("set r3 5");
        assert!(user.ask("keys y").contains("r3 is 0x5"));
        user.ask("memory r3");
        assert_eq!(user.session.model.memory, 5);
        user.ask("set r3 6");
        user.ask("step");
        assert!(user.ask("yes").contains("nothing was asked"), "a question is about that moment");
    });
}

#[test]
fn errors_say_what_to_do() {
    debugged("cpu-suite.elf", CpuConfig::default(), |mut user| {
        for (line, expected) in [
            ("break suite_rand", "there is suite_random"),
            ("break nowhere_at_all", "an address begins with 0x"),
            ("break 0x10", "no instruction can be at"),
            ("until 0x82010002", "no instruction can be at"),
            ("watch 0x10", "must be mapped"),
            ("thread 77", "the ids are 0x1"),
            ("find \u{1b}[2J", "no symbol contains `\\u{1b}[2J`"),
            ("goto 999_999_999_999", "the run ends at instruction"),
            ("memory 0x1_0000_0000", "32 bits"),
            ("keys Enter", "no direct branch"),
            ("jump", "`help`"),
        ] {
            let answer = user.ask(line);
            assert!(answer.starts_with("error: ") && answer.contains(expected), "{line}: {answer}");
        }
        assert_eq!(user.machine.position().instructions, 0, "nothing has moved");
    });
}

#[test]
fn a_run_that_has_ended_goes_back() {
    debugged("cpu-suite.elf", CpuConfig::default(), |mut user| {
        user.ask("continue");
        assert!(user.session.model.state.contains("ended"), "{}", user.session.model.state);
        assert!(user.ask("step").contains("`goto N`"));
        user.ask("goto 1000");
        assert_eq!(user.ask("position"), "1000 instructions, 62 ticks of guest time, 0 frames");
        user.ask("step 5");
        assert_eq!(user.machine.position().instructions, 1005);
        user.ask("back 5");
        assert_eq!(user.machine.position().instructions, 1000);
    });
}

/// The screens of a whole script.
fn screens(title: &str, text: &str) -> String {
    let (is_whole, printed) = follow(title, text);
    assert!(is_whole, "{printed}");
    printed
}

/// Follows a script; returns whether it reached the end, and its screens.
fn follow(title: &str, text: &str) -> (bool, String) {
    let session = DebugSession::default();
    let lines = session.model.text.clone();
    let printed = Arc::new(Mutex::new(String::new()));
    let out = printed.clone();
    let print = Box::new(move |screen: &str| out.lock().push_str(screen));
    let script = Script::new(session, text, SIZE, print).unwrap();
    let mut front_end = Some(script);
    let cpu = CpuConfig::interpreted();
    let finished = launches::run(open(title), RunPlan::new(&Limits::default()), |title, _, launched| {
        let mut machine = machine(title, launched, cpu.clone(), text_sink(&lines))?;
        if let Some(script) = front_end.take() {
            machine.set_front_end(Box::new(script));
        }
        Ok(machine)
    });
    let is_whole = finished.is_ok_and(|finished| !finished.has_lost_output);
    let printed = printed.lock().clone();
    let is_harmless = |c: char| c == '\n' || !c.is_control();
    assert!(printed.chars().all(is_harmless), "the screens of {title}");
    (is_whole, printed)
}

#[test]
fn a_script_ends_at_its_first_command_that_fails() {
    let (is_whole, printed) = follow("hello.xex", "break nosuch; goto 10\ngoto 20");
    assert!(!is_whole && printed.contains("> break nosuch; goto 10"), "{printed}");
    assert!(!printed.contains("> goto 20"), "{printed}");
}

#[test]
fn screens_of_hostile_titles_are_harmless() {
    const TABS: [&str; 8] = ["threads", "memory", "stack", "objects", "locks", "files", "calls", "text"];
    let tabs = TABS.map(|tab| format!("tab {tab}; keys PageDown Up\nkeys Enter\n"));
    // Shortly before the ends of those that end, and with thousands of objects.
    for (title, at) in [("names", 224_000), ("escapes", 20), ("objects", 200_000)] {
        let text = format!("goto {at}\n{}", tabs.concat());
        let printed = screens(&format!("hostile/{title}.xex"), &text);
        assert_eq!(printed.lines().count(), (2 * TABS.len() + 1) * 41);
        for tab in TABS {
            assert!(printed.contains(&format!("{tab}]")), "{title}: {tab}");
        }
    }
}

#[test]
fn screens_are_those_that_were_blessed() {
    let mut scripts: Vec<PathBuf> =
        std::fs::read_dir(SCREENS).unwrap().map(|entry| entry.unwrap().path()).collect();
    scripts.retain(|path| path.extension().is_some_and(|extension| extension == "script"));
    scripts.sort();
    assert!(!scripts.is_empty());
    for script in scripts {
        let text = std::fs::read_to_string(&script).unwrap();
        let title = text.lines().next().and_then(|line| line.strip_prefix("# ")).expect("a title");
        let found = screens(title, &text);
        let path = script.with_extension("txt");
        if std::env::var_os("XENIA_BLESS_SCREENS").is_some() {
            std::fs::write(&path, &found).unwrap();
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        let different = found.lines().zip(expected.lines()).position(|(found, expected)| found != expected);
        assert!(
            found == expected,
            "{}, line {:?}: XENIA_BLESS_SCREENS=1 writes it anew\n{found}",
            path.display(),
            different.map(|line| line + 1)
        );
    }
}
