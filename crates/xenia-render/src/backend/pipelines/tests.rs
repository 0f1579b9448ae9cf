//! Tests of pipelines that background threads compile.

use std::time::Duration;

use xenia_gpu::microcode::{Shader, ShaderKind, assemble};

use super::*;
use crate::backend::device::tests::with;

#[test]
fn few_pipelines_wait_to_be_compiled() {
    let shader =
        Arc::new(Shader::new(ShaderKind::Vertex, &assemble("alloc position\nmax oPos, r0, r0").unwrap()));
    let parts = |number| {
        let mut recipe = Recipe::default();
        recipe.vertex = number;
        Parts { recipe, vertex: shader.clone(), pixel: None }
    };
    with(|device| {
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

#[test]
fn a_recent_pipeline_is_that_of_the_same_words() {
    let words = assemble("alloc position\nmax oPos, r0, r0").unwrap();
    let shader = || Arc::new(Shader::new(ShaderKind::Vertex, &words));
    let parts = |vertex: &Arc<Shader>| {
        let mut words = [0; size_of::<Recipe>() / 4];
        words[5] = 2; // has a depth target
        let mut recipe: Recipe = bytemuck::cast::<[u32; size_of::<Recipe>() / 4], Recipe>(words).drawing(1);
        recipe.vertex = vertex.hash;
        Parts { recipe, vertex: vertex.clone(), pixel: None }
    };
    with(|device| {
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
