//! Types of a translated module.

use std::num::NonZeroU32;

use naga::{
    ArraySize, Handle, ImageClass, ImageDimension, Module, Scalar, ScalarKind, Span, StructMember, Type,
    TypeInner, VectorSize,
};

use super::interface::{ConstantsLayout, TextureShape, member};

/// Types that every module has.
#[derive(Clone, Copy)]
pub(super) struct Types {
    pub(super) float: Handle<Type>,
    pub(super) uint: Handle<Type>,
    pub(super) int: Handle<Type>,
    pub(super) boolean: Handle<Type>,
    pub(super) vec2: Handle<Type>,
    pub(super) vec3: Handle<Type>,
    pub(super) vec4: Handle<Type>,
    pub(super) uvec3: Handle<Type>,
    pub(super) uvec4: Handle<Type>,
}

/// Adds a type to a module, or finds it there.
pub(super) fn insert(module: &mut Module, name: Option<&str>, inner: TypeInner) -> Handle<Type> {
    module.types.insert(Type { name: name.map(Into::into), inner }, Span::UNDEFINED)
}

/// Array of `count` elements of 16 bytes, or a run-time-sized one.
pub(super) fn array(
    module: &mut Module,
    base: Handle<Type>,
    count: Option<u32>,
    stride: u32,
) -> Handle<Type> {
    let size = count.and_then(NonZeroU32::new).map_or(ArraySize::Dynamic, ArraySize::Constant);
    insert(module, None, TypeInner::Array { base, size, stride })
}

impl Types {
    pub(super) fn new(module: &mut Module) -> Self {
        let mut scalar = |scalar| insert(module, None, TypeInner::Scalar(scalar));
        let float = scalar(Scalar::F32);
        let uint = scalar(Scalar::U32);
        let int = scalar(Scalar::I32);
        let boolean = scalar(Scalar::BOOL);
        let mut vector = |size, scalar| insert(module, None, TypeInner::Vector { size, scalar });
        Self {
            float,
            uint,
            int,
            boolean,
            vec2: vector(VectorSize::Bi, Scalar::F32),
            vec3: vector(VectorSize::Tri, Scalar::F32),
            vec4: vector(VectorSize::Quad, Scalar::F32),
            uvec3: vector(VectorSize::Tri, Scalar::U32),
            uvec4: vector(VectorSize::Quad, Scalar::U32),
        }
    }

    /// Struct of a stage's constants.
    pub(super) fn constants(&self, module: &mut Module, layout: ConstantsLayout) -> Handle<Type> {
        let members = [
            ("boolean", member::BOOLEAN, self.uvec4),
            ("loop", member::LOOP, self.uvec4),
            ("host", member::HOST, self.uvec4),
            ("texture", member::TEXTURE, self.uvec4),
            ("vertex", member::VERTEX, self.uvec4),
            ("float", member::FLOAT, self.vec4),
        ];
        let members = members.map(|(name, of, base)| StructMember {
            name: Some(name.into()),
            ty: array(module, base, Some(layout.count(of)), 16),
            binding: None,
            offset: layout.offset(of),
        });
        let inner = TypeInner::Struct { members: members.into(), span: layout.size() as u32 };
        insert(module, Some("StageConstants"), inner)
    }
}

/// Type of a texture binding.
pub(super) fn texture(module: &mut Module, shape: TextureShape) -> Handle<Type> {
    let (dim, arrayed) = match shape {
        TextureShape::Planes => (ImageDimension::D2, true),
        TextureShape::Volume => (ImageDimension::D3, false),
    };
    let class = ImageClass::Sampled { kind: ScalarKind::Float, multi: false };
    insert(module, None, TypeInner::Image { dim, arrayed, class })
}
