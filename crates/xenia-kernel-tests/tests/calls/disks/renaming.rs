//! Operations that rename and delete files.

use super::calls::How;
use super::model::{At, Kind};
use super::names;
use super::opening::is_ours;
use super::{Case, GAME, HDD, NtStatus, Refusals};
use xenia_kernel::files::access;
use xenia_vfs::is_fatx_name;
use xenia_vfs::stamp::attributes;

impl Case {
    /// Collects the rules that forbid deleting the file at a place.
    fn refuse_delete(&self, refusals: &mut Refusals, at: &At) {
        match self.model.find(at) {
            Ok(exact) => {
                let facts = self.model.facts(at.disk, &exact, &at.names);
                let kept = at.disk == GAME || facts.stamp.attributes & attributes::READ_ONLY != 0;
                refusals.when(kept || at.is_root(), NtStatus::CANNOT_DELETE);
                let full = facts.directory && !self.model.disks[at.disk].list(&exact).is_empty();
                refusals.when(full, NtStatus::DIRECTORY_NOT_EMPTY);
            }
            Err(status) => refusals.when(true, status),
        }
    }

    pub(super) fn set_delete(&mut self) {
        let Some(index) = self.any_open() else { return };
        let open = &self.model.opens[index];
        let handle = open.handle;
        let at = open.at.clone();
        let rights = open.rights;
        let delete = !self.dice.one_in(5);
        self.note(format!("delete {} {delete}", Self::show(&self.model.opens[index])));
        let status = self.calls.set(handle, 13, &[u8::from(delete)]);
        let mut refusals = Refusals::default();
        refusals.when(rights & access::DELETE == 0, NtStatus::ACCESS_DENIED);
        if !self.model.is_known(at.disk) {
            return;
        }
        if delete {
            self.refuse_delete(&mut refusals, &at);
        }
        if refusals.judge(status, NtStatus::SUCCESS) {
            self.model.common.get_mut(&at.key()).unwrap().delete_pending = delete;
        }
    }

    pub(super) fn delete(&mut self) {
        let path = names::path(&mut self.dice, &self.model);
        self.note(format!("delete {path}"));
        let status = self.calls.delete(path.root, &path.text);
        let mut refusals = Refusals::default();
        let at = match &path.to {
            Ok(at) => at.clone(),
            Err(why) => {
                refusals.when(true, *why);
                refusals.judge(status, NtStatus::SUCCESS);
                return;
            }
        };
        if !self.model.is_known(at.disk) {
            return;
        }
        let how = How {
            access: access::DELETE,
            share: 7,
            disposition: 1,
            options: 0,
            attributes: 0,
            allocation: None,
        };
        let found = self.model.find(&at);
        self.refuse_open(&mut refusals, &path, &at, &how, &found);
        self.refuse_delete(&mut refusals, &at);
        if refusals.judge(status, NtStatus::SUCCESS) {
            self.model.common.entry(at.key()).or_default();
            self.closed(&at, true);
        }
    }

