//! Countries, languages and locales: `xam`'s numbers and their codes of ISO 3166 and ISO 639.
//!
//! A *country* is one that the console can be set to. *Online countries* include further ones that
//! exist only in the online service. A *locale* is a country for which titles are made. The kinds
//! are converted by their codes; the exceptions are constants here. The order is xenia-canary's
//! (`xam_locale.cc`), which took it from the console's own tables.

use crate::xconfig::game_region;
use xenia_guest::ENGLISH;

/// Countries by number, from 0 on; a dash is an unused number. The first 111 are those of the
/// console.
const COUNTRIES: &str = "ZZ AE AL AM AR AT AU AZ BE BG BH BN BO BR BY BZ CA - CH CL CN CO CR CZ DE DK DO DZ EC EE \
    EG ES FI FO FR GB GE GR GT HK HN HR HU ID IE IL IN IQ IR IS IT JM JO JP KE KG KR KW KZ LB \
    LI LT LU LV LY MA MC MK MN MO MV MX MY NI NL NO NZ OM PA PE PH PK PL PR PT PY QA RO RU SA \
    SE SG SI SK - SV SY TH TN TR TT TW UA US UY UZ VE VN YE ZA ZW AF - AD AO AI - AG AW BS \
    BD BB BJ BM BT BA BW BF BI KH CM CV KY CF TD CX CC KM CG CD CK CI CY DJ DM - GQ ER ET FK \
    FJ GF PF GA GM GH GI GL GD GP - GG GN GW GY HT JE KI LA LS LR MG MW ML MT MH MQ MR MU YT \
    FM MD ME MS MZ MM NA NR NP AN NC NE NG NU NF - PW PS PG PN RE RW WS SM ST SN RS SC SL SB \
    SO LK SH KN LC PM VC SR SZ TJ TZ TL TG TK TO TM TC TV UG VU VA - VG WF EH ZM ZZ";
/// Number of countries of the console. The number itself also stands for an unknown country.
const OF_THE_CONSOLE: u32 = 111;
/// Online country for an unknown country.
const ONLINE_NOWHERE: u32 = 236;
/// Locales by number, from 0 on.
const LOCALES: &str = "ZZ AU AT BE BR CA CL CN CO CZ DK FI FR DE GR HK HU IN IE IT JP KR MX NL NZ NO PL PT SG SK \
    ZA ES SE CH TW GB US RU ZZ TR AR SA IL AE";
/// The console's languages by number, from 0 on.
const LANGUAGES: &str = "zz en ja de fr es it ko zh pt - pl ru sv tr nb nl zh";
/// The online service's languages by number, from 0 on.
const ONLINE_LANGUAGES: &str = "zz en ja de fr es it ko zh pt zh pl ru da fi nb nl sv cs el hu sk id ms ar bg et hr he is \
    kk lt lv ro sl th tr uk vi ps sq hy bn be km am fo ka kl sw ky lb mk mt mn ne ur rw wo si \
    tk";
/// Number of traditional Chinese in the online service, which maps to the console's simplified
/// Chinese.
const ONLINE_CHINESE: u32 = 10;
/// The console's number of simplified Chinese.
const SIMPLIFIED_CHINESE: u32 = 17;
/// Code of an unknown country or language.
const NOWHERE: &str = "ZZ";

/// First country with a digit in [`DATE_FORMATS`].
const FIRST_DATE_FORMAT: u32 = 5;
/// Date formats of the countries from that one on, a digit each.
const DATE_FORMATS: &str = "21313333333232142312233333213223030335313233\
    3233533533333333333333233021333335323332350313333333433333335";
/// Date format of all other countries.
const USUAL_DATE_FORMAT: u32 = 3;

/// Countries whose times of day have two digits for the hour, as in gibbed's branch of xenia
/// (`time_format_table.cc`).
const TWO_DIGIT_HOURS: &str = "AE AR AT AU BR CH CL CO CZ DE DK FR GB IE IL MX NO PL SA SE TR TW ZZ";
/// Countries with one digit for hours below 10. Times of the countries in neither list have
/// seconds, too.
const ONE_DIGIT_HOURS: &str = "BE CA CN ES FI GR HK HU IN IT JP KR NL NZ PT RU SG SK US ZA";
/// Countries that write AM and PM before the time.
const HALF_OF_DAY_FIRST: &str = "CN KR SG TW";

/// Returns the code with this number; `None` if the number is unused.
fn code(list: &'static str, number: u32) -> Option<&'static str> {
    list.split(' ').nth(number as usize).filter(|code| *code != "-")
}

/// Returns the last number of a code; 0 if it is not in the list.
fn number(list: &str, wanted: &str) -> u32 {
    // An unknown country has two numbers in both lists, and the later one is used.
    list.split(' ').enumerate().filter(|(_, code)| *code == wanted).last().map_or(0, |(at, _)| at as u32)
}

/// Returns the code of a country of the console.
pub fn country(number: u32) -> Option<&'static str> {
    match number {
        OF_THE_CONSOLE => Some(NOWHERE),
        _ => online_country(number).filter(|_| number < OF_THE_CONSOLE),
    }
}

