//! Options of a machine that contradict each other. They are refused before anything is built: one
//! of them would have no effect, or no replay could follow the recording.

use super::MachineOptions;
use crate::config::ExecutorConfig;
use anyhow::{Result, ensure};

/// Checks the options for contradictions; an error names those that contradict each other.
pub(super) fn refuse_contradictions(options: &MachineOptions<'_>) -> Result<()> {
    let executor = &options.config.executor;
    let ExecutorConfig { parallel, barrier, sched_order, contention_manifest, .. } = executor;
    let is_ordered = sched_order.is_some() || contention_manifest.is_some();
    ensure!(*parallel || !barrier, "`barrier` is for parallel runs: in lockstep every round ends together");
    ensure!(
        !*parallel || !is_ordered,
        "`sched_order` and `contention_manifest` are about the rounds of lockstep, and the run is parallel"
    );
    refuse_two_orders(executor)?;
    ensure!(
        !*parallel || options.config.cpu.cross_check.is_none(),
        "`cross_check` compares the engines in one order of events, and the run is parallel"
    );
    ensure!(
        options.record.is_none() || options.replay.is_none(),
        "a run with `replay` has no input to `record`: leave one out"
    );
    if options.record.is_some() || options.replay.is_some() {
        ensure!(!parallel, "`record` and `replay` need a run that repeats, in lockstep");
        ensure!(
            options.content.is_none() && options.scratch.is_none(),
            "recordings begin without saves and with empty scratch disks: leave out their folders"
        );
    }
    Ok(())
}

/// Refuses two orders of the hardware threads.
pub(super) fn refuse_two_orders(executor: &ExecutorConfig) -> Result<()> {
    ensure!(
        executor.sched_order.is_none() || executor.contention_manifest.is_none(),
        "`sched_order` and `contention_manifest` both order the hardware threads: leave one out"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{CpuConfig, CrossCheckUnit, MachineConfig, VideoConfig};
    use crate::machine::scheduler_config;
    use std::path::Path;
    use xenia_kernel::ports::ScratchPlace;

    const FILE: &str = "file";

    fn is_refused(executor: ExecutorConfig, change: impl FnOnce(&mut MachineOptions<'_>)) -> bool {
        is_refused_with(CpuConfig::default(), executor, change)
    }

    fn is_refused_with(
        cpu: CpuConfig,
        executor: ExecutorConfig,
        change: impl FnOnce(&mut MachineOptions<'_>),
    ) -> bool {
        let config = MachineConfig { cpu, executor, ..MachineConfig::default() };
        let video = VideoConfig::default();
        let mut options = MachineOptions::new(&config, &video);
        change(&mut options);
        refuse_contradictions(&options).is_err()
    }

    fn ordered() -> ExecutorConfig {
        ExecutorConfig { sched_order: Some("fixed".to_owned()), ..ExecutorConfig::default() }
    }

    fn reproduced() -> ExecutorConfig {
        ExecutorConfig { contention_manifest: Some(FILE.into()), ..ExecutorConfig::default() }
    }

    fn parallel() -> ExecutorConfig {
        ExecutorConfig { parallel: true, ..ExecutorConfig::default() }
    }

    fn record(options: &mut MachineOptions<'_>) {
        options.record = Some(Path::new(FILE));
    }

    fn replay(options: &mut MachineOptions<'_>) {
        options.replay = Some(Path::new(FILE));
    }

    fn keep_saves(options: &mut MachineOptions<'_>) {
        options.content = Some(FILE.into());
    }

    fn keep_scratch(options: &mut MachineOptions<'_>) {
        options.scratch = Some(ScratchPlace { folder: FILE.into(), bytes: 1 });
    }

    #[test]
    fn executors_that_contradict_themselves_are_refused() {
        for alone in [ExecutorConfig::default(), ordered(), reproduced(), parallel()] {
            assert!(!is_refused(alone.clone(), |_| ()), "{alone:?}");
        }
        assert!(!is_refused(ExecutorConfig { barrier: true, ..parallel() }, |_| ()));
        for wrong in [
            ExecutorConfig { barrier: true, ..ExecutorConfig::default() },
            ExecutorConfig { parallel: true, ..ordered() },
            ExecutorConfig { parallel: true, ..reproduced() },
            ExecutorConfig { sched_order: Some("fixed".to_owned()), ..reproduced() },
        ] {
            assert!(is_refused(wrong.clone(), |_| ()), "{wrong:?}");
        }
        let two_orders = ExecutorConfig { sched_order: Some("fixed".to_owned()), ..reproduced() };
        let error = scheduler_config(&two_orders).err().unwrap();
        assert!(error.to_string().ends_with("leave one out"), "{error}");
    }

    #[test]
    fn engines_are_compared_in_lockstep_only() {
        let checked = CpuConfig { cross_check: Some(CrossCheckUnit::Block), ..CpuConfig::default() };
        assert!(!is_refused_with(checked.clone(), ExecutorConfig::default(), |_| ()));
        assert!(is_refused_with(checked, parallel(), |_| ()));
    }

    #[test]
    fn recordings_that_cannot_repeat_are_refused() {
        for usual in [record, replay, keep_saves, keep_scratch] {
            assert!(!is_refused(ExecutorConfig::default(), usual));
        }
        assert!(is_refused(ExecutorConfig::default(), |options| {
            record(options);
            replay(options);
        }));
        for recorded in [record, replay] {
            assert!(is_refused(parallel(), recorded));
            for keep in [keep_saves, keep_scratch] {
                assert!(is_refused(ExecutorConfig::default(), |options| {
                    recorded(options);
                    keep(options);
                }));
            }
        }
    }
}
