//! What stands for the features of a row.

use super::clean;
use super::groups::Groups;
use super::Request;
use crate::clean::program::literal as constant;
use crate::control::Control;
use crate::error::{Error, Result};
use crate::judge::read::out::Out;
use crate::model::{DatePart, Encoding, Input, InputKind, Model};
use crate::score::Scorer;

/// Up to how many levels a value is compared one by one.
const FEW: usize = 32;

/// A column of the row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name as SQL has it, quoted and qualified.
    pub text: String,
    /// Whether it is a category that comes as a number, which is compared without the zeros at its end.
    pub numeric: bool,
}

/// What a piece of SQL holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Holds {
    /// A number; whether it may be NaN where it is missing.
    Number { nan: bool },
    /// A whole number.
    Whole,
    /// A truth value.
    Boolean,
    /// A text under the collation "C".
    Text,
    /// A date.
    Date,
    /// A timestamp on the clocks of the column's zone.
    Timestamp,
    /// A time span.
    Interval,
    /// An array.
    Array,
    /// The group of a level.
    Group(Groups),
}

/// A piece of SQL and what it holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cell {
    /// The SQL.
    pub text: String,
    /// What it holds.
    pub holds: Holds,
}

impl Cell {
    /// The piece as a number beside numbers.
    pub fn number(&self) -> String {
        match self.holds {
            Holds::Boolean => format!("({})::int", self.text),
            // Days since 2000-01-01, also of the infinite ones, which cannot be subtracted.
            Holds::Date => format!("((extract(epoch FROM {}) - 946684800) / 86400)::float8", self.text),
            Holds::Timestamp => format!("(extract(epoch FROM {}) - 946684800)::float8", self.text),
            _ => self.text.clone(),
        }
    }
}

/// The inputs of a model as pieces of SQL.
pub(super) struct Names<'a> {
    model: &'a Model,
    inputs: Vec<Cell>,
    /// Where they come from, if it is not the row itself.
    from: Option<String>,
}

impl<'a> Names<'a> {
    /// For a row, or for the rows that the model's cleaning makes.
    ///
    /// # Errors
    /// Where the cleaning is no plain SQL.
    pub fn new(scorer: &'a Scorer, request: &Request<'_>) -> Result<Names<'a>> {
        let model = scorer.model();
        if model.cleaning.is_none() || request.cleaned {
            let inputs = model.inputs.iter().zip(request.columns);
            let inputs = inputs.map(|(input, column)| raw(input.kind, model.zone(input), column)).collect();
            return Ok(Names { model, inputs, from: None });
        }
        let (inputs, from) = clean::inputs(scorer, request)?;
        Ok(Names { model, inputs, from: Some(from) })
    }

    /// Whether the inputs are columns of the row itself.
    pub fn is_plain(&self) -> bool {
        self.from.is_none()
    }

    /// A feature of an input.
    ///
    /// # Errors
    /// For the words of a text.
    pub fn feature(&self, input: &Input, at: usize, feature: usize) -> Result<Cell> {
        let cell = self.inputs.get(at).ok_or_else(|| Error::Internal("an input without a column".into()))?;
        let x = &cell.text;
        let made = |text: String, holds| Ok(Cell { text, holds });
        match (&self.model.features[feature].encoding, &cell.holds) {
            (Encoding::Words | Encoding::Token { .. }, _) => Err(Error::data(
                format!("the words of column \"{}\" cannot be found by plain SQL", input.name),
                "Train a model without \"text_columns\", or use the function of the model.",
            )),
            (Encoding::Part(part), _) => made(format!("extract({} FROM {x})", field(*part)), Holds::Whole),
            (_, Holds::Array) => {
                let element = feature + 1 - input.first as usize;
                // A slice counts from 1, wherever the array itself does.
                made(format!("(({x})[:])[{element}]::double precision"), Holds::Number { nan: true })
            }
            (_, Holds::Interval) => made(seconds(x), Holds::Number { nan: false }),
            _ => Ok(cell.clone()),
        }
    }
}

/// The features of a model as pieces of SQL.
pub(super) struct Cells {
    cells: Vec<Option<Cell>>,
    /// The columns of the innermost SELECT, where there is one.
    columns: Vec<String>,
    none: Cell,
}

impl Cells {
    /// As they stand in the row.
    pub fn inline(scorer: &Scorer, names: &Names<'_>) -> Result<Cells> {
        Ok(Cells { cells: all(scorer, names)?, columns: Vec::new(), none: none() })
    }

    /// As columns of a SELECT, each computed once a row.
    pub fn staged(scorer: &Scorer, names: &Names<'_>, control: &Control) -> Result<Cells> {
        let model = scorer.model();
        let mut cells = all(scorer, names)?;
        let mut columns = Vec::new();
        for (at, cell) in cells.iter_mut().enumerate() {
            let Some(cell) = cell else { continue };
            let x = std::mem::replace(&mut cell.text, format!("f.x{at}"));
            let text = match (&cell.holds, model.body.as_trees()) {
                (Holds::Number { nan: true }, _) => {
                    cell.holds = Holds::Number { nan: false };
                    format!("nullif({x}, 'NaN'::float8)")
                }
                (Holds::Text, Some((trees, _))) => {
                    let groups = Groups::new(model, trees, at, control)?;
                    let text = group(&x, &groups, model, at);
                    cell.holds = Holds::Group(groups);
                    text
                }
                _ => x,
            };
            columns.push(format!("{text} AS x{at}"));
        }
        // A model can be without a split.
        if columns.is_empty() {
            columns.push("0 AS x".to_owned());
        }
        Ok(Cells { cells, columns, none: none() })
    }

    /// What stands for a feature.
    pub fn of(&self, feature: usize) -> &Cell {
        self.cells.get(feature).and_then(Option::as_ref).unwrap_or(&self.none)
    }