/// Returns the number of a country of the console with this code of two letters.
pub fn country_number(code: &str) -> Option<u32> {
    (1..OF_THE_CONSOLE).find(|&number| country(number).is_some_and(|known| known == code))
}

/// Returns the code of a country of the online service.
pub fn online_country(number: u32) -> Option<&'static str> {
    code(COUNTRIES, number)
}

/// Returns the number of the date format of a country of the console.
pub fn date_format(country: u32) -> u32 {
    let digit = country.checked_sub(FIRST_DATE_FORMAT).and_then(|at| DATE_FORMATS.chars().nth(at as usize));
    digit.and_then(|digit| digit.to_digit(10)).unwrap_or(USUAL_DATE_FORMAT)
}

/// Formats a date as the console does in this country ([`date_format`]).
pub fn format_date(country: u32, year: u16, month: u16, day: u16) -> String {
    match date_format(country) {
        0 => format!("{day}/{month}/{year:04}"),
        1 => format!("{day}/{month:02}/{year:04}"),
        2 => format!("{day:02}/{month:02}/{year:04}"),
        4 => format!("{year:04}/{month}/{day}"),
        5 => format!("{year:04}/{month:02}/{day:02}"),
        _ => format!("{month}/{day}/{year:04}"),
    }
}

/// A time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockTime {
    /// Hour, in 0–23.
    pub hour: u16,
    /// Minute, in 0–59.
    pub minute: u16,
    /// Second, in 0–59.
    pub second: u16,
}

/// Formats a time of day as the console does in the country with this number, on a clock of 12 or
/// 24 hours.
pub fn format_time(number: u32, time: ClockTime, has_24_hours: bool) -> String {
    let ClockTime { hour, minute, second } = time;
    let code = country(number).unwrap_or(NOWHERE);
    let is_in = |list: &str| list.split(' ').any(|one| one == code);
    let shown = if has_24_hours { hour } else { (hour + 11) % 12 + 1 };
    let clock = if is_in(TWO_DIGIT_HOURS) {
        format!("{shown:02}:{minute:02}")
    } else if is_in(ONE_DIGIT_HOURS) {
        format!("{shown}:{minute:02}")
    } else {
        format!("{shown}:{minute:02}:{second:02}")
    };
    if has_24_hours {
        return clock;
    }
    let half = if hour < 12 { "AM" } else { "PM" };
    if is_in(HALF_OF_DAY_FIRST) { format!("{half} {clock}") } else { format!("{clock} {half}") }
}

/// Returns the code of a locale's country.
pub fn locale(number: u32) -> Option<&'static str> {
    code(LOCALES, number)
}

/// Returns the code of a language of the console.
pub fn language(number: u32) -> Option<&'static str> {
    code(LANGUAGES, number)
}

/// Returns the code of a language of the online service.
pub fn online_language(number: u32) -> Option<&'static str> {
    code(ONLINE_LANGUAGES, number)
}

/// Returns the locale of a country with this code; 0 if there is no such locale, and for country 0.
fn locale_of(number_of_country: u32, code: Option<&str>) -> u32 {
    code.filter(|_| number_of_country != 0).map_or(0, |code| number(LOCALES, code))
}

/// Returns the locale of a country of the console, or 0.
pub fn locale_of_country(number: u32) -> u32 {
    locale_of(number, country(number))
}

/// Returns the locale of a country of the online service, or 0.
pub fn locale_of_online_country(number: u32) -> u32 {
    locale_of(number, online_country(number))
}

/// Returns the online country of a locale. Locale 0 maps to Albania's number on the console; the
/// reason is unknown.
pub fn online_country_of_locale(number_of_locale: u32) -> u32 {
    match locale(number_of_locale) {
        _ if number_of_locale == 0 => 2,
        Some(code) => number(COUNTRIES, code),
        None => 0,
    }
}

/// Returns the console's number of an online country, or 0.
pub fn country_of_online_country(number: u32) -> u32 {
    match number {
        ONLINE_NOWHERE => OF_THE_CONSOLE,
        _ => country(number).filter(|_| number < OF_THE_CONSOLE).map_or(0, |_| number),
    }
}

/// Returns the console's language for one of the online service: English if the console lacks it, 0
/// if the number is unused.
pub fn language_of_online_language(number: u32) -> u32 {
    let Some(code) = online_language(number) else { return 0 };
    match (number, LANGUAGES.split(' ').position(|one| one == code)) {
        (ONLINE_CHINESE, _) => SIMPLIFIED_CHINESE,
        (_, Some(at)) => at as u32,
        (_, None) => ENGLISH,
    }
}

