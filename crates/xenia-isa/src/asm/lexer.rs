//! Lexer: splits characters into tokens, each with its column, which errors name. Any text is
//! tokens or an error.

use super::Problem;
use std::fmt;

/// A token of the assembler language.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A name: mnemonic, register, symbol, directive. A `%` before a register is dropped.
    Ident(String),
    Number(i64),
    Float(f64),
    /// `1b`, `1f`: the nearest local label of that number before or after.
    Local {
        label: i64,
        forward: bool,
    },
    Text(Vec<u8>),
    Punct(char),
    /// The operator `<<`.
    ShiftLeft,
    /// The operator `>>`.
    ShiftRight,
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ident(name) => write!(f, "`{name}`"),
            Self::Number(number) => write!(f, "`{number}`"),
            Self::Float(number) => write!(f, "`{number}`"),
            Self::Local { label, forward } => write!(f, "`{label}{}`", if *forward { 'f' } else { 'b' }),
            Self::Text(_) => f.write_str("a string"),
            Self::Punct(c) => write!(f, "`{c}`"),
            Self::ShiftLeft => f.write_str("`<<`"),
            Self::ShiftRight => f.write_str("`>>`"),
        }
    }
}

/// A token and its position.
#[derive(Clone, Debug)]
pub(super) struct Spanned {
    pub(super) token: Token,
    pub(super) column: u32,
    /// Whether the token directly follows the previous one, without a space.
    pub(super) joined: bool,
}

/// Splits a line without comments into tokens.
pub(super) fn tokens(text: &str) -> Result<Vec<Spanned>, Problem> {
    let chars: Vec<char> = text.chars().collect();
    let mut out = Vec::new();
    let mut at = 0;
    let mut end_of_last = usize::MAX;
    while at < chars.len() {
        let c = chars[at];
        if c.is_whitespace() {
            at += 1;
            continue;
        }
        let start = at;
        let column = at as u32 + 1;
        let next = chars.get(at + 1).copied().unwrap_or(' ');
        let token = if is_name_start(c) || c == '%' && is_name_start(next) {
            at += usize::from(c == '%');
            let from = at;
            while at < chars.len() && is_name(chars[at]) {
                at += 1;
            }
            Token::Ident(chars[from..at].iter().collect())
        } else if c.is_ascii_digit() {
            number(&chars, &mut at, column)?
        } else if c == '"' {
            Token::Text(string(&chars, &mut at, column)?)
        } else if c == '\'' {
            at += 1;
            let byte = character(&chars, &mut at, column)?;
            at += usize::from(chars.get(at) == Some(&'\''));
            Token::Number(i64::from(byte))
        } else if c == '<' && next == '<' {
            at += 2;
            Token::ShiftLeft
        } else if c == '>' && next == '>' {
            at += 2;
            Token::ShiftRight
        } else {
            at += 1;
            Token::Punct(c)
        };
        out.push(Spanned { token, column, joined: start == end_of_last });
        end_of_last = at;
    }
    Ok(out)
}

pub(super) fn is_name_start(c: char) -> bool {
    c.is_ascii_alphabetic() || matches!(c, '_' | '.')
}

pub(super) fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '$')
}

fn number(chars: &[char], at: &mut usize, column: u32) -> Result<Token, Problem> {
    let start = *at;
    let digits_end = |from: usize, radix: u32| {
        from + chars[from..].iter().take_while(|c| c.is_digit(radix) || **c == '_').count()
    };
    let parse = |from: usize, to: usize, radix: u32| {
        let text: String = chars[from..to].iter().filter(|&&c| c != '_').collect();
        // 64 unsigned bits have the same bit pattern as 64 signed ones.
        u64::from_str_radix(&text, radix)
            .map(|value| Token::Number(value as i64))
            .map_err(|_| Problem::new(column, format!("`{text}` is not a 64-bit number")))
    };
    let prefix = chars.get(start + 1).copied().unwrap_or(' ').to_ascii_lowercase();
    if chars[start] == '0' && prefix == 'x' {
        *at = digits_end(start + 2, 16);
        return parse(start + 2, *at, 16);
    }
    let binary_follows = chars.get(start + 2).is_some_and(|c| matches!(c, '0' | '1'));
    if chars[start] == '0' && prefix == 'b' && binary_follows {
        *at = digits_end(start + 2, 2);
        return parse(start + 2, *at, 2);
    }
    let end = digits_end(start, 10);
    let after = chars.get(end).copied().unwrap_or(' ');
    let ends_here = |offset: usize| chars.get(end + offset).is_none_or(|&c| !is_name(c));
    if matches!(after, 'b' | 'f') && ends_here(1) {
        *at = end + 1;
        let Token::Number(label) = parse(start, end, 10)? else { unreachable!("numbers parse to numbers") };
        return Ok(Token::Local { label, forward: after == 'f' });
    }
    let exponent = matches!(after, 'e' | 'E')
        && chars.get(end + 1).is_some_and(|c| c.is_ascii_digit() || matches!(c, '+' | '-'));
    if after == '.' && chars.get(end + 1).is_none_or(|c| !c.is_ascii_alphabetic()) || exponent {
        let mut stop = if after == '.' { digits_end(end + 1, 10) } else { end };
        if chars.get(stop).is_some_and(|c| matches!(c, 'e' | 'E')) {
            stop += 1;
            stop += usize::from(chars.get(stop).is_some_and(|c| matches!(c, '+' | '-')));
            stop = digits_end(stop, 10);
        }
        *at = stop;
        let text: String = chars[start..stop].iter().collect();
        return text
            .parse()
            .map(Token::Float)
            .map_err(|_| Problem::new(column, format!("`{text}` is not a number")));
    }
    *at = end;
    let octal = chars[start] == '0' && end - start > 1;
    parse(start, end, if octal { 8 } else { 10 })
}

