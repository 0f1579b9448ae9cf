//! Tests of runs under gdb, on every engine.

use super::*;
use crate::config::{ExecutorConfig, Tier};
use crate::machine::{Debugged, FrontEnd};
use std::thread;
use xenia_gdb::registers::GdbRegister;
use xenia_gdb::{Debuggee, Listener, ServerAddress, TestClient};

/// Address of `mulli 29, 29, 31` in [`POLLER`], and of the instructions after it.
pub(super) const SUM: u32 = CODE + 9 * 4;

fn engines() -> Vec<CpuConfig> {
    let default = CpuConfig::default;
    vec![
        CpuConfig::interpreted(),
        default(),
        CpuConfig { tier: Tier::Baseline, ..default() },
        CpuConfig { warm_up: Some(0), ..default() },
        CpuConfig { cross_check: Some(CrossCheckUnit::Block), ..default() },
    ]
}

/// Runs the poller while a client runs `script`.
pub(super) fn debugged(
    cpu: CpuConfig,
    mode: ExecutorConfig,
    limits: &Limits,
    script: impl FnOnce(&mut TestClient) + Send + 'static,
) -> Finished {
    let engine = MachineConfig { cpu, executor: mode, ..MachineConfig::default() };
    let picture = VideoConfig::default();
    let machine = Machine::new(&poller(), MachineOptions::new(&engine, &picture)).unwrap();
    debugged_machine(machine, limits, script)
}

/// Runs a machine while a client runs `script`.
pub(super) fn debugged_machine(
    mut machine: Machine,
    limits: &Limits,
    script: impl FnOnce(&mut TestClient) + Send + 'static,
) -> Finished {
    let listener = Listener::open(&ServerAddress::Port(0)).unwrap();
    let mut client = TestClient::connect(&listener).unwrap();
    machine.set_debugger(listener);
    let client = thread::spawn(move || {
        client.ask("qSupported:multiprocess+;swbreak+").unwrap();
        script(&mut client);
    });
    let finished = machine.run(limits);
    client.join().unwrap();
    finished
}

/// Id of the thread that a stop reply names, as later packets name it.
pub(super) fn thread_of(stop: &str) -> &str {
    stop.split_once("thread:").and_then(|(_, rest)| rest.split_once(';')).expect(stop).0
}

#[test]
fn a_run_with_breakpoints_and_steps_ends_in_the_same_digest() {
    let limits = instructions();
    let alone = run(true, Box::new(NoInput), None, None, &limits).unwrap();
    for cpu in engines() {
        let text = format!("{cpu:?}");
        let finished = debugged(cpu, ExecutorConfig::default(), &limits, |client| {
            let set = format!("{SUM:x},4");
            for round in 1..=20 {
                assert_eq!(client.ask(&format!("Z0,{set}")).unwrap(), "OK");
                let stop = client.ask("vCont;c").unwrap();
                assert!(stop.contains("swbreak"), "{stop}");
                assert_eq!(client.register(GdbRegister::Pc).unwrap() as u32, SUM);
                assert_eq!(client.register(GdbRegister::Gpr(28)).unwrap(), round - 1, "rounds of the title");
                assert_eq!(client.ask(&format!("m{set}")).unwrap(), "1fbd001f", "the title's instruction");
                assert_eq!(client.ask(&format!("z0,{set}")).unwrap(), "OK");
                let step = format!("vCont;s:{}", thread_of(&stop));
                for next in 1..=2 {
                    client.ask(&step).unwrap();
                    assert_eq!(client.register(GdbRegister::Pc).unwrap() as u32, SUM + 4 * next);
                }
            }
            assert_eq!(client.ask("vCont;c").unwrap(), "X0f", "the limit of instructions");
        });
        assert_eq!(finished.divergence, None, "{text}");
        assert_eq!(finished.report.digest, alone.report.digest, "{text}");
        assert_eq!(finished.report.instructions, 400_000, "{text}");
    }
}

