//! Tests of reverse execution under gdb: it shows the states that forward execution has shown.

use super::debugger::{SUM, debugged, debugged_machine, thread_of};
use super::recordings::Player;
use super::*;
use crate::config::{ExecutorConfig, GpuKind};
use parking_lot::Mutex;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use std::path::PathBuf;
use xenia_cpu::{EngineConfig, EngineCounters, Execute, Exit, Interpreter, PpcContext};
use xenia_gdb::TestClient;
use xenia_gdb::registers::GdbRegister;
use xenia_isa::Op;
use xenia_memory::{DeviceQueue, GuestMemory};
use xenia_testing::number_in_environment;

/// Address of the instruction that stores to the title's history.
const STORE: u32 = SUM + 7 * 4;

/// The oracle and the engine with all tiers.
fn engines() -> [CpuConfig; 2] {
    [CpuConfig::interpreted(), CpuConfig::default()]
}

/// All that a client sees of a moment.
fn moment(client: &mut TestClient) -> (String, String, String) {
    let position = client.monitor("position").unwrap();
    let memory = client.ask(&format!("m{:x},80", DATA + 0x1000)).unwrap();
    (position, client.ask("g").unwrap(), memory)
}

fn goto(client: &mut TestClient, moment: u64) {
    let answer = client.monitor(&format!("goto {moment}")).unwrap();
    assert!(answer.starts_with(&format!("{moment} instructions")), "{answer}");
}

#[test]
fn breakpoints_are_met_again_on_the_way_back() {
    let limits = instructions();
    let alone = run(true, Box::new(NoInput), None, None, &limits).unwrap();
    for cpu in engines() {
        let text = format!("{cpu:?}");
        let finished = debugged(cpu, ExecutorConfig::default(), &limits, |client| {
            let set = format!("0,{SUM:x},4");
            let mut seen = Vec::new();
            for _ in 0..10 {
                client.ask(&format!("Z{set}")).unwrap();
                let stop = client.ask("vCont;c").unwrap();
                assert!(stop.contains("swbreak"), "{stop}");
                client.ask(&format!("z{set}")).unwrap();
                seen.push(moment(client));
                client.ask(&format!("vCont;s:{}", thread_of(&stop))).unwrap();
            }
            for (index, expected) in seen.iter().enumerate().rev() {
                client.ask(&format!("Z{set}")).unwrap();
                let stop = client.ask("bc").unwrap();
                assert!(stop.contains("swbreak"), "{index}: {stop}");
                client.ask(&format!("z{set}")).unwrap();
                assert_eq!(moment(client), *expected, "{index}");
            }
            client.ask(&format!("Z{set}")).unwrap();
            let stop = client.ask("bc").unwrap();
            assert!(stop.contains("replaylog:begin"), "{stop}");
            assert!(client.monitor("position").unwrap().starts_with("0 instructions"));
            assert!(client.ask("vCont;c").unwrap().contains("swbreak"));
            assert_eq!(moment(client), seen[0], "forward again");
            client.ask(&format!("z{set}")).unwrap();
            assert_eq!(client.ask("vCont;c").unwrap(), "X0f", "the limit of instructions");
        });
        assert_eq!(finished.report.digest, alone.report.digest, "{text}");
        assert_eq!(finished.report.instructions, 400_000, "{text}");
    }
}

#[test]
fn steps_back_undo_steps() {
    for cpu in engines() {
        debugged(cpu, ExecutorConfig::default(), &instructions(), |client| {
            client.ask(&format!("Z0,{SUM:x},4")).unwrap();
            let stop = client.ask("vCont;c").unwrap();
            client.ask(&format!("z0,{SUM:x},4")).unwrap();
            goto(client, 20_000);
            let thread = thread_of(&stop);
            let mut seen = Vec::new();
            for _ in 0..10 {
                seen.push(moment(client));
                client.ask(&format!("vCont;s:{thread}")).unwrap();
            }
            client.ask(&format!("Hc{thread}")).unwrap();
            while let Some(expected) = seen.pop() {
                let stop = client.ask("bs").unwrap();
                assert!(stop.starts_with("T05"), "{stop}");
                assert_eq!(moment(client), expected);
            }
            goto(client, 0);
            assert!(client.ask("bs").unwrap().contains("replaylog:begin"));
            client.send("k").unwrap();
        });
    }
}

