//! State of the loaded modules. An image that the title has loaded itself is in no fresh machine,
//! so a state has all that the kernel keeps of each.

use super::{Module, Modules};
use crate::loader::libraries::Beginning;
use crate::loader::lock::MAX_OPERATIONS;
use crate::loader::operation::Operation;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use xenia_formats::image::{ExecutionInfo, FunctionEntry, ImageExport, Resource, Symbol, Version};
use xenia_guest::{GuestAddr, TitleId};
use xenia_limits::{Limit, ResourceLimits};
use xenia_state::{Impossible, check, is_count};

/// Largest sizes of a function and of its prologue in bytes: the fields of a row of `.pdata`.
const MAX_FUNCTION_SIZE: u32 = 0x3F_FFFF * 4;
const MAX_PROLOGUE_SIZE: u32 = 0xFF * 4;

/// State of [`Modules`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ModulesState {
    list: Vec<ModuleState>,
    operations: BTreeMap<u64, Operation>,
    next_operation: u64,
    beginning: Option<Beginning>,
    lock: GuestAddr,
    handed_over: BTreeSet<u32>,
}

/// State of a [`Module`].
#[derive(Clone, Debug, Serialize, Deserialize)]
struct ModuleState {
    handle: GuestAddr,
    name: String,
    linked_name: Option<String>,
    path: String,
    is_library: bool,
    version: Option<Version>,
    dependencies: Vec<GuestAddr>,
    attached: bool,
    base: GuestAddr,
    size: u32,
    entry: GuestAddr,
    headers: GuestAddr,
    stack_size: Option<u32>,
    execution: Option<ExecutionInfo>,
    alternate_titles: Vec<TitleId>,
    resources: Vec<Resource>,
    database: Vec<u8>,
    exports: Vec<ImageExport>,
    functions: Vec<FunctionEntry>,
    named: Vec<Symbol>,
    patches: Vec<String>,
    names: Vec<GuestAddr>,
}

impl Module {
    fn state(&self) -> ModuleState {
        let Self {
            handle,
            name,
            linked_name,
            path,
            is_library,
            version,
            dependencies,
            attached,
            base,
            size,
            entry,
            headers,
            stack_size,
            execution,
            alternate_titles,
            resources,
            database,
            exports,
            functions,
            named,
            patches,
            names,
            // Counted again.
            table_bytes: _,
        } = self.clone();
        ModuleState {
            handle,
            name,
            linked_name,
            path,
            is_library,
            version,
            dependencies,
            attached,
            base,
            size,
            entry,
            headers,
            stack_size,
            execution,
            alternate_titles,
            resources,
            database: database.to_vec(),
            exports,
            functions,
            named,
            patches,
            names,
        }
    }
}

fn check_functions(functions: &[FunctionEntry]) -> Result<(), Impossible> {
    check(functions.is_sorted_by_key(|function| function.start), "a function table is not in order")?;
    let fits = |function: &FunctionEntry| {
        function.size <= MAX_FUNCTION_SIZE && function.prologue_size <= MAX_PROLOGUE_SIZE
    };
    check(functions.iter().all(fits), "a function is too long")
}

impl ModuleState {
    /// The module, if its tables are in order: they are searched.
    fn module(self) -> Result<Module, Impossible> {
        let Self {
            handle,
            name,
            linked_name,
            path,
            is_library,
            version,
            dependencies,
            attached,
            base,
            size,
            entry,
            headers,
            stack_size,
            execution,
            alternate_titles,
            resources,
            database,
            exports,
            functions,
            named,
            patches,
            names,
        } = self;
        check(base.0.checked_add(size).is_some(), "a module ends after the last address")?;
        check_functions(&functions)?;
        check(named.is_sorted_by_key(|symbol| symbol.address), "a module's symbols are not in order")?;
        check(exports.is_sorted_by_key(|export| export.ordinal), "a module's exports are not in order")?;
        let mut module = Module {
            handle,
            name,
            linked_name,
            path,
            is_library,
            version,
            dependencies,
            attached,
            base,
            size,
            entry,
            headers,
            stack_size,
            execution,
            alternate_titles,
            resources,
            database: database.into(),
            exports,
            functions,
            named,
            patches,
            names,
            table_bytes: 0,
        };
        module.table_bytes = module.count_table_bytes();
        Ok(module)
    }
}

impl Modules {
    /// The modules' state.
    pub(crate) fn state(&self) -> ModulesState {
        let Self { list, operations, next_operation, beginning, lock, handed_over } = self;
        ModulesState {
            list: list.iter().map(Module::state).collect(),
            operations: operations.clone(),
            next_operation: *next_operation,
            beginning: beginning.clone(),
            lock: *lock,
            handed_over: handed_over.clone(),
        }
    }

    /// Replaces the modules by those of a state. Memory has their images already.
    pub(crate) fn restore(&mut self, state: ModulesState, limits: &ResourceLimits) -> Result<(), Impossible> {
        let ModulesState { list, operations, next_operation, beginning, lock, handed_over } = state;
        let list: Vec<Module> = list.into_iter().map(ModuleState::module).collect::<Result<_, _>>()?;
        let handles: BTreeSet<_> = list.iter().map(|module| module.handle).collect();
        check(handles.len() == list.len(), "two modules have the same handle")?;
        // With its IDs a title chooses the packages that it opens.
        let is_title = |found: &Module, title: &Module| {
            let identity = |module: &Module| (module.handle, module.base, module.size, module.execution);
            identity(found) == identity(title) && found.alternate_titles == title.alternate_titles
        };
        let same = self.title().is_none_or(|title| list.first().is_some_and(|found| is_title(found, title)));
        check(same, "the title is another one")?;
        check(operations.len() <= MAX_OPERATIONS, "too many loads and unloads are under way")?;
        let is_next = operations.last_key_value().is_none_or(|(&last, _)| last < next_operation);
        check(is_next, "a load or unload under way has a number that is still to be given")?;
        check(is_count(next_operation), "the number of the next load or unload is too high")?;
        let restored = Self { list, operations, next_operation, beginning, lock, handed_over };
        let most = limits.value(Limit::LibraryBytes);
        check(restored.library_bytes() <= most, "the names and tables of libraries are too large")?;
        *self = restored;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restored_tables_of_libraries_are_limited() {
        let limits = ResourceLimits::default();
        let most = limits.value(Limit::LibraryBytes) as usize;
        // The title, which comes first, is not counted.
        for (large, is_refused) in [(0, false), (1, true)] {
            let module = |number: u32| Module {
                handle: GuestAddr(number),
                name: "x".repeat(if number == large { most } else { 0 }),
                ..Module::default()
            };
            let state = Modules { list: vec![module(0), module(1)], ..Modules::default() }.state();
            let restored = Modules::default().restore(state, &limits);
            assert_eq!(restored.is_err(), is_refused, "module {large}");
        }
    }
}
