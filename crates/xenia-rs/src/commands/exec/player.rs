//! The window's client: keys, pads, and what the menu asks for.

use super::reports::Reports;
use crate::cli::Cli;
use crate::settings;
use anyhow::{Context, Result};
use clap::CommandFactory;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use xenia::dialogs::DialogKeys;
use xenia::input::Controllers;
use xenia::interrupt::Interrupt;
use xenia::pace::PaceControl;
use xenia::screenshots::Screenshots;
use xenia::sound::VolumeControl;
use xenia_gpu::Frame;
use xenia_render::{Client, KeyCode, KeyEvent, SoundVolume, VolumeChange};

/// Wish about a title that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// Run it again.
    Again,
    /// End the run: its window was closed, or a signal came.
    Close,
}

/// Input from the window to the machine's thread.
pub(super) struct Player {
    pub(super) controllers: Controllers,
    pub(super) dialog_keys: DialogKeys,
    pub(super) control: PaceControl,
    pub(super) screenshots: Screenshots,
    pub(super) reports: Reports,
    pub(super) interrupt: Interrupt,
    pub(super) volume: VolumeControl,
    pub(super) wishes: mpsc::Sender<Wish>,
    /// The file in which the menu keeps settings.
    pub(super) settings_file: Option<PathBuf>,
}

impl Client for Player {
    fn key(&mut self, event: KeyEvent) {
        match event {
            KeyEvent::Pressed(key) => self.controllers.keyboard(key, true),
            KeyEvent::Released(key) => self.controllers.keyboard(key, false),
            KeyEvent::Lost => self.controllers.release_keyboard(),
        }
    }

    fn dialog_key(&mut self, key: KeyCode, text: Option<&str>) -> Option<Vec<String>> {
        self.dialog_keys.key(key, text)
    }

    fn pause(&mut self, paused: bool) {
        self.controllers.set_still(paused);
        self.control.pause(paused);
    }

    fn step(&mut self) {
        self.control.step();
    }

    fn turbo(&mut self, on: bool) {
        self.control.turbo(on);
    }

    fn again(&mut self) {
        // While a machine runs, no thread receives this.
        let _ = self.wishes.send(Wish::Again);
    }

    fn restart(&mut self) {
        // In this order: the thread forgets the request once it has the wish.
        self.control.end_machine();
        let _ = self.wishes.send(Wish::Again);
    }

    fn open_menu(&mut self, open: bool) {
        self.controllers.set_in_menu(open);
    }

    fn sound(&self) -> SoundVolume {
        let (percent, muted) = self.volume.get();
        SoundVolume { percent, muted }
    }

    fn set_sound(&mut self, volume: SoundVolume) {
        self.volume.set(volume.percent, volume.muted);
    }

    fn remember(&mut self, settings: &[(&str, String)]) -> Result<String, String> {
        let kept = remember(self.settings_file.as_deref(), settings);
        kept.map(|path| path.display().to_string()).map_err(|error| format!("{error:#}"))
    }

    fn volume(&mut self, change: VolumeChange) -> String {
        match change {
            VolumeChange::Up => self.volume.louder(),
            VolumeChange::Down => self.volume.quieter(),
            VolumeChange::Mute => self.volume.mute(),
        }
    }

    fn keep(&mut self, number: u64, frame: &Frame) -> Result<String, String> {
        let kept = self.screenshots.keep(number, frame);
        kept.map(|path| path.display().to_string()).map_err(|error| format!("{error:#}"))
    }

    fn report(&mut self, frame: Option<&Frame>) -> Option<String> {
        self.reports.by_key(frame, &self.interrupt, &self.control)
    }
}

/// Writes settings to their file, and returns it.
fn remember(file: Option<&Path>, values: &[(&str, String)]) -> Result<PathBuf> {
    let file = file.context("there is no configuration folder (HOME is not set)")?;
    let definition = settings::built(Cli::command());
    for (key, value) in values {
        settings::change(&definition, file, key, Some(value))?;
    }
    Ok(file.to_owned())
}
