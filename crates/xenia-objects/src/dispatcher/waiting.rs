//! Waits: how they begin, consume signals and end.
//!
//! Waiters are served first come, first served, as in NT. A wait-all takes no object until it can
//! take all of them.

use super::wait_list::Registration;
#[cfg(any(test, feature = "testing"))]
use super::wait_list::WaitList;
use super::{Held, ShardSet, ThreadWait, Turn, WaitBlock, WaitResult, WaitSet, WaitType, Waiter};
use crate::dispatcher_header::{check_header, kind, set_signal_state, signal_state, signalled};
use crate::failure::Fallible;
use xenia_cpu::PpcContext;
use xenia_guest::layout::kmutant;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_memory::GuestMemory;
use xenia_sched::{AwaitedObjects, BlockReason, Cpu, Interruption, ThreadRef, Wait, WakeResult, Woken};

impl Held<'_> {
    /// Takes the objects if they are signalled, or begins a wait. The caller holds the waiter's
    /// turn, and must keep it until it has checked for anything that would end the wait before it
    /// begins.
    pub fn wait(
        &mut self,
        turn: &mut Turn<'_>,
        memory: &GuestMemory,
        cpu: &mut dyn Cpu,
        waiter: Waiter,
        set: WaitSet<'_>,
    ) -> Fallible<WaitResult> {
        let WaitSet { objects, wait_type } = set;
        for &object in objects {
            check_header(object)?;
        }
        if let Some(status) = self.try_take(memory, set, waiter.kthread)? {
            return Ok(WaitResult::Done(status));
        }
        if waiter.deadline.is_some_and(|deadline| deadline <= cpu.now()) {
            return Ok(WaitResult::Done(NtStatus::TIMEOUT));
        }
        cpu.open_wait(waiter.thread, waiter.alertable)?;
        let Waiter { thread, deadline, alertable, kthread } = waiter;
        let reach = ShardSet::of(objects);
        for (index, &object) in objects.iter().enumerate() {
            let registration =
                Registration { thread, kthread, index, count: objects.len(), wait_type, reach };
            let list = self.shard_mut(object).lists.entry(object).or_default();
            let is_first = list.is_empty();
            list.push(memory, object, registration);
            if is_first {
                self.note_waited_for(object, true);
            }
        }
        let awaited = AwaitedObjects::from(objects);
        turn.begin(WaitBlock {
            objects: awaited.clone(),
            wait_type,
            deadline,
            alertable,
            kthread,
            held: Vec::new(),
        });
        Ok(WaitResult::Park(Wait {
            reason: BlockReason::Objects { objects: awaited, all: wait_type == WaitType::All },
            deadline,
            alertable,
        }))
    }

    /// Takes the objects if they satisfy the wait; returns its status.
    pub fn try_take(
        &mut self,
        memory: &GuestMemory,
        set: WaitSet<'_>,
        kthread: GuestAddr,
    ) -> Fallible<Option<NtStatus>> {
        let WaitSet { objects, wait_type } = set;
        if wait_type == WaitType::All {
            for &object in objects {
                if !signalled(memory, object, kthread)? {
                    return Ok(None);
                }
            }
            let mut abandoned = false;
            for &object in objects {
                abandoned |= self.take(memory, object, kthread)?;
            }
            return Ok(Some(if abandoned { NtStatus::ABANDONED_WAIT_0 } else { NtStatus::SUCCESS }));
        }
        for (index, &object) in objects.iter().enumerate() {
            if signalled(memory, object, kthread)? {
                return self.take_any(memory, object, kthread, index).map(Some);
            }
        }
        Ok(None)
    }

    /// Satisfies a wait for any of several objects by the one at this index; returns the wait's
    /// status.
    fn take_any(
        &mut self,
        memory: &GuestMemory,
        object: GuestAddr,
        kthread: GuestAddr,
        index: usize,
    ) -> Fallible<NtStatus> {
        let base = if self.take(memory, object, kthread)? { NtStatus::ABANDONED_WAIT_0.0 } else { 0 };
        Ok(NtStatus(base + index as u32))
    }

    /// Applies a satisfied wait to one object; returns whether it was an abandoned mutant.
    fn take(&mut self, memory: &GuestMemory, object: GuestAddr, kthread: GuestAddr) -> Fallible<bool> {
        let state = signal_state(memory, object)?;
        match memory.read::<u8>(object)? {
            kind::AUTO_EVENT | kind::AUTO_TIMER => set_signal_state(memory, object, 0)?,
            kind::SEMAPHORE => set_signal_state(memory, object, state.wrapping_sub(1))?,
            kind::MUTANT => {
                set_signal_state(memory, object, state.wrapping_sub(1))?;
                if state == 1 {
                    memory.write(object.offset(kmutant::OWNER), kthread)?;
                    // Past the limit the wait succeeds anyway: the signal state was changed
                    // already.
                    let _ = self.own(object, kthread);
                }
                let abandoned: u8 = memory.read(object.offset(kmutant::ABANDONED))?;
                memory.write(object.offset(kmutant::ABANDONED), 0_u8)?;
                return Ok(abandoned != 0);
            }
            _ => {}
        }
        Ok(false)
    }

    /// Serves the waiters of an object that may have become signalled, for as long as it stays so.
    /// Woken threads get a priority boost of `boost`.
    pub fn serve(
        &mut self,
        memory: &GuestMemory,
        cpu: &mut dyn Cpu,
        object: GuestAddr,
        boost: u8,
    ) -> Fallible<()> {
        let mut passed_over = 0;
        while let Some(thread) = self.waiter(object, passed_over) {
            // Held until the thread is awake: otherwise an APC could end a wait that is already
            // over.
            let mut turn = self.dispatcher.turn(thread);
            let mut status = None;
            if let Some(block) = turn.block() {
                if !signalled(memory, object, block.kthread)? {
                    break;
                }
                let taken = match block.wait_type {
                    // By this object, as on NT: others of the wait may be gone.
                    WaitType::Any => {
                        let index = block.objects.as_slice().iter().position(|&other| other == object);
                        index.map(|index| self.take_any(memory, object, block.kthread, index)).transpose()
                    }
                    WaitType::All => self.try_take(memory, block.set(), block.kthread),
                };
                // A fault is behind the header that the signaller has named, or at another object:
                // it concerns neither the signaller nor the other waiters.
                status = taken.unwrap_or_else(|failure| {
                    tracing::debug!(target: "kernel", "a wait of {thread:?} passed over: {failure}");
                    None
                });
            }
            match status {
                Some(status) => {
                    self.end_wait(&mut turn, memory);
                    let result = WakeResult { value: status.to_register(), boost };
                    cpu.wake(thread, result)?.by_owner(thread);
                }
                None => passed_over += 1,
            }
        }
        Ok(())
    }

    /// Removes a wait from all wait lists.
    fn end_wait(&mut self, turn: &mut Turn<'_>, memory: &GuestMemory) -> Option<WaitBlock> {
        let (thread, block) = turn.end()?;
        self.leave_lists(memory, thread, &block);
        Some(block)
    }

    /// Whether any thread waits for an object.
    pub(crate) fn is_waited_for(&self, object: GuestAddr) -> bool {
        self.shard(object).lists.contains_key(&object)
    }

    fn waiter(&self, object: GuestAddr, index: usize) -> Option<ThreadRef> {
        self.shard(object).lists.get(&object)?.thread(index)
    }

    /// Threads that wait for an object, in order of arrival.
    #[cfg(any(test, feature = "testing"))]
    pub fn waiters(&self, object: GuestAddr) -> impl Iterator<Item = ThreadRef> + '_ {
        self.shard(object).lists.get(&object).into_iter().flat_map(WaitList::threads)
    }
}

impl ThreadWait<'_> {
    /// Ends the thread's wait with `status` if the interruption may end it, and removes it from its
    /// wait lists.
    pub fn interrupt_alertable(
        &mut self,
        memory: &GuestMemory,
        cpu: &mut dyn Cpu,
        by: Interruption,
        status: NtStatus,
        registers: &mut dyn FnMut(&mut PpcContext),
    ) -> Fallible<Woken> {
        let woken = cpu.interrupt(self.turn.thread(), by, status.to_register(), registers)?;
        if woken != Woken::NotWaiting {
            drop(self.take(memory));
        }
        Ok(woken)
    }

    /// Whether the thread waits for objects.
    pub fn is_waiting(&self) -> bool {
        self.turn.block().is_some()
    }

    /// Removes the thread's wait from all wait lists; the caller ends the wait or has ended it. The
    /// thread may then begin another wait, and keeps the references that the block holds.
    pub fn take(&mut self, memory: &GuestMemory) -> Option<WaitBlock> {
        self.held.end_wait(&mut self.turn, memory)
    }
}
