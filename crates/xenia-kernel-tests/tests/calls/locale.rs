//! Tests of the codes of countries and languages, formatted dates and times, and resource locators.

use super::*;

const OK: u64 = 0;
const NOT_FOUND: u64 = 0xFFFF_FFFF_8007_0490;
const TOO_SHORT: u64 = 0xFFFF_FFFF_8007_007A;
const INVALID: u64 = 0xFFFF_FFFF_8007_0057;

/// Reads the text at the beginning of the scratch memory.
fn text(b: &Harness) -> String {
    String::from_utf16_lossy(&b.memory().read_wide_string(b.scratch, 0x400).unwrap())
}

#[test]
fn names_of_countries_and_languages_fit_or_are_refused() {
    let mut b = Harness::new();
    let at = u64::from(b.scratch.0);
    for (name, number, expected) in [
        ("XamGetLocaleString", 36, "US"),
        ("XamGetCountryString", 103, "US"),
        ("XamGetOnlineCountryString", 235, "ZM"),
        ("XamGetLanguageString", 3, "de"),
        ("XamGetOnlineLanguageString", 60, "tk"),
    ] {
        assert_eq!(b.xam_call(name, &[number, 3, at]), OK, "{name}");
        assert_eq!(text(&b), expected, "{name}");
        assert_eq!(b.xam_call(name, &[number, 2, at]), TOO_SHORT, "{name}");
        assert_eq!(b.xam_call(name, &[number, 0x8000_0000, at]), INVALID, "{name}");
        assert_eq!(b.xam_call(name, &[255, 3, at]), NOT_FOUND, "{name}");
    }
    for (name, second) in [("XamGetLanguageLocaleString", 36), ("XamGetOnlineLanguageAndCountryString", 103)]
    {
        assert_eq!(b.xam_call(name, &[1, second, 6, at]), OK, "{name}");
        assert_eq!(text(&b), "en-US", "{name}");
        assert_eq!(b.xam_call(name, &[1, second, 5, at]), TOO_SHORT, "{name}");
        assert_eq!(b.xam_call(name, &[255, second, 6, at]), NOT_FOUND, "{name}");
    }
}

#[test]
fn the_consoles_locale_and_conversions_of_its_codes() {
    let mut b = Harness::new();
    assert_eq!(b.xam_call("XamGetLocale", &[]), 36);
    assert_eq!(b.xam_call("XamGetLocaleEx", &[111, 43]), 36);
    assert_eq!(b.xam_call("XamGetLocaleEx", &[50, 43]), 36, "by the region: the United States, too");
    // Germany, as a title may set it.
    b.memory().write(b.scratch, 24_u8).unwrap();
    let set = [3, 0xE, u64::from(b.scratch.0), 1];
    assert_eq!(b.status("ExSetXConfigSetting", &set), NtStatus::SUCCESS);
    assert_eq!((b.xam_call("XamGetLocale", &[]), b.xam_call("XamGetLocaleEx", &[111, 43])), (13, 13));
    assert_eq!(b.xam_call("XamGetOnlineCountryFromLocale", &[13]), 24);
    assert_eq!(b.xam_call("XamGetLocaleFromOnlineCountry", &[24]), 13);
    assert_eq!(b.xam_call("XamGetCountryFromOnlineCountry", &[236]), 111);
    assert_eq!(b.xam_call("XamGetLanguageFromOnlineLanguage", &[17]), 13);
    assert_eq!(b.xam_call("XamGetLocaleDateFormat", &[103]), 3);
    assert_eq!(b.xam_call("XamGetLocaleDateFormat", &[24]), 2);
    assert_eq!(b.xam_call("XamGetLocaleDateFormat", &[0xFFFF_FFFF]), 3);
    assert_eq!(b.xam_call("XamIsCurrentTitleDash", &[]), 0);
}

#[test]
fn dates_and_times_are_cut_where_their_room_ends() {
    let mut b = Harness::new();
    let at = u64::from(b.scratch.0);
    // The time 2008-11-22, 10:30.
    let time = 128_718_234_000_000_000;
    b.xam_call("XamFormatDateString", &[0, time, at, 16]);
    assert_eq!(text(&b), "11/22/2008");
    b.xam_call("XamFormatTimeString", &[0, time, at, 16]);
    assert_eq!(text(&b), "10:30 AM");
    b.memory().fill(b.scratch, 0x20, 0xFF).unwrap();
    b.xam_call("XamFormatTimeString", &[0, time, at, 3]);
    assert_eq!(text(&b), "10");
    assert_eq!(b.memory().read::<u16>(b.scratch.offset(6)), Ok(0xFFFF), "no more than its room");
    b.xam_call("XamFormatTimeString", &[0, time, at, 0]);
    assert_eq!(text(&b), "10", "nothing");
}

#[test]
fn dates_and_times_are_those_of_the_consoles_country_and_clock() {
    let mut b = Harness::new();
    let at = u64::from(b.scratch.0);
    let set = |b: &mut Harness, setting: u64, value: &[u8]| {
        b.memory().write_bytes(b.scratch, value).unwrap();
        let arguments = [3, setting, u64::from(b.scratch.0), value.len() as u64];
        assert_eq!(b.status("ExSetXConfigSetting", &arguments), NtStatus::SUCCESS);
    };
    // The time 2008-11-22, 22:30.
    let time = 128_718_666_000_000_000;
    let shown = |b: &mut Harness, name: &str| {
        b.xam_call(name, &[0xFF, time, at, 16]);
        text(b)
    };
    // Germany.
    set(&mut b, 0xE, &[24]);
    assert_eq!(shown(&mut b, "XamFormatDateString"), "22/11/2008");
    assert_eq!(shown(&mut b, "XamFormatTimeString"), "10:30 PM");
    set(&mut b, 0xC, &[0, 0, 0, 0x48]);
    assert_eq!(shown(&mut b, "XamFormatTimeString"), "22:30");
}

#[test]
fn resources_are_in_a_section_or_a_file() {
    let mut b = Harness::new();
    let at = u64::from(b.scratch.0);
    let container = b.put_wide_text(0x800, "media");
    let resource = b.put_wide_text(0x900, "main.xur");
    let name = "XamBuildResourceLocator";
    assert_eq!(b.xam_call(name, &[0x8200_0000, container, resource, at, 0x100]), OK);
    assert_eq!(text(&b), "section://82000000,media#main.xur");
    assert_eq!(b.xam_call(name, &[0, container, resource, at, 0x100]), OK);
    assert_eq!(text(&b), "file://media:/media.xzp#main.xur");
    assert_eq!(b.xam_call(name, &[0, container, resource, at, 10]), TOO_SHORT);
    for (name, container) in [
        ("XamBuildGamercardResourceLocator", "gamercrd"),
        ("XamBuildSharedSystemResourceLocator", "shrdres"),
        ("XamBuildLegacySystemResourceLocator", "shrdres"),
        ("XamBuildXamResourceLocator", "xam"),
    ] {
        assert_eq!(b.xam_call(name, &[resource, at, 0x100]), OK, "{name}");
        assert_eq!(text(&b), format!("file://media:/{container}.xzp#main.xur"), "{name}");
    }
}
