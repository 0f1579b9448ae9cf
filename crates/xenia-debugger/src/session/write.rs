//! Breakpoints, watches, and changes of registers and memory, which need a confirmation.

use super::DebugSession;
use crate::model::{AskedChange, MemoryWatch};
use crate::place::{register, resolve};
use crate::text::{MAX_NAME_LENGTH, escaped_text};
use anyhow::{Context, Result, bail};
use xenia::machine::Debugged;
use xenia_cpu::WatchedAccess;
use xenia_gdb::Debuggee;

impl DebugSession {
    pub(super) fn toggle_breakpoint(
        &mut self,
        at: u32,
        name: Option<String>,
        machine: &Debugged<'_, '_>,
    ) -> Result<()> {
        if self.model.breakpoints.remove(&at) {
            self.model.named.remove(&at);
            self.model.message = format!("no breakpoint at {at:#010x} any more");
            return Ok(());
        }
        if !at.is_multiple_of(4) || machine.word_at(at).is_none() {
            bail!("no instruction can be at {at:#010x}");
        }
        self.model.breakpoints.insert(at);
        if let Some(name) = name {
            self.model.named.insert(at, name);
        }
        let place = machine
            .machine()
            .place_of(at)
            .map(|place| escaped_text(&place.to_string(), MAX_NAME_LENGTH))
            .unwrap_or_default();
        self.model.message = format!("breakpoint at {at:#010x} {place}");
        Ok(())
    }

    /// Sets the breakpoints again in a title that the ended one has launched: names are looked up
    /// there; addresses and watches have no meaning there.
    pub(super) fn find_breakpoints_again(&mut self, machine: &Debugged<'_, '_>) {
        let lost = self.model.breakpoints.len() + self.model.watches.len();
        self.model.breakpoints.clear();
        self.model.watches.clear();
        for (_, name) in std::mem::take(&mut self.model.named) {
            if let Ok(at) = resolve(&name, machine, 0)
                && at.is_multiple_of(4)
                && machine.word_at(at).is_some()
            {
                self.model.breakpoints.insert(at);
                self.model.named.insert(at, name);
            }
        }
        self.model.memory = 0;
        self.model.before = None;
        let lost = lost - self.model.breakpoints.len();
        self.warning = (lost > 0).then(|| format!("{lost} breakpoints and watches are not in this title"));
    }

    pub(super) fn toggle_watch(&mut self, watch: MemoryWatch, machine: &mut Debugged<'_, '_>) -> Result<()> {
        let MemoryWatch { at, size, access } = watch;
        if self.model.watches.remove(&watch) {
            self.model.message = format!("{at:#010x} is no longer watched");
            return Ok(());
        }
        // Whether it can be watched is tried at once; it stays in the machine only while that runs.
        if !machine.insert_watch(at, size, access) {
            bail!("{size} bytes at {at:#010x} can't be watched: they must be mapped, and at most 4096");
        }
        machine.remove_watch(at, size, access);
        self.model.watches.insert(watch);
        let what = match access {
            WatchedAccess::Change => "a change of",
            WatchedAccess::Load => "a load from",
            WatchedAccess::Any => "an access to",
        };
        self.model.message = format!("the run stops after {what} {size} bytes at {at:#010x}");
        Ok(())
    }

    /// Deletes all breakpoints and watches.
    pub(super) fn delete_stops(&mut self) {
        self.model.breakpoints.clear();
        self.model.named.clear();
        self.model.watches.clear();
        self.show_message("no breakpoints, no watches");
    }

    /// Sets whether registers and memory can be changed.
    pub(super) fn allow_changes(&mut self, on: bool) {
        self.model.is_writable = on;
        let can = if on { "can" } else { "can't" };
        self.model.message = format!("registers and memory {can} be changed: set, poke");
    }

    /// Asks whether the last `size` bytes of `value` are to be stored.
    pub(super) fn ask_memory(&mut self, at: u32, value: u32, size: usize) -> Result<()> {
        self.request_confirmation(AskedChange::Memory { at, bytes: value.to_be_bytes()[4 - size..].to_vec() })
    }

    pub(super) fn ask_register(&mut self, name: &str, value: u128, machine: &Debugged<'_, '_>) -> Result<()> {
        let register = register(name).with_context(|| {
            format!(
                "`{}` is not a register: r3, f1, v5, r3h, lr, ctr, cr, xer, pc",
                escaped_text(name, MAX_NAME_LENGTH)
            )
        })?;
        if register.size() < 16 && value >> (8 * register.size()) != 0 {
            bail!("`{value:#x}` has more than the {} bytes of {name}", register.size());
        }
        if register.is_constant() {
            bail!("{name} can't be changed");
        }
        self.chosen_context(machine)?;
        self.request_confirmation(AskedChange::Register { thread: self.model.thread, register, value })
    }

    /// Requests the confirmation of a change.
    fn request_confirmation(&mut self, change: AskedChange) -> Result<()> {
        if !self.model.is_writable {
            bail!("nothing can be changed: the key w or `write on` allows it");
        }
        let what = match &change {
            AskedChange::Register { thread, register, value } => {
                format!("set {} of thread {thread:#x} to {value:#x}", register.name())
            }
            AskedChange::Memory { at, bytes } => {
                let value = bytes.iter().fold(0_u32, |value, &byte| value << 8 | u32::from(byte));
                format!("store {value:#x} in {} bytes at {at:#010x}", bytes.len())
            }
        };
        self.model.message = format!("{what}? The moments before can't be reached any more: y or n");
        self.model.asked = Some(change);
        Ok(())
    }

    /// Makes a change.
    pub(super) fn apply(&mut self, change: AskedChange, machine: &mut Debugged<'_, '_>) -> Result<()> {
        match change {
            AskedChange::Register { thread, register, value } => {
                let ctx = machine.context_mut(thread).context("the thread has ended")?;
                register.set(ctx, value);
                self.model.message = format!("{} is {value:#x}", register.name());
            }
            AskedChange::Memory { at, bytes } => {
                if !machine.write(at, &bytes) {
                    bail!("nothing is mapped at {at:#010x}");
                }
                self.model.message = format!("{} bytes at {at:#010x} are changed", bytes.len());
                self.model.compiled = None;
            }
        }
        Ok(())
    }
}
