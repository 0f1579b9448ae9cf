//! `bench --programs`: runs programs by other authors, built by `cargo xtask programs`, on the
//! engines, natively and in QEMU.
//!
//! A row may instead be a [whole program](super::whole), with files and arguments; the following is
//! about the others.
//!
//! Every run starts afresh, without compiled code. The CPU time of a whole run is measured, because
//! machines are shared. Native and QEMU processes report it themselves; for the engines it is that
//! of all threads, from an empty code cache to the program's end, in slices as long as lockstep's.
//! QEMU and the engines run the same object files. All contenders take turns, as with kernels.

use super::contender::engine_column;
use super::program_report::{ProgramReport, heading, line, means};
use super::whole::{PeerSystem, ToMain, Took, Whole};
use super::{Spread, cell, conclude, exit_code, host, ns_per_instruction};
use crate::args::{BenchArgs, Peer};
use crate::flat::FlatProgram;
use crate::processes;
use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use xenia::config::ExecutorConfig;
use xenia::config::Tier;
use xenia::interrupt::Interrupt;
use xenia::say::outln;
use xenia::wording::count;
use xenia_cli::Code;
use xenia_cli::CpuArgs;
use xenia_sched::SchedulerConfig;

/// A row of `programs.json`.
#[derive(Clone, Debug, Deserialize)]
struct Program {
    name: String,
    kind: String,
    unseen: bool,
    /// Whether its title has 64-bit instructions.
    #[serde(default)]
    wide: bool,
    #[serde(flatten)]
    work: Work,
}

/// Kind of the program.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Work {
    /// Prints one line. The answer has one part that is the same everywhere, and one that is
    /// specific to PowerPC code.
    Answer {
        line: String,
        title: String,
        /// The title's code built for qemu-ppc; missing if qemu-ppc cannot run it.
        qemu: Option<String>,
        native: String,
    },
    Whole(Whole),
}

#[derive(Deserialize)]
struct Programs {
    programs: Vec<Program>,
}

/// Result of one run.
struct Outcome {
    seconds: f64,
    right: bool,
    instructions: Option<u64>,
    /// Code that it compiled; `None` if there was none.
    compiled: Option<CompileWork>,
    /// Sums of a second start.
    second: Option<Took>,
}

/// Code that a run compiled, in both tiers.
#[derive(Clone, Copy)]
struct CompileWork {
    /// Seconds spent compiling.
    seconds: f64,
    /// Number of guest instructions.
    instructions: u64,
}

impl CompileWork {
    /// `None` for no instructions.
    fn of(seconds: f64, instructions: u64) -> Option<Self> {
        (instructions > 0).then_some(Self { seconds, instructions })
    }
}

/// A way to run programs.
enum Contender {
    Native,
    Qemu,
    Ours(&'static str, Box<CpuArgs>),
}

impl Contender {
    fn name(&self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Qemu => "qemu",
            Self::Ours(name, _) => name,
        }
    }

    /// Runs the program; `None` if the contender cannot run it.
    fn run(&self, program: &Program, folder: &Path, to_main: &mut ToMain) -> Result<Option<Outcome>> {
        let (line, title, qemu, native) = match &program.work {
            Work::Answer { line, title, qemu, native } => (line, title, qemu, native),
            Work::Whole(whole) => return self.run_whole(whole, to_main),
        };
        let outcome = match self {
            Self::Native => {
                // A native program has only the first part of the answer in common.
                let wanted = line.split(" exact ").next().unwrap_or_default();
                child(&mut Command::new(folder.join(native)), &format!("{wanted} exact "))
            }
            Self::Qemu => {
                let Some(qemu) = qemu else { return Ok(None) };
                let mut command = Command::new("qemu-ppc");
                child(command.args(["-cpu", "7450"]).arg(folder.join(qemu)), line)
            }
            Self::Ours(_, cpu) => run_in_emulator(&folder.join(title), cpu, line),
        };
        outcome.map(Some)
    }