#[test]
fn refused_changes_leave_the_past() {
    debugged(CpuConfig::default(), ExecutorConfig::default(), &instructions(), |client| {
        goto(client, 20_000);
        let stop = client.ask("?").unwrap();
        assert_eq!(client.ask(&format!("Hg{}", thread_of(&stop))).unwrap(), "OK");
        for (packet, answer) in [("M10,1:01", "E"), ("P3=03e1", "E"), ("G00", "E"), ("P41=00000000", "OK")] {
            let answered = client.ask(packet).unwrap();
            assert!(answered.starts_with(answer), "{packet}: {answered}");
        }
        goto(client, 10_000);
        assert_eq!(client.ask("P3=000003e1").unwrap(), "OK");
        let answer = client.monitor("goto 5000").unwrap();
        assert!(answer.contains("the earliest moment is 10000"), "{answer}");
        client.send("k").unwrap();
    });
}

#[test]
fn any_moment_equals_a_run_that_ends_there() {
    let mut random = ChaCha8Rng::seed_from_u64(54);
    let moments: Vec<u64> = (0..5).map(|_| random.random_range(0..400_000)).collect();
    let alone: Vec<_> = moments
        .iter()
        .map(|&moment| {
            let limits = Limits { instructions: Some(moment), ..Limits::default() };
            run(false, Box::new(NoInput), None, None, &limits).unwrap().report.digest
        })
        .collect();
    for (moment, digest) in moments.into_iter().zip(alone) {
        let limits = Limits { instructions: Some(moment), ..Limits::default() };
        let finished = debugged(CpuConfig::default(), ExecutorConfig::default(), &limits, move |client| {
            for other in [moment / 2, moment, moment / 3, moment] {
                goto(client, other);
            }
            assert!(
                client
                    .monitor(&format!("goto {}", moment + 1))
                    .unwrap()
                    .contains("is beyond the run's limit")
            );
            assert!(client.monitor("position").unwrap().starts_with(&format!("{moment} ")), "it stays");
            client.ask("vCont;c").unwrap();
        });
        assert_eq!(finished.report.digest, digest, "{moment}");
    }
}

#[test]
fn changes_of_watched_memory_are_met_again_on_the_way_back() {
    /// Words that the title stores in its rounds 7 and 30.
    const WORDS: [u32; 2] = [DATA + 0x1000 + 7 * 4, DATA + 0x1000 + 30 * 4];
    for cpu in engines() {
        debugged(cpu, ExecutorConfig::default(), &instructions(), |client| {
            for word in WORDS {
                assert_eq!(client.ask(&format!("Z2,{word:x},4")).unwrap(), "OK");
            }
            let mut rounds = Vec::new();
            for _ in 0..2 {
                let stop = client.ask("vCont;c").unwrap();
                assert!(stop.contains("watch:"), "{stop}");
                assert_eq!(client.register(GdbRegister::Pc).unwrap() as u32, STORE + 4, "behind the store");
                rounds.push((client.register(GdbRegister::Gpr(28)).unwrap(), moment(client).2));
            }
            assert_eq!(rounds.iter().map(|round| round.0).collect::<Vec<_>>(), [7, 30]);
            goto(client, 10_000);
            for (word, (round, memory)) in WORDS.iter().zip(&rounds).rev() {
                let stop = client.ask("bc").unwrap();
                assert!(stop.contains(&format!("watch:{word:08x}")), "{stop}");
                assert_eq!(client.register(GdbRegister::Pc).unwrap() as u32, STORE, "before the store");
                assert_eq!(client.register(GdbRegister::Gpr(28)).unwrap(), *round);
                assert_ne!(moment(client).2, *memory);
            }
            assert!(client.ask("bc").unwrap().contains("replaylog:begin"));
            client.send("k").unwrap();
        });
    }
}

#[test]
fn the_last_store_to_an_address_is_found() {
    debugged(CpuConfig::default(), ExecutorConfig::default(), &instructions(), |client| {
        goto(client, 300_000);
        let rounds = client.register(GdbRegister::Gpr(28)).unwrap() as u32;
        let here = moment(client);
        for word in [1, rounds % 1024, 1023] {
            let at = DATA + 0x1000 + word * 4;
            let answer = client.monitor(&format!("writer {at:#x}")).unwrap();
            assert!(answer.contains("stwx r29,r8,r9"), "{answer}");
            assert_eq!(moment(client), here, "the machine stays");
            let before: u64 = answer.trim().rsplit(' ').next().unwrap().parse().unwrap();
            goto(client, before);
            assert_eq!(client.register(GdbRegister::Pc).unwrap() as u32, STORE);
            let round = client.register(GdbRegister::Gpr(28)).unwrap() as u32;
            assert!(round % 1024 == word && rounds - round <= 1024, "{round} {word} {rounds}");
            goto(client, 300_000);
        }
        // The kernel stores the state of a controller; nothing stores to the next page.
        let answer = client.monitor(&format!("writer {:#x}", DATA + 0x3000)).unwrap();
        assert!(answer.contains("no store since instruction 0"), "{answer}");
        for wrong in ["writer", "writer x", "writer 0x100000000", "writer 0 0", "writer 0 5000", "goto x"] {
            let answer = client.monitor(wrong).unwrap();
            assert!(answer.contains("error") || answer.contains("goto N"), "{wrong}: {answer}");
        }
        client.send("k").unwrap();
    });
}

