//! Critical sections: recursive locks in the title's own memory.
//!
//! Uncontended and recursive entries touch the structure only; a contended one parks at once (spinning would be wasted
//! guest time in lockstep). Leaving hands the section to the first waiter, so nobody can overtake.

use crate::layout::{critical_section as section, dispatcher_header as header};
use crate::objects::dispatcher::{initialize, kind};
use crate::status::failure::Fallible;
use std::collections::{BTreeMap, VecDeque};
use xenia_guest::GuestAddr;
use xenia_memory::GuestMemory;
use xenia_sched::{Cpu, ThreadRef};

/// Who waits for which critical section.
#[derive(Debug, Default)]
pub struct Sections {
    waiters: BTreeMap<GuestAddr, VecDeque<(ThreadRef, GuestAddr)>>,
}

/// Initialises a section that nobody owns. `spin_count` is kept in units of 256, up to 255.
pub fn initialize_section(memory: &GuestMemory, at: GuestAddr, spin_count: u32) -> Fallible<()> {
    initialize(memory, at, kind::AUTO_EVENT, 0, 0)?;
    let spin = spin_count.div_ceil(256).min(255) as u8;
    memory.write(at.offset(header::ABSOLUTE), spin)?;
    memory.write(at.offset(section::LOCK_COUNT), -1_i32)?;
    memory.write(at.offset(section::RECURSION_COUNT), 0_i32)?;
    memory.write(at.offset(section::OWNER), GuestAddr::NULL)?;
    Ok(())
}

/// Whether the section is free or `kthread`'s own.
pub fn is_available(memory: &GuestMemory, at: GuestAddr, kthread: GuestAddr) -> Fallible<bool> {
    let count: i32 = memory.read(at.offset(section::LOCK_COUNT))?;
    Ok(count == -1 || memory.read::<GuestAddr>(at.offset(section::OWNER))? == kthread)
}

/// Enters a section if it is free or the caller's own; `false` if another thread owns it.
pub fn try_enter(memory: &GuestMemory, at: GuestAddr, kthread: GuestAddr) -> Fallible<bool> {
    if !is_available(memory, at, kthread)? {
        return Ok(false);
    }
    let count: i32 = memory.read(at.offset(section::LOCK_COUNT))?;
    let recursion: i32 = if count == -1 { 0 } else { memory.read(at.offset(section::RECURSION_COUNT))? };
    memory.write(at.offset(section::LOCK_COUNT), count.wrapping_add(1))?;
    memory.write(at.offset(section::RECURSION_COUNT), recursion.wrapping_add(1))?;
    memory.write(at.offset(section::OWNER), kthread)?;
    Ok(true)
}

impl Sections {
    /// Joins the waiters of a section that [`try_enter`] found taken; the caller parks.
    pub fn enqueue(
        &mut self,
        memory: &GuestMemory,
        cpu: &mut dyn Cpu,
        at: GuestAddr,
        (thread, kthread): (ThreadRef, GuestAddr),
    ) -> Fallible<()> {
        let count: i32 = memory.read(at.offset(section::LOCK_COUNT))?;
        memory.write(at.offset(section::LOCK_COUNT), count.wrapping_add(1))?;
        cpu.open_wait(thread, false)?;
        self.waiters.entry(at).or_default().push_back((thread, kthread));
        Ok(())
    }

    /// Leaves a section once; at the last time the first waiter gets it.
    pub fn leave(&mut self, memory: &GuestMemory, cpu: &mut dyn Cpu, at: GuestAddr) -> Fallible<()> {
        let count = memory.read::<i32>(at.offset(section::LOCK_COUNT))?.wrapping_sub(1).max(-1);
        let recursion = memory.read::<i32>(at.offset(section::RECURSION_COUNT))?.wrapping_sub(1);
        memory.write(at.offset(section::LOCK_COUNT), count)?;
        memory.write(at.offset(section::RECURSION_COUNT), recursion.max(0))?;
        if recursion > 0 {
            return Ok(());
        }
        match self.next(at) {
            Some((thread, kthread)) => {
                memory.write(at.offset(section::RECURSION_COUNT), 1_i32)?;
                memory.write(at.offset(section::OWNER), kthread)?;
                cpu.wake(thread, 0, 1)?.by_owner(thread);
            }
            None => memory.write(at.offset(section::OWNER), GuestAddr::NULL)?,
        }
        Ok(())
    }

    fn next(&mut self, at: GuestAddr) -> Option<(ThreadRef, GuestAddr)> {
        let waiters = self.waiters.get_mut(&at)?;
        let next = waiters.pop_front();
        if waiters.is_empty() {
            self.waiters.remove(&at);
        }
        next
    }

    /// Takes a thread off every list.
    pub fn cancel(&mut self, thread: ThreadRef) {
        for waiters in self.waiters.values_mut() {
            waiters.retain(|&(waiter, _)| waiter != thread);
        }
        self.waiters.retain(|_, waiters| !waiters.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::dispatcher::tests::Bench;
    use xenia_sched::{BlockReason, Wait};

    fn fields(b: &Bench, at: GuestAddr) -> (i32, i32, u32) {
        let read = |offset| b.memory.read::<i32>(at.offset(offset)).unwrap();
        (read(section::LOCK_COUNT), read(section::RECURSION_COUNT), read(section::OWNER) as u32)
    }

    #[test]
    fn entries_nest_and_waiters_inherit_in_order() {
        let mut b = Bench::new();
        let at = b.allocate(section::SIZE);
        let threads: Vec<_> = (1..=3).map(|id| b.thread(id)).collect();
        initialize_section(&b.memory, at, 1000).unwrap();
        assert_eq!(fields(&b, at), (-1, 0, 0));
        assert_eq!(b.memory.read::<u8>(at.offset(header::ABSOLUTE)).unwrap(), 4);
        assert!(try_enter(&b.memory, at, threads[0].kthread).unwrap());
        assert!(try_enter(&b.memory, at, threads[0].kthread).unwrap());
        assert_eq!(fields(&b, at), (1, 2, threads[0].kthread.0));
        for waiter in &threads[1..] {
            assert!(!try_enter(&b.memory, at, waiter.kthread).unwrap());
            let who = (waiter.thread, waiter.kthread);
            b.dispatcher.sections.enqueue(&b.memory, &mut b.scheduler, at, who).unwrap();
            let wait = Wait::forever(BlockReason::CriticalSection { section: at.0 });
            b.scheduler.park(waiter.thread, wait).unwrap();
        }
        let leave = |b: &mut Bench| b.dispatcher.sections.leave(&b.memory, &mut b.scheduler, at).unwrap();
        leave(&mut b);
        assert_eq!(b.woken(threads[1]), None, "still nested");
        leave(&mut b);
        assert!(b.woken(threads[1]).is_some() && b.woken(threads[2]).is_none());
        assert_eq!(fields(&b, at), (1, 1, threads[1].kthread.0));
        leave(&mut b);
        leave(&mut b);
        assert_eq!(fields(&b, at), (-1, 0, 0));
    }
}
