//! A minimal system: its threads resume with the value of their wake.

use xenia_cpu::{GuestException, PpcContext};
use xenia_memory::DeviceStore;
use xenia_sched::{Cpu, Disposition, Running, System, Wait, WaitTicket, Woken};

/// A system that handles no calls.
pub(crate) struct Plain;

impl System for Plain {
    fn syscall(&mut self, _: &mut dyn Cpu, _: &mut Running, _: u8) -> Disposition {
        unreachable!()
    }

    fn exception(&mut self, _: &mut dyn Cpu, _: &mut Running, _: GuestException) -> Disposition {
        unreachable!()
    }

    fn resume_unparked(&mut self, _: &mut dyn Cpu, running: &mut Running, value: u64) -> Disposition {
        running.ctx.gpr[3] = value;
        Disposition::Continue
    }

    fn thread_moved(&mut self, _: &Running) {}

    fn end_visit(&mut self, _: &mut dyn Cpu, _: u8, _: &[DeviceStore]) {}

    fn timed_out(&mut self, cpu: &mut dyn Cpu, ticket: WaitTicket, _: &Wait) {
        assert_eq!(cpu.time_out(ticket, 0x102), Ok(Woken::Yes));
    }

    fn advance(&mut self, _: &mut dyn Cpu) {}

    fn next_event(&self) -> Option<u64> {
        None
    }

    fn frames(&self) -> u64 {
        0
    }

    fn call_stack(&self, _: &PpcContext) -> Vec<u32> {
        Vec::new()
    }
}
