//! Tests of pipelines that background threads compile.

use std::time::Duration;

use xenia_gpu::microcode::{Shader, ShaderKind, assemble};

use super::*;
use crate::backend::device::tests::with_device;

#[test]
fn few_pipelines_wait_to_be_compiled() {
    let shader =
        Arc::new(Shader::new(ShaderKind::Vertex, &assemble("alloc position\nmax oPos, r0, r0").unwrap()));
    let parts = |number| {
        let mut recipe = Recipe::default();
        recipe.vertex = number;
        Parts { recipe, vertex: shader.clone(), pixel: None }
    };
    with_device(|device| {
        let mut pipelines = Pipelines::new(device, &Options { async_pipelines: true, ..Options::default() });
        for number in 0..5000 {
            assert!(matches!(pipelines.get(&parts(number)), Err(Missing::Compiling)));
            assert!(pipelines.ordered.len() <= MAX_ORDERED, "{number}");
        }
        // Draws that were left out request their pipelines again.
        let start = Instant::now();
        let last = parts(4999);
        while !pipelines.ordered.contains(&last.recipe) && !pipelines.made.contains_key(&last.recipe) {
            assert!(start.elapsed() < Duration::from_mins(1));
            std::thread::sleep(Duration::from_millis(1));
            let _ = pipelines.get(&last);
        }
    });
}

/// Pipeline of depth alone, of one of the masks of written samples.
fn depth_only(vertex: &Arc<Shader>, samples: u32) -> Parts {
    let mut words = [0; size_of::<Recipe>() / 4];
    words[5] = 2; // has a depth target
    let mut recipe: Recipe = bytemuck::cast::<[u32; size_of::<Recipe>() / 4], Recipe>(words).drawing(samples);
    recipe.vertex = vertex.hash;
    Parts { recipe, vertex: vertex.clone(), pixel: None }
}

#[test]
fn a_full_cache_keeps_the_pipelines_used_last() {
    let words = assemble("alloc position\nmax oPos, r0, r0").unwrap();
    let shader = Arc::new(Shader::new(ShaderKind::Vertex, &words));
    with_device(|device| {
        let mut pipelines = Pipelines::new(device, &Options::default());
        pipelines.limit = 8;
        let parts = (1..=4).map(|samples| depth_only(&shader, samples)).collect();
        pipelines.prebuild(&Stored { parts, ..Stored::default() }, &Options::default());
        let use_all = |pipelines: &mut Pipelines, all: &[u32]| {
            for samples in all {
                assert!(pipelines.get(&depth_only(&shader, *samples)).is_ok(), "{samples}");
            }
            (pipelines.tally().counters().in_play, pipelines.made.len())
        };
        // Those of the start are found, the last two times without a look-up.
        assert_eq!(use_all(&mut pipelines, &[1, 2, 5, 6, 7, 8, 1, 2]), (4, 8));
        assert_eq!(use_all(&mut pipelines, &[9]), (5, 5));
        assert!(pipelines.shaders.contains(&shader.hash));
        pipelines.recent.fill_with(|| None);
        assert_eq!(use_all(&mut pipelines, &[1, 2, 7, 8, 9]), (5, 5));
        assert_eq!(use_all(&mut pipelines, &[3, 4]), (7, 7));
    });
}

#[test]
fn half_a_cache_is_compiled_at_the_start() {
    assert_eq!(limit_on(wgpu::DeviceType::DiscreteGpu) / 2, MAX_PIPELINES, "a full store");
    assert!(limit_on(wgpu::DeviceType::Cpu) < MAX_PIPELINES);
    let words = assemble("alloc position\nmax oPos, r0, r0").unwrap();
    let shader = Arc::new(Shader::new(ShaderKind::Vertex, &words));
    with_device(|device| {
        let mut pipelines = Pipelines::new(device, &Options::default());
        pipelines.limit = 4;
        let parts: Vec<_> = (1..=5).map(|samples| depth_only(&shader, samples)).collect();
        let firsts = [parts[0].recipe, parts[1].recipe];
        pipelines.prebuild(&Stored { parts, ..Stored::default() }, &Options::default());
        assert_eq!((pipelines.tally().counters().at_start, pipelines.made.len()), (2, 2));
        assert!(firsts.iter().all(|recipe| pipelines.made.contains_key(recipe)));
    });
}

#[test]
fn a_recent_pipeline_is_that_of_the_same_words() {
    let words = assemble("alloc position\nmax oPos, r0, r0").unwrap();
    let shader = || Arc::new(Shader::new(ShaderKind::Vertex, &words));
    let parts = |vertex: &Arc<Shader>| depth_only(vertex, 1);
    with_device(|device| {
        let mut pipelines = Pipelines::new(device, &Options::default());
        let [one, same] = [shader(), shader()];
        let Ok(first) = pipelines.get(&parts(&one)) else { panic!("no pipeline") };
        for shader in [&one, &same, &same, &one] {
            let Ok(ready) = pipelines.get(&parts(shader)) else { panic!("no pipeline") };
            assert!(Arc::ptr_eq(&ready, &first));
            let recent = pipelines.recent.iter().flatten().next().unwrap();
            assert!(Arc::ptr_eq(&recent.parts.vertex, shader));
        }
        assert_eq!(pipelines.tally().counters().in_play, 1);
    });
}