#[test]
fn watched_memory_stops_the_thread_that_changed_it() {
    /// Address of the seventh word of the title's history.
    const SEVENTH: u32 = DATA + 0x1000 + 6 * 4;
    /// Address of the instruction after the store to the history.
    const STORED: u32 = SUM + 8 * 4;
    let limits = instructions();
    let alone = run(true, Box::new(NoInput), None, None, &limits).unwrap();
    for cpu in [CpuConfig::interpreted(), CpuConfig::default()] {
        let finished = debugged(cpu, ExecutorConfig::default(), &limits, |client| {
            assert_eq!(client.ask(&format!("Z2,{SEVENTH:x},4")).unwrap(), "OK");
            let stop = client.ask("vCont;c").unwrap();
            assert!(stop.contains(&format!("watch:{SEVENTH:08x}")), "{stop}");
            assert_eq!(client.register(GdbRegister::Pc).unwrap() as u32, STORED);
            assert_eq!(client.register(GdbRegister::Gpr(28)).unwrap(), 6, "rounds of the title");
            assert_eq!(client.ask(&format!("z2,{SEVENTH:x},4")).unwrap(), "OK");
            assert_eq!(client.ask("vCont;c").unwrap(), "X0f");
        });
        assert_eq!(finished.report.digest, alone.report.digest);
    }
}

#[test]
fn loads_of_watched_memory_stop_the_run_forwards_and_backwards() {
    /// A halfword that each round of the title loads, at `LOAD`.
    const BUTTONS: u32 = DATA + 0x104;
    const LOAD: u32 = SUM - 8;
    let limits = instructions();
    let alone = run(true, Box::new(NoInput), None, None, &limits).unwrap();
    for cpu in engines().into_iter().take(4) {
        let text = format!("{cpu:?}");
        let finished = debugged(cpu, ExecutorConfig::default(), &limits, |client| {
            let place = |client: &mut TestClient| {
                let pc = client.register(GdbRegister::Pc).unwrap() as u32;
                (pc, client.register(GdbRegister::Gpr(28)).unwrap())
            };
            assert_eq!(client.ask(&format!("Z3,{BUTTONS:x},2")).unwrap(), "OK");
            assert_eq!(client.ask(&format!("Z2,{BUTTONS:x},2")).unwrap(), "OK");
            let mut stop = String::new();
            for round in 0..3 {
                stop = client.ask("vCont;c").unwrap();
                assert!(stop.contains(&format!("rwatch:{BUTTONS:08x}")), "{stop}");
                assert_eq!(place(client), (LOAD + 4, round), "behind the load");
            }
            for round in [2, 1] {
                assert!(client.ask("bc").unwrap().contains("rwatch:"));
                assert_eq!(place(client), (LOAD, round), "before the load");
            }
            let step = format!("vCont;s:{}", thread_of(&stop));
            assert!(client.ask(&step).unwrap().contains("rwatch:"), "a step over the load");
            assert_eq!(place(client), (LOAD + 4, 1));
            let stepped = client.ask(&step).unwrap();
            assert!(!stepped.contains("watch:"), "{stepped}");
            for watch in ["z3", "z2"] {
                assert_eq!(client.ask(&format!("{watch},{BUTTONS:x},2")).unwrap(), "OK");
            }
            // A word of the history that round 4 stores, and none loads.
            let word = DATA + 0x1000 + 4 * 4;
            assert_eq!(client.ask(&format!("Z3,{word:x},4")).unwrap(), "OK");
            assert_eq!(client.ask(&format!("Z4,{word:x},4")).unwrap(), "OK");
            let stop = client.ask("vCont;c").unwrap();
            assert!(stop.contains(&format!("awatch:{word:08x}")), "{stop}");
            assert_eq!(place(client), (SUM + 8 * 4, 4));
            assert!(client.ask(&format!("z3,{word:x},4")).unwrap() == "OK");
            assert!(client.ask(&format!("z4,{word:x},4")).unwrap() == "OK");
            assert_eq!(client.ask("vCont;c").unwrap(), "X0f", "the limit of instructions");
        });
        assert_eq!(finished.report.digest, alone.report.digest, "{text}");
        assert_eq!(finished.report.instructions, 400_000, "{text}");
    }
}

#[test]
fn loads_are_watched_only_where_the_run_goes_back() {
    let parallel = ExecutorConfig { parallel: true, ..ExecutorConfig::default() };
    let checked = CpuConfig { cross_check: Some(CrossCheckUnit::Block), ..CpuConfig::default() };
    for (cpu, mode, stores) in
        [(CpuConfig::default(), parallel, false), (checked, ExecutorConfig::default(), true)]
    {
        debugged(cpu, mode, &instructions(), move |client| {
            for (kind, is_possible) in [(2, stores), (3, false), (4, false)] {
                let answer = client.ask(&format!("Z{kind},{DATA:x},4")).unwrap();
                assert_eq!(answer == "OK", is_possible, "{kind}: {answer}");
            }
            client.send("k").unwrap();
        });
    }
}