    /// Make the cell of a category another one.
    pub fn regroup(&mut self, feature: usize, groups: Groups, model: &Model, names: &Names<'_>) -> Result<()> {
        let Some((at, input)) = model.inputs.iter().enumerate().find(|(_, i)| i.first as usize == feature) else {
            return Ok(());
        };
        let own = names.feature(input, at, feature)?;
        let text = format!("{} AS x{feature}", group(&own.text, &groups, model, feature));
        let end = format!(" AS x{feature}");
        if let Some(column) = self.columns.iter_mut().find(|column| column.ends_with(&end)) {
            *column = text;
        }
        if let Some(Some(cell)) = self.cells.get_mut(feature) {
            cell.holds = Holds::Group(groups);
        }
        Ok(())
    }

    /// Write the SELECT, as it stands behind FROM.
    pub fn write(&self, names: &Names<'_>, out: &mut Out<'_>) -> Result<()> {
        out.push("(SELECT ")?;
        for (i, column) in self.columns.iter().enumerate() {
            out.push(if i == 0 { "" } else { ",\n    " })?;
            out.push(column)?;
        }
        if let Some(from) = &names.from {
            out.push("\nFROM ")?;
            out.push(from)?;
            out.push(" AS c")?;
        }
        out.push("\nOFFSET 0) AS f")
    }
}

fn none() -> Cell {
    Cell { text: "NULL::float8".to_owned(), holds: Holds::Number { nan: false } }
}

/// The features that a score depends on.
fn all(scorer: &Scorer, names: &Names<'_>) -> Result<Vec<Option<Cell>>> {
    let model = scorer.model();
    let mut cells = vec![None; model.features.len()];
    for (at, input) in model.inputs.iter().enumerate() {
        let first = input.first as usize;
        for feature in (first..first + input.count as usize).filter(|feature| scorer.uses(*feature)) {
            cells[feature] = Some(names.feature(input, at, feature)?);
        }
    }
    Ok(cells)
}

/// A column as a kind of input.
pub(super) fn raw(kind: InputKind, zone: Option<&str>, column: &Column) -> Cell {
    let x = &column.text;
    let (text, holds) = match kind {
        InputKind::Number => (format!("{x}::double precision"), Holds::Number { nan: true }),
        InputKind::Boolean => (format!("{x}::boolean"), Holds::Boolean),
        InputKind::Category if column.numeric => (format!("({}) COLLATE \"C\"", short_number(x)), Holds::Text),
        InputKind::Category | InputKind::Text => (format!("{x}::text COLLATE \"C\""), Holds::Text),
        InputKind::Date => (format!("{x}::date"), Holds::Date),
        InputKind::Timestamp => (format!("{x}::timestamp"), Holds::Timestamp),
        InputKind::Timestamptz => {
            let zone = constant::text(zone.unwrap_or("UTC"));
            (format!("({x}::timestamptz AT TIME ZONE {zone})"), Holds::Timestamp)
        }
        InputKind::Interval => (x.clone(), Holds::Interval),
        InputKind::Array => (x.clone(), Holds::Array),
    };
    Cell { text, holds }
}

/// The text of a number without the zeros at its end, which do not count.
pub(super) fn short_number(x: &str) -> String {
    format!("CASE WHEN {x}::text LIKE '%.%' THEN rtrim(rtrim({x}::text, '0'), '.') ELSE {x}::text END")
}

fn field(part: DatePart) -> &'static str {
    match part {
        DatePart::Month => "month",
        DatePart::Day => "day",
        DatePart::Weekday => "isodow",
        DatePart::Hour => "hour",
    }
}

/// The seconds of a time span, a month counting 30 days; the time of day is added last, as where rows are read.
fn seconds(x: &str) -> String {
    let field = |name: &str| format!("extract({name} FROM {x})");
    let days =
        format!("(({} * 12 + {}) * 30 + {})::double precision * 86400", field("year"), field("month"), field("day"));
    let time = format!(
        "({}::bigint * 3600000000 + {}::bigint * 60000000 + {}::bigint)::double precision / 1000000",
        field("hour"),
        field("minute"),
        field("microseconds")
    );
    // Beyond the longest time span there are the infinite ones of PostgreSQL 17.
    let longest = "178956970 years";
    format!(
        "CASE WHEN {x} > interval '{longest}' THEN 'Infinity'::float8 WHEN {x} < interval '-{longest}' THEN '-Infinity'::float8 ELSE {days} + {time} END"
    )
}

/// The group of a level.
fn group(x: &str, groups: &Groups, model: &Model, feature: usize) -> String {
    let feature = &model.features[feature];
    let levels = feature.encoding.levels();
    let lists = groups.lists(feature);
    let listed: usize = lists.iter().map(Vec::len).sum();
    let other = format!("CASE WHEN {x} IS NOT NULL THEN 0 END");
    let quoted = |code: &usize| constant::text(&levels[*code]);
    let numbered = || lists.iter().enumerate().filter(|(_, list)| !list.is_empty());
    if listed == 0 {
        return other;
    }
    if listed <= FEW {
        let whens = numbered().flat_map(|(g, list)| list.iter().map(move |code| (g, code)));
        let whens: String = whens.map(|(g, code)| format!(" WHEN {} THEN {g}", quoted(code))).collect();
        return format!("CASE {x}{whens} ELSE {other} END");
    }
    let list = |codes: &[usize]| codes.iter().map(quoted).collect::<Vec<_>>().join(", ");
    let whens: String = numbered().map(|(g, codes)| format!(" WHEN {x} IN ({}) THEN {g}", list(codes))).collect();
    format!("CASE{whens} WHEN {x} IS NOT NULL THEN 0 END")
}
