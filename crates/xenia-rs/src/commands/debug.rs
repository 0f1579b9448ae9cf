//! `xenia-rs debug`: runs a title in lockstep under the debugger.

use crate::cli::DebuggerArgs;
use anyhow::{Context, Result, ensure};
use std::io::Read;
use std::path::Path;
use xenia::code_store;
use xenia::config::{MachineConfig, VideoConfig};
use xenia::content::HeldContent;
use xenia::interrupt::Interrupt;
use xenia::launches::{self, EarlierTitles, RunPlan};
use xenia::machine::{FrontEnd, Launched, Machine, MachineOptions, StateOrigin};

use xenia::Limits;
use xenia::say::out;
use xenia::source;
use xenia::title::Title;
use xenia_cli::Code;
use xenia_debugger::DebugSession;
use xenia_debugger::script::{Script, text_sink};
use xenia_debugger::terminal::{self, OnTerminal};
use xenia_kernel::ports::TextSink;

/// Maximum size of a script in bytes.
const MAX_SCRIPT_SIZE: u64 = 1 << 20;

/// Runs until the debugger is left.
pub fn run(args: &DebuggerArgs) -> Result<Code> {
    args.refuse_unsupported()?;
    let mut args = args.clone();
    if let Some(path) = &args.load_state {
        let StateOrigin { start_time, .. } = StateOrigin::read(path)?;
        args.engine.start_time = args.engine.start_time.or(start_time);
    }
    let session = DebugSession::default();
    let lines = session.model.text.clone();
    let mut front_end: Option<Box<dyn FrontEnd>> = Some(match &args.script {
        None => {
            terminal::check()?;
            Box::new(OnTerminal::new(session))
        }
        Some(path) => {
            let commands = read_script(path)?;
            let print = Box::new(|screen: &str| out!("{screen}"));
            let script = Script::new(session, &commands, args.screen, print);
            Box::new(script.with_context(|| path.display().to_string())?)
        }
    });
    let interrupt = Interrupt::listen(args.timeout)?;
    let title = args.engine.open_title(Some(&args.title))?;
    let limits = Limits {
        instructions: args.instructions,
        frames: None,
        ticks: None,
        ticks_between_frames: None,
        halt_on_deadlock: args.engine.halt_on_deadlock,
    };
    let state = args.load_state.as_deref();
    let saves = HeldContent::new(&(&args.engine.content).into(), true)?;
    let plan = RunPlan { start_state: state, ..RunPlan::new(&limits) };
    let finished = launches::run(title, plan, |title, before, launched| {
        let mut machine = machine(&args, title, before, launched, text_sink(&lines), &saves)?;
        machine.set_interrupt(interrupt.clone());
        if let Some(front_end) = front_end.take() {
            machine.set_front_end(front_end);
        }
        Ok(machine)
    })?;
    if finished.has_lost_output {
        return Ok(Code::Unusable);
    }
    Ok(interrupt.cause().map_or(Code::Done, Code::from))
}

fn read_script(path: &Path) -> Result<String> {
    let cannot = || format!("cannot read the script {}", path.display());
    // One more byte distinguishes a script that is too long from one that just fits.
    let most = MAX_SCRIPT_SIZE + 1;
    let mut bytes = Vec::new();
    let read = if path.as_os_str() == "-" {
        std::io::stdin().take(most).read_to_end(&mut bytes)
    } else {
        source::stream(path).and_then(|file| file.take(most).read_to_end(&mut bytes))
    };
    read.with_context(cannot)?;
    ensure!(
        bytes.len() as u64 <= MAX_SCRIPT_SIZE,
        "{} has more than {} MiB",
        path.display(),
        MAX_SCRIPT_SIZE >> 20
    );
    String::from_utf8(bytes).with_context(cannot)
}

fn machine(
    args: &DebuggerArgs,
    title: &Title,
    before: &EarlierTitles,
    launched: Option<Launched>,
    text: TextSink,
    saves: &HeldContent,
) -> Result<Machine> {
    let config = MachineConfig::from(&args.engine);
    let video = VideoConfig { gpu: args.gpu, ..VideoConfig::default() };
    Machine::new(
        title,
        MachineOptions {
            text,
            content: saves.folder(),
            code_cache: code_store::named_folder(args.engine.code_cache.as_deref()),
            replay: before.file(args.replay.as_deref()).as_deref(),
            state: args.load_state.as_deref().filter(|_| before.machines == 0),
            launched,
            arguments: &args.arguments,
            call_history: true,
            ..MachineOptions::new(&config, &video)
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_pipe_without_a_writer_is_not_a_script() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        assert!(format!("{:#}", read_script(&path).unwrap_err()).contains("it is a pipe"));
    }

    #[test]
    fn a_script_that_is_too_long_is_refused_not_cut() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("script");
        let mut text = "#".repeat(MAX_SCRIPT_SIZE as usize);
        std::fs::write(&path, &text).unwrap();
        assert_eq!(read_script(&path).unwrap(), text);
        text.push('#');
        std::fs::write(&path, &text).unwrap();
        assert!(read_script(&path).unwrap_err().to_string().contains("has more than 1 MiB"));
    }
}
