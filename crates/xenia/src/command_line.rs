//! The command line that a title sees (`ExLoadedCommandLine`): its name, then the words after `--`.
//!
//! Words are separated by spaces and quoted as Microsoft's C library parses them: a word with
//! spaces or quotation marks is put in quotation marks, and backslashes are only escaped before
//! quotation marks.

use anyhow::{Result, bail, ensure};
use xenia_guest::code_page;

/// Size of the console's variable in bytes, terminator included. A character is a byte of the code
/// page ([`code_page`]).
const ROOM: usize = 0x400;

/// Builds the command line of the title `name`. Fails if it exceeds the console's variable, or the
/// code page lacks one of its characters.
pub fn command_line(name: &str, arguments: &[String]) -> Result<String> {
    let mut line = format!("\"{name}\"");
    for argument in arguments {
        line.push(' ');
        quote(argument, &mut line);
    }
    ensure!(!line.contains('\0'), "an argument has a character 0 in it");
    let lacking = line.chars().find(|&character| code_page::byte(character).is_none());
    if let Some(lacking) = lacking {
        bail!("an argument has {lacking:?}: titles get characters of Windows-1252 only");
    }
    let size = line.chars().count();
    ensure!(size < ROOM, "the arguments take {size} bytes: a title's command line has room for {}", ROOM - 1);
    Ok(line)
}

/// Builds the command line of a title that another one launches with `line`, which is left out if
/// it exceeds the console's variable.
#[must_use]
pub fn launched_command_line(name: &str, line: &str) -> String {
    let named = format!("\"{name}\"");
    if line.is_empty() {
        return named;
    }
    let whole = format!("{named} {line}");
    let size = whole.chars().count();
    if size < ROOM {
        return whole;
    }
    tracing::warn!(
        target: "kernel",
        "the launched title gets no command line: it has {size} bytes, and room for {}",
        ROOM - 1
    );
    named
}

fn quote(argument: &str, line: &mut String) {
    if !argument.is_empty() && !argument.contains([' ', '\t', '\n', '"']) {
        line.push_str(argument);
        return;
    }
    line.push('"');
    let mut backslashes = 0;
    for c in argument.chars() {
        match c {
            '\\' => backslashes += 1,
            '"' => {
                line.extend(std::iter::repeat_n('\\', backslashes + 1));
                backslashes = 0;
            }
            _ => backslashes = 0,
        }
        line.push(c);
    }
    line.extend(std::iter::repeat_n('\\', backslashes));
    line.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_they_must_be() {
        let line = |words: &[&str]| {
            let words: Vec<_> = words.iter().map(|&word| word.to_owned()).collect();
            command_line("a.xex", &words).unwrap()
        };
        assert_eq!(line(&[]), r#""a.xex""#);
        assert_eq!(line(&["one", r"game:\x", ""]), r#""a.xex" one game:\x """#);
        assert_eq!(line(&["two words", r"end\ "]), r#""a.xex" "two words" "end\ ""#);
        assert_eq!(line(&[r#"a"b"#, r#"a\"b"#, r"a b\"]), r#""a.xex" "a\"b" "a\\\"b" "a b\\""#);
    }

    #[test]
    fn a_launched_title_gets_the_line_that_fits() {
        assert_eq!(launched_command_line("a.xex", ""), "\"a.xex\"");
        assert_eq!(launched_command_line("a.xex", "-level 7"), "\"a.xex\" -level 7");
        let longest = "x".repeat(ROOM - 1 - 4);
        assert_eq!(launched_command_line("a", &longest).len(), ROOM - 1);
        assert_eq!(launched_command_line("a", &(longest + "x")), "\"a\"");
        let longest = "\u{e9}".repeat(ROOM - 1 - 4);
        assert_eq!(launched_command_line("a", &longest).chars().count(), ROOM - 1, "a byte each");
    }

    #[test]
    fn command_lines_that_the_variable_cannot_hold_are_rejected() {
        assert!(command_line("a", &["x".repeat(ROOM - 5)]).is_ok());
        assert!(command_line("a", &["x".repeat(ROOM - 4)]).is_err());
        assert!(command_line("a", &["\0".to_owned()]).is_err());
        assert!(command_line("a", &["\u{e9}".repeat(ROOM - 5)]).is_ok(), "a byte each");
        assert!(command_line("a", &["\u{3042}".to_owned()]).is_err(), "not in the code page");
    }
}
