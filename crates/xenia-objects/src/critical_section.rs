//! Critical sections: recursive locks in the title's own memory.
//!
//! | word | meaning |
//! |---|---|
//! | lock count | −1: free. Otherwise the number of entries and waiters, less one |
//! | recursion count | number of times that the owner has entered |
//! | owner | the owner's thread object |
//!
//! The lock count decides ownership and changes by atomic operations only: −1 to 0 enters the
//! section, 0 to −1 leaves it, and neither takes a kernel lock. Only the owner writes the other two
//! words. A waiter adds itself to the lock count under the queue's lock. The count of a contended
//! section is therefore above 0, and leaving it takes the queue's lock and hands the section to the
//! first waiter, so no other thread can barge in. Waiters park without spinning, because spinning
//! would waste guest time in lockstep.

use crate::dispatcher::{initialize, kind};
use crate::failure::Fallible;
use crate::lock_queue::{LockQueues, LockWaiter};
use xenia_guest::GuestAddr;
use xenia_guest::layout::{critical_section as section, dispatcher_header as header};
use xenia_memory::{GuestMemory, MemoryFault};
use xenia_sched::{Alertable, Cpu, WakeResult};

/// Lock count of a free section.
const FREE: u32 = u32::MAX;

/// Initialises a free section. `spin_count` is kept in units of 256, up to 255.
pub fn initialize_section(memory: &GuestMemory, at: GuestAddr, spin_count: u32) -> Fallible<()> {
    initialize(memory, at, kind::AUTO_EVENT, 0, 0)?;
    let spin = spin_count.div_ceil(256).min(255) as u8;
    memory.write(at.offset(header::ABSOLUTE), spin)?;
    memory.write(at.offset(section::LOCK_COUNT), FREE)?;
    memory.write(at.offset(section::RECURSION_COUNT), 0_i32)?;
    memory.write(at.offset(section::OWNER), GuestAddr::NULL)?;
    Ok(())
}

/// Enters a section if it is free or owned by the caller. Returns `false` if another thread owns
/// it.
pub fn try_enter(memory: &GuestMemory, at: GuestAddr, kthread: GuestAddr) -> Fallible<bool> {
    let count = at.offset(section::LOCK_COUNT);
    if memory.atomic_u32(count, |count| (count == FREE).then_some(0))?.is_ok() {
        set_owner(memory, at, kthread)?;
        return Ok(true);
    }
    // No race: only the owner can read itself here, from its entry until it leaves.
    if memory.read::<GuestAddr>(at.offset(section::OWNER))? != kthread {
        return Ok(false);
    }
    memory.atomic_u32(count, |count| Some(count.wrapping_add(1)))?.ok();
    let recursion: i32 = memory.read(at.offset(section::RECURSION_COUNT))?;
    memory.write(at.offset(section::RECURSION_COUNT), recursion.wrapping_add(1))?;
    Ok(true)
}

/// Records `kthread` as the owner of a section whose lock count it has just taken.
fn set_owner(memory: &GuestMemory, at: GuestAddr, kthread: GuestAddr) -> Result<(), MemoryFault> {
    memory.write(at.offset(section::RECURSION_COUNT), 1_i32)?;
    memory.write(at.offset(section::OWNER), kthread)
}

/// Enters a section that [`try_enter`] found taken, if it is free by now. Otherwise joins its
/// waiters and returns `false`: the caller must park.
pub fn enter_or_join(
    memory: &GuestMemory,
    cpu: &mut dyn Cpu,
    sections: &LockQueues,
    at: GuestAddr,
    waiter: LockWaiter,
) -> Fallible<bool> {
    let place = sections.place(at);
    let joined = memory.atomic_u32(at.offset(section::LOCK_COUNT), |count| Some(count.wrapping_add(1)))?;
    if joined == Ok(FREE) {
        set_owner(memory, at, waiter.owner)?;
        return Ok(true);
    }
    cpu.open_wait(waiter.thread, Alertable::No)?;
    place.take(waiter);
    Ok(false)
}

