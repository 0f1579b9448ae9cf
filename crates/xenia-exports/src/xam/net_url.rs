//! Components of URLs (`NetDll_XHttpCrackUrl*`), by the rules of WinHTTP's `WinHttpCrackUrl`.

use crate::abi::{Call, WideText};
use crate::status::failure::Fallible;
use std::ops::Range;
use xenia_guest::{GuestAddr, Win32Error};
use xenia_kernel_macros::exports;

/// Exports of URLs.
pub struct NetUrl;

/// Maximum length of a URL in characters.
const MAX_URL_LENGTH: u32 = 0x1_0000;
const INVALID_URL: Win32Error = Win32Error(12_005);
const UNRECOGNIZED_SCHEME: Win32Error = Win32Error(12_006);

/// Schemes with their numbers and default ports.
const SCHEMES: [(&str, u32, u16); 2] = [("http", 1, 80), ("https", 2, 443)];

/// Flags of a call, as WinHTTP documents them.
mod flag {
    /// Fails if there is a user name or a password.
    pub(super) const REJECT_USER: u32 = 0x4000;
    /// Stores `%XX` as characters.
    pub(super) const DECODE: u32 = 0x1000_0000;
    /// Stores characters that a request can't contain as `%XX`.
    pub(super) const ESCAPE: u32 = 0x8000_0000;
}

/// Offsets in `URL_COMPONENTS`. Each component is a pointer and a length.
mod components {
    pub(super) const STRUCT_SIZE: u32 = 0;
    pub(super) const SCHEME: u32 = 4;
    pub(super) const SCHEME_NUMBER: u32 = 0xC;
    pub(super) const HOST: u32 = 0x10;
    pub(super) const PORT: u32 = 0x18;
    pub(super) const USER: u32 = 0x1C;
    pub(super) const PASSWORD: u32 = 0x24;
    pub(super) const PATH: u32 = 0x2C;
    pub(super) const EXTRA: u32 = 0x34;
    pub(super) const SIZE: u32 = 0x3C;
}

/// Places of a URL's components; `None` for those that it lacks.
#[derive(Debug, PartialEq, Eq)]
struct UrlComponents {
    scheme: Range<usize>,
    scheme_number: u32,
    user: Option<Range<usize>>,
    password: Option<Range<usize>>,
    host: Range<usize>,
    port: u16,
    path: Range<usize>,
    /// Query and fragment.
    extra: Range<usize>,
}

/// The place of the first of these characters in a part of a URL, or its end.
fn first_of(units: &[u16], part: Range<usize>, characters: &str) -> usize {
    let is_one = |unit: &u16| characters.encode_utf16().any(|character| character == *unit);
    let end = part.end;
    units[part.clone()].iter().position(is_one).map_or(end, |index| part.start + index)
}

/// Finds the components of a URL.
fn separate(units: &[u16]) -> Result<UrlComponents, Win32Error> {
    let text = String::from_utf16_lossy(units).to_ascii_lowercase();
    let is_prefix =
        |(name, ..): &&(&str, u32, u16)| text.strip_prefix(*name).is_some_and(|rest| rest.starts_with("://"));
    let &(name, scheme_number, default_port) = SCHEMES.iter().find(is_prefix).ok_or(UNRECOGNIZED_SCHEME)?;
    let start = name.len() + 3;
    let authority_end = first_of(units, start..units.len(), "/?#");
    let at = first_of(units, start..authority_end, "@");
    let has_user = at < authority_end;
    let password_colon = first_of(units, start..at, ":");
    let host_start = if has_user { at + 1 } else { start };
    let port_colon = first_of(units, host_start..authority_end, ":");
    if port_colon == host_start {
        return Err(INVALID_URL);
    }
    let port = String::from_utf16_lossy(&units[(port_colon + 1).min(authority_end)..authority_end]);
    // `parse` takes a sign, too.
    let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
    let port = match port.parse() {
        Ok(port) if is_number => port,
        Err(_) if port.is_empty() => default_port,
        _ => return Err(INVALID_URL),
    };
    let path_end = first_of(units, authority_end..units.len(), "?#");
    Ok(UrlComponents {
        scheme: 0..name.len(),
        scheme_number,
        user: has_user.then_some(start..password_colon),
        password: (has_user && password_colon < at).then_some(password_colon + 1..at),
        host: host_start..port_colon,
        port,
        path: authority_end..path_end,
        extra: path_end..units.len(),
    })
}