#[test]
fn calls_of_an_import_can_be_stopped_at() {
    debugged(CpuConfig::default(), ExecutorConfig::default(), &Limits::default(), |client| {
        let address = client.monitor("import XamInputGetState").unwrap();
        let address = address.trim().trim_start_matches("0x").to_owned();
        client.ask(&format!("Z1,{address},4")).unwrap();
        assert!(client.ask("vCont;c").unwrap().starts_with("T05"));
        let pc = client.register(GdbRegister::Pc).unwrap();
        assert_eq!(format!("{pc:08x}"), address);
        assert_eq!(client.register(GdbRegister::Gpr(5)).unwrap() as u32, DATA + 0x100, "the third argument");
        assert!(client.monitor("import NtCreateFile").unwrap().contains("imports no function"));
        assert!(client.monitor("position").unwrap().contains("instructions"));
        client.send("k").unwrap();
    });
}

#[test]
fn a_parallel_run_stops_steps_and_resumes() {
    let mode = ExecutorConfig { parallel: true, ..ExecutorConfig::default() };
    let finished = debugged(CpuConfig::default(), mode, &Limits::default(), |client| {
        client.ask(&format!("Z0,{SUM:x},4")).unwrap();
        let stop = client.ask("vCont;c").unwrap();
        assert!(stop.contains("swbreak"), "{stop}");
        client.ask(&format!("z0,{SUM:x},4")).unwrap();
        let thread = thread_of(&stop).to_owned();
        client.ask(&format!("vCont;s:{thread}")).unwrap();
        assert_eq!(client.register(GdbRegister::Pc).unwrap() as u32, SUM + 4);
        // A busy host may leave the title no time in some of the turns.
        for _ in 0..1000 {
            client.send("vCont;c").unwrap();
            thread::sleep(Duration::from_millis(50));
            client.send_raw(&[3]).unwrap();
            assert!(client.receive().unwrap().starts_with("T02"));
            let position = client.monitor("position").unwrap();
            let instructions = position.split(' ').next().unwrap();
            if instructions.parse::<u64>().expect(&position) > 1000 {
                break;
            }
        }
        client.send("k").unwrap();
    });
    assert_eq!(finished.end, RunEnd::Stopped);
    assert!(finished.report.instructions > 1000);
}

#[test]
fn a_title_continues_without_the_breakpoints_of_a_detached_client() {
    let limits = instructions();
    let finished = debugged(CpuConfig::default(), ExecutorConfig::default(), &limits, |client| {
        client.ask(&format!("Z0,{SUM:x},4")).unwrap();
        assert_eq!(client.ask("D").unwrap(), "OK");
    });
    let alone = run(true, Box::new(NoInput), None, None, &limits).unwrap();
    assert_eq!((finished.end, finished.report.digest), (RunEnd::Instructions, alone.report.digest));
}

#[test]
fn threads_are_described_in_a_few_words() {
    debugged(CpuConfig::default(), ExecutorConfig::default(), &instructions(), |client| {
        let stop = client.ask("?").unwrap();
        let info = client.ask(&format!("qThreadExtraInfo,{}", thread_of(&stop))).unwrap();
        let words: Vec<String> = ", hardware thread ".bytes().map(|byte| format!("{byte:02x}")).collect();
        assert!(info.contains(&words.concat()), "{info}");
        client.send("k").unwrap();
    });
}

/// A debugger that changes memory and reads which past is left.
struct ChangeAndHistory;

impl FrontEnd for ChangeAndHistory {
    fn control(&mut self, machine: &mut Debugged<'_, '_>) -> Result<()> {
        machine.travel_to(1000)?;
        assert!(!machine.write(0x10, &[1]));
        machine.write(DATA + 0x1000, &[]);
        assert!(machine.describe_history()?.contains("from instruction 0 on"));
        assert!(machine.write(DATA + 0x1000, &[1]));
        assert!(machine.describe_history()?.contains("from instruction 1000 on"));
        Ok(())
    }
}

#[test]
fn the_history_is_the_past_that_a_change_has_left() {
    let engine = MachineConfig::default();
    let picture = VideoConfig::default();
    let mut machine = Machine::new(&poller(), MachineOptions::new(&engine, &picture)).unwrap();
    machine.set_front_end(Box::new(ChangeAndHistory));
    assert!(!machine.run(&instructions()).has_lost_output);
}
