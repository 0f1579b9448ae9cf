//! Names of countries, languages and locales (`XamGet*String`), which of them belong together, and
//! dates and times as text.

use crate::abi::{Call, WideText};
use crate::calendar::TimeFields;
use crate::status::failure::Fallible;
use crate::user::locale as codes;
use xenia_guest::{GuestAddr, HResult, Win32Error};
use xenia_kernel_macros::exports;

/// See the module's documentation.
pub struct Locale;

/// Countries and locales that `XamGetLocale` knows.
const MOST_COUNTRY: u32 = 111;
const MOST_LOCALE: u32 = 43;
/// Units of a date or time at most, with its end: a title that says more has no more of it touched.
const DATE_UNITS: u32 = 0x100;

/// A text and its end, as UTF-16.
fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

/// Stores a text and its end, if there is room for so many units.
pub(super) fn stored(call: &Call, text: &str, room: u32, buffer: GuestAddr) -> Fallible<HResult> {
    let units = units(text);
    if units.len() > room as usize {
        return Ok(Win32Error::INSUFFICIENT_BUFFER.to_hresult());
    }
    WideText(buffer).store(call.memory(), units)?;
    Ok(HResult::OK)
}

/// As [`stored`]; `None`: nothing has that number.
fn answer(call: &Call, text: Option<&str>, room: u32, buffer: GuestAddr) -> Fallible<HResult> {
    if room > i32::MAX as u32 {
        return Ok(HResult::INVALID_ARGUMENT);
    }
    let Some(text) = text else { return Ok(Win32Error::NOT_FOUND.to_hresult()) };
    stored(call, text, room, buffer)
}

/// One code.
fn one(
    call: &Call,
    code: fn(u32) -> Option<&'static str>,
    number: u8,
    room: u32,
    buffer: GuestAddr,
) -> Fallible<HResult> {
    answer(call, code(number.into()), room, buffer)
}

/// Two codes with a hyphen between them.
fn two(
    call: &Call,
    codes: (Option<&'static str>, Option<&'static str>),
    room: u32,
    buffer: GuestAddr,
) -> Fallible<HResult> {
    let text = codes.0.zip(codes.1).map(|(first, second)| format!("{first}-{second}"));
    answer(call, text.as_deref(), room, buffer)
}

/// What has no result is cut where the room ends, and the rest of that is zeros.
fn filled(call: &Call, text: &str, room: u32, buffer: GuestAddr) -> Fallible<()> {
    let room = room.min(DATE_UNITS) as usize;
    let mut units = units(text);
    units.resize(room, 0);
    if let Some(last) = units.last_mut() {
        *last = 0;
    }
    Ok(WideText(buffer).store(call.memory(), units)?)
}

#[exports(xam)]
impl Locale {
    /// The locale of the console: its country's, or its region's.
    #[export(Done)]
    fn XamGetLocale(call: &mut Call) -> u32 {
        let locale = &call.kernel.config.locale;
        codes::locale_of_console(locale.country.into(), locale.game_region, MOST_COUNTRY, MOST_LOCALE)
    }

    /// The same for a title that knows so many countries and locales.
    #[export(Done)]
    fn XamGetLocaleEx(call: &mut Call, most_country: u8, most_locale: u8) -> u32 {
        let locale = &call.kernel.config.locale;
        let (country, region) = (locale.country.into(), locale.game_region);
        codes::locale_of_console(country, region, most_country.into(), most_locale.into())
    }

    /// Code of a locale's country.
    #[export(Done)]
    fn XamGetLocaleString(call: &mut Call, number: u8, room: u32, buffer: GuestAddr) -> Fallible<HResult> {
        one(call, codes::locale, number, room, buffer)
    }

    /// Code of a country of the console.
    #[export(Done)]
    fn XamGetCountryString(call: &mut Call, number: u8, room: u32, buffer: GuestAddr) -> Fallible<HResult> {
        one(call, codes::country, number, room, buffer)
    }

