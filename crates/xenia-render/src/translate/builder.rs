//! A function under construction: the few forms of naga's IR that a translation needs.
//!
//! naga wants each computed expression to lie in a range that a statement emits, in the block where
//! it is first used, and literals and variables outside of such ranges. The builder keeps track of
//! that: [`Builder::expr`] may be called anywhere, and statements emit what came before them. A
//! value belongs to the block it was computed in and the blocks inside that.

use std::collections::BTreeMap;

use naga::{
    BinaryOperator, Block, Expression, Function, GlobalVariable, Handle, Literal, LocalVariable,
    MathFunction, ScalarKind, Span, Statement, SwitchCase, SwitchValue, SwizzleComponent, Type,
    UnaryOperator, VectorSize,
};

/// An expression.
pub(super) type Value = Handle<Expression>;

/// Components by number.
const COMPONENTS: [SwizzleComponent; 4] =
    [SwizzleComponent::X, SwizzleComponent::Y, SwizzleComponent::Z, SwizzleComponent::W];

#[derive(Default)]
pub(super) struct Builder {
    function: Function,
    /// Open blocks, the innermost last.
    blocks: Vec<Block>,
    /// Expressions from here on are not emitted yet.
    emitted: usize,
    literals: BTreeMap<(u8, u32), Value>,
    globals: BTreeMap<u32, Value>,
    locals: BTreeMap<u32, Value>,
}

impl Builder {
    /// Begins a function.
    pub(super) fn new(name: &str) -> Self {
        Self {
            function: Function { name: Some(name.into()), ..Function::default() },
            blocks: vec![Block::new()],
            ..Self::default()
        }
    }

    /// The function, before its body is known: for arguments and the result.
    pub(super) fn function(&mut self) -> &mut Function {
        &mut self.function
    }

    /// Ends the function.
    pub(super) fn finish(mut self) -> Function {
        self.function.body = self.end();
        self.function
    }

    /// Computes an expression.
    pub(super) fn expr(&mut self, expression: Expression) -> Value {
        self.function.expressions.append(expression, Span::UNDEFINED)
    }

    /// An expression that isn't computed: a literal, an argument, a variable.
    fn known(&mut self, expression: Expression) -> Value {
        self.emit();
        let value = self.function.expressions.append(expression, Span::UNDEFINED);
        self.emitted = self.function.expressions.len();
        value
    }

    fn emit(&mut self) {
        let expressions = &self.function.expressions;
        if expressions.len() > self.emitted {
            let range = expressions.range_from(self.emitted);
            self.emitted = expressions.len();
            self.push(Statement::Emit(range));
        }
    }

    fn push(&mut self, statement: Statement) {
        if let Some(block) = self.blocks.last_mut() {
            block.push(statement, Span::UNDEFINED);
        }
    }

    /// Carries out a statement after what was computed so far.
    pub(super) fn statement(&mut self, statement: Statement) {
        self.emit();
        self.push(statement);
    }

    /// Opens a block.
    pub(super) fn begin(&mut self) {
        self.emit();
        self.blocks.push(Block::new());
    }

    /// Closes the innermost block.
    pub(super) fn end(&mut self) -> Block {
        self.emit();
        self.blocks.pop().unwrap_or_default()
    }

    /// Runs `body` where a condition holds.
    pub(super) fn when(&mut self, condition: Value, body: impl FnOnce(&mut Self)) {
        self.begin();
        body(self);
        let accept = self.end();
        self.statement(Statement::If { condition, accept, reject: Block::new() });
    }

    /// A switch over numbers from 0 on; any other selects nothing.
    pub(super) fn switch(&mut self, selector: Value, bodies: Vec<Block>) {
        let mut cases: Vec<SwitchCase> = (0_u32..)
            .zip(bodies)
            .map(|(number, body)| SwitchCase { value: SwitchValue::U32(number), body, fall_through: false })
            .collect();
        cases.push(SwitchCase { value: SwitchValue::Default, body: Block::new(), fall_through: false });
        self.statement(Statement::Switch { selector, cases });
    }

    /// Declares a variable of the function; it starts as zero.
    pub(super) fn local(&mut self, name: &str, ty: Handle<Type>) -> Handle<LocalVariable> {
        let variable = LocalVariable { name: Some(name.into()), ty, init: None };
        self.function.local_variables.append(variable, Span::UNDEFINED)
    }

    /// A pointer to a variable of the function.
    pub(super) fn local_pointer(&mut self, local: Handle<LocalVariable>) -> Value {
        let key = local.index() as u32;
        if let Some(value) = self.locals.get(&key) {
            return *value;
        }
        let value = self.known(Expression::LocalVariable(local));
        self.locals.insert(key, value);
        value
    }

    /// A pointer to a variable of the module; the variable itself if it is a texture or sampler.
    pub(super) fn global(&mut self, global: Handle<GlobalVariable>) -> Value {
        let key = global.index() as u32;
        if let Some(value) = self.globals.get(&key) {
            return *value;
        }
        let value = self.known(Expression::GlobalVariable(global));
        self.globals.insert(key, value);
        value
    }