    fn run_whole(&self, whole: &Whole, to_main: &mut ToMain) -> Result<Option<Outcome>> {
        let by_peer = |took: Took| Outcome {
            seconds: took.seconds,
            right: took.right,
            instructions: None,
            compiled: None,
            second: None,
        };
        let by_engine = |took: Took| Outcome {
            instructions: Some(took.instructions),
            compiled: CompileWork::of(took.compile_seconds, took.compiled_instructions),
            ..by_peer(took)
        };
        Ok(Some(match self {
            Self::Native => by_peer(whole.run_on_peer(PeerSystem::Native)?),
            Self::Qemu if whole.is_for_qemu() => by_peer(whole.run_on_peer(PeerSystem::Qemu)?),
            Self::Qemu => return Ok(None),
            // It compiles nothing that a second start could use.
            Self::Ours(_, cpu) if cpu.tier == Tier::Interp => by_engine(whole.run_in_emulator(cpu, None)?),
            Self::Ours(_, cpu) => {
                let starts = whole.starts(cpu)?;
                to_main.add(&starts);
                let right = starts.second.right && starts.second.instructions == starts.first.instructions;
                let first = by_engine(starts.first);
                Outcome { right: right && first.right, second: Some(starts.second), ..first }
            }
        }))
    }
}

/// Runs a process, whose output must start with `wanted`.
fn child(command: &mut Command, wanted: &str) -> Result<Outcome> {
    let output = processes::output(command.stdin(Stdio::null()))?;
    let messages = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        bail!(
            "{command:?} ended with {}: {}",
            output.status,
            messages.lines().next_back().unwrap_or_default()
        );
    }
    let time = messages.lines().find_map(|line| line.strip_prefix("cpu ")?.parse::<u64>().ok());
    let time = time.with_context(|| format!("{command:?} doesn't report its time"))?;
    let right = String::from_utf8_lossy(&output.stdout).starts_with(wanted);
    let seconds = Duration::from_nanos(time).as_secs_f64();
    Ok(Outcome { seconds, right, instructions: None, compiled: None, second: None })
}

/// Runs a title on a new engine.
fn run_in_emulator(title: &Path, cpu: &CpuArgs, wanted: &str) -> Result<Outcome> {
    let elf = std::fs::read(title).with_context(|| format!("reading {}", title.display()))?;
    let program = FlatProgram::load(&elf)?;
    let quantum = SchedulerConfig::default().quantum;
    let start = process_time();
    let mut engine =
        xenia::machine::engine(&program.memory, &cpu.into(), &ExecutorConfig::default(), &[], None)?.run;
    let ended = program.run(&mut *engine, i64::from(quantum))?;
    let seconds = process_time().saturating_sub(start).as_secs_f64();
    let counters = engine.counters();
    let compiled = counters.compiled_guest_instructions + counters.baseline_guest_instructions;
    let compile_seconds = (counters.compile_ns + counters.baseline_ns) as f64 / 1e9;
    Ok(Outcome {
        seconds,
        right: ended.value == 0 && ended.text == wanted.as_bytes(),
        instructions: Some(ended.instructions),
        compiled: CompileWork::of(compile_seconds, compiled),
        second: None,
    })
}

/// CPU time of all threads of this process.
fn process_time() -> Duration {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let times = tasks.filter_map(|task| {
        let text = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
    });
    times.sum()
}

/// The contenders that the flags select: one engine (by default `auto`), and the interpreter on
/// request.
fn contenders(args: &BenchArgs) -> Vec<Contender> {
    let tier = args.cpu.tier();
    let name = engine_column(tier);
    let cpu = CpuArgs { interp: false, jit: false, tier, ..args.cpu.clone() };
    let mut all = vec![Contender::Ours(name, Box::new(cpu))];
    for peer in &args.peers {
        all.push(match peer {
            Peer::Native => Contender::Native,
            Peer::Qemu => Contender::Qemu,
            Peer::Interp => Contender::Ours(
                "interp",
                Box::new(CpuArgs { interp: false, jit: false, tier: Tier::Interp, ..args.cpu.clone() }),
            ),
        });
    }
    all.sort_by_key(Contender::name);
    all.dedup_by_key(|one| one.name());
    all
}