/// Replaces each `%XX` by its character.
fn decode(units: &[u16]) -> Vec<u16> {
    let digit = |at: usize| char::from_u32(u32::from(*units.get(at)?))?.to_digit(16);
    let mut decoded = Vec::new();
    let mut at = 0;
    while let Some(&unit) = units.get(at) {
        let escape = digit(at + 1).zip(digit(at + 2)).filter(|_| unit == u16::from(b'%'));
        at += if escape.is_some() { 3 } else { 1 };
        decoded.push(escape.map_or(unit, |(high, low)| (high << 4 | low) as u16));
    }
    decoded
}

/// Replaces bytes that a request can't contain by `%XX`. Escapes that are there remain.
fn escape(bytes: &[u8]) -> Vec<u16> {
    let mut escaped = Vec::new();
    for &byte in bytes {
        if byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte) {
            escaped.push(u16::from(byte));
        } else {
            escaped.extend(format!("%{byte:02X}").encode_utf16());
        }
    }
    escaped
}

/// A URL in guest memory.
struct UrlText {
    at: GuestAddr,
    /// Bytes per character: 1 or 2.
    width: u32,
    flags: u32,
    units: Vec<u16>,
}

impl UrlText {
    fn read(call: &Call, at: GuestAddr, length: u32, width: u32, flags: u32) -> Fallible<Self> {
        let length = if length == 0 { MAX_URL_LENGTH } else { length.min(MAX_URL_LENGTH) };
        let units = if width == 1 {
            call.memory().read_c_string(at, length)?.into_iter().map(u16::from).collect()
        } else {
            call.memory().read_wide_string(at, length)?
        };
        Ok(Self { at, width, flags, units })
    }

    /// Returns a part as a buffer gets it.
    fn copy_of(&self, part: Range<usize>) -> Vec<u16> {
        let mut units = self.units[part].to_vec();
        if self.flags & flag::DECODE != 0 {
            units = decode(&units);
        }
        if self.flags & flag::ESCAPE != 0 {
            let bytes: Vec<u8> = if self.width == 1 {
                units.iter().map(|&unit| unit as u8).collect()
            } else {
                String::from_utf16_lossy(&units).into_bytes()
            };
            units = escape(&bytes);
        }
        units
    }

    /// Stores a component, whose pointer and length are at `at`: in the title's buffer with a
    /// terminator, or as an address in the URL if there is only a length. Returns whether it fits;
    /// if not, the length is that of the buffer it needs.
    fn store(&self, call: &Call, at: GuestAddr, part: Option<Range<usize>>) -> Fallible<bool> {
        let memory = call.memory();
        let buffer: GuestAddr = memory.read(at)?;
        let room: u32 = memory.read(at.offset(4))?;
        if buffer.is_null() {
            if room != 0 {
                let length = part.as_ref().map_or(0, |part| part.len() as u32);
                let place = part.map(|part| self.at.offset(self.width * part.start as u32));
                memory.write(at, place.unwrap_or_default())?;
                memory.write(at.offset(4), length)?;
            }
            return Ok(true);
        }
        let units = self.copy_of(part.unwrap_or_default());
        let length = units.len() as u32;
        if room <= length {
            memory.write(at.offset(4), length + 1)?;
            return Ok(false);
        }
        let terminated = units.into_iter().chain([0]);
        if self.width == 1 {
            let bytes: Vec<u8> = terminated.map(|unit| unit as u8).collect();
            memory.write_bytes(buffer, &bytes)?;
        } else {
            WideText(buffer).store(memory, terminated)?;
        }
        memory.write(at.offset(4), length)?;
        Ok(true)
    }
}

/// Whether the title wants the place of a component in the URL, not its text in a buffer.
fn wants_place(call: &Call, at: GuestAddr) -> Fallible<bool> {
    let buffer: GuestAddr = call.memory().read(at)?;
    Ok(buffer.is_null() && call.memory().read::<u32>(at.offset(4))? != 0)
}

/// Sets the last error of a call that fails.
fn refuse(call: &Call, error: Win32Error) -> Fallible<bool> {
    call.set_last_error(error)?;
    Ok(false)
}

