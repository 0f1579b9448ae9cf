//! Preprocessing of the source text: comments, macros, repetitions.
//!
//! The syntax is that of GNU as. Sources may be untrusted: lines, bytes and nesting are limited, so
//! expansion ends soon.

use super::AsmError;
use super::lexer::{is_name, is_name_start};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Limit on the lines that expansion produces.
const MAX_LINES: usize = 4 << 20;
/// Limit on the bytes that expansion reads and produces: each line's text plus [`LINE_COST`]. It
/// bounds memory and time.
const MAX_TEXT: usize = 128 << 20;
/// Cost of a line, a parameter or an iteration of a repetition besides its text, so that
/// repetitions of empty text are bounded too.
const LINE_COST: usize = 16;
/// Limit on the length of a line after macro substitution, in bytes.
const MAX_LINE: usize = 1 << 20;
/// Limit on the parameters of a macro: each `\` of its body is compared with all of them.
const MAX_PARAMETERS: usize = 64;
/// Limit on the nesting of macros and repetitions.
const MAX_DEPTH: u32 = 32;

/// A line to assemble, and its line number in the source.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) number: u32,
    pub(super) text: String,
}

struct Macro {
    /// Parameter names and default values.
    parameters: Vec<(String, String)>,
    body: Vec<Line>,
}

/// Removes comments and expands macros and repetitions.
pub(super) fn expand(source: &str) -> Result<Vec<Line>, AsmError> {
    let lines = without_comments(source);
    let mut out = Vec::with_capacity(lines.len());
    let mut state = State { macros: BTreeMap::new(), expansions: 0, spent: 0 };
    state.expand(&lines, 0, &mut out)?;
    Ok(out)
}

/// Removes `#`, `//` and `/* */` outside of strings, keeping line numbers.
fn without_comments(source: &str) -> Vec<Line> {
    let mut out = Vec::new();
    let mut in_block = false;
    for (index, line) in source.lines().enumerate() {
        let mut text = String::with_capacity(line.len());
        let mut chars = line.chars().peekable();
        let mut in_string = false;
        while let Some(c) = chars.next() {
            let next = chars.peek().copied();
            if in_block {
                if c == '*' && next == Some('/') {
                    chars.next();
                    in_block = false;
                }
                text.push(' ');
            } else if in_string {
                text.push(c);
                if c == '\\' {
                    text.extend(chars.next());
                }
                in_string = c != '"';
            } else if c == '/' && next == Some('*') {
                chars.next();
                in_block = true;
                text.push_str("  ");
            } else if c == '#' || c == '/' && next == Some('/') {
                break;
            } else if c == '\'' && next.is_some_and(|next| matches!(next, '#' | '"' | '/')) {
                text.push(c);
                text.extend(chars.next());
            } else {
                in_string = c == '"';
                text.push(c);
            }
        }
        if !text.trim().is_empty() {
            out.push(Line { number: index as u32 + 1, text });
        }
    }
    out
}

fn fail(line: &Line, reason: impl Into<String>) -> AsmError {
    let column = line.text.chars().take_while(|c| c.is_whitespace()).count() as u32 + 1;
    AsmError { line: line.number, column, reason: reason.into() }
}

/// Error message for a line of more than [`MAX_LINE`] bytes.
const TOO_LONG: &str = "the line is too long";

fn first_word(text: &str) -> (&str, &str) {
    let text = text.trim();
    let end = text.find(|c| !is_name(c)).unwrap_or(text.len());
    text.split_at(end)
}

struct State {
    macros: BTreeMap<String, Rc<Macro>>,
    /// Counter for `\@`.
    expansions: u32,
    /// Bytes charged against [`MAX_TEXT`].
    spent: usize,
}

impl State {
    /// Charges text that is read or produced for `line`.
    fn spend(&mut self, line: &Line, bytes: usize) -> Result<(), AsmError> {
        self.spent = self.spent.saturating_add(bytes).saturating_add(LINE_COST);
        if self.spent > MAX_TEXT {
            return Err(fail(line, "macros and repetitions make too much text"));
        }
        Ok(())
    }

