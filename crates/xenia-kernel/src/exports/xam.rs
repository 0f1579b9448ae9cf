//! Exports of `xam.xex`, by subsystem.

pub mod achievements;
pub mod content;
pub mod content_device;
pub mod content_titles;
pub mod disc;
pub mod enumerate;
pub mod info;
pub mod input;
pub mod loader;
pub mod message;
pub mod net_event;
pub mod net_socket;
pub mod net_transfer;
pub mod net_xnet;
pub mod notify;
pub mod nui;
pub mod party;
pub mod sessions;
pub mod task;
pub mod thread;
pub mod tiles;
pub mod ui;
pub mod user;
pub mod user_settings;
pub mod video;
pub mod voice;
