//! Converts flags to the library's plain options.

use super::{ContentArgs, CpuArgs, EngineArgs, ModeArgs, PictureArgs, SoundArgs, nearest_command};
use anyhow::{Result, anyhow};
use std::path::Path;
use xenia::config::{
    CpuConfig, ExecutorConfig, MachineConfig, SaveConfig, SoundConfig, TitleConfig, VideoConfig,
};
use xenia::title::Title;

impl EngineArgs {
    /// Opens the title at `path` as the flags demand, or the demo without a path. A missing file
    /// whose name is close to a command's is answered with that command.
    pub fn open_title(&self, path: Option<&Path>) -> Result<Title> {
        Title::open_or_demo(path, &self.into()).map_err(|error| {
            let missing = path.filter(|path| !path.exists()).and_then(Path::to_str);
            match missing.and_then(nearest_command) {
                Some(command) => anyhow!("{error:#} (did you mean the command `{command}`?)"),
                None => error,
            }
        })
    }
}

impl From<&CpuArgs> for CpuConfig {
    fn from(args: &CpuArgs) -> Self {
        // `precise_faults` has no effect: the engines are always precise.
        Self {
            interp: args.interp,
            jit: args.jit,
            cross_check: args.cross_check,
            tier: args.tier,
            compile: args.compile,
            warm_up: args.warm_up,
            reservations_table: args.reservations_table,
            perf_map: args.perf_map,
            jitdump: args.jitdump,
            break_lifter: args.break_lifter,
        }
    }
}

impl From<&ModeArgs> for ExecutorConfig {
    fn from(args: &ModeArgs) -> Self {
        Self { parallel: args.parallel, barrier: args.barrier, ..Self::default() }
    }
}

impl From<&EngineArgs> for MachineConfig {
    fn from(args: &EngineArgs) -> Self {
        Self {
            cpu: (&args.cpu).into(),
            executor: ExecutorConfig {
                sched_order: args.sched_order.clone(),
                quantum: args.quantum,
                contention_manifest: args.contention_manifest.clone(),
                ..(&args.mode).into()
            },
            gpu_inline: args.gpu_inline,
            start_time: args.start_time,
            license: args.license,
            network: args.network,
        }
    }
}

impl From<&EngineArgs> for TitleConfig {
    fn from(args: &EngineArgs) -> Self {
        Self {
            folder: args.folder.clone(),
            discs: args.disc.clone(),
            key_file: args.key_file.clone(),
            saves: (&args.content).into(),
            repeats: !args.mode.parallel,
        }
    }
}

impl From<&ContentArgs> for SaveConfig {
    fn from(args: &ContentArgs) -> Self {
        Self { content: args.content.clone(), fresh: args.fresh, portable: args.portable }
    }
}

impl From<&PictureArgs> for VideoConfig {
    fn from(args: &PictureArgs) -> Self {
        Self {
            gpu: args.gpu,
            async_pipelines: args.async_pipelines,
            cache: args.cache.clone(),
            lose_device: args.lose_device.clone(),
        }
    }
}

impl From<&SoundArgs> for SoundConfig {
    fn from(args: &SoundArgs) -> Self {
        let volume = if args.mute { 0 } else { args.volume };
        Self { output: args.audio.clone(), speakers: args.speakers, volume }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_may_be_a_misspelt_command() {
        let error =
            |name: &str| format!("{:#}", EngineArgs::default().open_title(Some(name.as_ref())).unwrap_err());
        let text = error("exce");
        assert!(text.starts_with("cannot open exce: ") && text.ends_with("the command `exec`?)"), "{text}");
        assert!(!error("nowhere.xex").contains("did you mean"));
    }
}
