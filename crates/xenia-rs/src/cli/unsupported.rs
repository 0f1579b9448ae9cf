//! Flags that this build does not support yet. Each is refused with exit code 2 and a message that
//! names an alternative, so that an accepted flag always has its effect.

use super::{CheckArgs, Cli, Command, ExecArgs, PictureArgs};
use anyhow::{Result, bail};
use std::ffi::OsString;
use xenia::config::{
    AnisotropyMode, AudioOutput, DialogPolicy, GpuKind, InternalResolution, NetworkKind, QueryMode,
    ReadbackMode, Tier,
};
use xenia::network::REFUSAL;
use xenia_cli::ClockChoice;

impl PictureArgs {
    /// Refuses contradictory flags.
    fn refuse_contradictions(&self) -> Result<()> {
        let may_use_device = match self.gpu {
            GpuKind::Wgpu => true,
            GpuKind::Auto => !self.headless,
            GpuKind::Reference | GpuKind::None => false,
        };
        if self.async_pipelines && !may_use_device {
            bail!("--async-pipelines needs --gpu wgpu");
        }
        if self.readback != ReadbackMode::default() && !may_use_device {
            bail!("--readback needs --gpu wgpu");
        }
        if self.queries != QueryMode::default() && !may_use_device {
            bail!("--queries needs --gpu wgpu");
        }
        if self.anisotropy != AnisotropyMode::default() && !may_use_device {
            bail!("--anisotropy needs --gpu wgpu");
        }
        if self.adapter.is_some() && !may_use_device {
            bail!("--adapter needs --gpu wgpu");
        }
        if self.internal_resolution != InternalResolution::default() && !may_use_device {
            bail!("--internal-resolution needs --gpu wgpu");
        }
        if self.last_frame.is_some() && self.gpu == GpuKind::None {
            bail!("--last-frame needs a --gpu that draws");
        }
        Ok(())
    }
}

impl Cli {
    /// Refuses flags that the command does not support together.
    pub fn refuse_unsupported(&self) -> Result<()> {
        match &self.command {
            None => self.exec.refuse_unsupported(),
            Some(Command::Exec(args)) => args.refuse_unsupported(),
            Some(Command::Check(args)) => args.refuse_unsupported(),
            Some(Command::Debug(args)) => args.refuse_unsupported(),
            #[cfg(feature = "lab")]
            Some(Command::Lab(command)) => command.refuse_unsupported(),
            Some(_) => Ok(()),
        }
    }
}

/// Whether the flag is on the command line, before the title's arguments.
fn is_typed(words: &[OsString], flag: &str) -> bool {
    let mut words = words.iter().take_while(|word| *word != "--").filter_map(|word| word.to_str());
    words.any(|word| word.strip_prefix(flag).is_some_and(|rest| rest.is_empty() || rest.starts_with('=')))
}

impl ExecArgs {
    /// Whether the flag is on the command line; a setting may have the same value.
    pub fn is_typed(&self, flag: &str) -> bool {
        is_typed(&self.typed, flag)
    }

    /// Refuses flags that this build does not support.
    pub fn refuse_unsupported(&self) -> Result<()> {
        if self.title.is_none() && !self.arguments.is_empty() {
            bail!("arguments after -- need a TITLE before it");
        }
        self.engine.refuse_contradictions()?;
        self.engine.mode.refuse_unsupported()?;
        if self.engine.mode.parallel {
            if self.engine.cpu.cross_check.is_some() {
                bail!("--cross-check compares the engines in one order of events: use it with --lockstep");
            }
            if self.run.is_recorded() {
                bail!("--record and --replay need a run that repeats: use them with --lockstep");
            }
            if !self.states.save_state.is_empty() {
                bail!("--save-state counts instructions, which lockstep repeats: use it with --lockstep");
            }
            if self.engine.sched_order.is_some() || self.engine.contention_manifest.is_some() {
                bail!(
                    "--sched-order and --contention-manifest (XENIA_SCHED_ORDER, XENIA_CONTENTION_MANIFEST_PATH) are \
                     about the rounds of lockstep: use them with --lockstep"
                );
            }
        }
        self.engine.content.refuse_in_recordings(self.run.is_recorded())?;
        if self.run.is_recorded() && self.scratch.is_given() {
            bail!("--record and --replay begin with empty scratch disks: leave out --scratch");
        }
        if self.dialogs.dialogs == Some(DialogPolicy::Ask) && self.picture.headless {
            bail!("--dialogs ask asks in a window; without one use --dialogs accept or --dialogs cancel");
        }
        let may_be_parallel = self.engine.mode.parallel || !self.picture.headless && !self.needs_lockstep();
        if self.engine.network == NetworkKind::Host && !may_be_parallel {
            bail!("{REFUSAL}");
        }
        if self.precompile && self.engine.cpu.tier == Tier::Interp {
            bail!("--precompile needs the JIT");
        }
        if self.run.dump_frames.is_some() && self.picture.gpu == GpuKind::None {
            bail!("--dump-frames needs a --gpu that draws");
        }
        self.refuse_incomplete()?;
        self.picture.refuse_contradictions()
    }

