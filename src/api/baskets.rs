//! `orchard.frequent_itemsets` and `orchard.association_rules`: what is bought together.

use orchard_engine::baskets::{least, mine, rules, Baskets, Itemsets, Limits, RuleLimits, Rules};
use orchard_engine::control::Control;
use orchard_engine::data::{ColumnData, Dictionary, Keys, MISSING};
use pgrx::pg_sys::FunctionCallInfo;
use pgrx::prelude::*;
use pgrx::spi::{quote_identifier, quote_literal};
use serde_json::Value;

use super::choices::{Advice, Choices};
use super::recommend::{recommender, shelf};
use super::texts::Texts;
use super::train::{check_names, find};
use crate::entry;
use crate::entry::{fill, value};
use crate::error::{given, Failure, Result};
use crate::json::JsonArgument;
use crate::set::Set;
use crate::source::types::Reader;
use crate::source::{self, Attribute, Wanted};
use crate::{interrupt, settings};

/// The options of both.
const SETS: [(&str, &str); 6] = [
    ("min_support", "a number above 0 and up to 1"),
    ("min_baskets", "a whole number from 1 to 4000000000"),
    ("max_length", "a whole number from 1 to 1000, or null"),
    ("exclude", "a list of items"),
    ("delimiter", "a text that is not empty"),
    ("most", "a whole number from 1 to 100000000"),
];

/// Those of rules alone.
const RULES: [(&str, &str); 5] = [
    ("min_confidence", "a number from 0 to 1"),
    ("min_lift", "a number from 0 to 1e100"),
    ("max_consequents", "a whole number from 1 to 1000, or null"),
    ("antecedents", "a list of items"),
    ("consequents", "a list of items"),
];

/// The share of baskets of a set where none is given.
const SUPPORT: f64 = 0.01;
/// The confidence of a rule where none is given.
const CONFIDENCE: f64 = 0.2;
/// Sets, and rules, where no number is given.
const MOST: u64 = 1_000_000;
/// What stands between items where nothing is given.
const DELIMITER: &str = ",";

// Sets of items that are often together.
entry!(frequent_itemsets, pg_finfo_frequent_itemsets, fcinfo => fill(|| {
    let Found { names, baskets, sets, .. } = Asked::new(fcinfo).sets()?;
    let (texts, set, mut room) = (Texts::new(&names), Set::new(fcinfo), Vec::new());
    for index in 0..sets.len() {
        poll(index);
        let (items, count) = sets.get(index);
        let support = f64::from(count) / baskets as f64;
        let (length, baskets) = (items.len() as i32, i64::from(count));
        set.put([Some(texts.array_in(items, &mut room)), length.into_datum(), baskets.into_datum(), support.into_datum()])?;
    }
    Ok(())
}));

// What follows from what.
entry!(association_rules, pg_finfo_association_rules, fcinfo => fill(|| {
    let Found { names, rules, .. } = Asked::new(fcinfo).rules()?;
    put(&names, &rules, &Set::new(fcinfo))
}));

// The same of a model that has rules.
entry!(association_rules_of_model, pg_finfo_association_rules_of_model, fcinfo => fill(|| {
    let (names, rules) = of_model(value::<String>(fcinfo, 0).as_deref())?;
    put(&names, &rules, &Set::new(fcinfo))
}));

/// The rules of a model, and the names of its items.
fn of_model(model: Option<&str>) -> Result<(Vec<String>, Rules)> {
    let (found, scorer) = recommender(model)?;
    let shelf = shelf(&scorer)?;
    let control = Control::new(settings::max_memory());
    let rules = shelf.rules(&control)?.ok_or_else(|| {
        Failure::argument(format!("model \"{}.{}\" has no association rules", found.row.schema, found.row.name))
            .hint("Train one: orchard.train('name', 'source', algorithm => 'association_rules').")
    })?;
    Ok(((0..shelf.body().item_count()).map(|item| shelf.item_name(item)).collect(), rules))
}

