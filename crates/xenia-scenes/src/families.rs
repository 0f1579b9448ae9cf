//! Families of scenes: each makes scenes of one subject.

mod assembly;
mod copies;
mod fallbacks;
mod fetches;
mod fetching;
mod operations;
mod passes;
mod pipelines;
mod primitives;
mod programs;
mod sampling;
mod shading;
mod targets;
mod textures;

use crate::{Backends, Choices, SceneDifference, SceneOutcome};

/// Subject of random scenes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SceneFamily {
    /// Resolves of random EDRAM contents.
    Copies,
    /// Flat colours and depths: formats, blending, tests, samples.
    Targets,
    /// Primitive types, indices and coverage.
    Primitives,
    /// Interpolated attributes, perspective, depth, offsets, lines and points.
    Shading,
    /// Texture fetches with all their settings.
    Sampling,
    /// Vertex fetches of all formats.
    Fetches,
    /// Programs of exact operations in whole pipelines.
    Programs,
    /// Draws, resolves and textures of them, in tiles that targets of other formats share.
    Passes,
    /// Random vertex and pixel programs with functions, and with fetches in any control flow.
    Pipelines,
    /// Fetch instructions that return levels, weights, border fractions and gradients.
    Operations,
    /// Two textures in one program, and draws after memory or constants have changed.
    Textures,
    /// Points, lines and other primitives: inline indices, killed vertices, user clip planes.
    Assembly,
    /// Draws that the reference makes for a device, and surveys, between other draws.
    Fallbacks,
}

impl SceneFamily {
    /// All families, in the order in which they take turns.
    pub const ALL: [Self; 13] = [
        Self::Copies,
        Self::Targets,
        Self::Primitives,
        Self::Shading,
        Self::Sampling,
        Self::Fetches,
        Self::Programs,
        Self::Passes,
        Self::Pipelines,
        Self::Operations,
        Self::Textures,
        Self::Assembly,
        Self::Fallbacks,
    ];

    /// Name on command lines and in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Copies => "copies",
            Self::Targets => "targets",
            Self::Primitives => "primitives",
            Self::Shading => "shading",
            Self::Sampling => "sampling",
            Self::Fetches => "fetches",
            Self::Programs => "programs",
            Self::Passes => "passes",
            Self::Pipelines => "pipelines",
            Self::Operations => "operations",
            Self::Textures => "textures",
            Self::Assembly => "assembly",
            Self::Fallbacks => "fallbacks",
        }
    }

    /// Family of a name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.name() == name)
    }

    /// Draws a case on both backends and compares.
    pub fn run(
        self,
        backends: &mut Backends<'_>,
        choices: &mut Choices,
    ) -> Result<SceneOutcome, SceneDifference> {
        match self {
            Self::Copies => copies::case(backends, choices),
            Self::Targets => targets::case(backends, choices),
            Self::Primitives => primitives::case(backends, choices),
            Self::Shading => shading::case(backends, choices),
            Self::Sampling => sampling::case(backends, choices),
            Self::Fetches => fetches::case(backends, choices),
            Self::Programs => programs::case(backends, choices),
            Self::Passes => passes::case(backends, choices),
            Self::Pipelines => pipelines::case(backends, choices),
            Self::Operations => operations::case(backends, choices),
            Self::Textures => textures::case(backends, choices),
            Self::Assembly => assembly::case(backends, choices),
            Self::Fallbacks => fallbacks::case(backends, choices),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_gpu::draw_state::{DrawCall, ResolveCall};
    use xenia_gpu::edram::EdramPage;
    use xenia_gpu::{Backend, BackendError, PhysicalMemory, Reference};

    /// Reference that leaves out draws and resolves.
    struct IdleBackend(Reference);

    impl Backend for IdleBackend {
        fn name(&self) -> &'static str {
            "idle"
        }
        fn draw(&mut self, _: &DrawCall, _: &dyn PhysicalMemory) -> Result<(), BackendError> {
            Ok(())
        }
        fn resolve(&mut self, _: &ResolveCall, _: &dyn PhysicalMemory) -> Result<(), BackendError> {
            Ok(())
        }
        fn samples_passed(&mut self) -> Option<u64> {
            self.0.samples_passed()
        }
        fn edram_since(&mut self, since: u64, each: &mut dyn FnMut(u32, &EdramPage)) -> Option<u64> {
            self.0.edram_since(since, each)
        }
        fn set_edram(&mut self, words: &[u32]) -> Result<(), String> {
            self.0.set_edram(words)
        }
    }

    #[test]
    fn a_backend_that_draws_nothing_differs_in_every_family() {
        let reference = || Reference::with_threads(1);
        let mut backends = Backends::new(|| Box::new(reference()), || Box::new(IdleBackend(reference())));
        for family in SceneFamily::ALL {
            let mut outcomes = (0..16).map(|seed| family.run(&mut backends, &mut Choices::of_seed(seed)));
            assert!(outcomes.any(|outcome| outcome.is_err()), "{}", family.name());
        }
    }

    #[test]
    fn two_references_agree_on_scenes_of_every_family() {
        let reference = || -> Box<dyn Backend> { Box::new(Reference::with_threads(1)) };
        let mut backends = Backends::new(reference, reference);
        for family in SceneFamily::ALL {
            let choices = (0..4).map(Choices::of_seed).chain([Choices::of_words(Vec::new())]);
            let outcomes: Vec<_> =
                choices.map(|mut choices| family.run(&mut backends, &mut choices)).collect();
            let name = family.name();
            assert!(outcomes.iter().all(Result::is_ok), "{name}: {outcomes:?}");
            assert!(outcomes.contains(&Ok(SceneOutcome::Same)), "{name}: {outcomes:?}");
        }
    }
}