    /// An argument.
    pub(super) fn argument(&mut self, index: u32) -> Value {
        self.known(Expression::FunctionArgument(index))
    }

    /// The zero of a type.
    pub(super) fn zero(&mut self, ty: Handle<Type>) -> Value {
        self.known(Expression::ZeroValue(ty))
    }

    fn literal(&mut self, tag: u8, bits: u32, literal: Literal) -> Value {
        if let Some(value) = self.literals.get(&(tag, bits)) {
            return *value;
        }
        let value = self.known(Expression::Literal(literal));
        self.literals.insert((tag, bits), value);
        value
    }

    /// A finite float.
    pub(super) fn float(&mut self, value: f32) -> Value {
        self.literal(0, value.to_bits(), Literal::F32(value))
    }

    /// An unsigned integer.
    pub(super) fn uint(&mut self, value: u32) -> Value {
        self.literal(1, value, Literal::U32(value))
    }

    /// A signed integer.
    pub(super) fn int(&mut self, value: i32) -> Value {
        self.literal(2, value as u32, Literal::I32(value))
    }

    /// A boolean.
    pub(super) fn boolean(&mut self, value: bool) -> Value {
        self.literal(3, value as u32, Literal::Bool(value))
    }

    /// The same value in all four components.
    pub(super) fn splat(&mut self, value: Value) -> Value {
        self.expr(Expression::Splat { size: VectorSize::Quad, value })
    }

    /// A float in all four components.
    pub(super) fn splat_float(&mut self, value: f32) -> Value {
        let value = self.float(value);
        self.splat(value)
    }

    /// A value of components.
    pub(super) fn compose(&mut self, ty: Handle<Type>, components: &[Value]) -> Value {
        self.expr(Expression::Compose { ty, components: components.to_vec() })
    }

    /// Components of a vector of four, in this order.
    pub(super) fn swizzle(&mut self, vector: Value, pattern: [u8; 4]) -> Value {
        if pattern == [0, 1, 2, 3] {
            return vector;
        }
        let pattern = pattern.map(|component| COMPONENTS[component as usize & 3]);
        self.expr(Expression::Swizzle { size: VectorSize::Quad, vector, pattern })
    }

    /// A component or member, of a value or a pointer.
    pub(super) fn member(&mut self, base: Value, index: u32) -> Value {
        self.expr(Expression::AccessIndex { base, index })
    }

    /// An element by a computed index. The index must be in range.
    pub(super) fn element(&mut self, base: Value, index: Value) -> Value {
        self.expr(Expression::Access { base, index })
    }

    /// Reads a variable.
    pub(super) fn load(&mut self, pointer: Value) -> Value {
        self.expr(Expression::Load { pointer })
    }

    /// Reads a variable of the function.
    pub(super) fn load_local(&mut self, local: Handle<LocalVariable>) -> Value {
        let pointer = self.local_pointer(local);
        self.load(pointer)
    }

    /// Writes a variable.
    pub(super) fn store(&mut self, pointer: Value, value: Value) {
        self.statement(Statement::Store { pointer, value });
    }

    /// Writes a variable of the function.
    pub(super) fn store_local(&mut self, local: Handle<LocalVariable>, value: Value) {
        let pointer = self.local_pointer(local);
        self.store(pointer, value);
    }

    /// An operation on two values.
    pub(super) fn binary(&mut self, op: BinaryOperator, left: Value, right: Value) -> Value {
        self.expr(Expression::Binary { op, left, right })
    }

    /// An operation on one value.
    pub(super) fn unary(&mut self, op: UnaryOperator, expr: Value) -> Value {
        self.expr(Expression::Unary { op, expr })
    }

    /// A function of one value.
    pub(super) fn math(&mut self, fun: MathFunction, arg: Value) -> Value {
        self.expr(Expression::Math { fun, arg, arg1: None, arg2: None, arg3: None })
    }

    /// `condition ? accept : reject`, by component if the condition is a vector.
    pub(super) fn select(&mut self, condition: Value, accept: Value, reject: Value) -> Value {
        self.expr(Expression::Select { condition, accept, reject })
    }

    /// Calls a function with a result.
    pub(super) fn call(&mut self, function: Handle<Function>, arguments: &[Value]) -> Value {
        let result = self.known(Expression::CallResult(function));
        let arguments = arguments.to_vec();
        self.push(Statement::Call { function, arguments, result: Some(result) });
        result
    }

    /// Calls a function without a result.
    pub(super) fn call_without_result(&mut self, function: Handle<Function>, arguments: &[Value]) {
        self.statement(Statement::Call { function, arguments: arguments.to_vec(), result: None });
    }

    /// Converts a number to another kind of 32 bits.
    pub(super) fn convert(&mut self, expr: Value, kind: ScalarKind) -> Value {
        self.expr(Expression::As { expr, kind, convert: Some(4) })
    }

    /// Takes the bits of a number as another kind.
    pub(super) fn bitcast(&mut self, expr: Value, kind: ScalarKind) -> Value {
        self.expr(Expression::As { expr, kind, convert: None })
    }
}