/// Runs the programs and prints the table; the JSON has everything.
pub(super) fn run(folder: &Path, args: &BenchArgs) -> Result<Code> {
    let programs = list(folder, args.filter.as_deref())?;
    let interrupt = Interrupt::listen(None)?;
    let mut contenders = contenders(args);
    contenders.retain(|one| {
        let is_there =
            !matches!(one, Contender::Qemu) || Command::new("qemu-ppc").arg("--version").output().is_ok();
        if !is_there {
            outln!("Qemu is not measured: no qemu-ppc (Debian: qemu-user)");
        }
        is_there
    });
    let runs = args.runs;
    heading();
    let mut reports = Vec::new();
    for program in &programs {
        let report = measure(program, folder, &contenders, runs, &interrupt)
            .with_context(|| format!("program {}", program.name))?;
        // An interrupted measurement is not comparable.
        let Some(report) = report else { break };
        line(&report);
        reports.push(report);
    }
    let mut report = super::summary(runs, Vec::new(), xenia_cpu::EngineCounters::default());
    report.program_geomeans = means(&reports);
    report.programs = reports;
    report.interrupted_by = interrupt.cause().map(|cause| cause.name().to_owned());
    for (group, means) in &report.program_geomeans {
        outln!(
            "geomean of {} ({group}): auto/native {}, second/native {}, auto/qemu {}, qemu/native {}; \
             ns an instruction: auto {}, second {}",
            count(means.programs, "program"),
            cell(means.auto_over_native, 2),
            cell(means.second_over_native, 2),
            cell(means.auto_over_qemu, 2),
            cell(means.qemu_over_native, 2),
            cell(means.auto_ns_per_instruction, 3),
            cell(means.second_ns_per_instruction, 3)
        );
    }
    outln!("{}; {}", host(), count(runs, "run"));
    let bars: Vec<_> = report.programs.iter().map(ProgramReport::bars).collect();
    let is_right = report.programs.iter().all(|program| program.checksum_ok);
    conclude(args, &report, &bars, &count(programs.len(), "program"))?;
    Ok(exit_code(is_right, &interrupt))
}

/// The programs in `folder` that match the filter.
fn list(folder: &Path, filter: Option<&str>) -> Result<Vec<Program>> {
    let path: PathBuf = folder.join("programs.json");
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("no {}: `cargo xtask programs` builds them", path.display()))?;
    let list: Programs =
        serde_json::from_str(&text).with_context(|| format!("reading {}", path.display()))?;
    let mut programs = list.programs;
    if let Some(filter) = filter {
        let names = programs.iter().map(|program| program.name.as_str()).collect::<Vec<_>>().join(", ");
        programs.retain(|program| program.name.contains(filter));
        ensure!(!programs.is_empty(), "no program has {filter:?} in its name; there are {names}");
    }
    Ok(programs)
}