    /// Code of a country of the service.
    #[export(Done)]
    fn XamGetOnlineCountryString(
        call: &mut Call,
        number: u8,
        room: u32,
        buffer: GuestAddr,
    ) -> Fallible<HResult> {
        one(call, codes::online_country, number, room, buffer)
    }

    /// Code of a language of the console.
    #[export(Done)]
    fn XamGetLanguageString(call: &mut Call, number: u8, room: u32, buffer: GuestAddr) -> Fallible<HResult> {
        one(call, codes::language, number, room, buffer)
    }

    /// Code of a language of the service.
    #[export(Done)]
    fn XamGetOnlineLanguageString(
        call: &mut Call,
        number: u8,
        room: u32,
        buffer: GuestAddr,
    ) -> Fallible<HResult> {
        one(call, codes::online_language, number, room, buffer)
    }

    /// Codes of a language of the console and a locale, as in `en-US`.
    #[export(Done)]
    fn XamGetLanguageLocaleString(
        call: &mut Call,
        language: u8,
        locale: u8,
        room: u32,
        buffer: GuestAddr,
    ) -> Fallible<HResult> {
        two(call, (codes::language(language.into()), codes::locale(locale.into())), room, buffer)
    }

    /// Codes of a language and a country of the service, as in `en-US`.
    #[export(Done)]
    fn XamGetOnlineLanguageAndCountryString(
        call: &mut Call,
        language: u8,
        country: u8,
        room: u32,
        buffer: GuestAddr,
    ) -> Fallible<HResult> {
        let names = (codes::online_language(language.into()), codes::online_country(country.into()));
        two(call, names, room, buffer)
    }

    /// The number of the order in which dates are written in a country of the console.
    #[export(Done)]
    fn XamGetLocaleDateFormat(_call: &mut Call, country: u32) -> u32 {
        codes::date_format(country)
    }

    /// The country of the service that a locale is of.
    #[export(Done)]
    fn XamGetOnlineCountryFromLocale(_call: &mut Call, locale: u8) -> u32 {
        codes::online_country_of_locale(locale.into())
    }

    /// The locale of a country of the service, or 0.
    #[export(Done)]
    fn XamGetLocaleFromOnlineCountry(_call: &mut Call, country: u8) -> u32 {
        codes::locale_of_online_country(country.into())
    }

    /// A country of the service as the console counts them, or 0.
    #[export(Done)]
    fn XamGetCountryFromOnlineCountry(_call: &mut Call, country: u8) -> u32 {
        codes::country_of_online_country(country.into())
    }

    /// A language of the service as the console counts them; English if the console has it not.
    #[export(Done)]
    fn XamGetLanguageFromOnlineLanguage(_call: &mut Call, language: u8) -> u32 {
        codes::language_of_online_language(language.into())
    }

    /// A day as text: month, day and year, as in the United States, whatever the console's country.
    #[export(Partial)]
    fn XamFormatDateString(
        call: &mut Call,
        _kind: u32,
        time: u64,
        buffer: GuestAddr,
        room: u32,
    ) -> Fallible<()> {
        let [year, month, day, ..] = TimeFields::new(time).words();
        filled(call, &format!("{month:02}/{day:02}/{year}"), room, buffer)
    }

    /// A time of day as text: hours of 24, and minutes, whatever the console's country.
    #[export(Partial)]
    fn XamFormatTimeString(
        call: &mut Call,
        _kind: u32,
        time: u64,
        buffer: GuestAddr,
        room: u32,
    ) -> Fallible<()> {
        let [_, _, _, hour, minute, ..] = TimeFields::new(time).words();
        filled(call, &format!("{hour:02}:{minute:02}"), room, buffer)
    }

    /// Whether the title is the dashboard: there is none.
    #[export(Constant)]
    fn XamIsCurrentTitleDash(_call: &mut Call) -> bool {
        false
    }
}