/// Returns the locale of a console that is set to `country`, if the caller knows both; otherwise
/// the locale of the game region.
pub fn locale_of_console(country: u32, game_region: u32, max_country: u32, max_locale: u32) -> u32 {
    let known = locale_of_country(country);
    if country <= max_country && known <= max_locale {
        return known;
    }
    let code = match game_region {
        game_region::JAPAN => "JP",
        region if game_region::ASIA.contains(&region) => "KR",
        region if game_region::EUROPE.contains(&region) => "GB",
        _ => "US",
    };
    number(LOCALES, code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_the_consoles() {
        assert_eq!(COUNTRIES.split(' ').count(), 237);
        assert_eq!(LOCALES.split(' ').count(), 44);
        assert_eq!((LANGUAGES.split(' ').count(), ONLINE_LANGUAGES.split(' ').count()), (18, 61));
        assert_eq!([103, 24, 53, 35].map(country), [Some("US"), Some("DE"), Some("JP"), Some("GB")]);
        assert_eq!([0, 17, 110, 111, 112].map(country), [Some("ZZ"), None, Some("ZW"), Some("ZZ"), None]);
        assert_eq!([0, 112, 236, 237].map(online_country), [Some("ZZ"), None, Some("ZZ"), None]);
        assert_eq!([1, 10, 17, 18].map(language), [Some("en"), None, Some("zh"), None]);
        assert_eq!([60, 61].map(online_language), [Some("tk"), None]);
    }

    #[test]
    fn dates_are_written_in_six_orders() {
        assert_eq!(DATE_FORMATS.len(), 105);
        // Austria, Germany, Hungary, Japan, the United States, South Africa.
        assert_eq!([5, 24, 42, 53, 103, 109].map(date_format), [2, 2, 5, 5, 3, 5]);
        assert_eq!([0, 4, 110, 111, u32::MAX].map(date_format), [3; 5], "the usual");
    }

    /// The console's number of a country.
    fn number_of(code: &str) -> u32 {
        country_number(code).unwrap()
    }

    #[test]
    fn dates_have_the_order_and_digits_of_the_country() {
        for (code, expected) in [
            ("GR", "5/9/2008"),
            ("AU", "5/09/2008"),
            ("DE", "05/09/2008"),
            ("US", "9/5/2008"),
            ("CN", "2008/9/5"),
            ("JP", "2008/09/05"),
        ] {
            assert_eq!(format_date(number_of(code), 2008, 9, 5), expected, "{code}");
        }
    }

    #[test]
    fn times_of_day_have_the_hours_of_the_clock_and_the_country() {
        let time = ClockTime { hour: 21, minute: 5, second: 7 };
        for (code, of_12, of_24) in [
            ("DE", "09:05 PM", "21:05"),
            ("US", "9:05 PM", "21:05"),
            ("CN", "PM 9:05", "21:05"),
            ("TW", "PM 09:05", "21:05"),
            ("IS", "9:05:07 PM", "21:05:07"),
        ] {
            let shown = [false, true].map(|has_24_hours| format_time(number_of(code), time, has_24_hours));
            assert_eq!(shown, [of_12, of_24], "{code}");
        }
        let at = |hour, has_24_hours| {
            format_time(number_of("US"), ClockTime { hour, minute: 0, second: 0 }, has_24_hours)
        };
        assert_eq!(
            [0, 1, 12, 13].map(|hour| at(hour, false)),
            ["12:00 AM", "1:00 AM", "12:00 PM", "1:00 PM"]
        );
        assert_eq!([at(0, true), at(8, true)], ["0:00", "8:00"]);
        assert_eq!(format_time(111, time, true), "21:05", "an unknown country");
    }

    #[test]
    fn locale_and_country_numbers_convert() {
        assert_eq!([0, 1, 3, 24, 53, 103, 111].map(locale_of_country), [0, 43, 0, 13, 20, 36, 38]);
        assert_eq!([0, 103, 236, 300].map(locale_of_online_country), [0, 36, 38, 0]);
        assert_eq!([0, 13, 36, 38, 43, 44].map(online_country_of_locale), [2, 24, 103, 236, 1, 0]);
        assert_eq!([0, 1, 17, 110, 111, 236].map(country_of_online_country), [0, 1, 0, 110, 0, 111]);
        assert_eq!(
            [0, 1, 10, 13, 17, 36, 60, 61].map(language_of_online_language),
            [0, 1, 17, 1, 13, 14, 1, 0]
        );
        for locale in 1..44 {
            let country = online_country_of_locale(locale);
            assert_eq!(locale_of_online_country(country), locale, "{locale}");
        }
    }

    #[test]
    fn a_console_has_the_locale_of_its_country_or_region() {
        assert_eq!(locale_of_console(24, 0xFF, 111, 43), 13);
        assert_eq!(locale_of_console(103, 0xFF, 111, 43), 36);
        let of_region = |region| locale_of_console(200, region, 111, 43);
        assert_eq!([0xFF, 0x101, 0x102, 0x2FE].map(of_region), [36, 20, 21, 35]);
        assert_eq!(locale_of_console(24, 0xFF, 111, 12), 36, "one that who asks doesn't know");
    }
}
