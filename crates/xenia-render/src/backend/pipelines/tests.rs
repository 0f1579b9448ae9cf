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
