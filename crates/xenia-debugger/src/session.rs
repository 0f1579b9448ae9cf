//! Carries commands out: the model changes, and the machine runs.
//!
//! Lines of scripts and of the command line, and most keys, become [`DebugCommand`]s. An error
//! leaves the session usable: it becomes the model's message. A change of the guest (a register,
//! memory) is only noted by the command that requests it, and made by the confirmation that follows
//! at once; any other command drops it.

mod follow;
mod run;
mod write;

use crate::command::{DebugCommand, ThreadChoice};
use crate::host_key::HostKey;
use crate::keys::{self, Asked};
use crate::model::{AskedChange, Focus, MemoryWatch, Model, SidePane, Tab};
use crate::place::{find, is_name, resolve};
use crate::text::{MAX_NAME_LENGTH, escaped_text};
use anyhow::{Context, Result, bail};
use xenia::machine::{Debugged, MachinePosition};
use xenia::wording::grouped;
use xenia_gdb::Debuggee;

/// Maximum number of symbols listed by a search.
const MAX_FOUND: usize = 500;

/// Looks at a run several times a second.
pub trait Watcher {
    /// Whether the run continues: no stop was requested.
    fn continues(&mut self, model: &Model, position: MachinePosition) -> bool;
}

/// A debugger's session: a model, and how to carry commands out.
#[derive(Debug, Default)]
pub struct DebugSession {
    pub model: Model,
    /// Addition to the answer to the command.
    warning: Option<String>,
}

/// Formats a moment as in messages.
pub(crate) fn moment(count: u64) -> String {
    grouped(count)
}

impl DebugSession {
    /// Begins a session on a machine that is stopped before its first instruction.
    pub fn begin(&mut self, machine: &mut Debugged<'_, '_>) {
        "at the beginning".clone_into(&mut self.model.state);
        self.show_message("? shows all keys, : begins a command");
        if let Err(error) = machine.describe_history() {
            self.model.message = format!("the run does not go back: {error:#}");
        }
        self.choose(machine, 0);
        let stack = machine.context(self.model.thread).map(|ctx| ctx.gpr[1] as u32);
        self.model.memory = stack.unwrap_or_default() & !15;
    }

    /// Chooses a thread, or the first one if that has ended, and shows its code.
    fn choose(&mut self, machine: &Debugged<'_, '_>, thread: u32) {
        let threads = machine.threads();
        let known = [thread, self.model.thread].into_iter().find(|id| threads.contains(id));
        self.model.thread = known.or_else(|| threads.first().copied()).unwrap_or_default();
        if let Some(ctx) = machine.context(self.model.thread) {
            self.model.cursor = ctx.pc;
        }
        self.model.compiled = None;
    }

    /// Carries out a line of a script or of the command line. An error becomes the message, too.
    ///
    /// # Errors
    /// The line is not a command, or the command can't be carried out.
    pub fn line(
        &mut self,
        line: &str,
        machine: &mut Debugged<'_, '_>,
        watcher: &mut dyn Watcher,
    ) -> Result<()> {
        let done = crate::command::parse(line).and_then(|command| self.execute(command, machine, watcher));
        self.conclude(done.as_ref().err(), machine);
        done
    }

    /// Carries out a key. An error becomes the message.
    pub fn key(&mut self, key: HostKey, machine: &mut Debugged<'_, '_>, watcher: &mut dyn Watcher) {
        let done = self.pressed(key, machine, watcher);
        self.conclude(done.err().as_ref(), machine);
    }

    fn pressed(
        &mut self,
        key: HostKey,
        machine: &mut Debugged<'_, '_>,
        watcher: &mut dyn Watcher,
    ) -> Result<()> {
        let asked = keys::press(&mut self.model, key);
        if asked == Asked::Follow {
            return self.follow(machine);
        }
        keys::command_of(asked)?.map_or(Ok(()), |command| self.execute(command, machine, watcher))
    }

    fn conclude(&mut self, error: Option<&anyhow::Error>, machine: &mut Debugged<'_, '_>) {
        if let Some(error) = error {
            self.model.message = escaped_text(&format!("error: {error:#}"), 300);
        }
        for note in machine.take_notes() {
            self.model.text.lock().add(format!("{note}\n").as_bytes());
            let warning = self.warning.as_ref().map(|warning| format!("; {warning}"));
            self.model.message = escaped_text(&format!("{note}{}", warning.unwrap_or_default()), 300);
        }
    }