/// Put rules into a set.
///
/// # Safety
/// The set is that of the running call, whose columns are those of `orchard.association_rules`. Runs under a guard.
unsafe fn put(names: &[String], rules: &Rules, set: &Set) -> Result<()> {
    let (texts, mut left, mut right) = (Texts::new(names), Vec::new(), Vec::new());
    for index in 0..rules.len() {
        poll(index);
        let (antecedents, consequents) = rules.sides(index);
        let m = rules.measures(index);
        set.put([
            Some(texts.array_in(antecedents, &mut left)),
            Some(texts.array_in(consequents, &mut right)),
            i64::from(rules.baskets(index)).into_datum(),
            m.support.into_datum(),
            m.confidence.into_datum(),
            m.lift.into_datum(),
            m.leverage.into_datum(),
            m.conviction.into_datum(),
            m.zhang.into_datum(),
            m.antecedent_support.into_datum(),
            m.consequent_support.into_datum(),
        ])?;
    }
    Ok(())
}

/// Look for a cancel as rows go out.
fn poll(row: usize) {
    if row.is_multiple_of(1024) {
        pgrx::check_for_interrupts!();
    }
}

/// The arguments of both verbs about a source.
struct Asked {
    source: Option<String>,
    item: Option<String>,
    basket: Option<String>,
    options: Option<Value>,
}

/// What was found.
struct Found {
    /// The items in C order.
    names: Vec<String>,
    /// The number of baskets.
    baskets: usize,
    sets: Itemsets,
    rules: Rules,
}

/// What is frequent, of what, as it was asked for.
struct Options {
    support: Option<f64>,
    baskets: Option<u32>,
    length: usize,
    most: u64,
}

impl Options {
    fn new(choices: &Choices<'_>) -> Result<Options> {
        Ok(Options {
            support: choices.number("min_support", f64::MIN_POSITIVE..=1.0)?,
            baskets: choices.whole("min_baskets", 1..=4_000_000_000)?.map(|n| n as u32),
            length: choices.whole("max_length", 1..=1000)?.map_or(usize::MAX, |n| n as usize),
            most: choices.whole("most", 1..=100_000_000)?.unwrap_or(MOST),
        })
    }

    /// The limits for so many baskets. Where neither a share nor a number was given, the usual share is meant.
    fn limits(&self, all: usize) -> Limits {
        let share = match (self.support, self.baskets) {
            (None, Some(_)) => 1,
            (support, _) => least(support.unwrap_or(SUPPORT), all),
        };
        Limits { baskets: share.max(self.baskets.unwrap_or(1)), length: self.length, most: self.most }
    }
}

impl Asked {
    /// # Safety
    /// `fcinfo` is the running call's. Runs under a guard.
    unsafe fn new(fcinfo: FunctionCallInfo) -> Asked {
        let text = |i: usize| value::<String>(fcinfo, i);
        Asked {
            source: text(0),
            item: text(1),
            basket: text(2),
            options: value::<JsonArgument>(fcinfo, 3).map(|o| o.0),
        }
    }

    fn read(&self, choices: &Choices<'_>, control: &Control) -> Result<Read> {
        let (source, item) = (given(self.source.as_deref(), "source")?, given(self.item.as_deref(), "item")?);
        Read::new(source, item, self.basket.as_deref(), choices, control)
    }