    fn expand(&mut self, lines: &[Line], depth: u32, out: &mut Vec<Line>) -> Result<(), AsmError> {
        let mut at = 0;
        while at < lines.len() {
            let line = &lines[at];
            at += 1;
            if depth > MAX_DEPTH {
                return Err(fail(line, "macros are nested too deeply"));
            }
            if line.text.len() > MAX_LINE {
                return Err(fail(line, TOO_LONG));
            }
            self.spend(line, line.text.len())?;
            // Labels before a macro call become a separate line.
            let (word, rest) = first_word(&line.text);
            match word.to_ascii_lowercase().as_str() {
                ".macro" => {
                    let body = self.block(lines, &mut at, line, ".macro", ".endm")?;
                    let (name, parameters) = first_word(rest);
                    if !name.starts_with(is_name_start) {
                        return Err(fail(line, "the macro has no name"));
                    }
                    let parameters = arguments(parameters);
                    if parameters.len() > MAX_PARAMETERS {
                        return Err(fail(line, format!("a macro has {MAX_PARAMETERS} parameters at most")));
                    }
                    let parameters = parameters
                        .into_iter()
                        .map(|parameter| match parameter.split_once('=') {
                            Some((name, value)) => (name.trim().to_owned(), value.trim().to_owned()),
                            None => (parameter.split(':').next().unwrap_or("").to_owned(), String::new()),
                        })
                        .collect();
                    let called = Macro { parameters, body: body.to_vec() };
                    self.macros.insert(name.to_owned(), Rc::new(called));
                }
                ".rept" => {
                    let body = self.block(lines, &mut at, line, ".rept", ".endr")?;
                    let count =
                        rest.trim().parse::<u32>().map_err(|_| fail(line, "`.rept` needs a number"))?;
                    for _ in 0..count {
                        self.spend(line, 0)?;
                        self.expand(body, depth + 1, out)?;
                    }
                }
                ".endm" | ".endr" => return Err(fail(line, format!("`{word}` without a beginning"))),
                _ => match self.macros.get(word).cloned() {
                    Some(called) => self.call(&called, line, rest, depth, out)?,
                    None => out.push(line.clone()),
                },
            }
            if out.len() > MAX_LINES {
                return Err(fail(line, "macros and repetitions make too many lines"));
            }
        }
        Ok(())
    }

    /// The lines up to the matching end directive.
    fn block<'a>(
        &mut self,
        lines: &'a [Line],
        at: &mut usize,
        start: &Line,
        open: &str,
        close: &str,
    ) -> Result<&'a [Line], AsmError> {
        let from = *at;
        let mut depth = 1;
        while let Some(line) = lines.get(*at) {
            *at += 1;
            self.spend(line, line.text.len())?;
            let word = first_word(&line.text).0;
            if word.eq_ignore_ascii_case(open) {
                depth += 1;
            } else if word.eq_ignore_ascii_case(close) {
                depth -= 1;
                if depth == 0 {
                    return Ok(&lines[from..*at - 1]);
                }
            }
        }
        Err(fail(start, format!("`{open}` has no `{close}`")))
    }

    fn call(
        &mut self,
        called: &Macro,
        line: &Line,
        rest: &str,
        depth: u32,
        out: &mut Vec<Line>,
    ) -> Result<(), AsmError> {
        let given = arguments(rest);
        if given.len() > called.parameters.len() {
            let most = called.parameters.len();
            return Err(fail(line, format!("the macro takes {most} arguments, found {}", given.len())));
        }
        for (name, default) in &called.parameters {
            self.spend(line, name.len() + default.len())?;
        }
        let mut values: Vec<_> = called.parameters.clone();
        for (position, argument) in given.iter().enumerate() {
            // `name=value` sets the named parameter; other arguments are positional.
            let named = argument
                .split_once('=')
                .and_then(|(name, value)| Some((values.iter().position(|(n, _)| n == name.trim())?, value)));
            match named {
                Some((index, value)) => value.trim().clone_into(&mut values[index].1),
                None => argument.clone_into(&mut values[position].1),
            }
        }
        self.expansions += 1;
        let mut body = Vec::with_capacity(called.body.len());
        for template in &called.body {
            let text = substitute(&template.text, &values, self.expansions);
            let text = text.ok_or_else(|| fail(line, TOO_LONG))?;
            self.spend(line, text.len())?;
            body.push(Line { number: line.number, text });
        }
        self.expand(&body, depth + 1, out)
    }
}

/// Splits at commas outside of parentheses and strings; without a comma, spaces separate.
fn arguments(text: &str) -> Vec<String> {
    let text = text.trim();
    if text.is_empty() {
        return Vec::new();
    }
    let mut out = vec![String::new()];
    let mut depth = 0_i32;
    let mut in_string = false;
    for c in text.chars() {
        match c {
            '"' => in_string = !in_string,
            '(' if !in_string => depth += 1,
            ')' if !in_string => depth -= 1,
            _ => {}
        }
        match out.last_mut() {
            Some(last) if c != ',' || depth > 0 || in_string => last.push(c),
            _ => out.push(String::new()),
        }
    }
    out.into_iter().map(|argument| argument.trim().to_owned()).collect()
}

/// Substitutes the values in a line of a macro body; `None` if the result exceeds [`MAX_LINE`].
fn substitute(text: &str, values: &[(String, String)], expansion: u32) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(position) = rest.find('\\') {
        if out.len() > MAX_LINE {
            return None;
        }
        out.push_str(&rest[..position]);
        rest = &rest[position + 1..];
        if let Some(after) = rest.strip_prefix('@') {
            out.push_str(&expansion.to_string());
            rest = after;
        } else if let Some(after) = rest.strip_prefix("()") {
            rest = after;
        } else {
            // The longest parameter name that matches here.
            let found = values
                .iter()
                .filter(|(name, _)| !name.is_empty() && rest.starts_with(name.as_str()))
                .max_by_key(|(name, _)| name.len());
            match found {
                Some((name, value)) => {
                    out.push_str(value);
                    rest = &rest[name.len()..];
                }
                None => out.push('\\'),
            }
        }
    }
    out.push_str(rest);
    (out.len() <= MAX_LINE).then_some(out)
}