    /// Carries out a command.
    ///
    /// # Errors
    /// The command does not apply now; the message says why, and what does.
    pub fn execute(
        &mut self,
        command: DebugCommand,
        machine: &mut Debugged<'_, '_>,
        watcher: &mut dyn Watcher,
    ) -> Result<()> {
        if !matches!(command, DebugCommand::Keys(_)) {
            self.model.message.clear();
        }
        let asked = self.model.asked.take();
        self.warning = None;
        let thread = self.model.thread;
        let here = |text: &str, machine: &Debugged<'_, '_>| resolve(text, machine, thread);
        match command {
            DebugCommand::Step(count) => self.step(count, machine, watcher)?,
            DebugCommand::Next => self.next(machine, watcher)?,
            DebugCommand::Finish => self.finish(machine, watcher)?,
            DebugCommand::Continue => self.resume(machine, watcher)?,
            DebugCommand::Until(place) => {
                let at = place.map_or(Ok(self.model.cursor), |place| here(&place, machine))?;
                self.run_until(at, machine, watcher)?;
            }
            DebugCommand::Back(count) => self.step_back(count, machine, watcher),
            DebugCommand::BackContinue => self.resume_backwards(machine),
            DebugCommand::Goto(to) => self.travel(to, machine)?,
            DebugCommand::Break(place) => {
                let at = place.as_ref().map_or(Ok(self.model.cursor), |place| here(place, machine))?;
                self.toggle_breakpoint(at, place.filter(|place| is_name(place)), machine)?;
            }
            DebugCommand::Delete => self.delete_stops(),
            DebugCommand::Watch { place, size, access } => {
                let at = here(&place, machine)?;
                self.toggle_watch(MemoryWatch { at, size, access }, machine)?;
            }
            DebugCommand::LastWriter { place, size } => {
                self.writer(here(&place, machine)?, size, machine)?;
            }
            DebugCommand::Find(text) => self.find_symbols(&text, machine)?,
            DebugCommand::Thread(choice) => self.choose_thread(choice, machine)?,
            DebugCommand::Memory(place) => self.show_memory(here(&place, machine)?),
            DebugCommand::Code(place) => self.show_code(here(&place, machine)?),
            DebugCommand::Tab(tab) => self.show(tab),
            DebugCommand::Side(side) => self.show_side(side, machine),
            DebugCommand::Write(on) => self.allow_changes(on),
            DebugCommand::Set { register, value } => self.ask_register(&register, value, machine)?,
            DebugCommand::Poke { place, value, size } => {
                self.ask_memory(here(&place, machine)?, value, size as usize)?;
            }
            DebugCommand::Yes => self.apply(asked.context("nothing was asked")?, machine)?,
            DebugCommand::No => self.decline(asked.as_ref()),
            DebugCommand::Position => self.show_position(machine),
            DebugCommand::History => self.model.message = machine.describe_history()?,
            DebugCommand::Keys(keys) => self.press_all(keys, asked, machine, watcher),
            DebugCommand::Help => self.model.shows_help = true,
            DebugCommand::Quit => self.model.is_over = true,
        }
        Ok(())
    }

    /// Lists the symbols that contain a text.
    fn find_symbols(&mut self, text: &str, machine: &Debugged<'_, '_>) -> Result<()> {
        self.model.found = find(text, machine, MAX_FOUND);
        let count = self.model.found.total();
        if count == 0 {
            bail!("no symbol contains `{}`", escaped_text(text, MAX_NAME_LENGTH));
        }
        self.show(Tab::Symbols);
        self.model.message = format!("{count} symbols: Enter shows the code");
        Ok(())
    }

    fn show_message(&mut self, message: &str) {
        message.clone_into(&mut self.model.message);
    }

    fn show_position(&mut self, machine: &Debugged<'_, '_>) {
        let MachinePosition { now, instructions, frames } = machine.position();
        self.model.message =
            format!("{instructions} instructions, {now} ticks of guest time, {frames} frames");
    }

    fn show_memory(&mut self, at: u32) {
        self.model.memory = at;
        self.show(Tab::Memory);
    }

    fn show_code(&mut self, at: u32) {
        self.model.cursor = at & !3;
        self.model.focus = Focus::Code;
    }

    /// Carries out keys, of which the first may answer a question.
    fn press_all(
        &mut self,
        keys: Vec<HostKey>,
        asked: Option<AskedChange>,
        machine: &mut Debugged<'_, '_>,
        watcher: &mut dyn Watcher,
    ) {
        self.model.asked = asked;
        for key in keys {
            self.key(key, machine, watcher);
        }
    }

    /// Closes the help, or refuses the change that was asked about.
    fn decline(&mut self, asked: Option<&AskedChange>) {
        self.model.shows_help = false;
        if asked.is_some() {
            self.show_message("nothing was changed");
        }
    }

    fn show(&mut self, tab: Tab) {
        self.model.tab = tab;
        self.model.focus = Focus::Tab;
    }

    fn show_side(&mut self, side: SidePane, machine: &Debugged<'_, '_>) {
        self.model.side = side;
        self.model.side_row = 0;
        self.model.compiled = None;
        self.compile(machine);
    }

    fn choose_thread(&mut self, choice: ThreadChoice, machine: &Debugged<'_, '_>) -> Result<()> {
        let threads = machine.threads();
        let now = threads.iter().position(|&id| id == self.model.thread).unwrap_or_default();
        let chosen = match choice {
            ThreadChoice::Id(id) => threads.iter().copied().find(|&thread| thread == id),
            ThreadChoice::Following => threads.get((now + 1) % threads.len().max(1)).copied(),
            ThreadChoice::Preceding => {
                threads.get((now + threads.len().saturating_sub(1)) % threads.len().max(1)).copied()
            }
        };
        let ids = || crate::text::list(&threads);
        let chosen = chosen.with_context(|| format!("there is no such thread: the ids are {}", ids()))?;
        self.choose(machine, chosen);
        self.model.before = None;
        Ok(())
    }
}
