//! Tests of information about the title, its executable and the console; controllers and
//! notifications.

mod launching;

use super::*;
use xenia_formats::Volume;
use xenia_formats::image::Resource;
use xenia_formats::stfs::{self, PackageInfo};
use xenia_formats::xex::key;
use xenia_guest::layout::ldr;
use xenia_kernel::KernelConfig;
use xenia_kernel::deployment::{Deployment, TitleOrigin};
use xenia_kernel::ports::{Gamepad, Input};
use xenia_kernel::title::PackageOnMedium;
use xenia_sched::{EndKind, GuestTicks};
use xenia_user::notifications::{Notification, id};
use xenia_user::xconfig::Locale;

/// Stores XEX headers with these optional ones.
fn put_headers(b: &Harness, offset: u32, headers: &[(u32, u32)]) -> u64 {
    let at = b.scratch.offset(offset);
    b.memory().write(at.offset(0x14), headers.len() as u32).unwrap();
    for (index, &(key, value)) in headers.iter().enumerate() {
        b.memory().write(at.offset(0x18 + 8 * index as u32), key).unwrap();
        b.memory().write(at.offset(0x1C + 8 * index as u32), value).unwrap();
    }
    u64::from(at.0)
}

#[test]
fn headers_of_executables_are_found_by_key() {
    let mut b = Harness::new();
    let headers = put_headers(&b, 0x100, &[(0x1_0100, 0x8200_1000), (0x2_0001, 7), (0x3_00FF, 0x40)]);
    for (key, value) in
        [(0x1_0100, 0x8200_1000), (0x2_0001, headers + 0x24), (0x3_00FF, headers + 0x40), (1, 0)]
    {
        assert_eq!(b.kernel_call("RtlImageXexHeaderField", &[headers, key]), value, "{key:#x}");
    }
    assert_eq!(b.kernel_call("RtlImageXexHeaderField", &[0, 1]), 0);
    assert!(matches!(b.call(Library::xboxkrnl, "RtlImageXexHeaderField", &[8, 1]), Flow::Fault(_)));
}

#[test]
fn pe_headers_are_little_endian() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let words = [(0, 0x5A4D_u32), (0x3C, 0x80), (0x80, 0x4550), (0x98, 0x10B), (0xD4, 0x200), (0xF4, 2)];
    // Directory 1: at 0x1234, 0x56 bytes.
    for (offset, word) in words.into_iter().chain([(0x100, 0x1234), (0x104, 0x56)]) {
        b.memory().write(b.scratch.offset(offset), word.swap_bytes()).unwrap();
    }
    assert_eq!(b.kernel_call("RtlImageNtHeader", &[base]), base + 0x80);
    assert_eq!(b.kernel_call("RtlImageNtHeader", &[0]), 0);
    assert_eq!(b.kernel_call("RtlImageNtHeader", &[base + 0x80]), 0, "no image");
    let directory = |index| [base, 1, index, base + 0x800];
    assert_eq!(b.kernel_call("RtlImageDirectoryEntryToData", &directory(1)), base + 0x1234);
    assert_eq!(b.word(0x800), 0x56);
    for index in [0, 2, 0xFFFF] {
        assert_eq!(b.kernel_call("RtlImageDirectoryEntryToData", &directory(index)), 0, "{index}");
    }
    assert!(matches!(b.call(Library::xboxkrnl, "RtlImageNtHeader", &[8]), Flow::Fault(_)));
}