    pub(super) fn rename(&mut self) {
        let Some(index) = self.any_open() else { return };
        let path = names::path(&mut self.dice, &self.model);
        let replace = self.dice.one_in(2);
        let open = &self.model.opens[index];
        let handle = open.handle;
        let from = open.at.clone();
        let rights = open.rights;
        self.note(format!("rename {} to {path} {replace}", Self::show(&self.model.opens[index])));
        let status = self.calls.rename(handle, path.root, &path.text, replace);
        let mut refusals = Refusals::default();
        refusals.when(rights & access::DELETE == 0, NtStatus::ACCESS_DENIED);
        refusals.when(from.is_root(), NtStatus::INVALID_PARAMETER);
        refusals.when(self.model.is_pending(&from.key()), NtStatus::DELETE_PENDING);
        let to = match (&path.to, path.plain_name(), from.names.split_last()) {
            (Ok(to), ..) => to.clone(),
            // The file stays in its directory.
            (Err(_), Some(name), Some((_, parent))) => {
                At { disk: from.disk, names: [parent, &[name]].concat() }
            }
            (Err(why), ..) => {
                refusals.when(true, *why);
                refusals.judge(status, NtStatus::SUCCESS);
                return;
            }
        };
        if !self.model.is_known(from.disk) {
            if status == NtStatus::SUCCESS {
                self.moved(&from, &to);
            }
            return;
        }
        if !self.model.is_known(to.disk) {
            assert!(!status.is_success(), "onto another disk");
            return;
        }
        self.refuse_rename(&mut refusals, &from, &to, replace);
        if !refusals.judge(status, NtStatus::SUCCESS) {
            return;
        }
        let source = self.model.find(&from).unwrap();
        let (name, parent) = to.names.split_last().unwrap();
        let parent = self.model.disks[to.disk].find(parent).unwrap();
        if let (Ok(target), true) = (self.model.find(&to), from.key() != to.key()) {
            let size = self.model.content(to.disk, &target).map_or(0, |content| content.borrow().size);
            self.model.account(to.disk, size, 0);
            self.model.disks[to.disk].nodes.remove(&target);
            self.model.disks[to.disk].protected.retain(|names| *names != target);
        }
        let target = [&parent, std::slice::from_ref(name)].concat();
        self.model.disks[to.disk].rename(&source, &target, (&from.names, &to.names));
        self.moved(&from, &to);
    }

    /// Moves all handles of a file with it.
    fn moved(&mut self, from: &At, to: &At) {
        let old = from.key();
        let new = to.key();
        if let Some(common) = self.model.common.remove(&old) {
            self.model.common.insert(new, common);
        }
        for open in self.model.opens.iter_mut().filter(|open| open.at.key() == old) {
            open.at = to.clone();
        }
    }

    fn refuse_rename(&self, refusals: &mut Refusals, from: &At, to: &At, replace: bool) {
        let model = &self.model;
        refusals.when(from.disk != to.disk, NtStatus::NOT_SAME_DEVICE);
        refusals.when(from.disk == GAME, NtStatus::ACCESS_DENIED);
        let is_strange = to.disk != GAME && to.names.last().is_some_and(|name| !is_fatx_name(name));
        refusals.when(is_strange, NtStatus::OBJECT_NAME_INVALID);
        refusals.when(model.is_open(&from.key(), true), NtStatus::ACCESS_DENIED);
        self.refuse_pending_parent(refusals, to);
        let is_reserved = to.disk == HDD && to.names.last().is_some_and(|name| is_ours(name));
        refusals.when(is_reserved, NtStatus::OBJECT_NAME_INVALID);
        let source = model.find(from);
        if let Err(status) = &source {
            refusals.when(true, *status);
        }
        let same = from.key() == to.key();
        // An entry that guests can't see only conflicts with its exact name.
        if let Some((name, parent)) = to.names.split_last()
            && let Ok(parent) = model.disks[to.disk].find(parent)
        {
            let exact = [&parent, std::slice::from_ref(name)].concat();
            let hidden = matches!(model.disks[to.disk].nodes.get(&exact), Some(Kind::Hidden { .. }));
            refusals.when(hidden, NtStatus::OBJECT_NAME_COLLISION);
        }
        match model.find(to) {
            Ok(_) if same => {}
            Ok(exact) => {
                let facts = model.facts(to.disk, &exact, &to.names);
                refusals.when(!replace || facts.directory || to.is_root(), NtStatus::OBJECT_NAME_COLLISION);
                let protected = facts.attributes & attributes::READ_ONLY != 0;
                let denied = replace && (protected || model.is_open(&to.key(), false));
                refusals.when(denied, NtStatus::ACCESS_DENIED);
            }
            Err(NtStatus::OBJECT_NAME_NOT_FOUND) => self.refuse_new(refusals, to),
            Err(status) => refusals.when(true, status),
        }
        let below = !same && to.disk == from.disk && to.key().1.starts_with(&from.key().1);
        let directory = source.is_ok_and(|exact| model.content(from.disk, &exact).is_none());
        refusals.when(below && directory, NtStatus::OBJECT_NAME_INVALID);
    }
}
