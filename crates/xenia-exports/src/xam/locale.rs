//! Codes of countries, languages and locales (`XamGet*String`), conversions between them, and
//! formatted dates and times.

use crate::abi::{Call, WideText};
use crate::status::failure::Fallible;
use xenia_guest::{GuestAddr, HResult, Win32Error};
use xenia_kernel_macros::exports;
use xenia_rtl::calendar::TimeFields;
use xenia_user::locale::{self as codes, ClockTime};

/// Exports of the locale.
pub struct XamLocale;

/// Numbers of countries and locales that `XamGetLocale` knows.
const MAX_COUNTRY: u32 = 111;
const MAX_LOCALE: u32 = 43;
/// Maximum length of a formatted date or time in units, with the terminator. A larger buffer is not
/// written beyond it.
const MAX_DATE_UNITS: u32 = 0x100;

/// Returns the number of the console's country.
fn console_country(call: &Call) -> u32 {
    call.kernel.user.xconfig.lock().country(&call.kernel.config.locale).into()
}

/// Returns the locale of the console, for a title that knows this many countries and locales.
fn console_locale(call: &Call, max_country: u32, max_locale: u32) -> u32 {
    let game_region = call.kernel.config.locale.game_region;
    codes::locale_of_console(console_country(call), game_region, max_country, max_locale)
}

/// Encodes a text and a terminator as UTF-16.
fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

/// Stores a text and its terminator, if the buffer has enough units.
pub(super) fn store_text(call: &Call, text: &str, room: u32, buffer: GuestAddr) -> Fallible<HResult> {
    let units = units(text);
    if units.len() > room as usize {
        return Ok(Win32Error::INSUFFICIENT_BUFFER.to_hresult());
    }
    WideText(buffer).store(call.memory(), units)?;
    Ok(HResult::OK)
}

/// Like [`store_text`]; fails if `text` is `None`, for a number without a code.
fn answer(call: &Call, text: Option<&str>, room: u32, buffer: GuestAddr) -> Fallible<HResult> {
    if room > i32::MAX as u32 {
        return Ok(HResult::INVALID_ARGUMENT);
    }
    let Some(text) = text else { return Ok(Win32Error::NOT_FOUND.to_hresult()) };
    store_text(call, text, room, buffer)
}

/// Stores two codes with a hyphen between them.
fn two(
    call: &Call,
    first: Option<&'static str>,
    second: Option<&'static str>,
    room: u32,
    buffer: GuestAddr,
) -> Fallible<HResult> {
    let text = first.zip(second).map(|(first, second)| format!("{first}-{second}"));
    answer(call, text.as_deref(), room, buffer)
}

/// Stores a text for a function that can't fail: cuts it to the buffer, and fills the rest with
/// zeros.
fn fill(call: &Call, text: &str, room: u32, buffer: GuestAddr) -> Fallible<()> {
    let room = room.min(MAX_DATE_UNITS) as usize;
    let mut units = units(text);
    units.resize(room, 0);
    if let Some(last) = units.last_mut() {
        *last = 0;
    }
    Ok(WideText(buffer).store(call.memory(), units)?)
}

#[exports(xam)]
impl XamLocale {
    /// Returns the locale of the console, from its country or its region.
    #[export(Done)]
    fn XamGetLocale(call: &mut Call) -> u32 {
        console_locale(call, MAX_COUNTRY, MAX_LOCALE)
    }

    /// Like `XamGetLocale`, for a title that knows this many countries and locales.
    #[export(Done)]
    fn XamGetLocaleEx(call: &mut Call, max_country: u8, max_locale: u8) -> u32 {
        console_locale(call, max_country.into(), max_locale.into())
    }

    /// Returns the country code of a locale.
    #[export(Done, XamGetLocaleString, codes::locale)]
    /// Returns the code of a country of the console.
    #[export(Done, XamGetCountryString, codes::country)]
    /// Returns the code of a country of the online service.
    #[export(Done, XamGetOnlineCountryString, codes::online_country)]
    /// Returns the code of a language of the console.
    #[export(Done, XamGetLanguageString, codes::language)]
    /// Returns the code of a language of the online service.
    #[export(Done, XamGetOnlineLanguageString, codes::online_language)]
    fn store_code(
        call: &mut Call,
        code: fn(u32) -> Option<&'static str>,
        number: u8,
        room: u32,
        buffer: GuestAddr,
    ) -> Fallible<HResult> {
        answer(call, code(number.into()), room, buffer)
    }

    /// Returns the codes of a language of the console and of a locale, as in `en-US`.
    #[export(Done)]
    fn XamGetLanguageLocaleString(
        call: &mut Call,
        language: u8,
        locale: u8,
        room: u32,
        buffer: GuestAddr,
    ) -> Fallible<HResult> {
        two(call, codes::language(language.into()), codes::locale(locale.into()), room, buffer)
    }

    /// Returns the codes of a language and of a country of the online service, as in `en-US`.
    #[export(Done)]
    fn XamGetOnlineLanguageAndCountryString(
        call: &mut Call,
        language: u8,
        country: u8,
        room: u32,
        buffer: GuestAddr,
    ) -> Fallible<HResult> {
        let first = codes::online_language(language.into());
        let second = codes::online_country(country.into());
        two(call, first, second, room, buffer)
    }

    /// Returns the number of the date format of a country of the console.
    #[export(Done)]
    fn XamGetLocaleDateFormat(_call: &mut Call, country: u32) -> u32 {
        codes::date_format(country)
    }

    /// Returns the online service's country of a locale.
    #[export(Done)]
    fn XamGetOnlineCountryFromLocale(_call: &mut Call, locale: u8) -> u32 {
        codes::online_country_of_locale(locale.into())
    }

    /// Returns the locale of a country of the online service, or 0.
    #[export(Done, XamGetLocaleFromOnlineCountry, codes::locale_of_online_country)]
    /// Converts a country of the online service to the console's number, or 0.
    #[export(Done, XamGetCountryFromOnlineCountry, codes::country_of_online_country)]
    fn convert_online_country(_call: &mut Call, convert: fn(u32) -> u32, country: u8) -> u32 {
        convert(country.into())
    }

    /// Converts a language of the online service to the console's number; English if the console
    /// lacks it.
    #[export(Done)]
    fn XamGetLanguageFromOnlineLanguage(_call: &mut Call, language: u8) -> u32 {
        codes::language_of_online_language(language.into())
    }

    /// Formats a date in the order of the console's country.
    #[export(Done)]
    fn XamFormatDateString(
        call: &mut Call,
        _kind: u32,
        time: u64,
        buffer: GuestAddr,
        room: u32,
    ) -> Fallible<()> {
        let TimeFields { year, month, day, .. } = TimeFields::new(time);
        fill(call, &codes::format_date(console_country(call), year, month, day), room, buffer)
    }

    /// Formats a time of day as the console's country does, with 24 hours if its settings say so.
    #[export(Done)]
    fn XamFormatTimeString(
        call: &mut Call,
        _kind: u32,
        time: u64,
        buffer: GuestAddr,
        room: u32,
    ) -> Fallible<()> {
        let TimeFields { hour, minute, second, .. } = TimeFields::new(time);
        let has_24_hours = call.kernel.user.xconfig.lock().has_24_hour_clock();
        let time = ClockTime { hour, minute, second };
        fill(call, &codes::format_time(console_country(call), time, has_24_hours), room, buffer)
    }

    /// Returns whether the title is the dashboard: it never is.
    #[export(Constant)]
    fn XamIsCurrentTitleDash(_call: &mut Call) -> bool {
        false
    }
}
