//! Tests what becomes of the window when its title ends.

use super::crash::crashing;
use super::display::Key;
use super::{DEMO, Program, display, make_small, start, wait_for};
use anyhow::{Result, ensure};
use std::path::Path;

#[test]
fn in_a_batch_the_program_ends_with_its_title() -> Result<()> {
    let Some(display) = display()? else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    make_small(folder.path())?;
    let hello = Path::new(DEMO).with_file_name("hello.xex");
    let fall = folder.path().join("fall.elf");
    std::fs::write(&fall, crashing())?;
    // A crash is exit code 3, as without a window.
    for (title, code) in [(hello, 0), (fall, 3)] {
        // The window may be gone before it is found.
        let mut program = Program::start(&display, folder.path(), &title, &["--batch"])?;
        let status = wait_for("the end", || Ok(program.child.try_wait()?))?;
        ensure!(status.code() == Some(code), "{status}: {}", program.messages());
    }
    Ok(())
}

#[test]
fn a_machine_that_cannot_begin_leaves_its_window_open() -> Result<()> {
    let Some(display) = display()? else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    make_small(folder.path())?;
    let (mut program, window) = start(&display, folder.path(), DEMO.as_ref(), &["--user", "Nobody"])?;
    wait_for("the page", || Ok((window.title()? == "demo | stopped | xenia-rs").then_some(())))?;
    window.press(Key::Escape)?;
    let status = wait_for("the end", || Ok(program.child.try_wait()?))?;
    let messages = program.messages();
    ensure!(
        status.code() == Some(2) && messages.contains("there is no such profile"),
        "{status}: {messages}"
    );
    Ok(())
}

#[test]
fn a_title_that_ends_by_itself_leaves_its_window_open() -> Result<()> {
    let Some(display) = display()? else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    make_small(folder.path())?;
    let hello = Path::new(DEMO).with_file_name("hello.xex");
    let (mut program, window) = start(&display, folder.path(), &hello, &[])?;
    wait_for("the page", || Ok((window.title()? == "hello | stopped | xenia-rs").then_some(())))?;
    window.press(Key::Pause)?;
    window.press(Key::F9)?;
    let report = folder.path().join("state/xenia-rs/reports/report-title-1.zip");
    wait_for("a bug report", || Ok(report.exists().then_some(())))?;
    ensure!(window.title()? == "hello | stopped | xenia-rs", "a machine that has stopped is not paused");
    let plays = folder.path().join("state/xenia-rs/plays");
    ensure!(std::fs::read_dir(plays)?.count() == 1, "the run is not in the library's record");
    window.press(Key::Escape)?;
    let status = wait_for("the end", || Ok(program.child.try_wait()?))?;
    ensure!(status.success(), "{status}: {}", program.messages());
    Ok(())
}
