//! Function builder for the subset of naga's IR that a translation needs.
//!
//! naga requires that each computed expression is in a range that a statement emits, in the block
//! where it is first used, and that literals and variables are outside of such ranges. The builder
//! ensures this: [`Builder::expr`] may be called anywhere, and statements emit the expressions
//! before them. A value is valid in the block where it was computed and in the blocks nested in it.

use std::collections::BTreeMap;

use naga::{
    BinaryOperator, Block, Expression, Function, GlobalVariable, Handle, Literal, LocalVariable,
    MathFunction, ScalarKind, Span, Statement, SwitchCase, SwitchValue, SwizzleComponent, Type,
    UnaryOperator, VectorSize,
};

/// Handle of an expression.
pub(super) type Value = Handle<Expression>;

/// Components by number.
const COMPONENTS: [SwizzleComponent; 4] =
    [SwizzleComponent::X, SwizzleComponent::Y, SwizzleComponent::Z, SwizzleComponent::W];

#[derive(Default)]
pub(super) struct Builder {
    function: Function,
    /// Open blocks, innermost last.
    blocks: Vec<Block>,
    /// Index of the first expression that is not emitted yet.
    emitted: usize,
    literals: BTreeMap<(u8, u32), Value>,
    globals: BTreeMap<u32, Value>,
    locals: BTreeMap<u32, Value>,
}

impl Builder {
    /// Starts a function.
    pub(super) fn new(name: &str) -> Self {
        Self {
            function: Function { name: Some(name.into()), ..Function::default() },
            blocks: vec![Block::new()],
            ..Self::default()
        }
    }

    /// Function under construction, for declaring its arguments and result.
    pub(super) fn function(&mut self) -> &mut Function {
        &mut self.function
    }

    /// Finishes the function.
    pub(super) fn finish(mut self) -> Function {
        self.function.body = self.end();
        self.function
    }

    /// Adds a computed expression.
    pub(super) fn expr(&mut self, expression: Expression) -> Value {
        self.function.expressions.append(expression, Span::UNDEFINED)
    }

    /// Adds an expression that needs no emission: a literal, an argument, a variable.
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

    /// Adds a statement, after emitting the pending expressions.
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

    /// Adds an `if` around the statements that `body` adds.
    pub(super) fn when(&mut self, condition: Value, body: impl FnOnce(&mut Self)) {
        self.begin();
        body(self);
        let accept = self.end();
        self.statement(Statement::If { condition, accept, reject: Block::new() });
    }

    /// Adds a switch over numbers from 0 on; the default case is empty.
    pub(super) fn switch(&mut self, selector: Value, bodies: Vec<Block>) {
        let mut cases: Vec<SwitchCase> = (0_u32..)
            .zip(bodies)
            .map(|(number, body)| SwitchCase { value: SwitchValue::U32(number), body, fall_through: false })
            .collect();
        // naga requires a default case.
        cases.push(SwitchCase { value: SwitchValue::Default, body: Block::new(), fall_through: false });
        self.statement(Statement::Switch { selector, cases });
    }

    /// Declares a function variable, initialised to zero.
    pub(super) fn local(&mut self, name: &str, ty: Handle<Type>) -> Handle<LocalVariable> {
        let variable = LocalVariable { name: Some(name.into()), ty, init: None };
        self.function.local_variables.append(variable, Span::UNDEFINED)
    }

    /// Pointer to a function variable.
    pub(super) fn local_pointer(&mut self, local: Handle<LocalVariable>) -> Value {
        let key = local.index() as u32;
        if let Some(value) = self.locals.get(&key) {
            return *value;
        }
        let value = self.known(Expression::LocalVariable(local));
        self.locals.insert(key, value);
        value
    }

    /// Pointer to a module variable; the variable itself if it is a texture or sampler.
    pub(super) fn global(&mut self, global: Handle<GlobalVariable>) -> Value {
        let key = global.index() as u32;
        if let Some(value) = self.globals.get(&key) {
            return *value;
        }
        let value = self.known(Expression::GlobalVariable(global));
        self.globals.insert(key, value);
        value
    }

    /// Function argument by number.
    pub(super) fn argument(&mut self, index: u32) -> Value {
        self.known(Expression::FunctionArgument(index))
    }

    /// Zero value of a type.
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

    /// Literal of a finite float.
    pub(super) fn float(&mut self, value: f32) -> Value {
        self.literal(0, value.to_bits(), Literal::F32(value))
    }

