//! A program as one SELECT in plain SQL.

mod number;
mod pair;
mod text;

use crate::clean::text::METHODS;

use super::{literal, Kind, NumberOp, Op, PairOp, Program, TextOp};

/// Beyond this many repetitions of its text an expression is computed once, in a subquery that is not pulled up.
const MOST_REPEATS: usize = 64;

/// How a column of the source becomes what a program computes with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cast {
    /// As it is.
    None,
    /// By a cast to text.
    Text,
    /// The same, in a collation in which texts are equal where their bytes are: others have no regular expressions, and take `a` for `A`.
    Collated,
    /// By a cast to double precision.
    Number,
    /// The same, and NaN is a missing value.
    NumberOrNan,
    /// The same, of a numeric without limits: what is too large is infinite, as it is to the engine, what is too small zero.
    Numeric,
    /// By a cast to text, of whole numbers of which some have more digits than a float8.
    Exact,
    /// To the clocks of a zone.
    Clock(String),
}

/// Where the rows come from.
pub struct SourceSql<'a> {
    /// A relation, or a query in brackets, as it stands behind FROM.
    pub from: &'a str,
    /// How each input becomes its kind.
    pub casts: &'a [Cast],
    /// Quotes an identifier where it must be.
    pub quote: &'a dyn Fn(&str) -> String,
}

/// Which rows go.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RowFilters {
    /// Truth registers of rows that go before duplicates are looked for.
    pub before: Vec<u32>,
    /// Of which rows one is kept.
    pub distinct: Option<Distinct>,
    /// Truth registers of rows that go afterwards.
    pub after: Vec<u32>,
}

/// One row is kept of those that are alike.
#[derive(Debug, Clone, PartialEq)]
pub struct Distinct {
    /// The registers they are alike in.
    pub keys: Vec<u32>,
    /// The register by which the first is kept, if any.
    pub order: Option<u32>,
    /// Whether the last is kept instead.
    pub last: bool,
}

impl Program {
    /// The query that does to `source` what the program does. `notes` are comments before a column, by its name.
    ///
    /// What is used several times is computed once, as a column of a subquery around the rows, one subquery for each level of such columns; the
    /// planner makes one query of them all.
    pub fn select(&self, source: &SourceSql<'_>, filters: &RowFilters, notes: &[(String, Vec<String>)]) -> String {
        let writer = Writer::new(self, source);
        let mut made = vec![false; writer.uses.len()];
        let mut layers = Vec::new();
        let mut conditions = [filters.before.as_slice(), &filters.after].concat();
        if let Some(distinct) = &filters.distinct {
            writer.distinct(distinct, &filters.before, &mut layers, &mut made);
            conditions.clone_from(&filters.after);
        }
        let roots: Vec<u32> = self.outputs.iter().map(|o| o.register).chain(conditions.iter().copied()).collect();
        writer.layers(&roots, &mut layers, &mut made);
        let outputs: Vec<String> = self.outputs.iter().map(|o| writer.output(&o.name, o.register, notes)).collect();
        let from = nested(source.from, &layers);
        format!("SELECT\n{}\nFROM {from} AS s{}", outputs.join(",\n"), writer.condition(&conditions, "\n"))
    }
}

/// A subquery around the rows so far.
struct Layer {
    /// Its lines up to those rows.
    before: Vec<String>,
    /// Its lines after them.
    after: Vec<String>,
}

/// The layers around `from`, the first the innermost. Lines are moved in by their depth, and nothing else: a line break in a constant stays as it is.
fn nested(from: &str, layers: &[Layer]) -> String {
    let mut text = String::new();
    for (depth, layer) in layers.iter().rev().enumerate() {
        let indent = "    ".repeat(depth + 1);
        text += "(\n";
        let last = layer.before.len().saturating_sub(1);
        for (i, line) in layer.before.iter().enumerate() {
            text += &format!("{indent}{line}{}", if i == last { "" } else { "\n" });
        }
    }
    text += from;
    for (depth, layer) in layers.iter().enumerate() {
        let depth = layers.len() - depth;
        text += " AS s";
        layer.after.iter().for_each(|line| text += &format!("\n{}{line}", "    ".repeat(depth)));
        text += &format!("\n{})", "    ".repeat(depth - 1));
    }
    text
}

struct Writer<'a> {
    program: &'a Program,
    source: &'a SourceSql<'a>,
    kinds: Vec<Kind>,
    /// What each register is where it is used: a column of a subquery, or its whole expression.
    uses: Vec<String>,
    /// Of registers that are columns of a subquery.
    staged: Vec<Option<Staged>>,
}

