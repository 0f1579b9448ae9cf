//! Counters of a machine's parts: the macro that defines them, and the engines' counters. A row is
//! a field, a key of a run's JSON report, and a line of the book's table.
//!
//! The guest cannot observe any counter.

use std::collections::BTreeMap;

/// A row of the table.
#[derive(Debug)]
pub struct CounterRow {
    /// Name of the field, and the key in JSON.
    pub name: &'static str,
    /// Description of the counter.
    pub doc: &'static str,
    /// Unit; empty if the description names the counted items.
    pub unit: &'static str,
    /// Type of the field.
    pub kind: &'static str,
}

/// The value of a counter.
#[derive(Clone, Copy, Debug)]
pub enum Figure<'a> {
    /// A single number.
    Total(u64),
    /// One number per name.
    ByName(&'a BTreeMap<&'static str, u64>),
}

impl From<&u64> for Figure<'_> {
    fn from(total: &u64) -> Self {
        Self::Total(*total)
    }
}

impl From<&Longest> for Figure<'_> {
    fn from(longest: &Longest) -> Self {
        Self::Total(longest.0)
    }
}

impl<'a> From<&'a BTreeMap<&'static str, u64>> for Figure<'a> {
    fn from(by_name: &'a BTreeMap<&'static str, u64>) -> Self {
        Self::ByName(by_name)
    }
}

/// The longest of several times. The sum of two is the longer one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Longest(pub u64);

/// A type of counter values, which can be summed.
pub trait Part {
    /// Adds another part's values to these.
    fn add(&mut self, other: &Self);
}

impl Part for u64 {
    fn add(&mut self, other: &Self) {
        *self += other;
    }
}

impl Part for Longest {
    fn add(&mut self, other: &Self) {
        self.0 = self.0.max(other.0);
    }
}

impl Part for BTreeMap<&'static str, u64> {
    fn add(&mut self, other: &Self) {
        for (name, count) in other {
            *self.entry(name).or_default() += count;
        }
    }
}

/// A struct of counters with descriptions.
pub trait Counters {
    /// Title of the table.
    const SAYS: &'static str;
    /// The rows, in the order of the fields.
    const ROWS: &'static [CounterRow];

    /// The value of each row.
    fn figures(&self) -> impl Iterator<Item = (&'static CounterRow, Figure<'_>)>;
}