#[test]
fn headers_of_a_file_are_read_into_a_buffer() {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = vec![0; 0x1800];
    bytes[..4].copy_from_slice(b"XEX2");
    bytes[8..12].copy_from_slice(&0x1000_u32.to_be_bytes());
    bytes[0xFFC..0x1004].fill(0x77);
    std::fs::write(folder.path().join("a.xex"), &bytes).unwrap();
    bytes[0] = b'Y';
    std::fs::write(folder.path().join("b.xex"), &bytes).unwrap();
    let mut b = Harness::new();
    b.mount(folder.path());
    let base = u64::from(b.scratch.0);
    for (path, size, status) in [
        (r"game:\a.xex", 0x1000, NtStatus::SUCCESS),
        (r"game:\a.xex", 0x7FF, NtStatus::BUFFER_TOO_SMALL),
        (r"game:\a.xex", 0xFFF, NtStatus::BUFFER_TOO_SMALL),
        (r"game:\b.xex", 0x1000, NtStatus::INVALID_IMAGE_FORMAT),
        (r"game:\c.xex", 0x1000, NtStatus::OBJECT_NAME_NOT_FOUND),
    ] {
        let path = b.put_string(0x100, path);
        assert_eq!(b.status("XexLoadImageHeaders", &[path, base + 0x2000, size]), status, "{size:#x}");
    }
    assert_eq!((b.word(0x2000 + 0xFFC), b.word(0x3000)), (0x7777_7777, 0), "the headers and no more");
    assert_eq!(b.kernel.files.lock().iter().count(), 0);
}

#[test]
fn a_title_is_asked_about_itself() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    assert_eq!(b.kernel_call("XexCheckExecutablePrivilege", &[0]), 0, "no title");
    assert_eq!(b.xam_call("XamGetExecutionId", &[base]), NtStatus::NOT_FOUND.to_register());
    assert_eq!(b.xam_call("XamGetCurrentTitleId", &[]), 0);
    let mut headers = vec![0; 0x60];
    for (at, word) in
        [(0x14, 2), (0x18, key::SYSTEM_FLAGS), (0x1C, 1 << 5), (0x20, key::EXECUTION_INFO), (0x24, 0x40)]
    {
        headers[at..at + 4].copy_from_slice(&u32::to_be_bytes(word));
    }
    let art = Resource { name: "art".to_owned(), address: GuestAddr(0x8205_0000), size: 0x33 };
    let image = LoadedImage { headers, resources: vec![art], ..title_image(0x4D53_07D1) };
    b.kernel.load_title(&mut b.scheduler, &image).unwrap();
    let (handle, headers) = {
        let modules = b.kernel.modules.lock();
        let title = modules.title().unwrap();
        (u64::from(title.handle.0), u64::from(title.headers.0))
    };
    for (privilege, has) in [(5, 1), (4, 0), (37, 0), (u64::from(u32::MAX), 0)] {
        assert_eq!(b.kernel_call("XexCheckExecutablePrivilege", &[privilege]), has, "{privilege}");
    }
    assert_eq!(b.xam_call("XamGetExecutionId", &[base]), 0);
    assert_eq!(u64::from(b.word(0)), headers + 0x40);
    assert_eq!(b.xam_call("XamGetCurrentTitleId", &[]), 0x4D53_07D1);
    assert_eq!(b.xam_call("XNetLogonGetTitleID", &[9]), 0x4D53_07D1);
    assert_eq!(b.xam_call("XamLoaderGetDvdTrayState", &[]), 4);
    for (address, found) in
        [(0x8200_0000, [0x8200_0000, handle]), (0x8200_FFFF, [0x8200_0000, handle]), (0x8201_0000, [0; 2])]
    {
        let image = b.kernel_call("XexPcToFileHeader", &[address, base]);
        assert_eq!([image, b.word(0).into()], found, "{address:#x}");
    }
    let art = b.put_text(0x300, "art");
    let other = b.put_text(0x320, "sound");
    for (module, name, status) in [
        (handle, art, NtStatus::SUCCESS),
        (0, art, NtStatus::SUCCESS),
        (handle, other, NtStatus::NOT_FOUND),
        (base, art, NtStatus::INVALID_HANDLE),
    ] {
        let status_found = b.status("XexGetModuleSection", &[module, name, base, base + 4]);
        assert_eq!(status_found, status, "{module:#x}");
    }
    assert_eq!((b.word(0), b.word(4)), (0x8205_0000, 0x33));
    let missing = b.put_text(0x300, "nobody.xex");
    assert_eq!(b.status("XexGetModuleHandle", &[missing, base]), NtStatus::DLL_NOT_FOUND);
    assert_eq!(b.word(0), 0);
}