    /// Literal of an unsigned integer.
    pub(super) fn uint(&mut self, value: u32) -> Value {
        self.literal(1, value, Literal::U32(value))
    }

    /// Literal of a signed integer.
    pub(super) fn int(&mut self, value: i32) -> Value {
        self.literal(2, value as u32, Literal::I32(value))
    }

    /// Literal of a boolean.
    pub(super) fn boolean(&mut self, value: bool) -> Value {
        self.literal(3, value as u32, Literal::Bool(value))
    }

    /// Vector with the same value in all four components.
    pub(super) fn splat(&mut self, value: Value) -> Value {
        self.expr(Expression::Splat { size: VectorSize::Quad, value })
    }

    /// Vector with a literal float in all four components.
    pub(super) fn splat_float(&mut self, value: f32) -> Value {
        let value = self.float(value);
        self.splat(value)
    }

    /// Composes a value of components.
    pub(super) fn compose(&mut self, ty: Handle<Type>, components: &[Value]) -> Value {
        self.expr(Expression::Compose { ty, components: components.to_vec() })
    }

    /// Swizzles a vector of four.
    pub(super) fn swizzle(&mut self, vector: Value, pattern: [u8; 4]) -> Value {
        if pattern == [0, 1, 2, 3] {
            return vector;
        }
        let pattern = pattern.map(|component| COMPONENTS[component as usize & 3]);
        self.expr(Expression::Swizzle { size: VectorSize::Quad, vector, pattern })
    }

    /// Component or member of a value or a pointer.
    pub(super) fn member(&mut self, base: Value, index: u32) -> Value {
        self.expr(Expression::AccessIndex { base, index })
    }

    /// Element at a computed index, which must be in range.
    pub(super) fn element(&mut self, base: Value, index: Value) -> Value {
        self.expr(Expression::Access { base, index })
    }

    /// Loads from a pointer.
    pub(super) fn load(&mut self, pointer: Value) -> Value {
        self.expr(Expression::Load { pointer })
    }

    /// Loads a function variable.
    pub(super) fn load_local(&mut self, local: Handle<LocalVariable>) -> Value {
        let pointer = self.local_pointer(local);
        self.load(pointer)
    }

    /// Stores to a pointer.
    pub(super) fn store(&mut self, pointer: Value, value: Value) {
        self.statement(Statement::Store { pointer, value });
    }

    /// Stores to a function variable.
    pub(super) fn store_local(&mut self, local: Handle<LocalVariable>, value: Value) {
        let pointer = self.local_pointer(local);
        self.store(pointer, value);
    }

    pub(super) fn binary(&mut self, op: BinaryOperator, left: Value, right: Value) -> Value {
        self.expr(Expression::Binary { op, left, right })
    }

    pub(super) fn unary(&mut self, op: UnaryOperator, expr: Value) -> Value {
        self.expr(Expression::Unary { op, expr })
    }

    /// Mathematical function of one value.
    pub(super) fn math(&mut self, fun: MathFunction, arg: Value) -> Value {
        self.expr(Expression::Math { fun, arg, arg1: None, arg2: None, arg3: None })
    }

    /// `condition ? accept : reject`, by component if the condition is a vector.
    pub(super) fn select(&mut self, condition: Value, accept: Value, reject: Value) -> Value {
        self.expr(Expression::Select { condition, accept, reject })
    }

    /// Calls a function with a result.
    pub(super) fn call(&mut self, function: Handle<Function>, arguments: &[Value]) -> Value {
        // Not emitted: the call statement itself defines the result.
        let result = self.known(Expression::CallResult(function));
        let arguments = arguments.to_vec();
        self.push(Statement::Call { function, arguments, result: Some(result) });
        result
    }

    /// Calls a function without a result.
    pub(super) fn call_without_result(&mut self, function: Handle<Function>, arguments: &[Value]) {
        self.statement(Statement::Call { function, arguments: arguments.to_vec(), result: None });
    }

    /// Converts a number to another 32-bit kind.
    pub(super) fn convert(&mut self, expr: Value, kind: ScalarKind) -> Value {
        self.expr(Expression::As { expr, kind, convert: Some(4) })
    }

    /// Reinterprets the bits of a number as another kind.
    pub(super) fn bitcast(&mut self, expr: Value, kind: ScalarKind) -> Value {
        self.expr(Expression::As { expr, kind, convert: None })
    }
}
