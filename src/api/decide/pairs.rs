//! All pairs of rows and offers, with what they are expected to earn.

use orchard_engine::control::Control;
use orchard_engine::data::{ColumnData, Numbers, MISSING};

use super::negative_cost;
use crate::error::{Failure, Result};
use crate::source::{self, Attribute, Rows, Wanted};

/// All pairs, the offers of a row side by side.
pub(super) struct Pairs {
    pub keys: Vec<String>,
    pub offers: Vec<String>,
    pub capacity: Vec<Option<u64>>,
    pub score: Vec<f64>,
    pub profit: Vec<f64>,
    pub cost: Vec<f64>,
}

impl Pairs {
    /// Those of a query that joins both sides.
    pub fn together(query: &str, control: &Control) -> Result<Pairs> {
        let rows = source::read(query, &mut choose, control)?;
        Pairs::of(&rows, control)
    }

    fn of(rows: &Rows, control: &Control) -> Result<Pairs> {
        let column = |i: usize| rows.columns.get(i).map(|c| &rows.table.columns[c.first].data);
        let numbers = |i: usize| match column(i) {
            Some(ColumnData::Number(values)) => Ok(values),
            _ => Err(Failure::internal("a column of pairs was read as texts")),
        };
        let text = |i: usize, row: usize| match column(i) {
            Some(ColumnData::Category { codes, dictionary }) if codes.get(row) != MISSING => {
                Some(String::from_utf8_lossy(dictionary.text(codes.get(row))).into_owned())
            }
            _ => None,
        };
        let (row_of, offer_of) = (numbers(0)?, numbers(1)?);
        let (values, costs, capacities, scores) = (numbers(4)?, numbers(5)?, numbers(6)?, numbers(7)?);
        let most = |places: &Numbers| places.iter().fold(0.0, f64::max) as usize;
        let (count, offers) = (most(row_of), most(offer_of));
        let mut pairs = Pairs {
            keys: vec![String::new(); count],
            offers: vec![String::new(); offers],
            capacity: vec![None; offers],
            score: control.filled(count * offers, f64::NAN)?,
            profit: control.filled(count * offers, f64::NAN)?,
            cost: control.filled(count * offers, 0.0)?,
        };
        for i in 0..rows.table.rows {
            let (row, offer) = (row_of.get(i) as usize - 1, offer_of.get(i) as usize - 1);
            let at = row * offers + offer;
            let (value, cost) = (values.get(i), costs.get(i));
            if cost < 0.0 {
                return Err(negative_cost());
            }
            pairs.score[at] = scores.get(i);
            // What has no value or cost is not offered.
            pairs.profit[at] = scores.get(i) * value - cost;
            pairs.cost[at] = if cost.is_nan() { 0.0 } else { cost };
            if row == 0 {
                let capacity = capacities.get(i);
                pairs.capacity[offer] = (!capacity.is_nan()).then(|| capacity.max(0.0) as u64);
                pairs.offers[offer] = text(3, i).unwrap_or_default();
            }
            if offer == 0 {
                pairs.keys[row] = text(2, i).unwrap_or_default();
            }
        }
        Ok(pairs)
    }
}

fn choose(attributes: &[Attribute]) -> Result<Vec<Option<Wanted>>> {
    attributes.iter().map(|a| a.readable().map(|reader| Some(Wanted { reader, number: true }))).collect()
}