#[test]
fn the_title_is_found_by_the_names_of_its_file_and_of_the_linker() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let image = LoadedImage { name: Some("game.exe".to_owned()), ..title_image(1) };
    b.kernel.load_title(&mut b.scheduler, &image).unwrap();
    let handle = b.kernel.modules.lock().title().unwrap().handle;
    for name in ["Default.xex", r"game:\default.xex", "game.exe", ""] {
        b.memory().write(b.scratch, 0_u32).unwrap();
        let text = if name.is_empty() { 0 } else { b.put_text(0x300, name) };
        assert_eq!(b.status("XexGetModuleHandle", &[text, base]), NtStatus::SUCCESS, "{name}");
        assert_eq!(b.word(0), handle.0, "{name}");
    }
    let path: u32 = b.memory().read(handle.offset(ldr::FULL_NAME + 4)).unwrap();
    let units: Vec<u16> = (0..27).map(|n| b.memory().read(GuestAddr(path + 2 * n)).unwrap()).collect();
    assert_eq!(String::from_utf16(&units).unwrap(), "\\Device\\Cdrom0\\default.xex\0");
}

#[test]
fn languages_that_old_titles_do_not_know_are_those_of_the_region() {
    for (game_region, language) in [(0xFF, 1), (0x101, 2), (0x102, 1), (0x1FC, 7), (0x2FE, 1)] {
        let locale = Locale { language: 17, game_region, ..Locale::default() };
        let mut b =
            Harness::with_config(KernelConfig { locale, ..KernelConfig::default() }, Ports::default());
        assert_eq!((b.xam_call("XGetLanguage", &[]), b.xam_call("XamGetLanguage", &[])), (language, 17));
    }
}

#[test]
fn the_video_standard_is_that_of_the_region() {
    for (game_region, setting, standard) in
        [(0xFF, 0x40_0100, 1), (0x101, 0x40_0200, 2), (0x1FC, 0x40_0100, 1), (0x2FE, 0x40_0400, 3)]
    {
        let locale = Locale { game_region, ..Locale::default() };
        let config = KernelConfig { locale, ..KernelConfig::default() };
        let mut b = Harness::with_config(config, Ports::default());
        let base = u64::from(b.scratch.0);
        let mut standard_of = |library, name| {
            b.memory().fill(b.scratch, 0x30, 0xFF).unwrap();
            b.call(library, name, &[base]);
            b.word(0x18)
        };
        assert_eq!(standard_of(Library::xboxkrnl, "VdQueryVideoMode"), standard, "{game_region:#x}");
        assert_eq!(standard_of(Library::xboxkrnl, "VdQueryRealVideoMode"), standard, "{game_region:#x}");
        assert_eq!(standard_of(Library::xam, "XGetVideoMode"), standard, "{game_region:#x}");
        assert_eq!(b.status("ExGetXConfigSetting", &[2, 2, base, 4, 0]), NtStatus::SUCCESS);
        assert_eq!(b.word(0), setting, "{game_region:#x}");
    }
}

