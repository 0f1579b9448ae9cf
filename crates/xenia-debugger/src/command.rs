//! Commands of the user, as a line or a key, in one table ([`COMMANDS`]), which the help prints.
//! Arguments are resolved when the command is executed, since places depend on the machine.

use crate::host_key::{HostKey, parse_key};
use crate::model::{SidePane, Tab};
use anyhow::{Context, Result, anyhow, bail};
use xenia_cpu::WatchedAccess;

/// A command with unresolved arguments: places are resolved when the command is executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DebugCommand {
    Step(u64),
    Next,
    Finish,
    Continue,
    Until(Option<String>),
    Back(u64),
    BackContinue,
    Goto(u64),
    Break(Option<String>),
    Delete,
    Watch { place: String, size: u32, access: WatchedAccess },
    LastWriter { place: String, size: u32 },
    Find(String),
    Thread(ThreadChoice),
    Memory(String),
    Code(String),
    Tab(Tab),
    Side(SidePane),
    Write(bool),
    Set { register: String, value: u128 },
    Poke { place: String, value: u32, size: u32 },
    Yes,
    No,
    Position,
    History,
    Keys(Vec<HostKey>),
    Help,
    Quit,
}

/// Which thread is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThreadChoice {
    Id(u32),
    Following,
    Preceding,
}

/// A row of the table of commands.
#[derive(Clone, Copy, Debug)]
pub struct CommandRow {
    /// Word that begins the line.
    pub name: &'static str,
    /// Words after the name.
    pub arguments: &'static str,
    /// The keys that do the same.
    pub keys: &'static str,
    /// Effect of the command.
    pub effect: &'static str,
}

const fn row(
    name: &'static str,
    arguments: &'static str,
    keys: &'static str,
    effect: &'static str,
) -> CommandRow {
    CommandRow { name, arguments, keys, effect }
}

/// All commands. A place is an address, a register, a symbol or an import, with an offset: r3+0x10.
pub const COMMANDS: &[CommandRow] = &[
    row("step", "[N]", "s", "execute N instructions of the thread"),
    row("next", "", "n", "the same, but a call as a whole"),
    row("finish", "", "o", "run until the function returns"),
    row("continue", "", "c", "run to a stop; Esc interrupts"),
    row("until", "[PLACE]", "u", "run to a place, or to the cursor"),
    row("back", "[N]", "S", "undo N instructions of the thread"),
    row("back-continue", "", "C", "go back to the last stop"),
    row("goto", "N", "g", "the moment after N instructions"),
    row("break", "[PLACE]", "b", "set or remove a breakpoint"),
    row("delete", "", "", "remove all breakpoints and watches"),
    row("watch", "PLACE [LEN]", "W", "stop after a change of bytes; again: no more"),
    row("rwatch", "PLACE [LEN]", "", "stop after a load of bytes; again: no more"),
    row("awatch", "PLACE [LEN]", "", "stop after a load or a store; again: no more"),
    row("writer", "PLACE [LEN]", "l", "who wrote these bytes last?"),
    row("find", "TEXT", "/", "symbols that contain a text"),
    row("thread", "ID", "t T", "choose a thread; keys: the next, the one before"),
    row("memory", "PLACE", "m", "show memory"),
    row("code", "PLACE", "a .", "show code; the key . that of the thread"),
    row("tab", "NAME", "1-9 0", "choose the lower pane"),
    row("side", "NAME", "r x", "registers: general, float, vector; compiled: clif, host"),
    row("write", "on|off", "w", "allow changes"),
    row("set", "REGISTER VALUE", "", "change a register of the thread"),
    row("poke", "PLACE VALUE [LEN]", "", "change memory"),
    row("yes", "", "y", "make the change that was asked about"),
    row("no", "", "Esc", "leave it, close what is open"),
    row("position", "", "", "instructions, guest time, frames"),
    row("history", "", "", "the moments that can be reached"),
    row("keys", "KEY ...", "", "press keys: Tab Enter Esc Up Down PageUp PageDown or a letter"),
    row("help", "", "?", "this table; Tab moves between panes, Enter follows, : begins a command"),
    row("quit", "", "q", "end the run"),
];