#[test]
fn memory_that_gdb_changes_begins_another_past() {
    debugged(CpuConfig::default(), ExecutorConfig::default(), &instructions(), |client| {
        goto(client, 10_000);
        // The title stores r29 at STORE; an invalid instruction in its place makes it crash.
        assert_eq!(client.ask(&format!("M{STORE:x},4:00000000")).unwrap(), "OK");
        let stop = client.ask("vCont;c").unwrap();
        assert!(stop.starts_with("T0b"), "{stop}");
        let crash = moment(client);
        client.ask(&format!("Hc{}", thread_of(&stop))).unwrap();
        assert!(client.ask("bs").unwrap().starts_with("T05"), "back from a crash");
        assert_eq!(client.register(GdbRegister::Pc).unwrap() as u32, STORE - 4);
        let stop = client.ask("vCont;c").unwrap();
        assert!(stop.starts_with("T0b"), "{stop}");
        assert_eq!(moment(client), crash, "the same again");
        assert!(client.ask("bc").unwrap().contains("replaylog:begin"));
        assert!(client.monitor("position").unwrap().starts_with("10000 "), "the past begins at the change");
        client.send("k").unwrap();
    });
}

#[test]
fn a_replay_goes_back_with_its_recording() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("play.jsonl");
    let played = run(false, Box::new(Player), Some(&path), None, &instructions()).unwrap();
    let replay = machine(&poller(), CpuConfig::default(), Box::new(NoInput), None, Some(&path)).unwrap();
    let finished = debugged_machine(replay, &Limits::default(), |client| {
        let moments = [30_000, 90_000, 200_000, 399_999];
        let seen = moments.map(|at| {
            goto(client, at);
            moment(client)
        });
        for (at, expected) in moments.into_iter().zip(&seen).rev() {
            goto(client, at);
            assert_eq!(moment(client), *expected, "{at}");
        }
        let end = client.ask("vCont;c").unwrap();
        assert!(end.contains("replaylog:end"), "the recording has an end: {end}");
        goto(client, 30_000);
        assert_eq!(moment(client), seen[0], "back from the end");
        goto(client, 400_000);
        client.send("k").unwrap();
    });
    assert_eq!(finished.recording_trouble, None);
    assert_eq!(finished.report.digest, played.report.digest);
    let recorded = machine(&poller(), CpuConfig::default(), Box::new(NoInput), Some(&path), None).unwrap();
    debugged_machine(recorded, &instructions(), |client| {
        assert!(client.monitor("goto 5").unwrap().contains("a recorded run cannot load states"));
        client.send("k").unwrap();
    });
}

#[test]
fn requests_for_reports_do_not_interrupt_reverse_execution() {
    let interrupt = Interrupt::default();
    for cpu in engines() {
        let engine = MachineConfig { cpu, ..MachineConfig::default() };
        let picture = VideoConfig::default();
        let mut machine = Machine::new(&poller(), MachineOptions::new(&engine, &picture)).unwrap();
        machine.set_interrupt(interrupt.clone());
        let request = interrupt.clone();
        debugged_machine(machine, &instructions(), move |client| {
            request.request_thread_dump();
            goto(client, 20_000);
            request.request_thread_dump();
            goto(client, 10_000);
            let stop = client.ask("?").unwrap();
            request.request_thread_dump();
            client.ask(&format!("vCont;s:{}", thread_of(&stop))).unwrap();
            request.request_bug_report();
            let stepped = client.ask("bs").unwrap();
            assert!(stepped.contains("thread:"), "{stepped}");
            assert!(client.monitor("position").unwrap().starts_with("10000 instructions"));
            request.request_thread_dump();
            let written = client.monitor(&format!("writer {:#x}", DATA + 0x1000)).unwrap();
            assert!(!written.contains("interrupted"), "{written}");
        });
        assert!(!interrupt.take_thread_dump_request() && !interrupt.take_bug_report_request());
    }
}

#[test]
fn runs_without_states_say_why_they_do_not_go_back() {
    let cpu = CpuConfig { cross_check: Some(CrossCheckUnit::Block), ..CpuConfig::default() };
    debugged(cpu, ExecutorConfig::default(), &instructions(), |client| {
        assert!(client.monitor("history").unwrap().contains("--cross-check"));
        assert!(client.ask("bc").unwrap().contains("replaylog:begin"));
        client.send("k").unwrap();
    });
    let parallel = ExecutorConfig { parallel: true, ..ExecutorConfig::default() };
    debugged(CpuConfig::default(), parallel, &instructions(), |client| {
        assert!(client.monitor("goto 5").unwrap().contains("--lockstep"));
        assert_eq!(client.ask("bc").unwrap(), "", "not supported");
        client.send("k").unwrap();
    });
}