    /// Refuses typed flags that only change another one, which is missing. A settings file may have
    /// them for all runs with that flag.
    fn refuse_incomplete(&self) -> Result<()> {
        let is_typed = |flag| is_typed(&self.typed, flag);
        if self.debug.profile.is_none() && is_typed("--profile-rate") {
            bail!("--profile-rate is the rate of --profile FILE: add that, or omit this");
        }
        if !self.states.rewind && is_typed("--rewind-memory") {
            bail!("--rewind-memory is the memory of --rewind: add that, or omit this");
        }
        if self.keeps_no_scratch() && is_typed("--scratch-size") {
            bail!("--scratch-size needs --scratch DIR");
        }
        // Without a window, sound is discarded unless --audio names an output.
        let is_silent = match &self.sound.audio {
            Some(output) => *output == AudioOutput::Null,
            None => self.picture.headless,
        };
        if is_silent && let Some(flag) = ["--volume", "--speakers"].into_iter().find(|flag| is_typed(flag)) {
            bail!("{flag} needs an --audio that plays");
        }
        if self.run.frames.is_none() && is_typed("--swap-timeout") {
            bail!("--swap-timeout limits the wait for a swap of --frames N: add that, or omit this");
        }
        Ok(())
    }

    /// Whether the scratch disks are certainly in memory. Without --headless, a window may keep
    /// them.
    fn keeps_no_scratch(&self) -> bool {
        if self.scratch.scratch.is_some() {
            return !self.scratch.is_given();
        }
        let is_compared = self.is_compared() || self.engine.cpu.cross_check.is_some();
        let is_headless = is_typed(&self.typed, "--headless");
        let repeats = !self.engine.mode.parallel && (is_headless || self.needs_lockstep());
        is_compared || repeats && !self.engine.content.is_given()
    }
}

impl CheckArgs {
    /// Refuses flags that this build, or a lockstep run, does not support.
    pub fn refuse_unsupported(&self) -> Result<()> {
        let mode = &self.engine.mode;
        if mode.parallel || mode.barrier || mode.clock == Some(ClockChoice::Host) {
            bail!("check is a lockstep run: leave out --parallel, --barrier and --clock host");
        }
        if self.piece.is_some() != self.states.is_some() {
            bail!("--piece and --states need each other");
        }
        if self.engine.network == NetworkKind::Host {
            bail!("{REFUSAL}");
        }
        self.engine.content.refuse_in_recordings(self.run.is_recorded())?;
        self.engine.refuse_contradictions()
    }