/// A number: decimal, or hexadecimal with `0x`; `_` may separate digits.
pub fn number(text: &str) -> Result<u128> {
    let plain = text.replace('_', "");
    let number = match plain.strip_prefix("0x").or_else(|| plain.strip_prefix("0X")) {
        Some(digits) => u128::from_str_radix(digits, 16),
        None => plain.parse(),
    };
    number.ok().with_context(|| format!("`{text}` is not a number: write 123 or 0x7B"))
}

fn narrow<T: TryFrom<u128>>(text: &str) -> Result<T> {
    T::try_from(number(text)?).map_err(|_| anyhow!("`{text}` is too large"))
}

/// Words of a command after its name.
struct Words<'a> {
    row: &'static CommandRow,
    words: std::str::SplitWhitespace<'a>,
}

impl<'a> Words<'a> {
    fn usage(&self) -> String {
        format!("{} {}", self.row.name, self.row.arguments).trim_end().to_owned()
    }

    fn next(&mut self) -> Result<&'a str> {
        self.words.next().ok_or_else(|| anyhow!("an argument is missing: {}", self.usage()))
    }

    fn optional(&mut self) -> Option<&'a str> {
        self.words.next()
    }

    fn count(&mut self) -> Result<u64> {
        let count = self.optional().map_or(Ok(1), narrow)?;
        if count == 0 {
            bail!("0 instructions: {}", self.usage());
        }
        Ok(count)
    }

    fn size(&mut self) -> Result<u32> {
        let size = self.optional().map_or(Ok(4), narrow)?;
        if size == 0 {
            bail!("0 bytes: {}", self.usage());
        }
        Ok(size)
    }

    fn one_of<T: Copy>(&mut self, all: &[T], name: fn(T) -> &'static str) -> Result<T> {
        let word = self.next()?;
        let names = || all.iter().map(|&one| name(one)).collect::<Vec<_>>().join(", ");
        let found = all.iter().copied().find(|&one| name(one) == word);
        found.with_context(|| format!("`{word}` is not one of {}", names()))
    }
}

/// The row of a command, by its name or an unambiguous prefix.
fn row_of(name: &str) -> Result<&'static CommandRow> {
    if let Some(row) = COMMANDS.iter().find(|row| row.name == name) {
        return Ok(row);
    }
    let begin: Vec<_> = COMMANDS.iter().filter(|row| row.name.starts_with(name)).collect();
    match begin[..] {
        [one] => Ok(one),
        [] => bail!("`{name}` is not a command: `help` lists them"),
        _ => {
            let names: Vec<&str> = begin.iter().map(|row| row.name).collect();
            bail!("`{name}` may be {}", names.join(" or "))
        }
    }
}