/// An engine that interprets single instructions and notes the last store to each word.
struct LastStores {
    interpreter: Interpreter,
    memory: Arc<GuestMemory>,
    executed: u64,
    /// Number of instructions before the last store to a word, by its address.
    words: Arc<Mutex<BTreeMap<u32, u64>>>,
}

impl Execute for LastStores {
    fn run(&mut self, ctx: &mut PpcContext, devices: &mut DeviceQueue) -> Exit {
        loop {
            let word = self.memory.read::<u32>(GuestAddr(ctx.pc)).unwrap_or_default();
            let rest = ctx.budget - 1;
            let before = ctx.executed();
            ctx.budget = 1;
            ctx.visit_budget -= rest;
            let exit = self.interpreter.run(ctx, devices);
            ctx.budget += rest;
            ctx.visit_budget += rest;
            let is_conditional = matches!(xenia_isa::decode(word), Some(Op::stwcx | Op::stdcx));
            if !matches!(exit, Exit::Exception(_)) && (!is_conditional || ctx.cr[0].nibble() & 2 != 0) {
                for store in self.interpreter.stores() {
                    for at in (store.addr.0 & !3..store.addr.0 + store.size).step_by(4) {
                        self.words.lock().insert(at, self.executed);
                    }
                }
            }
            self.executed += ctx.executed() - before;
            if exit != Exit::Budget || rest == 0 {
                return exit;
            }
        }
    }

    fn name(&self) -> &'static str {
        "last stores"
    }

    fn counters(&self) -> EngineCounters {
        self.interpreter.counters()
    }
}

/// `writer` against a log of all stores, for random addresses; `XENIA_REVERSE_TITLE` names another
/// title, `XENIA_REVERSE_ARGUMENTS` its arguments, `XENIA_REVERSE_LENGTH` its instructions,
/// `XENIA_REVERSE_CASES` the number of addresses.
#[test]
fn the_last_stores_are_those_of_a_log_of_all() {
    let length = number_in_environment("XENIA_REVERSE_LENGTH", 300_000_u64);
    let cases = number_in_environment("XENIA_REVERSE_CASES", 6_u64);
    let usual = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/bin/sync-suite.xex")).into();
    let path = std::env::var_os("XENIA_REVERSE_TITLE").map_or(usual, PathBuf::from);
    let title = Title::open_or_demo(Some(&path), &TitleConfig::default()).unwrap();
    let arguments = std::env::var("XENIA_REVERSE_ARGUMENTS").unwrap_or_default();
    let arguments: Vec<String> = arguments.split_whitespace().map(str::to_owned).collect();
    let machine = || {
        // Drawing again is most of the time of a search, and no instruction's store.
        let config = MachineConfig::default();
        let video = VideoConfig { gpu: GpuKind::None, ..VideoConfig::default() };
        let options = MachineOptions { arguments: &arguments, ..MachineOptions::new(&config, &video) };
        Machine::new(&title, options).unwrap()
    };
    let words = Arc::new(Mutex::new(BTreeMap::new()));
    let limits = Limits { instructions: Some(length), ..Limits::default() };
    let mut logged = machine();
    let mut interpreter = Interpreter::new(logged.memory().clone(), EngineConfig::default());
    interpreter.log_stores();
    let engine =
        LastStores { interpreter, memory: logged.memory().clone(), executed: 0, words: words.clone() };
    logged.replace_engine(Box::new(engine));
    assert_eq!(logged.run_until(&limits), RunEnd::Instructions);
    let words = words.lock().clone();
    assert!(words.len() > 100, "{}", words.len());
    debugged_machine(machine(), &limits, move |client| {
        goto(client, length);
        let mut random = ChaCha8Rng::seed_from_u64(7);
        let mut by_others = 0;
        for _ in 0..cases {
            let (at, expected) = words.iter().nth(random.random_range(0..words.len())).unwrap();
            let answer = client.monitor(&format!("writer {at:#x}")).unwrap();
            let found: u64 = answer.trim().rsplit(' ').next().unwrap().parse().expect(&answer);
            if answer.contains("the kernel") {
                by_others += 1;
                assert!(found >= *expected, "{at:#x}: {answer}, stored after {expected}");
            } else {
                assert_eq!(found, *expected, "{at:#x}: {answer}");
            }
        }
        println!("{by_others} of {cases} by the kernel");
        // A title that reads files has many words that the kernel stored last.
        assert!(by_others * 4 < cases * 3, "{by_others} of {cases} by the kernel");
        client.send("k").unwrap();
    });
}
