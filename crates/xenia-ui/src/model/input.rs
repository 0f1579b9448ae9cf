//! Data of the page of controllers, and its commands.

use super::LiveSetting;

/// Data of the page of controllers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InputModel {
    /// Parts of the controller.
    pub parts: Vec<InputPart>,
    /// The pads that are plugged in.
    pub pads: Vec<InputPad>,
    /// Name of the assignment in use, empty for none; `None` if there are no named ones.
    pub assignment: Option<String>,
    /// Dead zones, and the strength of motors.
    pub settings: Vec<LiveSetting>,
}

/// A pad that is plugged in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InputPad {
    /// Its name and its place, in words.
    pub name: String,
    /// Name of its own assignment; `None`: it has that of all pads.
    pub assignment: Option<String>,
}

/// A part of the controller.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InputPart {
    /// Name in the settings file.
    pub name: &'static str,
    /// Label on the page.
    pub label: String,
    /// Its keys and its button of pads, in words.
    pub bound: String,
    /// How far it is pressed now, in percent.
    pub pressed: u8,
}

/// Command of the page of controllers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputCommand {
    /// Take all keys from a part of the controller, by its name in settings.
    Unbind(&'static str),
    /// Give the pad with this number the next named assignment.
    NextPadAssignment(usize),
    /// Use the next named assignment of the controllers.
    NextAssignment,
    /// Go back to the built-in keys, buttons and dead zones.
    Reset,
    /// Run the motors of all pads.
    StartMotors,
    /// Stop the motors.
    StopMotors,
}
