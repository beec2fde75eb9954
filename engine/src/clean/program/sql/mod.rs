//! A program as one SELECT in plain SQL.

mod number;
mod pair;
mod text;

use crate::clean::text::METHODS;

use super::{literal, Kind, NumberOp, Op, PairOp, Program};

/// Beyond this many repetitions of its text an expression is computed once, in a subquery that is not pulled up.
const MOST_REPEATS: usize = 64;

/// How a column of the source becomes what a program computes with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cast {
    /// As it is.
    None,
    /// By a cast to text.
    Text,
    /// By a cast to double precision.
    Number,
    /// The same, and NaN is a missing value.
    NumberOrNan,
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
    pub fn select(&self, source: &SourceSql<'_>, filters: &RowFilters, notes: &[(String, Vec<String>)]) -> String {
        let writer = Writer::new(self, source);
        let from = match &filters.distinct {
            None => format!("{} AS s", source.from),
            Some(distinct) => writer.distinct(distinct, &filters.before),
        };
        let outputs: Vec<String> = self.outputs.iter().map(|o| writer.output(&o.name, o.register, notes)).collect();
        let mut roots: Vec<u32> = self.outputs.iter().map(|o| o.register).collect();
        let conditions = match &filters.distinct {
            None => [filters.before.as_slice(), &filters.after].concat(),
            Some(_) => filters.after.clone(),
        };
        roots.extend(&conditions);
        format!(
            "SELECT\n{}\nFROM {from}{}{}",
            outputs.join(",\n"),
            writer.stages(&roots, "\n"),
            writer.condition(&conditions, "\n")
        )
    }
}

struct Writer<'a> {
    program: &'a Program,
    source: &'a SourceSql<'a>,
    kinds: Vec<Kind>,
    /// The name of the column each register comes from.
    names: Vec<&'a str>,
    /// What each register is called where it is used: a stage's column, or its whole expression.
    uses: Vec<String>,
    /// The expressions of registers that are stages, and whether they are fenced.
    staged: Vec<Option<(String, bool)>>,
}

impl<'a> Writer<'a> {
    fn new(program: &'a Program, source: &'a SourceSql<'a>) -> Writer<'a> {
        let kinds = program.kinds().unwrap_or_default();
        let mut names: Vec<&str> = program.inputs.iter().map(|i| i.name.as_str()).collect();
        for op in &program.ops {
            let name = op.reads()[0].and_then(|r| names.get(r as usize).copied()).unwrap_or("value");
            names.push(name);
        }
        let mut repeats = vec![0; kinds.len()];
        for op in &program.ops {
            for (register, count) in op.reads().into_iter().zip(repeats_of(op)) {
                if let Some(register) = register {
                    repeats[register as usize] += count;
                }
            }
        }
        let mut writer = Writer { program, source, kinds, names, uses: Vec::new(), staged: Vec::new() };
        let mut weights: Vec<usize> = Vec::new();
        for (i, input) in program.inputs.iter().enumerate() {
            let column = format!("s.{}", (source.quote)(&input.name));
            writer.uses.push(match source.casts.get(i) {
                None | Some(Cast::None) => column,
                Some(Cast::Text) => format!("{column}::text"),
                Some(Cast::Number) => format!("{column}::double precision"),
                Some(Cast::NumberOrNan) => format!("nullif({column}::double precision, 'NaN')"),
                Some(Cast::Clock(zone)) => format!("({column} AT TIME ZONE {})", literal::text(zone)),
            });
            writer.staged.push(None);
            weights.push(1);
        }
        for (k, op) in program.ops.iter().enumerate() {
            let register = program.inputs.len() + k;
            let expression = writer.expression(op);
            let reads = op.reads().into_iter().zip(repeats_of(op));
            let weight: usize = reads.filter_map(|(r, n)| r.map(|r| n * weights[r as usize])).sum();
            if repeats[register] > 1 {
                let fenced = weight.saturating_mul(repeats[register]) > MOST_REPEATS;
                let alias = (source.quote)(writer.names[register]);
                writer.uses.push(format!("c{register}.{alias}"));
                writer.staged.push(Some((expression, fenced)));
                weights.push(if fenced { 1 } else { weight.max(1) });
            } else {
                writer.uses.push(expression);
                writer.staged.push(None);
                weights.push(weight.max(1));
            }
        }
        writer
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
            None => self.used(register).to_owned(),
        };
        let same = shown.strip_prefix("s.") == Some(&quoted);
        format!("{comments}    {shown}{}", if same { String::new() } else { format!(" AS {quoted}") })
    }

    /// The stages that registers need, each a subquery of the row.
    fn stages(&self, roots: &[u32], separator: &str) -> String {
        let first = self.program.inputs.len();
        let mut needed = vec![false; self.kinds.len()];
        roots.iter().for_each(|r| needed[*r as usize] = true);
        for k in (0..self.program.ops.len()).rev() {
            if needed[first + k] {
                self.program.ops[k].reads().into_iter().flatten().for_each(|r| needed[r as usize] = true);
            }
        }
        let mut text = String::new();
        for (register, staged) in self.staged.iter().enumerate() {
            let Some((expression, fenced)) = staged.as_ref().filter(|_| needed[register]) else { continue };
            let alias = (self.source.quote)(self.names[register]);
            let fence = if *fenced { " OFFSET 0" } else { "" };
            text += &format!("{separator}CROSS JOIN LATERAL (SELECT {expression} AS {alias}{fence}) AS c{register}");
        }
        text
    }

    fn condition(&self, rows_that_go: &[u32], separator: &str) -> String {
        let terms: Vec<String> = rows_that_go.iter().map(|r| format!("{} IS NOT TRUE", self.used(*r))).collect();
        match terms.is_empty() {
            true => String::new(),
            false => format!("{separator}WHERE {}", terms.join(" AND ")),
        }
    }

    fn distinct(&self, distinct: &Distinct, before: &[u32]) -> String {
        let keys: Vec<&str> = distinct.keys.iter().map(|r| self.used(*r)).collect();
        let keys = keys.join(", ");
        let order = distinct.order.map_or(String::new(), |r| {
            format!(", {}{}", self.used(r), if distinct.last { " DESC NULLS LAST" } else { " NULLS LAST" })
        });
        let mut roots = [distinct.keys.as_slice(), before].concat();
        roots.extend(distinct.order);
        format!(
            "(\n    SELECT DISTINCT ON ({keys}) s.*\n    FROM {} AS s{}{}\n    ORDER BY {keys}{order}\n) AS s",
            self.source.from,
            self.stages(&roots, "\n    "),
            self.condition(before, "\n    ")
        )
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
        Op::GroupFill(fill) => [1, text::repeats_levels(&fill.levels)],
    }
}
