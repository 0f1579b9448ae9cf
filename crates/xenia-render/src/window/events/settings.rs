//! The pages of all settings: shows them, writes changes, and applies live ones at once.

use super::Events;
use crate::window::SettingsClient;
use crate::window::live::{self, SystemChange};
use std::sync::Arc;
use xenia_ui::{MenuPage, SettingTarget, SettingValue};

impl Events {
    /// Shows all settings; changes apply to this table.
    pub(super) fn show_settings(&mut self, target: &SettingTarget) {
        self.read_settings(target);
        self.open_page(MenuPage::AllSettings);
    }

    fn read_settings(&mut self, target: &SettingTarget) {
        let client = self.client.all_settings();
        self.all_settings = client.map(|client| Arc::new(client.settings(target)));
    }

    /// Writes with a table of the settings file, and reads all settings again. Says why, if the
    /// table can't be changed. Returns whether it was.
    fn write_settings(
        &mut self,
        write: impl FnOnce(&dyn SettingsClient, &SettingTarget) -> Result<(), String>,
    ) -> bool {
        let target = self.all_settings.as_ref().map(|settings| settings.target.clone());
        let (Some(target), Some(client)) = (target, self.client.all_settings()) else { return false };
        let written = write(client, &target);
        self.read_settings(&target);
        if let Err(reason) = &written {
            self.say(reason.clone());
        }
        written.is_ok()
    }

    /// Sets a setting, or resets it.
    pub(super) fn change_setting(&mut self, key: &str, value: Option<&SettingValue>) {
        let is_written = self.write_settings(|client, target| client.change(target, key, value));
        if is_written {
            self.act_at_once(key, value);
            if self.page() == Some(MenuPage::TypeSetting) {
                self.open_page(MenuPage::OneSetting);
            }
        }
    }

    /// Resets all settings of the table that is shown.
    pub(super) fn reset_settings(&mut self) {
        if self.write_settings(|client, target| client.reset(target)) {
            for key in live::LIVE {
                self.act_at_once(key, None);
            }
        }
        self.open_page(MenuPage::AllSettings);
    }

    /// Applies a change of a live setting. The new value, or without one what holds now, acts; but
    /// a value for all titles does not where the open title has its own.
    fn act_at_once(&mut self, key: &str, value: Option<&SettingValue>) {
        let Some(settings) = &self.all_settings else { return };
        let Some(entry) = settings.entries.iter().find(|entry| entry.key == key && entry.is_live) else {
            return;
        };
        let is_elsewhere = match settings.target {
            SettingTarget::All => entry.is_of_title,
            SettingTarget::OpenTitle => false,
            SettingTarget::Title(_) => true,
        };
        if is_elsewhere {
            return;
        }
        let value = match value {
            Some(SettingValue::One(value)) => value.clone(),
            _ => entry.values.first().cloned().unwrap_or_default(),
        };
        // It is in the file, so that "Keep" has nothing to add.
        self.unsaved_settings.remove(key);
        self.set_live(key, &value);
    }

    /// Sets a live setting.
    pub(super) fn set_live(&mut self, key: &str, value: &str) {
        let now = self.mailbox.now();
        let Some(view) = &mut self.view else { return };
        match live::set(key, value, &mut view.osd, &mut *self.client) {
            Some(SystemChange::FullScreen(on)) => view.set_full_screen(on, now),
            Some(SystemChange::Pacing(pacing)) => view.set_pacing(pacing),
            None => {}
        }
    }
}