    fn sets(&self) -> Result<Found> {
        let choices =
            Choices::new(self.options.as_ref(), &SETS, r#"{"min_support": 0.005, "max_length": 3}"#, Advice::Given)?;
        let options = Options::new(&choices)?;
        let control = Control::new(settings::max_memory());
        let read = self.read(&choices, &control)?;
        let (sets, limits) = interrupt::run("orchard.frequent_itemsets", &control, || {
            let (baskets, limits) = read.baskets(&options, &control)?;
            Ok((mine(&baskets, &limits, &control)?, limits))
        })?;
        tell_none(&sets, &limits, read.count);
        Ok(Found { names: read.names, baskets: read.count, sets, rules: Rules::default() })
    }

    fn rules(&self) -> Result<Found> {
        let known: Vec<_> = SETS.into_iter().chain(RULES).collect();
        let example = r#"{"min_support": 0.005, "min_confidence": 0.3}"#;
        let choices = Choices::new(self.options.as_ref(), &known, example, Advice::Given)?;
        let options = Options::new(&choices)?;
        let confidence = choices.number("min_confidence", 0.0..=1.0)?.unwrap_or(CONFIDENCE);
        let lift = choices.number("min_lift", 0.0..=1e100)?.unwrap_or(0.0);
        let consequents = choices.whole("max_consequents", 1..=1000)?.map_or(usize::MAX, |n| n as usize);
        let (from, to) = (choices.texts("antecedents")?, choices.texts("consequents")?);
        let control = Control::new(settings::max_memory());
        let read = self.read(&choices, &control)?;
        let allowed = |items: Option<Vec<&str>>| items.map_or(Ok(Vec::new()), |items| read.marked(&items));
        let limits =
            RuleLimits { confidence, lift, consequents, from: allowed(from)?, to: allowed(to)?, most: options.most };
        let (sets, few, rules) = interrupt::run("orchard.association_rules", &control, || {
            let (baskets, few) = read.baskets(&options, &control)?;
            let sets = mine(&baskets, &few, &control)?;
            drop(baskets);
            let rules = rules(&sets, read.count, &limits, &control)?;
            Ok((sets, few, rules))
        })?;
        tell_none(&sets, &few, read.count);
        if !sets.is_empty() && rules.is_empty() {
            notice!("{} sets of items are frequent, and no rule of them is strong enough", sets.len());
        }
        Ok(Found { names: read.names, baskets: read.count, sets: Itemsets::default(), rules })
    }
}

/// Say that nothing is frequent enough, where there are baskets.
fn tell_none(sets: &Itemsets, limits: &Limits, baskets: usize) {
    if sets.is_empty() && baskets > 0 {
        notice!("no item is in {} or more of the {baskets} baskets", limits.baskets);
    }
}

/// The rows of a source.
struct Read {
    /// The basket of each row.
    keys: Vec<u32>,
    /// The item of each row; [`MISSING`] for none.
    items: Vec<u32>,
    /// The items in C order.
    names: Vec<String>,
    /// The number of baskets.
    count: usize,
}

impl Read {
    fn new(source: &str, item: &str, basket: Option<&str>, choices: &Choices<'_>, control: &Control) -> Result<Read> {
        let described = source::describe(source)?;
        let query = query(&described, item, basket, choices.text("delimiter")?, choices)?;
        let exclude = choices.texts("exclude")?;
        let mut choose = |attributes: &[Attribute]| {
            let wanted = |a: &Attribute| Ok(Some(Wanted { reader: a.needed()?, number: false }));
            attributes.iter().map(wanted).collect()
        };
        let mut rows = source::read(&query, &mut choose, control)?;
        let count = rows.table.rows;
        let (Some(basket), Some(item)) = (rows.column("basket").map(|c| c.first), rows.column("item").map(|c| c.first))
        else {
            return Err(Failure::internal("a column was not read"));
        };
        let keys = Keys::of(&rows.table.columns[basket].data, control)?;
        rows.table.columns[basket].release(control);
        let ColumnData::Category { codes, dictionary } = &rows.table.columns[item].data else {
            return Err(Failure::internal("an item was read as a number"));
        };
        let (names, mut places) = in_order(dictionary, control)?;
        for name in exclude.into_iter().flatten() {
            places[known(dictionary, name)? as usize] = MISSING;
        }
        let (mut baskets, mut items) = (control.vec(count)?, control.vec(count)?);
        let mut without = 0u64;
        for row in 0..count {
            if row % 65_536 == 0 {
                control.check()?;
                pgrx::check_for_interrupts!();
            }
            match (keys.codes[row], codes.get(row)) {
                (MISSING, _) => without += 1,
                (basket, MISSING) => {
                    baskets.push(basket);
                    items.push(MISSING);
                }
                (basket, code) => {
                    baskets.push(basket);
                    items.push(places[code as usize]);
                }
            }
        }
        if without > 0 {
            notice!("{without} rows without a basket are left out");
        }
        control.release_vec(keys.codes);
        rows.table.columns[item].release(control);
        control.release_vec(places);
        Ok(Read { keys: baskets, items, names, count: keys.count })
    }

    /// The baskets, and what is frequent among so many.
    fn baskets(&self, options: &Options, control: &Control) -> orchard_engine::Result<(Baskets, Limits)> {
        let rows = self.keys.iter().copied().zip(self.items.iter().copied());
        let baskets = Baskets::collect(rows, self.count, self.names.len(), control)?;
        Ok((baskets, options.limits(self.count)))
    }

