//! Signalling of events and semaphores, and the threads that it wakes.

use super::{Dispatcher, Held};
use crate::dispatcher_header::{check_header, set_signal_state, signal_state};
use crate::failure::Fallible;
use xenia_guest::GuestAddr;
use xenia_guest::layout::ksemaphore;
use xenia_memory::GuestMemory;
use xenia_sched::Cpu;

impl Dispatcher {
    /// Signals an event; returns the previous state.
    pub fn set_event(
        &self,
        memory: &GuestMemory,
        cpu: &mut dyn Cpu,
        event: GuestAddr,
        boost: u8,
    ) -> Fallible<i32> {
        self.hold_around(event, &[]).set_event(memory, cpu, event, boost)
    }

    /// Resets an event; returns the previous state. The lock keeps this from running between a
    /// signal and its wakes.
    pub fn reset_event(&self, memory: &GuestMemory, event: GuestAddr) -> Fallible<i32> {
        let _held = self.hold(&[event]);
        let before = signal_state(memory, event)?;
        set_signal_state(memory, event, 0)?;
        Ok(before)
    }

    /// Signals an event for its current waiters, then resets it; returns the previous state.
    pub fn pulse_event(
        &self,
        memory: &GuestMemory,
        cpu: &mut dyn Cpu,
        event: GuestAddr,
        boost: u8,
    ) -> Fallible<i32> {
        let mut held = self.hold_around(event, &[]);
        let before = held.set_event(memory, cpu, event, boost)?;
        set_signal_state(memory, event, 0)?;
        Ok(before)
    }

    /// Adds `count` to a semaphore's count; returns the previous count. Returns `None` and changes
    /// nothing if `count` is negative or the sum would exceed the limit.
    pub fn release_semaphore(
        &self,
        memory: &GuestMemory,
        cpu: &mut dyn Cpu,
        semaphore: GuestAddr,
        count: i32,
        boost: u8,
    ) -> Fallible<Option<i32>> {
        self.hold_around(semaphore, &[]).release_semaphore(memory, cpu, semaphore, count, boost)
    }
}

impl Held<'_> {
    /// Signals an event; returns the previous state.
    pub fn set_event(
        &mut self,
        memory: &GuestMemory,
        cpu: &mut dyn Cpu,
        event: GuestAddr,
        boost: u8,
    ) -> Fallible<i32> {
        check_header(event)?;
        let before = signal_state(memory, event)?;
        set_signal_state(memory, event, 1)?;
        self.serve(memory, cpu, event, boost)?;
        Ok(before)
    }

    /// Like [`Dispatcher::release_semaphore`], with the shards already locked.
    pub fn release_semaphore(
        &mut self,
        memory: &GuestMemory,
        cpu: &mut dyn Cpu,
        semaphore: GuestAddr,
        count: i32,
        boost: u8,
    ) -> Fallible<Option<i32>> {
        check_header(semaphore)?;
        let before = signal_state(memory, semaphore)?;
        let limit: i32 = memory.read(semaphore.offset(ksemaphore::LIMIT))?;
        let Some(after) = before.checked_add(count).filter(|&after| count >= 0 && after <= limit) else {
            return Ok(None);
        };
        set_signal_state(memory, semaphore, after)?;
        self.serve(memory, cpu, semaphore, boost)?;
        Ok(Some(before))
    }
}
