//! Time-driven work: timers and the subsystems that are polled in every round.

use crate::Kernel;
use crate::objects::spin_lock;
use crate::objects::timer::Expiry;
use crate::status::failure::{Failure, Fallible};
use crate::thread::apc::{Apc, ApcSource};
use crate::thread::deferred::Mode;
use xenia_guest::GuestAddr;
use xenia_sched::{Cpu, GuestTicks, ticks_from_100ns, ticks_to_100ns};

/// Period at which `KeTimeStampBundle` changes, in units of 100 ns.
const MILLISECOND: u64 = 10_000;

/// Guest time `now` in whole milliseconds.
fn milliseconds(now: GuestTicks) -> u64 {
    ticks_to_100ns(now) / MILLISECOND
}

/// Guest time at which the millisecond after that of `now` begins.
pub(super) fn next_millisecond(now: GuestTicks) -> GuestTicks {
    ticks_from_100ns((milliseconds(now) + 1) * MILLISECOND)
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
    pub(super) fn pass_time(&self, cpu: &mut dyn Cpu) -> Fallible<()> {
        let now = cpu.now();
        housekeeping("timers", self.expire_timers(cpu));
        self.play_due_frames(cpu);
        housekeeping("a dialog", self.poll_dialog(cpu));
        housekeeping("music", self.poll_music(cpu));
        self.poll_requests(cpu);
        self.poll_sockets(cpu);
        if self.spin_locks.has_waiters() {
            housekeeping("spin locks", spin_lock::hand_over_free(&self.memory, cpu, &self.spin_locks));
        }
        if let Some(bundle) = self.imports.time_stamp_bundle() {
            // The console updates the bundle every millisecond.
            let milliseconds = milliseconds(now);
            let tick_count = bundle.offset(0x10);
            if self.memory.read::<u32>(tick_count)? != milliseconds as u32 {
                self.memory.write(bundle, milliseconds * MILLISECOND)?;
                self.memory
                    .write(bundle.offset(8), self.clock.system_time(0) + milliseconds * MILLISECOND)?;
                self.memory.write(tick_count, milliseconds as u32)?;
            }
        }
        Ok(())
    }

    pub fn expire_timers(&self, cpu: &mut dyn Cpu) -> Fallible<()> {
        let now = cpu.now();
        let expiries = self.dispatcher.expire_timers(&self.memory, cpu, now);
        self.queue_calls_of(cpu, &expiries)
    }

    /// Expires a timer that has just been set, if it is due already.
    pub(crate) fn expire_if_due(&self, cpu: &mut dyn Cpu, timer: GuestAddr) {
        let now = cpu.now();
        let expiry = self.dispatcher.expire_if_due(&self.memory, cpu, now, timer);
        housekeeping("a timer's calls", self.queue_calls_of(cpu, expiry.as_slice()));
        cpu.time_has_more();
    }

    fn queue_calls_of(&self, cpu: &mut dyn Cpu, expiries: &[Expiry]) -> Fallible<()> {
        let mut result = Ok(());
        for expiry in expiries {
            // A timer whose DPC or APC can't be queued must not prevent those of the others.
            match self.queue_calls(cpu, expiry) {
                Err(Failure::Fault(fault)) => result = Err(fault.into()),
                // The thread has ended, or a limit was reached, which has been reported.
                Ok(()) | Err(Failure::Status(_)) => {}
            }
        }
        result
    }

    /// Queues the DPC and the APC of a timer that has expired.
    fn queue_calls(&self, cpu: &mut dyn Cpu, expiry: &Expiry) -> Fallible<()> {
        let Expiry { timer, setting } = *expiry;
        let due = self.clock.system_time(setting.due);
        if !setting.dpc.is_null() {
            self.services().queue_dpc(cpu, setting.dpc, due as u32, (due >> 32) as u32, 0)?;
        }
        let Some(apc) = setting.apc else { return Ok(()) };
        let source = ApcSource::Timer(timer);
        let args = [u64::from(apc.context), due & 0xFFFF_FFFF, due >> 32];
        self.apcs().queue(cpu, apc.thread_id, Mode::User, Apc::new(source, apc.routine, args)).map(|_| ())
    }
}

/// Logs a failure of the kernel's background work, which means that the guest has overwritten
/// kernel structures. The machine continues.
pub(super) fn housekeeping(what: &str, result: Fallible<()>) {
    if let Err(error) = result {
        tracing::error!(target: "kernel", "{what}: {error}");
    }
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
