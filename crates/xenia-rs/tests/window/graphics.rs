//! Tests of a window and a backend that share the host's graphics device.

use super::*;

/// Ends the program by its window, and returns its report.
fn report(program: &mut Program, window: &TestWindow, json: &Path) -> Result<serde_json::Value> {
    window.close()?;
    let status = wait_for("the end", || Ok(program.child.try_wait()?))?;
    ensure!(status.success(), "{status}: {}", program.messages());
    Ok(serde_json::from_slice(&std::fs::read(json)?)?)
}

#[test]
fn pictures_stay_on_the_device_unless_requested() -> Result<()> {
    let Some(display) = display()? else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    let json = folder.path().join("run.json");
    let json_name = json.to_str().context("a path in UTF-8")?;
    let flags = ["--gpu", "wgpu", "--readback", "none", "--json", json_name];
    make_small(folder.path())?;
    let (mut program, window) = start(&display, folder.path(), DEMO.as_ref(), &flags)?;
    wait_for("a picture", || Ok(window.title()?.contains(" fps").then_some(())))?;
    let report = report(&mut program, &window, &json)?;
    let work = &report["gpu"]["wgpu"]["total"];
    ensure!(work["draws"].as_u64() > Some(8), "it draws: {work}");
    ensure!(work["bytes_back"] == 0 && work["waits"] == 0, "something came back: {work}");
    ensure!(work["validation_errors"] == 0, "{work}");
    Ok(())
}

#[test]
fn libraries_print_no_errors_without_a_login_session() -> Result<()> {
    if !need(Tool::Vulkan) {
        return Ok(());
    }
    let mut command = program(DEMO.as_ref());
    command.args(["--headless", "--gpu", "wgpu", "--frames", "1"]).env("VK_DRIVER_FILES", DRIVER);
    for name in ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET", "XDG_RUNTIME_DIR"] {
        command.env_remove(name);
    }
    let ended = command.output()?;
    let messages = String::from_utf8_lossy(&ended.stderr);
    ensure!(ended.status.success() && !messages.contains("XDG_RUNTIME_DIR"), "{messages}");
    Ok(())
}

#[test]
fn the_window_and_its_title_survive_the_loss_of_their_device() -> Result<()> {
    let Some(display) = display()? else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    let flags = ["--gpu", "wgpu", "--lockstep", "--lose-device", "60"];
    let (mut program, window) = start(&display, folder.path(), DEMO.as_ref(), &flags)?;
    wait_for("the loss", || {
        Ok(program.messages().contains("the window's graphics device was lost").then_some(()))
    })?;
    // The last frame may be lost with the device: only a moving picture is a new one.
    let is_black = |picture: &Picture| picture.2.chunks_exact(4).all(|pixel| pixel[..3] == [0; 3]);
    wait_for("a moving picture", || {
        let first = window.look()?;
        std::thread::sleep(Duration::from_secs(1));
        let next = window.look()?;
        Ok((!is_black(&first) && !is_black(&next) && first != next).then_some(()))
    })?;
    let (_, frame) = pause_and_step(&window, &folder.path().join("screenshots"))?;
    wait_until_shown(&window, "the frame", &frame)?;
    window.close()?;
    let status = wait_for("the end", || Ok(program.child.try_wait()?))?;
    ensure!(status.success(), "{status}: {}", program.messages());
    Ok(())
}

#[test]
fn a_screenshot_has_the_pixels_of_the_window() -> Result<()> {
    let Some(display) = display()? else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    let flags = ["--gpu", "wgpu", "--lockstep"];
    let (_program, window) = start(&display, folder.path(), DEMO.as_ref(), &flags)?;
    let (_, frame) = pause_and_step(&window, &folder.path().join("screenshots"))?;
    wait_until_shown(&window, "the frame", &frame)?;
    Ok(())
}