/// A register that is a column of a subquery.
struct Staged {
    /// The name of the column.
    alias: String,
    /// What it is.
    expression: String,
    /// The place of the subquery, from the innermost, 1.
    level: usize,
    /// Whether it is not to be pulled up.
    fenced: bool,
}

impl<'a> Writer<'a> {
    fn new(program: &'a Program, source: &'a SourceSql<'a>) -> Writer<'a> {
        let kinds = program.kinds().unwrap_or_default();
        let mut repeats = vec![0; kinds.len()];
        for op in &program.ops {
            for (register, count) in op.reads().into_iter().zip(repeats_of(op)) {
                if let Some(register) = register {
                    repeats[register as usize] += count;
                }
            }
        }
        let mut writer = Writer { program, source, kinds, uses: Vec::new(), staged: Vec::new() };
        // How long the expression of a register is in columns, and in which subquery its parts are.
        let (mut weights, mut levels): (Vec<usize>, Vec<usize>) = (Vec::new(), Vec::new());
        let mut names: Vec<&str> = Vec::new();
        for (i, input) in program.inputs.iter().enumerate() {
            let column = format!("s.{}", (source.quote)(&input.name));
            writer.uses.push(match source.casts.get(i) {
                None | Some(Cast::None) => column,
                Some(Cast::Text | Cast::Exact) => format!("{column}::text"),
                Some(Cast::Collated) => format!("({column}::text COLLATE \"default\")"),
                Some(Cast::Number) => format!("{column}::double precision"),
                Some(Cast::NumberOrNan) => format!("nullif({column}::double precision, 'NaN')"),
                Some(Cast::Numeric) => format!(
                    "CASE WHEN abs({column}) BETWEEN 3e-324 AND 1.7976931348623158e308 THEN {column}::double precision WHEN {column} = 0 OR abs({column}) < 1 THEN 0 WHEN {column} <> 'NaN' THEN sign({column}) * 'Infinity'::double precision END"
                ),
                Some(Cast::Clock(zone)) => format!("({column} AT TIME ZONE {})", literal::text(zone)),
            });
            writer.staged.push(None);
            weights.push(1);
            levels.push(0);
            names.push(&input.name);
        }
        for (k, op) in program.ops.iter().enumerate() {
            let register = program.inputs.len() + k;
            let expression = writer.expression(op);
            let reads = || op.reads().into_iter().flatten();
            let name = reads().next().map_or("value", |r| names[r as usize]);
            let counted = op.reads().into_iter().zip(repeats_of(op));
            let weight: usize = counted.filter_map(|(r, n)| r.map(|r| n * weights[r as usize])).sum::<usize>().max(1);
            let level = reads().map(|r| levels[r as usize]).max().unwrap_or(0);
            let is_staged = repeats[register] > 1;
            let fenced = is_staged && weight.saturating_mul(repeats[register]) > MOST_REPEATS;
            if is_staged {
                let alias = writer.alias(name, register);
                writer.uses.push(format!("s.{alias}"));
                writer.staged.push(Some(Staged { alias, expression, level: level + 1, fenced }));
            } else {
                writer.uses.push(expression);
                writer.staged.push(None);
            }
            weights.push(if fenced { 1 } else { weight });
            levels.push(level + usize::from(is_staged));
            names.push(name);
        }
        writer
    }

    /// A name that no column of the source has.
    fn alias(&self, column: &str, register: usize) -> String {
        let start: String = column.chars().take(12).collect();
        let mut name = format!("{start}_{register}");
        while self.program.inputs.iter().any(|i| i.name == name) {
            name.push('_');
        }
        (self.source.quote)(&name)
    }

    fn expression(&self, op: &Op) -> String {
        match op {
            Op::Text { from, op } => text::text(op, self.used(*from)),
            Op::Mask { from, method, salt } => format!(
                "orchard.mask_personal({}, {}, {})",
                self.used(*from),
                literal::text(name_of(&METHODS, method)),
                literal::text(salt)
            ),
            Op::Spell { from } => pair::spell(&self.number(*from)),
            Op::Read { from, op } => text::read(op, self.used(*from)),
            Op::Number { from, op: NumberOp::Fill(value) } if self.kind(*from) == Kind::Boolean => {
                format!("coalesce({}, {})", self.used(*from), *value != 0.0)
            }
            Op::Number { from, op: NumberOp::NullIf(values) } if self.kind(*from) == Kind::Boolean => {
                values.iter().fold(self.used(*from).to_owned(), |x, v| format!("nullif({x}, {})", *v != 0.0))
            }
            Op::Number { from, op } if self.kind(*from).is_moment() => {
                number::moment(op, self.kind(*from), self.used(*from))
            }
            Op::Number { from, op } => number::number(op, &self.number(*from)),
            Op::IsMissing { from } => format!("({} IS NULL)", self.used(*from)),
            Op::Pair(pair) => match &pair.op {
                PairOp::ByFold(levels) => pair::by_fold(levels, self.used(pair.left), self.used(pair.right)),
                PairOp::Days => pair::days(self.kind(pair.left), self.used(pair.left), self.used(pair.right)),
                op => pair::pair(op, &self.number(pair.left), &self.number(pair.right)),
            },
            Op::Coalesce { from, other } => format!("coalesce({}, {})", self.used(*from), self.used(*other)),
            Op::GroupFill(fill) => pair::group_fill(&fill.levels, &self.number(fill.from), self.used(fill.group)),
        }
    }

    fn used(&self, register: u32) -> &str {
        self.uses.get(register as usize).map_or("NULL", String::as_str)
    }

    fn kind(&self, register: u32) -> Kind {
        self.kinds.get(register as usize).copied().unwrap_or(Kind::Other)
    }

    /// A register as a number.
    fn number(&self, register: u32) -> String {
        let used = self.used(register);
        match self.kind(register) {
            Kind::Boolean => format!("{used}::integer::double precision"),
            _ => used.to_owned(),
        }
    }

    fn output(&self, name: &str, register: u32, notes: &[(String, Vec<String>)]) -> String {
        let quoted = (self.source.quote)(name);
        let notes = notes.iter().filter(|(of, _)| of == name).flat_map(|(_, lines)| lines);
        let comments: String = notes.map(|l| format!("    -- {}\n", l.replace(['\n', '\r'], " "))).collect();
        let shown = match self.program.inputs.get(register as usize) {
            // As it came: its type stays.
            Some(input) => format!("s.{}", (self.source.quote)(&input.name)),
            None => self.without_values(register).unwrap_or_else(|| self.used(register).to_owned()),
        };
        let same = shown.strip_prefix("s.") == Some(&quoted);
        format!("{comments}    {shown}{}", if same { String::new() } else { format!(" AS {quoted}") })
    }

    /// A column of numbers or moments of which some values become NULL, of its own type.
    fn without_values(&self, register: u32) -> Option<String> {
        let first = self.program.inputs.len();
        let op = self.program.ops.get((register as usize).checked_sub(first)?)?;
        let (from, given): (u32, Vec<Given>) = match op {
            Op::Number { from, op: NumberOp::NullIf(values) } => {
                (*from, values.iter().map(|v| Given::of_number(*v)).collect())
            }
            Op::Text { from, op: TextOp::NullIf(texts) } => (*from, texts.iter().map(|t| Given::of_text(t)).collect()),
            _ => return None,
        };
        let input = self.program.inputs.get(from as usize)?;
        let column = format!("s.{}", (self.source.quote)(&input.name));
        let cast = self.source.casts.get(from as usize)?;
        if let (Cast::Clock(_), Op::Number { op: NumberOp::NullIf(values), .. }) = (cast, op) {
            let list: Vec<String> = values.iter().map(|v| literal::moment(Kind::Timestamptz, *v)).collect();
            return Some(format!("CASE WHEN {} NOT IN ({}) THEN {column} END", self.used(from), list.join(", ")));
        }
        let may_be_nan = match (cast, op) {
            (Cast::Number, Op::Number { .. }) | (Cast::Exact, Op::Text { .. }) => false,
            (Cast::NumberOrNan | Cast::Numeric, Op::Number { .. }) => true,
            _ => return None,
        };
        let (mut nulled, mut others) = (column, Vec::new());
        for value in given {
            match value {
                // Of a number that is compared with a fraction NULLIF would make a numeric.
                Given::Whole(digits) => nulled = format!("nullif({nulled}, {digits})"),
                Given::Other(literal) => others.push(literal),
            }
        }
        if may_be_nan {
            nulled = format!("nullif({nulled}, 'NaN')");
        }
        Some(match others.is_empty() {
            true => nulled,
            false => format!("CASE WHEN {} NOT IN ({}) THEN {nulled} END", self.used(from), others.join(", ")),
        })
    }

    /// What tells rows apart by a register: of a column that is as it came the column itself, which may hold more digits than a double precision.
    fn key(&self, register: u32) -> String {
        let at = register as usize;
        match (self.program.inputs.get(at), self.source.casts.get(at)) {
            (Some(input), Some(Cast::Number)) => format!("s.{}", (self.source.quote)(&input.name)),
            (Some(input), Some(Cast::NumberOrNan | Cast::Numeric)) => {
                format!("nullif(s.{}, 'NaN')", (self.source.quote)(&input.name))
            }
            _ => self.used(register).to_owned(),
        }
    }

    /// Add layers with the columns that registers need and that are not `made` yet, each level of them around the one before.
    fn layers(&self, roots: &[u32], layers: &mut Vec<Layer>, made: &mut [bool]) {
        let first = self.program.inputs.len();
        let mut needed = vec![false; self.kinds.len()];
        roots.iter().for_each(|r| needed[*r as usize] = true);
        for k in (0..self.program.ops.len()).rev() {
            if needed[first + k] && !made[first + k] {
                self.program.ops[k].reads().into_iter().flatten().for_each(|r| needed[r as usize] = true);
            }
        }
        let missing = |r: &usize| needed[*r] && !made[*r] && self.staged[*r].is_some();
        let mut registers: Vec<usize> = (0..self.staged.len()).filter(missing).collect();
        let level = |r: usize| self.staged[r].as_ref().map_or(0, |s| s.level);
        registers.sort_by_key(|r| (level(*r), *r));
        for layer in registers.chunk_by(|a, b| level(*a) == level(*b)) {
            let columns = layer.iter().filter_map(|r| self.staged[*r].as_ref());
            let lines = columns.clone().enumerate().map(|(i, c)| {
                let comma = if i + 1 < layer.len() { "," } else { "" };
                format!("    {} AS {}{comma}", c.expression, c.alias)
            });
            let mut before = vec!["SELECT s.*,".to_owned()];
            before.extend(lines);
            before.push("FROM ".to_owned());
            let fence = columns.clone().any(|c| c.fenced).then(|| "OFFSET 0".to_owned());
            layers.push(Layer { before, after: fence.into_iter().collect() });
            layer.iter().for_each(|r| made[*r] = true);
        }
    }

    fn condition(&self, rows_that_go: &[u32], separator: &str) -> String {
        let terms: Vec<String> = rows_that_go.iter().map(|r| format!("{} IS NOT TRUE", self.used(*r))).collect();
        match terms.is_empty() {
            true => String::new(),
            false => format!("{separator}WHERE {}", terms.join(" AND ")),
        }
    }

    fn distinct(&self, distinct: &Distinct, before: &[u32], layers: &mut Vec<Layer>, made: &mut [bool]) {
        let mut roots = [distinct.keys.as_slice(), before].concat();
        roots.extend(distinct.order);
        self.layers(&roots, layers, made);
        let keys: Vec<String> = distinct.keys.iter().map(|r| self.key(*r)).collect();
        let keys = keys.join(", ");
        let order = distinct.order.map_or(String::new(), |r| {
            format!(", {}{}", self.used(r), if distinct.last { " DESC NULLS LAST" } else { " NULLS LAST" })
        });
        let condition = self.condition(before, "");
        let mut after: Vec<String> = (!condition.is_empty()).then_some(condition).into_iter().collect();
        after.push(format!("ORDER BY {keys}{order}"));
        layers.push(Layer { before: vec![format!("SELECT DISTINCT ON ({keys}) s.*"), "FROM ".to_owned()], after });
    }
}

/// A value that a column is compared with.
enum Given {
    /// A whole number that every type of number tells from others, in digits.
    Whole(String),
    /// Any other, as a constant.
    Other(String),
}

impl Given {
    fn of_number(value: f64) -> Given {
        let literal = literal::number(value);
        match value.fract() == 0.0 && value.abs() < 9e15 {
            true => Given::Whole(literal),
            false => Given::Other(literal),
        }
    }

    /// Of a column of whole numbers, all of whose digits count.
    fn of_text(text: &str) -> Given {
        match text.parse::<i64>() {
            Ok(number) if number.to_string() == text => {
                Given::Whole(if number < 0 { format!("({text})") } else { text.to_owned() })
            }
            _ => Given::Other(literal::text(text)),
        }
    }
}

/// The name of a value in a list of names.
fn name_of<T: PartialEq>(names: &[(&'static str, T)], value: &T) -> &'static str {
    names.iter().find(|(_, v)| v == value).map_or("", |(name, _)| name)
}

/// How often an operation's text has that of each register it reads.
fn repeats_of(op: &Op) -> [usize; 2] {
    match op {
        Op::Text { op, .. } => [text::repeats_text(op), 0],
        Op::Read { op, .. } => [text::repeats_read(op), 0],
        Op::Number { op, .. } => [number::repeats(op), 0],
        Op::IsMissing { .. } | Op::Mask { .. } => [1, 0],
        Op::Spell { .. } => [2, 0],
        Op::Pair(pair) => pair::repeats(&pair.op),
        Op::Coalesce { .. } => [1, 1],
        Op::GroupFill(fill) => [1, text::repeats_levels(&fill.levels)],
    }
}