/// Measures a program; `None` if it was interrupted.
fn measure(
    program: &Program,
    folder: &Path,
    contenders: &[Contender],
    runs: u64,
    interrupt: &Interrupt,
) -> Result<Option<ProgramReport>> {
    let mut times: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    let mut instructions = None;
    let mut ok = true;
    let mut compiled = None;
    let mut to_main = ToMain::default();
    let mut second: Option<Took> = None;
    for run in 0..runs as usize {
        for turn in 0..contenders.len() {
            if interrupt.cause().is_some() {
                return Ok(None);
            }
            let one = &contenders[(run + turn) % contenders.len()];
            let outcome = one.run(program, folder, &mut to_main).with_context(|| one.name())?;
            let Some(outcome) = outcome else { continue };
            if let Some(took) = outcome.second {
                times.entry("second").or_default().push(took.seconds);
                second = Some(took);
            }
            times.entry(one.name()).or_default().push(outcome.seconds);
            ok &= outcome.right;
            compiled = outcome.compiled.or(compiled);
            if let Some(executed) = outcome.instructions {
                ok &= *instructions.get_or_insert(executed) == executed;
            }
        }
    }
    let mut spread = |name| times.remove(name).and_then(Spread::of);
    let [auto_s, second_s] = ["auto", "second"].map(&mut spread);
    let guest_instructions = instructions.unwrap_or(0);
    let ns = |time: Option<Spread>| ns_per_instruction(time?.median, guest_instructions);
    Ok(Some(ProgramReport {
        name: program.name.clone(),
        kind: program.kind.clone(),
        unseen: program.unseen,
        wide: program.wide,
        native_s: spread("native"),
        qemu_s: spread("qemu"),
        interp_s: spread("interp"),
        baseline_s: spread("baseline"),
        function_s: spread("function"),
        auto_s,
        guest_instructions,
        auto_ns_per_instruction: ns(auto_s),
        checksum_ok: ok,
        compile_s: compiled.map(|code| code.seconds),
        compiled_guest_instructions: compiled.map(|code| code.instructions),
        second_s,
        second_ns_per_instruction: ns(second_s),
        second_compile_s: second.as_ref().map(|took| took.compile_seconds),
        second_compiled_guest_instructions: second.as_ref().map(|took| took.compiled_instructions),
        to_main: to_main.report(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LabCli, LabCommand};
    use clap::Parser;

    /// A folder with one program: the title prints the line, the native program is a script.
    fn folder(native_says: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
        // cpu-suite prints fixed lines, so the expected line is one of them.
        file("p.elf", include_bytes!("../../../../guest/bin/cpu-suite.elf"));
        let elf = std::fs::read(folder.path().join("p.elf")).unwrap();
        let program = FlatProgram::load(&elf).unwrap();
        let cpu = xenia::config::CpuConfig::default();
        let mut engine =
            xenia::machine::engine(&program.memory, &cpu, &ExecutorConfig::default(), &[], None).unwrap().run;
        let text = String::from_utf8(program.run(&mut *engine, 50_000).unwrap().text).unwrap();
        let list = serde_json::json!({ "programs": [{
            "name": "p", "about": "", "kind": "integer", "unseen": true, "wide": true, "line": text, "title": "p.elf",
            "qemu": null, "native": "p.native",
        }]});
        file("programs.json", list.to_string().as_bytes());
        file("native.txt", native_says.replace("LINE", &text).as_bytes());
        let script = format!("#!/bin/sh\ncat {}/native.txt\necho cpu 5000000 >&2\n", folder.path().display());
        file("p.native", script.as_bytes());
        #[cfg(unix)]
        {
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            std::fs::set_permissions(folder.path().join("p.native"), mode).unwrap();
        }
        folder
    }

    fn bench(folder: &Path, json: &Path) -> Code {
        let programs = format!("--programs={}", folder.display());
        let words = [
            "xenia-rs",
            "bench",
            &programs,
            "--runs=1",
            "--peers=native,qemu",
            "--json",
            json.to_str().unwrap(),
        ];
        let LabCommand::Bench(args) = LabCli::try_parse_from(words).unwrap().command else {
            panic!("not bench")
        };
        run(folder, &args).unwrap()
    }

    #[test]
    #[cfg_attr(windows, ignore = "its native program is a script of a shell")]
    fn a_program_is_measured_beside_its_native_build_and_a_wrong_answer_fails() {
        let json = tempfile::tempdir().unwrap();
        let json = json.path().join("b.json");
        let right = folder("LINE exact other bits");
        assert_eq!(bench(right.path(), &json), Code::Done);
        let report: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(&json).unwrap()).unwrap();
        let program = &report["programs"][0];
        assert_eq!(program["checksum_ok"], true);
        assert_eq!(program["native_s"]["median"], 0.005);
        assert!(program["auto_s"]["median"].as_f64().unwrap() > 0.0);
        assert_eq!((&program["wide"], &program["qemu_s"]), (&true.into(), &serde_json::Value::Null));
        assert!(program["guest_instructions"].as_u64().unwrap() > 1_000_000);
        let ns = program["auto_ns_per_instruction"].as_f64().unwrap();
        let mean = report["program_geomeans"]["all"]["auto_ns_per_instruction"].as_f64().unwrap();
        assert!(ns > 0.0 && (mean - ns).abs() < ns * 1e-9, "{ns} {mean}");
        assert!(program["second_ns_per_instruction"].is_null());
        assert_eq!(report["program_geomeans"]["unseen"]["programs"], 1);
        assert_eq!(report["program_geomeans"]["wide"]["programs"], 1);
        assert!(report["program_geomeans"]["float"].is_null());
        let wrong = folder("something else exact\n");
        assert_eq!(bench(wrong.path(), &json), Code::Mismatch);
    }
}