/// Defines a struct of counters, and its rows.
#[macro_export]
macro_rules! counters {
    (
        #[doc = $says:literal]
        struct $name:ident {
            $( #[doc = $doc:literal] $field:ident: $kind:ty $([$unit:literal])?, )+
        }
        $( #[doc = $part_doc:literal] $part:ident: $part_kind:ty, )*
    ) => {
        #[doc = $says]
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct $name {
            $( #[doc = $doc] pub $field: $kind, )+
            $( #[doc = $part_doc] pub $part: $part_kind, )*
        }

        impl ::std::ops::AddAssign<&Self> for $name {
            fn add_assign(&mut self, other: &Self) {
                $( $crate::Part::add(&mut self.$field, &other.$field); )+
                $( self.$part += &other.$part; )*
            }
        }

        impl $crate::Counters for $name {
            const SAYS: &'static str = $says;
            const ROWS: &'static [$crate::CounterRow] = &[
                $( $crate::CounterRow {
                    name: stringify!($field),
                    doc: $doc,
                    unit: concat!($($unit)?),
                    kind: stringify!($kind),
                }, )+
            ];

            fn figures(&self) -> impl Iterator<Item = (&'static $crate::CounterRow, $crate::Figure<'_>)> {
                Self::ROWS.iter().zip([$( $crate::Figure::from(&self.$field), )+])
            }
        }
    };
}

counters! {
    /// Figures of the compiled engine.
    struct EngineCounters {
        /// Guest functions compiled.
        functions: u64,
        /// Always 0: loops are compiled with their function.
        loops: u64,
        /// Guest instructions compiled.
        compiled_guest_instructions: u64,
        /// Guest instructions compiled again, because their code changed or has more entry points.
        recompiled_guest_instructions: u64,
        /// Units of the baseline tier compiled.
        baseline_units: u64,
        /// Guest instructions compiled in the baseline tier.
        baseline_guest_instructions: u64,
        /// Host time spent compiling in the baseline tier.
        baseline_ns: u64 ["ns"],
        /// Units of the baseline tier withdrawn because its code memory was full.
        baseline_aged_out: u64,
        /// Host time spent compiling.
        compile_ns: u64 ["ns"],
        /// Guest instructions compiled ahead of need: before the run, or by idle processors.
        compiled_ahead: u64,
        /// Host time spent compiling ahead, over all threads.
        ahead_ns: u64 ["ns"],
        /// Host time of guest threads in the optimizing tier: compiling, and waiting for it.
        compile_wait_ns: u64 ["ns"],
        /// The longest of those times: to plan, compile or restore one piece of code.
        longest_compile_wait_ns: Longest ["ns"],
        /// Instructions interpreted because they were not compiled yet.
        interpreted_instructions: u64,
        /// Moves to FPSCR that compiled code left to the interpreter: they enable an exception.
        fallback_instructions: u64,
        /// Calls from compiled code into Rust.
        helper_calls: BTreeMap<&'static str, u64>,
        /// Compiled regions dropped because their page changed.
        invalidations: u64,
        /// Regions taken from the persistent cache.
        cache_hits: u64,
    }
    /// Counters of the cross-checking engine, if it runs.
    cross_check: CrossCheckCounters,
}

counters! {
    /// Figures of the cross-checking engine.
    struct CrossCheckCounters {
        /// Units of code compared.
        units: u64,
        /// Guest instructions compared.
        instructions: u64,
        /// Differences found between the engines.
        differences: u64,
        /// Bytes stored by guest code, each compared after its unit.
        stored_bytes: u64 ["bytes"],
        /// Comparisons of all guest memory.
        memory_comparisons: u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_of_several_engines_are_added_row_by_row() {
        let mut sum = EngineCounters {
            functions: 3,
            longest_compile_wait_ns: Longest(50),
            helper_calls: BTreeMap::from([("lwarx", 7), ("sync", 1)]),
            cross_check: CrossCheckCounters { units: 2, ..CrossCheckCounters::default() },
            ..EngineCounters::default()
        };
        let longest_compile_wait_ns = Longest(80);
        let mut other =
            EngineCounters { functions: 4, cache_hits: 9, longest_compile_wait_ns, ..sum.clone() };
        other.helper_calls.insert("eieio", 5);
        sum += &other;
        assert_eq!((sum.functions, sum.cache_hits, sum.cross_check.units), (7, 9, 4));
        assert_eq!(sum.longest_compile_wait_ns, longest_compile_wait_ns);
        assert_eq!(sum.helper_calls, BTreeMap::from([("eieio", 5), ("lwarx", 14), ("sync", 2)]));
    }

    #[test]
    fn figures_come_in_the_order_of_their_rows() {
        let counters = EngineCounters {
            functions: 3,
            compile_ns: 5,
            helper_calls: BTreeMap::from([("lwarx", 7)]),
            ..EngineCounters::default()
        };
        let texts: Vec<String> = counters
            .figures()
            .filter_map(|(row, figure)| match figure {
                Figure::Total(0) => None,
                Figure::Total(total) => Some(format!("{} {total} {}", row.name, row.unit)),
                Figure::ByName(calls) => Some(format!("{} {calls:?}", row.name)),
            })
            .collect();
        assert_eq!(texts, ["functions 3 ", "compile_ns 5 ns", "helper_calls {\"lwarx\": 7}"]);
        assert_eq!(counters.figures().count(), EngineCounters::ROWS.len());
    }
}