/// Stores the components of a URL with characters of `width` bytes.
fn crack(
    call: &Call,
    url: Option<GuestAddr>,
    length: u32,
    flags: u32,
    components: Option<GuestAddr>,
    width: u32,
) -> Fallible<bool> {
    let memory = call.memory();
    let Some((url, at)) = url.zip(components) else {
        return refuse(call, Win32Error::INVALID_PARAMETER);
    };
    if memory.read::<u32>(at.offset(components::STRUCT_SIZE))? != components::SIZE {
        return refuse(call, Win32Error::INVALID_PARAMETER);
    }
    let text = UrlText::read(call, url, length, width, flags)?;
    let found = match separate(&text.units) {
        Ok(found) if flags & flag::REJECT_USER != 0 && found.user.is_some() => {
            return refuse(call, INVALID_URL);
        }
        Ok(found) => found,
        Err(error) => return refuse(call, error),
    };
    // A title that needs no separate query has it in the path.
    let extra: GuestAddr = memory.read(at.offset(components::EXTRA))?;
    let extra_length: u32 = memory.read(at.offset(components::EXTRA + 4))?;
    let needs_extra = !extra.is_null() || extra_length != 0;
    let path_end = if needs_extra { found.path.end } else { found.extra.end };
    let parts = [
        (components::SCHEME, Some(found.scheme)),
        (components::HOST, Some(found.host)),
        (components::USER, found.user),
        (components::PASSWORD, found.password),
        (components::PATH, Some(found.path.start..path_end)),
        (components::EXTRA, Some(found.extra)),
    ];
    // In the URL itself nothing can be decoded or escaped.
    if flags & (flag::DECODE | flag::ESCAPE) != 0 {
        for (offset, part) in &parts {
            let is_there = part.as_ref().is_some_and(|part| !part.is_empty());
            if is_there && wants_place(call, at.offset(*offset))? {
                return refuse(call, Win32Error::INVALID_PARAMETER);
            }
        }
    }
    let mut fits = true;
    for (offset, part) in parts {
        fits &= text.store(call, at.offset(offset), part)?;
    }
    memory.write(at.offset(components::SCHEME_NUMBER), found.scheme_number)?;
    memory.write(at.offset(components::PORT), found.port)?;
    if fits { Ok(true) } else { refuse(call, Win32Error::INSUFFICIENT_BUFFER) }
}

#[exports(xam)]
impl NetUrl {
    /// Separates a URL into its components. By the flags, those that are stored in buffers are
    /// unescaped or escaped, and URLs with a user are refused.
    #[export(Done, NetDll_XHttpCrackUrl, 1)]
    /// Like `NetDll_XHttpCrackUrl`, for UTF-16; characters are escaped as UTF-8.
    #[export(Done, NetDll_XHttpCrackUrlW, 2)]
    fn crack_url(
        call: &mut Call,
        width: u32,
        _caller: u32,
        url: Option<GuestAddr>,
        length: u32,
        flags: u32,
        components: Option<GuestAddr>,
    ) -> Fallible<bool> {
        crack(call, url, length, flags, components, width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scheme number, user, password, host, port, path and extra of a URL.
    fn parts_of_url(url: &str) -> Result<(u32, [Option<String>; 5], u16), u32> {
        let units: Vec<u16> = url.encode_utf16().collect();
        let found = separate(&units).map_err(|error| error.0)?;
        let text = |part: Range<usize>| String::from_utf16_lossy(&units[part]);
        let UrlComponents { scheme_number, user, password, host, port, path, extra, .. } = found;
        let parts = [user, password, Some(host), Some(path), Some(extra)].map(|part| part.map(text));
        Ok((scheme_number, parts, port))
    }

    #[test]
    fn a_url_has_components() {
        let some = |text: &str| Some(text.to_owned());
        let all = parts_of_url("HTTPS://me:secret@a.example:8443/b/c?d=e#f").unwrap();
        let parts = [some("me"), some("secret"), some("a.example"), some("/b/c"), some("?d=e#f")];
        assert_eq!(all, (2, parts, 8443));
        let least = parts_of_url("http://a").unwrap();
        assert_eq!(least, (1, [None, None, some("a"), some(""), some("")], 80));
        let query = parts_of_url("http://me@a:?b/c@d:e").unwrap();
        assert_eq!(query, (1, [some("me"), None, some("a"), some(""), some("?b/c@d:e")], 80));
    }

    #[test]
    fn url_escapes_are_decoded_and_made() {
        let decoded = |text: &str| {
            let units: Vec<u16> = text.encode_utf16().collect();
            String::from_utf16(&decode(&units)).unwrap()
        };
        assert_eq!(decoded("%41%2f%c4%"), "A/Ä%");
        assert_eq!(decoded("%%41%4g%4"), "%A%4g%4");
        let escaped = |text: &str| String::from_utf16(&escape(text.as_bytes())).unwrap();
        assert_eq!(escaped("/a b{ä}%41?c=\u{1}#d"), "/a%20b%7B%C3%A4%7D%41?c=%01#d");
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "http", "http:/a", "ftp://a", "httpx://a", "a.example/b"] {
            assert_eq!(parts_of_url(text), Err(UNRECOGNIZED_SCHEME.0), "{text}");
        }
        for text in [
            "http://",
            "http:///b",
            "http://:80",
            "http://me@/b",
            "http://a:65536",
            "http://a:x",
            "http://a:+80",
        ] {
            assert_eq!(parts_of_url(text), Err(INVALID_URL.0), "{text}");
        }
    }
}
