//! Single events of the past: the last ones, and the first and last that have a value.

use super::features::Writer;
use super::relation::Kind;
use super::sql::identifier;
use crate::error::Result;

impl Writer<'_> {
    /// The last values of columns.
    pub fn lags(&mut self) -> Result<()> {
        let options = self.request.options;
        let Some(most) = options.lags.iter().map(|l| l.1).max() else { return Ok(()) };
        let (mut inner, mut arrays, mut names) = (Vec::new(), Vec::new(), Vec::new());
        for (i, (name, count)) in options.lags.iter().enumerate() {
            let column = self.request.events.column(name)?;
            column.check_suited("lags")?;
            inner.push(format!("            {} AS value_{}", column.known("e"), i + 1));
            arrays.push(format!("pg_catalog.array_agg(l.value_{0} ORDER BY l.nth) AS values_{0}", i + 1));
            names.push((i + 1, name, *count));
        }
        let columns: Vec<&str> = options.lags.iter().map(|l| l.0.as_str()).collect();
        let order = self.order(true, &columns)?;
        let from = format!(
            "FROM (
        SELECT
{},
            pg_catalog.row_number() OVER (ORDER BY {order}) AS nth
        {}
        ORDER BY {order}
        LIMIT {most}
    ) AS l",
            inner.join(",\n"),
            self.events(2, None)
        );
        self.join("l", &arrays, &from);
        for (i, name, count) in names {
            for n in 1..=count {
                let meaning = match n {
                    1 => format!("{name} of the last event"),
                    n => format!("{name} of the event {n} back, the last being 1"),
                };
                self.expression(&format!("{name}_lag_{n}"), meaning, &format!("l.values_{i}[{n}]"))?;
            }
        }
        Ok(())
    }

    /// The first and last values that are not NULL.
    pub fn touches(&mut self) -> Result<()> {
        let options = self.request.options;
        let first = options.first_touch.iter().map(|name| (name, "first"));
        let last = options.last_touch.iter().map(|name| (name, "last"));
        for (i, (name, which)) in first.chain(last).enumerate() {
            let found = self.request.events.column(name)?;
            found.check_suited(&format!("{which}_touch"))?;
            let order = self.order(which == "last", &[name])?;
            let column = found.known("e");
            let alias = format!("t{}", i + 1);
            let touch = self.column(
                &alias,
                &format!("{name}_{which}_touch"),
                format!("{name} of the {which} event that has one"),
                &column,
            )?;
            let from = self.events(1, None);
            self.joins.push(format!(
                "LEFT JOIN LATERAL (
    SELECT {touch}
    {from}
        AND {column} IS NOT NULL
    ORDER BY {order}
    LIMIT 1
) AS {alias} ON true"
            ));
        }
        Ok(())
    }

    /// The order of events, the latest first or last. Of one time, the tie breaker decides and then the values of `columns` themselves,
    /// so that the order of the table never does.
    fn order(&self, latest_first: bool, columns: &[&str]) -> Result<String> {
        let (direction, value_direction) = if latest_first { (" DESC", " DESC NULLS LAST") } else { ("", "") };
        let mut order = vec![format!("{}{direction}", self.at)];
        for name in self.request.options.tie_breaker.as_deref().into_iter().chain(columns.iter().copied()) {
            let column = self.request.events.column(name)?;
            column.check_suited("tie_breaker")?;
            let collation = match column.kind {
                // Text has an order for each collation; that of its bytes is everywhere.
                Kind::Text => " COLLATE pg_catalog.\"C\"",
                _ => "",
            };
            let value = format!("e.{}{collation}{value_direction}", identifier(name));
            if !order.contains(&value) {
                order.push(value);
            }
        }
        Ok(order.join(", "))
    }
}
