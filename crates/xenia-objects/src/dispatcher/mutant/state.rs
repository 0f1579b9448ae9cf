//! State of the owned mutants: owners, order of acquisition, and reserved quota.

use super::{BATCH, MutantOwner, Owned, Owners};
use crate::MAX_SERIAL;
use crate::dispatcher::Dispatcher;
use crate::sharded::SHARDS;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::atomic::Ordering::Relaxed;
use xenia_guest::GuestAddr;
use xenia_limits::Limit;
use xenia_state::{Impossible, check};

/// State of all owned mutants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OwnersState {
    /// The owner of each mutant.
    owned: BTreeMap<GuestAddr, MutantOwner>,
    /// The last serial number and the unused quota of each shard.
    shards: Vec<(u64, u32)>,
    /// Quota that no shard has reserved.
    stock: u32,
}

impl Owners {
    /// State with the owners that are recorded in the mutants' shards.
    pub(crate) fn state(&self, owned: BTreeMap<GuestAddr, MutantOwner>) -> OwnersState {
        let Self { shards, stock } = self;
        let shards = shards.iter().map(|shard| {
            let shard = shard.lock();
            // The mutants' shards have the same entries.
            let Owned { mutants: _, serial, free } = &*shard;
            (*serial, *free as u32)
        });
        OwnersState { owned, shards: shards.collect(), stock: stock.load(Relaxed) as u32 }
    }
}

impl Dispatcher {
    /// Replaces all owners of mutants. The mutants' shards have none before.
    pub(crate) fn restore_owners(&self, state: OwnersState) -> Result<(), Impossible> {
        let OwnersState { owned, shards, stock } = state;
        let free: u64 = shards.iter().map(|&(_, free)| u64::from(free)).sum();
        let quota = (owned.len() as u64).saturating_add(free).saturating_add(u64::from(stock));
        check(quota == Limit::Mutants.row().value, "owned mutants and reserves do not add up to the quota")?;
        check(shards.len() == SHARDS as usize, "mutants have more or fewer shards than in this version")?;
        for (shard, (serial, free)) in self.owners.shards.iter().zip(shards) {
            let free = free as usize;
            check(
                serial <= MAX_SERIAL && free < 2 * BATCH,
                "a shard of mutants reserves too much, or its serial is too large",
            )?;
            *shard.lock() = Owned { mutants: BTreeMap::new(), serial, free };
        }
        self.owners.stock.store(stock as usize, Relaxed);
        for (mutant, owner) in owned {
            {
                let mut shard = self.owners.shards.shard_at(owner.kthread).lock();
                check(
                    (1..=shard.serial).contains(&owner.serial),
                    "a mutant's serial number is 0, or above its shard's last one",
                )?;
                let before = shard.mutants.insert(owner, mutant);
                check(before.is_none(), "two mutants have one serial number")?;
            }
            self.hold(&[mutant]).shard_mut(mutant).owned.insert(mutant, owner);
        }
        Ok(())
    }
}

#[cfg(test)]
impl OwnersState {
    /// Adds a shard.
    pub(crate) fn add_shard(&mut self) {
        self.shards.push((0, 0));
    }

    /// Adds an owned mutant.
    pub(crate) fn add_mutant(&mut self) {
        self.owned.insert(GuestAddr(0x8000), MutantOwner { kthread: GuestAddr(4), serial: 1 });
    }

    /// Sets all last serial numbers to 0.
    pub(crate) fn forget_serials(&mut self) {
        self.shards.iter_mut().for_each(|shard| shard.0 = 0);
    }
}