#[test]
fn the_console_reports_region_language_and_video_mode() {
    let mut b = Harness::new();
    assert_eq!(b.xam_call("XGetGameRegion", &[]), 0xFF);
    assert_eq!(b.xam_call("XamGetSystemVersion", &[]), 2 << 28 | 21_119 << 8);
    // A language that old titles don't support.
    b.memory().write(b.scratch, 12_u32).unwrap();
    let set = [3, 9, u64::from(b.scratch.0), 4];
    assert_eq!(b.status("ExSetXConfigSetting", &set), NtStatus::SUCCESS);
    assert_eq!((b.xam_call("XamGetLanguage", &[]), b.xam_call("XGetLanguage", &[])), (12, 1));
    let base = u64::from(b.scratch.0);
    let mode = |b: &Harness| (b.word(0), b.word(4), b.word(0x14));
    b.memory().fill(b.scratch, 0x30, 0xFF).unwrap();
    b.kernel_call("VdQueryVideoMode", &[base]);
    let kernel = mode(&b);
    b.memory().fill(b.scratch, 0x30, 0xFF).unwrap();
    b.xam_call("XGetVideoMode", &[base]);
    assert_eq!((mode(&b), kernel.0), (kernel, 1280));
}

/// A controller of user 1, which records the values of its motors.
#[derive(Clone, Default)]
struct Second(Arc<Mutex<Option<(u16, u16)>>>);

impl Input for Second {
    fn gamepad(&mut self, user: u32, _: GuestTicks) -> Option<Gamepad> {
        (user == 1).then(Gamepad::default)
    }
    fn set_vibration(&mut self, user: u32, left: u16, right: u16, _: GuestTicks) -> bool {
        if user == 1 {
            *self.0.lock().unwrap() = Some((left, right));
        }
        user == 1
    }
}

#[test]
fn controllers_report_capabilities_and_run_motors() {
    const NOT_CONNECTED: u64 = 0x48F;
    const BAD_ARGUMENTS: u64 = 0xA0;
    let mut b = Harness::new();
    let pad = Second::default();
    *b.kernel.devices.input.lock() = Box::new(pad.clone());
    let base = u64::from(b.scratch.0);
    for (name, leading) in [("XamInputGetCapabilities", &[][..]), ("XamInputGetCapabilitiesEx", &[1])] {
        let arguments = |user, at| [leading, &[user, 0, at]].concat();
        b.memory().fill(b.scratch, 0x18, 0xEE).unwrap();
        assert_eq!(b.xam_call(name, &arguments(0, base)), NOT_CONNECTED, "{name}");
        assert_eq!((b.word(0), b.word(0x10), b.word(0x14)), (0, 0, 0xEEEE_EEEE), "{name}: cleared");
        assert_eq!(b.xam_call(name, &arguments(1, base)), 0, "{name}");
        let words = [b.word(0) >> 16, b.word(4), b.word(8), b.word(0x10)];
        assert_eq!(words, [0x0101, 0xF3FF_FFFF, u32::MAX, u32::MAX], "{name}");
        assert_eq!(b.xam_call(name, &arguments(1, 0)), BAD_ARGUMENTS, "{name}");
    }
    b.memory().write(b.scratch, 0x1234_FFFF_u32).unwrap();
    assert_eq!(b.xam_call("XamInputSetState", &[1, 0, base, 0, 0]), 0);
    assert_eq!(*pad.0.lock().unwrap(), Some((0x1234, 0xFFFF)));
    assert_eq!(b.xam_call("XamInputSetState", &[3, 0, base, 0, 0]), NOT_CONNECTED);
    assert_eq!(b.xam_call("XamInputSetState", &[1, 0, 0, 0, 0]), BAD_ARGUMENTS);
}

#[test]
fn a_listener_of_the_systems_hears_like_any_other() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let listener = b.xam_call("XamNotifyCreateListenerInternal", &[1, 1, 10]);
    assert_ne!(listener, 0);
    assert_eq!(b.xam_call("XNotifyGetNext", &[listener, 0xA, base, base + 4]), 1);
    assert_eq!((b.word(0), b.word(4)), (0xA, 1), "who is signed in");
    assert_eq!(b.xam_call("XNotifyGetNext", &[listener, 0xA, base, base + 4]), 0);
    let deaf = b.xam_call("XamNotifyCreateListenerInternal", &[0, 0, 10]);
    assert_eq!(b.xam_call("XNotifyGetNext", &[deaf, 0, base, base + 4]), 0);
}

