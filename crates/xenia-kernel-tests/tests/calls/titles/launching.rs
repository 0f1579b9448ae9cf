//! Tests of the arguments with which a title launches another.

use super::*;

#[test]
fn a_launched_title_gets_the_folder_and_the_command_line() {
    let medium = tempfile::tempdir().unwrap();
    std::fs::write(medium.path().join("b.xex"), b"executable").unwrap();
    for (folder, game) in [
        (r"d:\data\", Some(r"\Device\Cdrom0\data")),
        (r"\Device\Cdrom0\Data", Some(r"\Device\Cdrom0\Data")),
        ("", None),
    ] {
        let mut b = Harness::new();
        b.mount(medium.path());
        let path = b.put_text(0x300, r"game:\b.xex");
        let given = b.put_text(0x340, folder);
        let line = b.put_text(0x380, "-level 7");
        let launched = b.call(Library::xam, "XamLoaderLaunchTitleEx", &[path, given, line, 0]);
        assert!(matches!(launched, Flow::End(_)), "{folder}");
        let launch = b.kernel.take_successor().unwrap().launch;
        assert_eq!((launch.folder.as_deref(), launch.command_line.as_str()), (game, "-level 7"));
        let config = KernelConfig { game_folder: launch.folder, ..KernelConfig::default() };
        let next = Harness::with_config(config, Ports::default());
        next.mount(medium.path());
        let files = next.kernel.files.lock();
        let found = files.vfs.resolve(r"game:\x").unwrap();
        assert_eq!(files.vfs.full_name(&found), format!(r"{}\x", game.unwrap_or(r"\Device\Cdrom0")));
    }
}

#[test]
fn a_launched_title_reads_the_bytes_that_the_other_has_passed() {
    let medium = tempfile::tempdir().unwrap();
    std::fs::write(medium.path().join("b.xex"), b"executable").unwrap();
    let mut b = Harness::new();
    b.mount(medium.path());
    let path = b.put_text(0x300, r"game:\b.xex");
    let line = b"-n \xE9\x80\xFF\0";
    let given = b.scratch.offset(0x380);
    b.memory().write_bytes(given, line).unwrap();
    let launched = b.call(Library::xam, "XamLoaderLaunchTitleEx", &[path, 0, u64::from(given.0), 0]);
    assert!(matches!(launched, Flow::End(_)));
    let command_line = b.kernel.take_successor().unwrap().launch.command_line;
    let config = KernelConfig { command_line, ..KernelConfig::default() };
    let next = Harness::with_config(config, Ports::default());
    let at = next.kernel.imports.variable(Library::xboxkrnl, "ExLoadedCommandLine").unwrap();
    let mut read = [0; 7];
    next.memory().read_bytes(at, &mut read).unwrap();
    assert_eq!(&read, line);
}

#[test]
fn a_folder_that_is_not_on_the_medium_leaves_that_of_the_executable() {
    let config = KernelConfig {
        image_path: r"\Device\Cdrom0\sub\b.xex".to_owned(),
        game_folder: Some(r"\Device\Harddisk0\Partition1\data".to_owned()),
        ..KernelConfig::default()
    };
    let next = Harness::with_config(config, Ports::default());
    let files = next.kernel.files.lock();
    for link in ["game:", "d:"] {
        assert_eq!(files.vfs.link_target(link), Ok(r"\Device\Cdrom0\sub"), "{link}");
    }
}