/// Leaves a section once. The last leave hands it to the first waiter. The caller is not compared
/// with the owner; a section that is left too often stays free.
pub fn leave(memory: &GuestMemory, cpu: &mut dyn Cpu, sections: &LockQueues, at: GuestAddr) -> Fallible<()> {
    let count = at.offset(section::LOCK_COUNT);
    let less = |count: u32| Some((count as i32).wrapping_sub(1).max(-1).cast_unsigned());
    let recursion = memory.read::<i32>(at.offset(section::RECURSION_COUNT))?.wrapping_sub(1);
    memory.write(at.offset(section::RECURSION_COUNT), recursion.max(0))?;
    if recursion > 0 {
        memory.atomic_u32(count, less)?.ok();
        return Ok(());
    }
    // Clear the owner before the count is set to free: afterwards the next owner writes this word.
    memory.write(at.offset(section::OWNER), GuestAddr::NULL)?;
    if memory.atomic_u32(count, |count| (count == 0).then_some(FREE))?.is_ok() {
        return Ok(());
    }
    let mut queue = sections.queue(at);
    memory.atomic_u32(count, less)?.ok();
    let Some(next) = queue.first() else { return Ok(()) };
    set_owner(memory, at, next.owner)?;
    queue.pop();
    cpu.wake(next.thread, WakeResult { value: next.result, boost: 1 })?.by_owner(next.thread);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dispatcher::tests::DispatcherHarness;
    use xenia_sched::{BlockReason, Wait};

    fn fields(b: &DispatcherHarness, at: GuestAddr) -> (i32, i32, u32) {
        let read = |offset| b.memory.read::<i32>(at.offset(offset)).unwrap();
        (read(section::LOCK_COUNT), read(section::RECURSION_COUNT), read(section::OWNER) as u32)
    }

    #[test]
    fn entries_nest_and_waiters_inherit_in_order() {
        let mut b = DispatcherHarness::new();
        let at = b.allocate(section::SIZE);
        let threads: Vec<_> = (1..=3).map(|id| b.thread(id)).collect();
        initialize_section(&b.memory, at, 1000).unwrap();
        assert_eq!(fields(&b, at), (-1, 0, 0));
        assert_eq!(b.memory.read::<u8>(at.offset(header::ABSOLUTE)).unwrap(), 4);
        assert!(try_enter(&b.memory, at, threads[0].kthread).unwrap());
        assert!(try_enter(&b.memory, at, threads[0].kthread).unwrap());
        assert_eq!(fields(&b, at), (1, 2, threads[0].kthread.0));
        let sections = LockQueues::new(0);
        for waiter in &threads[1..] {
            assert!(!try_enter(&b.memory, at, waiter.kthread).unwrap());
            let who = LockWaiter { thread: waiter.thread, owner: waiter.kthread, result: 0 };
            assert!(!enter_or_join(&b.memory, &mut b.scheduler, &sections, at, who).unwrap());
            let wait = Wait::forever(BlockReason::CriticalSection { section: at.0 });
            b.scheduler.park(waiter.thread, wait).unwrap();
        }
        let leave = |b: &mut DispatcherHarness| leave(&b.memory, &mut b.scheduler, &sections, at).unwrap();
        leave(&mut b);
        assert_eq!(b.woken(threads[1]), None, "still nested");
        leave(&mut b);
        assert!(b.woken(threads[1]).is_some() && b.woken(threads[2]).is_none());
        assert_eq!(fields(&b, at), (1, 1, threads[1].kthread.0));
        leave(&mut b);
        leave(&mut b);
        assert_eq!(fields(&b, at), (-1, 0, 0));
    }

    #[test]
    fn a_spin_count_is_kept_in_units_of_256() {
        let mut b = DispatcherHarness::new();
        let at = b.allocate(section::SIZE);
        for (count, kept) in [(0, 0), (1, 1), (256, 1), (257, 2), (0xFF00, 255), (u32::MAX, 255)] {
            initialize_section(&b.memory, at, count).unwrap();
            assert_eq!(b.memory.read::<u8>(at.offset(header::ABSOLUTE)), Ok(kept), "{count:#x}");
        }
    }

    #[test]
    fn section_left_before_enqueue_is_entered_without_waiting() {
        let mut b = DispatcherHarness::new();
        let at = b.allocate(section::SIZE);
        let first = b.thread(1);
        let second = b.thread(2);
        let sections = LockQueues::new(0);
        initialize_section(&b.memory, at, 0).unwrap();
        assert!(try_enter(&b.memory, at, first.kthread).unwrap());
        assert!(!try_enter(&b.memory, at, second.kthread).unwrap());
        // The section is left between the failed attempt and the enqueue.
        leave(&b.memory, &mut b.scheduler, &sections, at).unwrap();
        let who = LockWaiter { thread: second.thread, owner: second.kthread, result: 0 };
        assert!(enter_or_join(&b.memory, &mut b.scheduler, &sections, at, who).unwrap());
        assert_eq!(fields(&b, at), (0, 1, second.kthread.0));
        leave(&b.memory, &mut b.scheduler, &sections, at).unwrap();
        assert_eq!(fields(&b, at), (-1, 0, 0));
    }
}