#[test]
fn a_listener_is_removed_with_its_handle() {
    let mut b = Harness::new();
    let objects = |b: &Harness| {
        let mut lines = Vec::new();
        b.kernel.describe_objects(&mut |line| lines.push(line.to_owned()));
        lines.retain(|line| line.starts_with("object"));
        lines
    };
    let before = (objects(&b), b.kernel.objects.handles());
    let listener = b.xam_call("XamNotifyCreateListener", &[1, 0]);
    assert_eq!(b.kernel.objects.handles().len(), before.1.len() + 1);
    assert_eq!(b.status("NtClose", &[listener]), NtStatus::SUCCESS);
    assert_eq!((objects(&b), b.kernel.objects.handles()), before);
    let heard =
        b.kernel.user.notifications.lock().broadcast(Notification { id: id::SYSTEM_UI, parameter: 1 });
    assert_eq!(heard, [], "a listener that was closed hears nothing");
}

#[test]
fn a_disc_that_cant_be_read_ends_the_title() {
    let mut b = Harness::new();
    let end = b.call(Library::xam, "XamShowDirtyDiscErrorUI", &[0]);
    assert!(matches!(end, Flow::End(EndKind::Exit { .. })));
}

#[test]
fn title_end_runs_notification_routines_first() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    b.memory().write(b.scratch, 0x8200_4000_u32).unwrap();
    b.kernel_call("ExRegisterTitleTerminateNotification", &[base, 1]);
    let Flow::CallGuest(guest) = b.call(Library::xam, "XamLoaderTerminateTitle", &[]) else { panic!() };
    assert_eq!(guest.pc, GuestAddr(0x8200_4000));
    assert!(matches!(b.resume(guest.then, 0), Flow::End(_)));
    // The exit code is kept while notification routines run.
    b.kernel_call("ExRegisterTitleTerminateNotification", &[base, 1]);
    let Flow::CallGuest(guest) = b.call(Library::xboxkrnl, "ExTerminateTitleProcess", &[7]) else { panic!() };
    assert!(matches!(b.resume(guest.then, 0), Flow::End(EndKind::Exit { code: 7 })));
    // Each structure is a registration, and one without a routine is ignored.
    for (offset, routine) in [(0, 0x8200_4000_u32), (0x10, 0x8200_4000), (0x20, 0)] {
        b.memory().write(b.scratch.offset(offset), routine).unwrap();
        b.kernel_call("ExRegisterTitleTerminateNotification", &[base + u64::from(offset), 1]);
    }
    b.kernel_call("ExRegisterTitleTerminateNotification", &[base, 0]);
    let Flow::CallGuest(guest) = b.call(Library::xam, "XamLoaderTerminateTitle", &[]) else { panic!() };
    assert!(matches!(b.resume(guest.then, 0), Flow::End(_)));
}

