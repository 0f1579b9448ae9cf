//! Commands of gdb's `monitor`, for requests that gdb's protocol has no packets for. Each answer is
//! text, also that of a wrong command.

use super::super::MachinePosition;
use super::super::parts::MachineInside;
use super::{Debugged, LastWriter};
use crate::say;
use anyhow::{Context, Result, bail};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use xenia_cpu::{WatchedAccess, WatchedRange};
use xenia_guest::GuestAddr;
use xenia_isa::{Syntax, disassemble};

/// Answer to `monitor help`.
const HELP: &str = "\
position          instructions executed, guest time and frames
goto N            the moment after N instructions; then: maintenance flush register-cache
writer AT [LEN]   the last store to LEN bytes (4) at AT, and the moment before it
history           the checkpoints from which other moments are reached
title             the title that runs
threads           all threads, with what they wait for and their stacks
symbol NAME       addresses of the function with this name
import NAME       addresses at which the title calls an export: break *ADDRESS";

/// Maximum size in bytes of the range whose last store is searched for.
const MAX_BYTES: u32 = 4096;

/// A number, decimal or with `0x`.
fn number(text: &str) -> Result<u64> {
    let number = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => text.parse(),
    };
    number.ok().with_context(|| format!("`{text}` is not a number"))
}

impl Debugged<'_, '_> {
    /// Runs a command of gdb's `monitor`, and returns its answer.
    pub(super) fn run_monitor_command(&mut self, command: &str) -> String {
        self.begin_edited();
        let MachineInside { executor, kernel, .. } = &self.machine.inside;
        let mut words = command.split_whitespace();
        let answer = match (words.next(), words.next(), words.next()) {
            (Some("position"), None, _) => Ok(self.describe_position()),
            (Some("threads"), None, _) => Ok(executor.threads_report().to_string()),
            (Some("import"), Some(name), None) => {
                let addresses = kernel.imports.addresses_of(name);
                if addresses.is_empty() {
                    return format!("the title imports no function `{name}`");
                }
                Ok(addresses.iter().fold(String::new(), |mut text, address| {
                    let _ = writeln!(text, "{address}");
                    text
                }))
            }
            (Some("symbol"), Some(name), None) => self.find_symbol(name),
            (Some("title"), None, _) => Ok(self.file_name()),
            (Some("history"), None, _) => self.history().map(|history| history.describe()),
            (Some("goto"), Some(moment), None) => self.go_to_moment(moment),
            (Some("writer"), Some(at), size) => self.find_writer(at, size),
            _ => Ok(HELP.to_owned()),
        };
        answer.unwrap_or_else(|error| format!("error: {}", say::chain(&error)))
    }

    /// Addresses of the functions with this name, which symbols and unwind data of the title's
    /// modules give.
    fn find_symbol(&self, name: &str) -> Result<String> {
        /// Maximum number of names listed in an error.
        const MAX_LISTED_NAMES: usize = 4;
        let mut found = BTreeSet::new();
        let mut similar = Vec::new();
        self.each_symbol(|other, address| {
            if other == name {
                found.insert(address);
            } else if similar.len() < MAX_LISTED_NAMES && other.contains(name) {
                similar.push(say::visible(other));
            }
            true
        });
        if found.is_empty() {
            let similar = if similar.is_empty() { "none like it".to_owned() } else { similar.join(", ") };
            bail!("no function is named `{}`; there is {similar}", say::visible(name));
        }
        Ok(found.iter().fold(String::new(), |mut text, &address| {
            let _ = writeln!(text, "{}", GuestAddr(address));
            text
        }))
    }

    /// Name of the title's executable, without the folders on the way to it.
    fn file_name(&self) -> String {
        let name = &self.machine.spec.title.name;
        say::visible(name.rsplit(['/', '\\']).next().unwrap_or(name))
    }

    fn describe_position(&self) -> String {
        let MachinePosition { now, instructions, frames } = self.machine.position();
        format!("{instructions} instructions, {now} ticks of guest time, {frames} frames")
    }

    fn go_to_moment(&mut self, moment: &str) -> Result<String> {
        self.travel_to(number(moment)?)?;
        Ok(self.describe_position())
    }

    /// Goes to the moment after this number of instructions.
    ///
    /// # Errors
    /// The run cannot reach that moment; the machine is where it was.
    pub fn travel_to(&mut self, moment: u64) -> Result<()> {
        self.check_goes_on()?;
        self.begin_edited();
        let from = self.moment();
        let beginning = self.history()?.beginning();
        if moment < beginning {
            bail!("the earliest moment is {beginning}");
        }
        let gone = self.go_to(moment);
        if gone.is_err() && !self.machine.is_broken() {
            self.return_to(from)?;
        }
        self.arrive();
        gone
    }

    fn find_writer(&mut self, at: &str, size: Option<&str>) -> Result<String> {
        let at = u32::try_from(number(at)?).context("an address has 32 bits")?;
        let size = size.map_or(Ok(4), number)?;
        let Some(size) = u32::try_from(size).ok().filter(|size| (1..=MAX_BYTES).contains(size)) else {
            bail!("the number of bytes is 1 to {MAX_BYTES}");
        };
        Ok(match self.last_writer(at, size)? {
            LastWriter::Nobody { since } => format!("no store since instruction {since}"),
            LastWriter::Kernel { moment } => format!("the kernel or a device, after: goto {moment}"),
            LastWriter::Instruction { moment, pc } => {
                let text = disassemble(self.word_at(pc).unwrap_or_default(), pc, Syntax::default());
                format!("{}: {text}, executed after: goto {moment}", GuestAddr(pc))
            }
        })
    }

    /// The last store to `size` bytes at an address.
    ///
    /// # Errors
    /// The machine can't go back, or the way back was interrupted.
    pub fn last_writer(&mut self, at: u32, size: u32) -> Result<LastWriter> {
        self.check_goes_on()?;
        self.begin_edited();
        let since = self.history()?.beginning();
        let bytes = WatchedRange { addr: GuestAddr(at), size, access: WatchedAccess::Change };
        Ok(match self.last_store(bytes)? {
            None => LastWriter::Nobody { since },
            Some((moment, None)) => LastWriter::Kernel { moment },
            Some((moment, Some(pc))) => LastWriter::Instruction { moment, pc: pc.0 },
        })
    }
}