/// The command of a line.
///
/// # Errors
/// The line is not a command; the message refers to `help`.
pub fn parse(line: &str) -> Result<DebugCommand> {
    let mut words = line.split_whitespace();
    let name = words.next().context("an empty line: `help` lists the commands")?;
    let mut words = Words { row: row_of(name)?, words };
    let place = |words: &mut Words<'_>| words.next().map(str::to_owned);
    let watch = |words: &mut Words<'_>, access| -> Result<_> {
        Ok(DebugCommand::Watch { place: place(words)?, size: words.size()?, access })
    };
    let command = match words.row.name {
        "step" => DebugCommand::Step(words.count()?),
        "next" => DebugCommand::Next,
        "finish" => DebugCommand::Finish,
        "continue" => DebugCommand::Continue,
        "until" => DebugCommand::Until(words.optional().map(str::to_owned)),
        "back" => DebugCommand::Back(words.count()?),
        "back-continue" => DebugCommand::BackContinue,
        "goto" => DebugCommand::Goto(narrow(words.next()?)?),
        "break" => DebugCommand::Break(words.optional().map(str::to_owned)),
        "delete" => DebugCommand::Delete,
        "watch" => watch(&mut words, WatchedAccess::Change)?,
        "rwatch" => watch(&mut words, WatchedAccess::Load)?,
        "awatch" => watch(&mut words, WatchedAccess::Any)?,
        "writer" => DebugCommand::LastWriter { place: place(&mut words)?, size: words.size()? },
        "find" => DebugCommand::Find(place(&mut words)?),
        "thread" => DebugCommand::Thread(ThreadChoice::Id(narrow(words.next()?)?)),
        "memory" => DebugCommand::Memory(place(&mut words)?),
        "code" => DebugCommand::Code(place(&mut words)?),
        "tab" => DebugCommand::Tab(words.one_of(&Tab::ALL, Tab::name)?),
        "side" => DebugCommand::Side(words.one_of(&SidePane::ALL, SidePane::name)?),
        "write" => DebugCommand::Write(words.one_of(&[true, false], |on| if on { "on" } else { "off" })?),
        "set" => DebugCommand::Set { register: place(&mut words)?, value: number(words.next()?)? },
        "poke" => {
            let place = place(&mut words)?;
            let value = words.next()?;
            let size = words.size()?;
            if !matches!(size, 1 | 2 | 4) {
                bail!("{size} bytes: LEN is 1, 2 or 4");
            }
            let value: u32 = narrow(value)?;
            if size < 4 && value >> (8 * size) != 0 {
                bail!("`{value:#x}` has more than {size} bytes");
            }
            DebugCommand::Poke { place, value, size }
        }
        "yes" => DebugCommand::Yes,
        "no" => DebugCommand::No,
        "position" => DebugCommand::Position,
        "history" => DebugCommand::History,
        "keys" => DebugCommand::Keys(words.words.by_ref().map(parse_key).collect::<Result<_>>()?),
        "help" => DebugCommand::Help,
        "quit" => DebugCommand::Quit,
        name => bail!("`{name}` is in the table of commands, but nothing executes it: report this"),
    };
    match words.optional() {
        None => Ok(command),
        Some(word) => bail!("unexpected argument `{word}`: {}", words.usage()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_a_command() {
        for row in COMMANDS {
            let line = match row.name {
                "goto" | "thread" => format!("{} 7", row.name),
                "tab" => "tab gpu".to_owned(),
                "side" => "side clif".to_owned(),
                "write" => "write on".to_owned(),
                "set" | "poke" => format!("{} r3 7", row.name),
                _ if row.arguments.is_empty() => row.name.to_owned(),
                "keys" => "keys s Tab".to_owned(),
                _ => format!("{} 0x7", row.name),
            };
            let command = parse(&line).unwrap_or_else(|error| panic!("{line}: {error}"));
            assert_eq!(command == DebugCommand::Quit, row.name == "quit", "{line}");
        }
    }

    #[test]
    fn beginnings_of_names_are_commands_if_there_is_one() {
        assert_eq!(parse("cont").unwrap(), DebugCommand::Continue);
        assert_eq!(parse("back").unwrap(), DebugCommand::Back(1));
        assert_eq!(parse("back-c").unwrap(), DebugCommand::BackContinue);
        assert_eq!(parse("co").unwrap_err().to_string(), "`co` may be continue or code");
    }

    #[test]
    fn errors_say_what_to_do() {
        for (line, expected) in [
            ("", "`help`"),
            ("jump", "`help`"),
            ("goto", "goto N"),
            ("goto soon", "0x7B"),
            ("goto 1 2", "goto N"),
            ("step 0", "step [N]"),
            ("tab sound", "threads, memory"),
            ("write maybe", "on, off"),
            ("poke r1 1 3", "1, 2 or 4"),
            ("poke r1 256 1", "more than 1 bytes"),
            ("watch 0x1 0", "watch PLACE [LEN]"),
            ("keys Hyper", "Tab"),
            ("thread 0x100000000", "too large"),
        ] {
            let error = parse(line).unwrap_err().to_string();
            assert!(error.contains(expected), "{line}: {error}");
        }
    }

    #[test]
    fn numbers_are_decimal_or_hexadecimal() {
        assert_eq!(number("1_000").unwrap(), 1000);
        assert_eq!(number("0x8201_0000").unwrap(), 0x8201_0000);
        assert!(number("82010000h").is_err() && number("").is_err());
    }
}