#[test]
fn a_title_that_launches_another_leaves_it_data_devices_and_settings() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("Next")).unwrap();
    std::fs::write(folder.path().join("Next/b.xex"), b"executable").unwrap();
    std::fs::write(folder.path().join("Next/b.xexp"), b"update").unwrap();
    for (name, path, file) in [
        (r"d:\next\B.XEX", r"\Device\Cdrom0\next\B.XEX", Ok(b"executable".to_vec())),
        ("", r"\Device\Cdrom0\default.xex", Err(NtStatus::OBJECT_NAME_NOT_FOUND)),
        ("other.xex", r"\Device\Cdrom0\other.xex", Err(NtStatus::OBJECT_NAME_NOT_FOUND)),
        (r"x:\a.xex", r"x:\a.xex", Err(NtStatus::OBJECT_PATH_NOT_FOUND)),
    ] {
        let mut b = Harness::new();
        b.mount(folder.path());
        let base = u64::from(b.scratch.0);
        let attributes = b.put_attributes(0x100, r"cache:\left");
        // Deleted when its handle is closed, which the end of the title does.
        let create = [base, 0xC001_0000, attributes, base + 8, 0, 0, 0, 2, 0x1000];
        assert_eq!(b.status("NtCreateFile", &create), NtStatus::SUCCESS);
        let attributes = b.put_attributes(0x100, r"cache:\kept");
        let create = [base, 0xC000_0000, attributes, base + 8, 0, 0, 0, 2, 0];
        assert_eq!(b.status("NtCreateFile", &create), NtStatus::SUCCESS);
        b.memory().write(b.scratch, 2_u32).unwrap();
        assert_eq!(b.status("ExSetXConfigSetting", &[3, 9, base, 4]), NtStatus::SUCCESS);
        assert_eq!(b.xam_call("XamShowSigninUI", &[2, 0]), 0);
        b.pass_a_field();
        let data = b.put_text(0x300, "level 7");
        assert_eq!(b.xam_call("XamLoaderSetLaunchData", &[data, 7]), 0);
        b.kernel.files.lock().mount_update(Arc::new(Volume::default()), "").unwrap();
        let name = b.put_text(0x300, name);
        assert!(matches!(b.call(Library::xam, "XamLoaderLaunchTitle", &[name, 0]), Flow::End(_)));
        let successor = b.kernel.take_successor().unwrap();
        assert_eq!(successor.launch.patch, file.is_ok().then(|| b"update".to_vec()));
        assert_eq!((successor.launch.path.as_str(), successor.launch.file), (path, file));
        assert!(b.kernel.take_successor().is_none());
        let mut next = Harness::new();
        next.kernel.inherit(successor.inheritance);
        assert_eq!(next.xam_call("XamLoaderGetLaunchDataSize", &[base]), 0);
        assert_eq!(next.word(0), 7);
        assert_eq!(next.xam_call("XamLoaderGetLaunchData", &[base, 0x100]), 0);
        assert_eq!(next.word(0), u32::from_be_bytes(*b"leve"));
        assert_eq!(next.xam_call("XGetLanguage", &[]), 2);
        assert_eq!(next.xam_call("XamUserGetSigninState", &[1]), 1);
        let files = next.kernel.files.lock();
        assert!(files.vfs.resolve(r"\Device\Update").is_err(), "its own update may be another");
        for (path, there) in [(r"cache:\kept", true), (r"cache:\left", false), (r"game:\next\b.xex", true)] {
            let location = files.vfs.resolve(path).unwrap();
            assert_eq!(files.vfs.find(&location).is_ok(), there, "{path}");
        }
    }
    // The launched executable finds its files beside it, and the disc's own executable.
    let config =
        KernelConfig { image_path: r"\Device\Cdrom0\next\B.XEX".to_owned(), ..KernelConfig::default() };
    let next = Harness::with_config(config, Ports::default());
    next.mount(folder.path());
    for (name, path) in [
        (r"game:\b.xex", r"\Device\Cdrom0\next\b.xex"),
        (r"d:\b.xex", r"\Device\Cdrom0\next\b.xex"),
        ("b.xex", r"\Device\Cdrom0\next\b.xex"),
        ("", r"\Device\Cdrom0\default.xex"),
    ] {
        let launch = next.kernel.loader().prepare_launch(name, 0);
        assert_eq!((launch.path.as_str(), launch.file.is_ok()), (path, !name.is_empty()), "{name}");
    }
}

