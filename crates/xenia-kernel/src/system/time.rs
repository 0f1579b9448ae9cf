//! Time-driven work: timers and the subsystems that are polled in every round.

use crate::Kernel;
use crate::objects::spin_lock;
use crate::status::failure::{Fallible, housekeeping};
use xenia_guest::MILLISECOND_100NS;
use xenia_sched::{Cpu, GuestTicks, ticks_from_100ns, ticks_to_100ns};

/// Guest time `now` in whole milliseconds.
fn milliseconds(now: GuestTicks) -> u64 {
    ticks_to_100ns(now) / MILLISECOND_100NS
}

/// Guest time at which the millisecond after that of `now` begins.
pub(super) fn next_millisecond(now: GuestTicks) -> GuestTicks {
    ticks_from_100ns((milliseconds(now) + 1) * MILLISECOND_100NS)
}

impl Kernel {
    /// Guest time of the next time-driven event, timers excepted, that a guest could observe.
    pub(super) fn next_but_timers(&self) -> Option<GuestTicks> {
        let Self { render_driver, user, requests, net, .. } = self;
        let due = [
            render_driver.next_due(),
            user.dialog.next_due(),
            user.music.next_due(),
            requests.next_due(),
            net.next_due(),
        ];
        due.into_iter().flatten().min()
    }

    /// Runs the work that is due by guest time, except that of devices.
    pub(super) fn pass_time(&self, cpu: &mut dyn Cpu) {
        // First, since a thread that a timer wakes may read it.
        housekeeping("KeTimeStampBundle", stamp_time(self, cpu.now()));
        housekeeping("timers", self.timer_calls().expire(cpu));
        self.render_callbacks().play_due_frames(cpu, || self.user.music.playing_volume());
        housekeeping("a dialog", self.dialogs().poll(cpu));
        housekeeping("music", self.music_control().poll(cpu));
        self.overlapped_requests().poll(cpu);
        self.sockets().poll(cpu);
        if self.spin_locks.has_waiters() {
            housekeeping("spin locks", spin_lock::hand_over_free(&self.memory, cpu, &self.spin_locks));
        }
    }
}

/// Writes `KeTimeStampBundle`, which the console updates every millisecond.
fn stamp_time(kernel: &Kernel, now: GuestTicks) -> Fallible<()> {
    let Some(bundle) = kernel.imports.time_stamp_bundle() else { return Ok(()) };
    let milliseconds = milliseconds(now);
    let tick_count = bundle.offset(0x10);
    if kernel.memory.read::<u32>(tick_count)? != milliseconds as u32 {
        let since_start = milliseconds * MILLISECOND_100NS;
        kernel.memory.write(bundle, since_start)?;
        kernel.memory.write(bundle.offset(8), kernel.clock.system_time(0) + since_start)?;
        kernel.memory.write(tick_count, milliseconds as u32)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_millisecond_begins_with_the_tick_that_is_named() {
        for now in (0..200_000).step_by(37).chain([49_874, 49_875, 1 << 40]) {
            let next = next_millisecond(now);
            assert_eq!(milliseconds(next), milliseconds(now) + 1, "{now}");
            assert_eq!(milliseconds(next - 1), milliseconds(now), "{now}");
        }
    }
}