    /// By item, whether it is one of these.
    fn marked(&self, items: &[&str]) -> Result<Vec<bool>> {
        let mut marked = vec![false; self.names.len()];
        for name in items {
            let at = self.names.binary_search_by(|n| n.as_str().cmp(name)).map_err(|_| no_item(name))?;
            marked[at] = true;
        }
        Ok(marked)
    }
}

/// The code of an item that was named.
fn known(dictionary: &Dictionary, name: &str) -> Result<u32> {
    dictionary.find(name.as_bytes()).ok_or_else(|| no_item(name))
}

fn no_item(name: &str) -> Failure {
    Failure::argument(format!("the source has no item \"{name}\"")).hint("Name items as the source spells them.")
}

/// The query that gives a basket and an item a row.
fn query(
    described: &source::Described,
    item: &str,
    basket: Option<&str>,
    delimiter: Option<&str>,
    choices: &Choices<'_>,
) -> Result<String> {
    let attributes = &described.attributes;
    check_names(attributes)?;
    let of = find(item, attributes)?;
    // SAFETY: a catalogue look-up by oid on the main thread.
    let is_array = unsafe { pg_sys::get_element_type(of.base) } != pg_sys::InvalidOid;
    if delimiter == Some("") {
        return Err(choices.wrong("delimiter"));
    }
    let key = match basket {
        None => "pg_catalog.row_number() OVER ()".to_owned(),
        Some(name) if name == item => {
            return Err(Failure::argument(format!("column \"{name}\" is named twice")).hint(
                "Item and basket are two columns; leave basket out where each row is a basket with a list of items.",
            ));
        }
        Some(name) => key_of(find(name, attributes)?),
    };
    let (rows, column) = (&described.query, quote_identifier(item));
    let list = |elements: String, filter: &str| {
        format!(
            "SELECT b.basket, u.item::pg_catalog.text AS item FROM (SELECT {key} AS basket, s.{column} AS items FROM ({rows}\n) AS s) AS b \
             LEFT JOIN LATERAL {elements} AS u(item) ON {filter}"
        )
    };
    let is_text = of.reader.is_some_and(Reader::is_text);
    match (is_array, is_text, delimiter) {
        (true, _, None) => Ok(list("pg_catalog.unnest(b.items)".to_owned(), "true")),
        (false, true, _) if delimiter.is_some() || basket.is_none() => Ok(list(
            format!(
                "(SELECT pg_catalog.btrim(p) FROM pg_catalog.unnest(pg_catalog.string_to_array(b.items::pg_catalog.text, {})) AS p)",
                quote_literal(delimiter.unwrap_or(DELIMITER))
            ),
            "u.item OPERATOR(pg_catalog.<>) ''",
        )),
        (_, _, Some(_)) => Err(Failure::new(
            PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH,
            format!("column \"{item}\" has type {}, which is not split by a delimiter", of.type_name),
        )
        .hint("Leave the option \"delimiter\" out.")),
        (false, false, None) if basket.is_none() => Err(Failure::new(
            PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH,
            format!("column \"{item}\" has type {}, which is no list of items", of.type_name),
        )
        .hint("Name the column of the basket, or give an array or a text such as 'bread,milk'.")),
        _ => Ok(format!("SELECT {key} AS basket, {} AS item FROM ({rows}\n) AS s", text_of(of))),
    }
}

/// A column of the source `s` as what rows are told apart by.
pub(super) fn key_of(attribute: &Attribute) -> String {
    let name = quote_identifier(&attribute.name);
    match attribute.reader {
        // Months count 30 days as numbers, and an array has as many numbers as elements.
        None | Some(Reader::Interval | Reader::Array(_)) => format!("s.{name}::pg_catalog.text"),
        Some(_) => format!("s.{name}"),
    }
}

/// A column of the source `s` as a name.
pub(super) fn text_of(attribute: &Attribute) -> String {
    let name = quote_identifier(&attribute.name);
    match attribute.reader {
        // 1.5 and 1.50 are one.
        Some(Reader::Numeric) => format!("pg_catalog.trim_scale(s.{name})::pg_catalog.text"),
        _ => format!("s.{name}::pg_catalog.text"),
    }
}

/// The texts of a dictionary in C order, and the place of each code among them.
pub(super) fn in_order(dictionary: &Dictionary, control: &Control) -> Result<(Vec<String>, Vec<u32>)> {
    let sorted = dictionary.sorted();
    let mut places: Vec<u32> = control.filled(dictionary.len(), 0)?;
    for (place, &code) in sorted.iter().enumerate() {
        places[code as usize] = place as u32;
    }
    let texts = sorted.iter().map(|&code| dictionary.text(code).len() + std::mem::size_of::<String>());
    control.reserve(texts.sum())?;
    let names = sorted.iter().map(|&code| String::from_utf8_lossy(dictionary.text(code)).into_owned()).collect();
    Ok((names, places))
}