#[test]
fn a_title_that_leaves_for_the_dashboard_ends_the_run() {
    use TitleOrigin::{Disc, Download};
    for (origin, path, is_dashboard) in [
        (Disc, None, true),
        (Disc, Some("XLNI_DASH_ARCADE"), true),
        (Download, Some(""), true),
        (Disc, Some(""), false),
        (Download, Some("other.xex"), false),
    ] {
        for name in ["XamLoaderLaunchTitle", "XamLoaderLaunchTitleEx"] {
            let deployment = Deployment { origin, license: Some(1) };
            let config = KernelConfig { deployment, ..KernelConfig::default() };
            let mut b = Harness::with_config(config, Ports::default());
            let path = path.map_or(0, |path| b.put_text(0x300, path));
            assert!(matches!(b.call(Library::xam, name, &[path, 0, 0, 0]), Flow::End(_)));
            assert_eq!(b.kernel.take_successor().is_none(), is_dashboard, "{name} {origin:?}");
        }
    }
}

#[test]
fn a_title_launches_an_executable_of_a_package_on_its_medium() {
    const FILE: &str = "4D5307D1_demo";
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("Content/0000000000000000/4D5307D1/00080000");
    std::fs::create_dir_all(&inner).unwrap();
    let mut volume = Volume::default();
    for (name, contents) in [("Default.xex", &b"executable"[..]), ("default.xexp", b"update")] {
        volume.add_file(Volume::ROOT, name, Arc::new(contents.to_vec())).unwrap();
    }
    let mut bytes = Vec::new();
    stfs::write(&volume, &PackageInfo::default(), &mut bytes, &mut |_| ()).unwrap();
    std::fs::write(inner.join(FILE), bytes).unwrap();
    std::fs::write(folder.path().join("noise"), "noise").unwrap();
    let mut b = Harness::new();
    b.mount(folder.path());
    let place = r"\Content\0000000000000000\4D5307D1\00080000\4D5307D1_demo";
    let default = b.put_text(0x200, "default.xex");
    let other = b.put_text(0x240, "other.xex");
    for (package, executable) in [(r"game:\noise", default), (r"game:\missing", default), (place, other)] {
        let package = if package == place { format!("game:{place}") } else { package.to_owned() };
        let package = b.put_text(0x300, &package);
        let found = b.xam_call("XamContentLaunchImageFromFileInternal", &[package, executable, 0]);
        assert_eq!(found, 0xC000_000F);
    }
    assert_eq!(b.xam_call("XamContentLaunchImageInternal", &[0, default]), 0x57);
    assert!(b.kernel.take_successor().is_none());
    let data = u64::from(b.scratch.offset(0x1000).0);
    b.memory().fill(b.scratch.offset(0x1000), 0x134, 0).unwrap();
    b.memory().write(b.scratch.offset(0x1004), 0x8_0000_u32).unwrap();
    b.put_text(0x1108, FILE);
    let whole = format!(r"\Device\Cdrom0{place}");
    let package = b.put_text(0x300, &whole);
    // The second title's `game:` is not the medium's root.
    for (name, arguments, image, disc) in [
        ("XamContentLaunchImageFromFileInternal", [package, default, 0], "default.xex", None),
        ("XamContentLaunchImageInternal", [data, default, 0], r"menu\menu.xex", Some(2)),
    ] {
        let image_path = format!(r"\Device\Cdrom0\{image}");
        let mut b =
            Harness::with_config(KernelConfig { image_path, ..KernelConfig::default() }, Ports::default());
        b.mount(folder.path());
        b.kernel.files.lock().disc = disc;
        b.put_text(0x200, "default.xex");
        b.put_text(0x300, &whole);
        b.memory().write(b.scratch.offset(0x1004), 0x8_0000_u32).unwrap();
        b.put_text(0x1108, FILE);
        assert!(matches!(b.call(Library::xam, name, &arguments), Flow::End(_)), "{name}");
        let launch = b.kernel.take_successor().unwrap().launch;
        assert_eq!(launch.path, r"\Device\Cdrom0\default.xex");
        assert_eq!((launch.file, launch.patch), (Ok(b"executable".to_vec()), Some(b"update".to_vec())));
        assert_eq!(launch.package, Some(PackageOnMedium { disc, path: place.to_owned() }));
    }
}