fn string(chars: &[char], at: &mut usize, column: u32) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    *at += 1;
    loop {
        match chars.get(*at) {
            None => return Err(Problem::new(column, "the string has no end")),
            Some('"') => {
                *at += 1;
                return Ok(bytes);
            }
            Some('\\') => bytes.push(character(chars, at, column)?),
            Some(c) => {
                bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                *at += 1;
            }
        }
    }
}

/// One character or escape sequence as a byte.
fn character(chars: &[char], at: &mut usize, column: u32) -> Result<u8, Problem> {
    let c = *chars.get(*at).ok_or_else(|| Problem::new(column, "the character is missing"))?;
    *at += 1;
    if c != '\\' {
        return u8::try_from(c).map_err(|_| Problem::new(column, format!("`{c}` is not one byte")));
    }
    let c = *chars.get(*at).ok_or_else(|| Problem::new(column, "the escape sequence is incomplete"))?;
    *at += 1;
    Ok(match c {
        'n' => b'\n',
        't' => b'\t',
        'r' => b'\r',
        'b' => 8,
        'f' => 12,
        'x' => {
            let from = *at;
            while *at < chars.len() && *at < from + 2 && chars[*at].is_ascii_hexdigit() {
                *at += 1;
            }
            chars[from..*at].iter().fold(0, |byte, c| byte << 4 | c.to_digit(16).unwrap_or(0) as u8)
        }
        '0'..='7' => {
            let from = *at - 1;
            while *at < chars.len() && *at < from + 3 && chars[*at].is_digit(8) {
                *at += 1;
            }
            chars[from..*at].iter().fold(0_u32, |byte, c| byte << 3 | c.to_digit(8).unwrap_or(0)) as u8
        }
        c => u8::try_from(c).map_err(|_| Problem::new(column, format!("unknown escape `\\{c}`")))?,
    })
}

/// A position in a line's tokens.
pub(super) struct Cursor<'a> {
    tokens: &'a [Spanned],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(tokens: &'a [Spanned]) -> Self {
        Self { tokens, at: 0 }
    }

    pub(super) fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.at).map(|spanned| &spanned.token)
    }

    pub(super) fn peek_two(&self) -> (Option<&'a Token>, Option<&'a Token>) {
        (self.peek(), self.tokens.get(self.at + 1).map(|spanned| &spanned.token))
    }

    /// Whether the next token follows the previous one without a space.
    pub(super) fn joined(&self) -> bool {
        self.tokens.get(self.at).is_some_and(|spanned| spanned.joined)
    }

    /// Column of the next token, or of the end of the line.
    pub(super) fn column(&self) -> u32 {
        self.tokens
            .get(self.at)
            .map_or_else(|| self.tokens.last().map_or(1, |last| last.column + 1), |spanned| spanned.column)
    }

    pub(super) fn skip(&mut self, count: usize) {
        self.at += count;
    }

    pub(super) fn take(&mut self, token: &Token) -> bool {
        let found = self.peek() == Some(token);
        self.at += usize::from(found);
        found
    }

    /// Whether the cursor is at the end of the statement.
    pub(super) fn at_end(&self) -> bool {
        matches!(self.peek(), None | Some(Token::Punct(';')))
    }

    /// Skips to the end of the statement.
    pub(super) fn skip_statement(&mut self) {
        while !self.at_end() {
            self.at += 1;
        }
    }
}
