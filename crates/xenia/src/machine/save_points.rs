//! Moments of a run at which its state is saved.

use super::Machine;
use crate::say;
use std::path::PathBuf;
use xenia_sched::Limits;

/// A moment at which the state is saved, and the file for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavePoint {
    /// Number of instructions of the title before it.
    pub instructions: u64,
    /// File for the state.
    pub path: PathBuf,
}

/// The save points of a run that are still to come, the next one last.
#[derive(Debug, Default)]
pub(super) struct SavePoints(Vec<SavePoint>);

impl SavePoints {
    pub(super) fn new(mut points: Vec<SavePoint>) -> Self {
        points.sort_by_key(|point| std::cmp::Reverse(point.instructions));
        Self(points)
    }

    /// `limits`, or the next save point if it comes earlier.
    pub(super) fn limits(&self, limits: &Limits) -> Limits {
        let next = self.0.last().map(|point| point.instructions);
        let instructions = limits.instructions.into_iter().chain(next).min();
        Limits { instructions, ..*limits }
    }
}

impl Machine {
    /// Lets the next run save its state at `points`. Points before the machine's position are
    /// errors of the run's outputs.
    pub fn set_save_points(&mut self, points: Vec<SavePoint>) {
        self.outside.save_points = SavePoints::new(points);
    }

    /// Saves the states that are due. Returns whether there was one.
    pub(super) fn save_due_states(&mut self) -> bool {
        let now = self.position().instructions;
        let mut any = false;
        while let Some(point) = self.outside.save_points.0.pop_if(|point| point.instructions <= now) {
            any = true;
            let saved = if point.instructions == now {
                self.save_state_to(&point.path)
            } else {
                Err(anyhow::anyhow!("the run began after instruction {}", point.instructions))
            };
            if let Err(error) = saved {
                let path = point.path.display();
                self.outside.write_errors.note(format!("no state in {path}: {}", say::chain(&error)));
            }
        }
        any
    }

    /// Reports the save points that the run did not reach.
    pub(super) fn report_missed_states(&mut self) {
        let now = self.position().instructions;
        for point in std::mem::take(&mut self.outside.save_points).0.into_iter().rev() {
            let SavePoint { instructions, path } = point;
            self.outside.write_errors.note(format!(
                "no state in {}: the run ended after {now} instructions, before {instructions}",
                path.display()
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(instructions: u64, path: &str) -> SavePoint {
        SavePoint { instructions, path: path.into() }
    }

    #[test]
    fn a_run_stops_at_the_next_point() {
        let points = SavePoints::new(vec![point(20, "b"), point(10, "a")]);
        let limits = |instructions| Limits { instructions, ..Limits::default() };
        assert_eq!(points.limits(&limits(None)).instructions, Some(10));
        assert_eq!(points.limits(&limits(Some(5))).instructions, Some(5));
        assert_eq!(SavePoints::default().limits(&limits(Some(5))).instructions, Some(5));
    }
}
