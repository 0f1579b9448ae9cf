//! Following the selected item, and the compiler's output.

use super::DebugSession;
use crate::command::ThreadChoice;
use crate::model::{CompiledCode, Focus, SidePane, Tab};
use crate::panes::MAX_ROWS;
use crate::panes::code::branch_target;
use anyhow::{Context, Result, bail};
use xenia::machine::Debugged;

impl DebugSession {
    /// Shows the selected item: the target of a branch, the word in memory as an address, the code
    /// of a frame or symbol, the memory of an object; or chooses the thread.
    pub(super) fn follow(&mut self, machine: &Debugged<'_, '_>) -> Result<()> {
        let row = self.model.row().min(MAX_ROWS - 1);
        match (self.model.focus, self.model.tab) {
            (Focus::Code, _) => {
                let at = self.model.cursor;
                let target = machine.word_at(at).and_then(|word| branch_target(word, at));
                self.model.cursor = target.context("no direct branch is at the cursor")?;
            }
            (Focus::Side, _) => bail!("Enter follows in the code and in the lower pane: Tab goes there"),
            (Focus::Tab, Tab::Threads) => {
                let threads = machine.machine().threads_report().threads;
                let thread = threads.get(row.min(threads.len().saturating_sub(1)));
                let id = thread.context("there is no thread")?.id;
                self.choose_thread(ThreadChoice::Id(id), machine)?;
            }
            (Focus::Tab, Tab::Memory) => {
                let word = machine.word_at(self.model.memory);
                self.model.memory = word.context("no word is there")?;
            }
            (Focus::Tab, Tab::Stack) => {
                let threads = machine.machine().threads_report().threads;
                let thread = threads.into_iter().find(|thread| thread.id == self.model.thread);
                let registers = thread.and_then(|thread| thread.registers).context("there is no stack")?;
                let frames: Vec<u32> =
                    [&registers.pc].into_iter().chain(&registers.stack).map(|at| at.address).collect();
                self.model.cursor = *frames.get(row.min(frames.len() - 1)).context("no such frame")?;
            }
            (Focus::Tab, Tab::Symbols) => {
                let found = &self.model.found.symbols;
                let symbol = found.get(row.min(found.len().saturating_sub(1)));
                self.model.cursor = symbol.context("none was found")?.at & !3;
            }
            (Focus::Tab, tab) => {
                let bodies: Vec<u32> = match tab {
                    Tab::Objects => machine.machine().objects().iter().map(|object| object.body).collect(),
                    Tab::Locks => machine.machine().locks().iter().map(|lock| lock.at).collect(),
                    Tab::Files => machine.machine().files().iter().map(|file| file.body).collect(),
                    _ => bail!("there is nothing to follow here"),
                };
                let body = bodies.get(row.min(bodies.len().saturating_sub(1)));
                self.model.memory = *body.context("nothing is selected")?;
                self.show(Tab::Memory);
            }
        }
        Ok(())
    }

    /// Compiles the function at the cursor, if its compiled form is shown and is not that of the
    /// cursor already.
    pub(crate) fn compile(&mut self, machine: &Debugged<'_, '_>) {
        if !SidePane::COMPILED.contains(&self.model.side) {
            return;
        }
        let pc = self.model.cursor;
        if self.model.compiled.as_ref().is_some_and(|compiled| compiled.pc == pc) {
            return;
        }
        let lines = |text: &str| text.trim_end().lines().map(str::to_owned).collect();
        self.model.compiled = Some(match machine.compiled(pc) {
            Ok(dump) => CompiledCode { pc, clif: lines(&dump.clif), host: lines(&dump.host) },
            Err(error) => {
                let why = vec![format!("{error:#}")];
                CompiledCode { pc, clif: why.clone(), host: why }
            }
        });
    }
}