    /// Refuses `--swap-timeout` on the command line, once the limit of the golden file is known.
    ///
    /// # Errors
    /// The flag was typed, and the run has no limit in frames.
    pub fn refuse_swap_timeout(&self) -> Result<()> {
        if self.run.frames.is_none() && is_typed(&self.typed, "--swap-timeout") {
            bail!("--swap-timeout limits the wait for a swap, but this run has no limit in frames");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::cli::{Cli, Command};
    use clap::Parser;

    fn refusal(flags: &[&str]) -> Option<String> {
        let words = ["xenia-rs", "exec", "t.xex"].iter().chain(flags);
        let cli = Cli::try_parse_from(words).unwrap_or_else(|error| panic!("{flags:?}: {error}"));
        let Some(Command::Exec(mut exec)) = cli.command else { panic!("not exec") };
        exec.typed = flags.iter().map(Into::into).collect();
        exec.refuse_unsupported().err().map(|error| error.to_string())
    }

    #[test]
    fn unsupported_flag_combinations_name_an_alternative() {
        for (flags, instead) in [
            (&["--barrier"][..], "--parallel"),
            (&["--clock", "host"], "--parallel"),
            (&["--parallel", "--clock", "guest"], "--lockstep"),
            (&["--parallel", "--cross-check"], "--lockstep"),
            (&["--parallel", "--record", "a"], "--lockstep"),
            (&["--parallel", "--save-state", "5:a"], "--lockstep"),
            (&["--parallel", "--sched-order", "seeded:1"], "--lockstep"),
            (&["--parallel", "--contention-manifest", "m"], "--lockstep"),
            (&["--sched-order", "fixed", "--contention-manifest", "m"], "leave one out"),
            (&["--async-pipelines", "--headless"], "--gpu wgpu"),
            (&["--async-pipelines", "--gpu", "reference"], "--gpu wgpu"),
            (&["--async-pipelines", "--gpu", "none"], "--gpu wgpu"),
            (&["--readback", "none", "--gpu", "reference"], "--gpu wgpu"),
            (&["--queries", "exact", "--gpu", "none"], "--gpu wgpu"),
            (&["--anisotropy", "16", "--gpu", "reference"], "--gpu wgpu"),
            (&["--internal-resolution", "2", "--gpu", "reference"], "--gpu wgpu"),
            (&["--adapter", "x", "--gpu", "none"], "--gpu wgpu"),
            (&["--tier", "interp", "--cross-check"], "leave out"),
            (&["--dialogs", "ask", "--headless"], "--dialogs accept"),
            (&["--network", "host", "--headless"], "--parallel"),
            (&["--network", "host", "--lockstep"], "--network loopback"),
            (&["--profile-rate", "100"], "--profile FILE"),
            (&["--profile-rate=100"], "--profile FILE"),
            (&["--rewind-memory", "64"], "of --rewind:"),
            (&["--rewind-memory=64", "--", "--rewind"], "of --rewind:"),
            (&["--swap-timeout", "5"], "--frames N"),
            (&["--swap-timeout=0", "-n", "9"], "--frames N"),
            (&["--missing", "fail,zero"], "--missing fail and --missing zero"),
            (&["--missing", "xam#ffe=1", "--missing", "zero,xam#ffe=2"], "xam#0FFE=0x2"),
            (&["--limit", "sockets=5,sockets=6"], "sockets=5 and --limit sockets=6"),
            (&["--tier", "interp", "--warm-up", "5"], "--warm-up needs the JIT"),
            (&["--tier", "interp", "--compile", "wait"], "--compile needs the JIT"),
            (&["--tier", "interp", "--perf-map"], "--perf-map needs the JIT"),
            (&["--tier", "interp", "--jitdump"], "--jitdump needs the JIT"),
            (&["--tier", "interp", "--precompile"], "--precompile needs the JIT"),
            (&["--tier", "baseline", "--warm-up", "5"], "--warm-up needs the optimizing tier"),
            (&["--gpu", "none", "--last-frame", "a.png"], "--last-frame needs a --gpu"),
            (&["--gpu", "none", "--dump-frames", "a"], "--dump-frames needs a --gpu"),
            (&["--audio", "null", "--volume", "50"], "--volume needs an --audio"),
            (&["--audio", "null", "--speakers=5.1"], "--speakers needs an --audio"),
            (&["--headless", "--volume", "50"], "--volume needs an --audio"),
            (&["--headless", "--scratch-size", "64"], "--scratch DIR"),
            (&["--lockstep", "--scratch-size", "64"], "--scratch DIR"),
            (&["--event-log", "e", "--content", "a", "--scratch-size", "64"], "--scratch DIR"),
            (&["--scratch", "off", "--scratch-size", "64"], "--scratch DIR"),
        ] {
            let message = refusal(flags).unwrap_or_else(|| panic!("{flags:?} was accepted"));
            assert!(message.contains(instead), "{flags:?}: {message}");
        }
    }

    #[test]
    fn arguments_of_no_title_are_refused() {
        let cli = Cli::try_parse_from(["xenia-rs", "--headless", "--", "game.xex"]).unwrap();
        let message = cli.refuse_unsupported().unwrap_err().to_string();
        assert_eq!(message, "arguments after -- need a TITLE before it");
    }

    #[test]
    fn supported_flag_combinations_are_accepted() {
        for flags in [
            &["--tier", "interp"][..],
            &["--tier", "function"],
            &["--tier", "auto"],
            &["--lockstep", "--clock", "guest"],
            &["--parallel", "--clock", "host"],
            &["--parallel", "--barrier"],
            &["--precise-faults"],
            &["--gpu", "none"],
            &["--gpu", "wgpu"],
            &["--gpu", "wgpu", "--async-pipelines"],
            &["--gpu", "auto", "--async-pipelines"],
            &["--gpu", "wgpu", "--readback", "none"],
            &["--readback", "full"],
            &["--gpu", "wgpu", "--queries", "exact"],
            &["--gpu", "wgpu", "--anisotropy", "16"],
            &["--gpu", "wgpu", "--internal-resolution", "4"],
            &["--anisotropy", "title", "--headless"],
            &["--dialogs", "ask"],
            &["--network", "host"],
            &["--network", "host", "--parallel", "--headless"],
            &["--network", "off", "--lockstep"],
            &["--dialogs", "cancel", "--headless"],
            &["--profile", "p.txt", "--profile-rate", "100"],
            &["--", "--profile-rate"],
            &["--rewind", "--rewind-memory", "64"],
            &["--frames", "9", "--swap-timeout", "5"],
            &["--missing", "zero,zero", "--missing", "xam#ffe=1,xam#0ffe=1"],
            &["--limit", "sockets=5", "--limit", "open_files=5,sockets=5"],
            &["--tier", "function", "--warm-up", "5", "--compile", "wait"],
            &["--tier", "baseline", "--compile", "background", "--perf-map"],
            &["--last-frame", "a.png", "--dump-frames", "a"],
            &["--audio", "null", "--mute"],
            &["--volume", "50"],
            &["--headless", "--audio", "wav:a.wav", "--volume", "50"],
            &["--scratch-size", "64"],
            &["--headless", "--parallel", "--scratch-size", "64"],
            &["--headless", "--scratch", "a", "--scratch-size", "64"],
            &["--headless", "--content", "a", "--scratch-size", "64"],
            &["--", "--scratch-size", "64"],
            &["--audio", "null"],
            &["--audio", "device"],
            &["--audio", "wav:a.wav"],
        ] {
            assert_eq!(refusal(flags), None, "{flags:?}");
        }
    }

    #[test]
    fn only_deterministic_flags_request_lockstep() {
        let needs_lockstep = |flags: &[&str]| {
            let words = ["xenia-rs", "exec", "t.xex"].iter().chain(flags);
            let Some(Command::Exec(exec)) = Cli::try_parse_from(words).unwrap().command else {
                panic!("not exec")
            };
            exec.needs_lockstep()
        };
        for flags in [
            &["--lockstep"][..],
            &["--clock", "guest"],
            &["--cross-check"],
            &["--sched-order", "fixed"],
            &["--contention-manifest", "m"],
            &["-n", "1"],
            &["--record", "r"],
            &["--replay", "r"],
            &["--event-log", "e"],
            &["--save-state", "1:s"],
        ] {
            assert!(needs_lockstep(flags), "{flags:?}");
        }
        for flags in [&[][..], &["--frames", "9"], &["--json", "j"], &["--quantum", "9"], &["--interp"]] {
            assert!(!needs_lockstep(flags), "{flags:?}");
        }
    }

    #[test]
    fn lockstep_and_parallel_exclude_each_other() {
        for flags in [["--lockstep", "--parallel"], ["--record=a", "--replay=b"], ["--interp", "--tier=auto"]]
        {
            assert!(Cli::try_parse_from(["xenia-rs", "exec"].iter().chain(&flags)).is_err(), "{flags:?}");
        }
    }

    #[test]
    fn check_is_lockstep_only() {
        let words = ["xenia-rs", "check", "t.xex", "--expect", "g.json", "-n", "1", "--parallel"];
        let Some(Command::Check(check)) = Cli::try_parse_from(words).unwrap().command else {
            panic!("not check")
        };
        assert!(check.refuse_unsupported().unwrap_err().to_string().contains("lockstep"));
    }

    #[test]
    fn recordings_begin_without_saves() {
        for recorded in [
            &["exec", "t.xex", "--record", "r"][..],
            &["exec", "t.xex", "--replay", "r"],
            &["check", "t.xex", "--expect", "g.json", "--record", "r"],
            &["check", "t.xex", "--expect", "g.json", "--replay", "r"],
            &["debug", "t.xex", "--replay", "r"],
        ] {
            for saves in [&["--content", "a"][..], &["--portable"]] {
                let words = ["xenia-rs"].iter().chain(recorded).chain(saves);
                let message = Cli::try_parse_from(words).unwrap().refuse_unsupported().unwrap_err();
                assert!(message.to_string().contains("leave out --content"), "{recorded:?}: {message}");
            }
        }
    }
}
