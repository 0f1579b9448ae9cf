//! The command line that a title sees (`ExLoadedCommandLine`): its name, then the words after `--`.
//!
//! Words are separated by spaces and quoted as Microsoft's C library parses them: a word with
//! spaces or quotation marks is put in quotation marks, and backslashes are only escaped before
//! quotation marks.

use anyhow::{Result, ensure};

/// Size of the console's variable in bytes, terminator included.
const ROOM: usize = 0x400;

/// Builds the command line of the title `name`. Fails if it exceeds the console's variable.
pub fn command_line(name: &str, arguments: &[String]) -> Result<String> {
    let mut line = format!("\"{name}\"");
    for argument in arguments {
        line.push(' ');
        quote(argument, &mut line);
    }
    ensure!(!line.contains('\0'), "an argument has a character 0 in it");
    ensure!(
        line.len() < ROOM,
        "the arguments take {} bytes: a title's command line has room for {}",
        line.len(),
        ROOM - 1
    );
    Ok(line)
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
    fn oversized_command_lines_are_rejected() {
        assert!(command_line("a", &["x".repeat(ROOM - 5)]).is_ok());
        assert!(command_line("a", &["x".repeat(ROOM - 4)]).is_err());
        assert!(command_line("a", &["\0".to_owned()]).is_err());
    }
}
