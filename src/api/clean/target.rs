//! The view or table that cleaned rows are kept in.

use std::ffi::CStr;

use pgrx::pg_sys::Oid;
use pgrx::{PgSqlErrorCode, Spi};

use crate::catalog::owner::with_safe_path;
use crate::catalog::store;
use crate::error::{Failure, Result};
use crate::source;
use crate::source::deparse::{FromItem, NewRelation};

/// The comment by which a later call knows that a relation may be replaced.
const MADE: &CStr = c"cleaned by orchard.clean";

/// A view or table to be made.
pub struct Target {
    name: NewRelation,
    table: bool,
}

/// A relation that has the name of a target.
struct There {
    oid: Oid,
    table: bool,
    made: bool,
    owner: String,
    own: bool,
    /// Its storage parameters, as `WITH` takes them.
    options: String,
}

impl Target {
    /// Read a name as SQL does; without a schema it is in the first of the search path.
    pub fn parse(name: &str, table: bool) -> Result<Target> {
        NewRelation::parse(name).map(|name| Target { name, table })
    }

    fn kind(&self) -> &'static str {
        if self.table {
            "TABLE"
        } else {
            "VIEW"
        }
    }

    /// Fail where it cannot be made of a source.
    pub fn check(&self, from: &FromItem) -> Result<()> {
        let name = self.name.sql();
        if from.sql == name {
            return Err(Failure::argument(format!("source and target are the same relation {name}"))
                .hint("Choose another target."));
        }
        if from.temporary && !self.table && !self.name.is_temporary() {
            return Err(Failure::new(
                PgSqlErrorCode::ERRCODE_INVALID_TABLE_DEFINITION,
                format!("the source reads temporary tables, which are gone before the view {name} is"),
            )
            .hint("Keep the rows with materialize => true, or name the target pg_temp.<name>."));
        }
        Ok(())
    }

    /// Make it of a query; with `replace` it takes the place of what an earlier call made. Then grants, and what others built on it, stay as long
    /// as the columns do.
    pub fn make(&self, query: &str, replace: bool) -> Result<()> {
        let (name, kind) = (self.name.sql(), self.kind());
        // Of two calls at once the second waits, and then replaces what the first made.
        store::lock(&self.name.schema, &self.name.name);
        let there = if replace { self.there()? } else { None };
        with_safe_path(|| {
            if let Some(there) = &there {
                there.check(&name, query)?;
            }
            // What the owner set, such as security_invoker, stays.
            let options = there.as_ref().filter(|there| there.table == self.table).map_or("", |there| &there.options);
            let fits = match &there {
                None => false,
                Some(there) => there.table == self.table && self.fits(&name, query)?,
            };
            match (fits, self.table) {
                (true, false) => return Ok(Spi::run(&format!("CREATE OR REPLACE VIEW {name}{options} AS\n{query}"))?),
                // Readers see the old rows until the new ones are committed; who would write waits.
                (true, true) => {
                    Spi::run(&format!("LOCK TABLE {name} IN SHARE ROW EXCLUSIVE MODE"))?;
                    Spi::run(&format!("DELETE FROM {name}"))?;
                    return Ok(Spi::run(&format!("INSERT INTO {name}\n{query}"))?);
                }
                _ => {}
            }
            if let Some(there) = &there {
                Spi::run(&format!("DROP {} {name}", if there.table { "TABLE" } else { "VIEW" }))?;
            }
            Spi::run(&format!("CREATE {kind} {name}{options} AS\n{query}"))?;
            Ok(Spi::run(&format!("COMMENT ON {kind} {name} IS '{}'", MADE.to_string_lossy()))?)
        })
    }

    /// Whether the relation can keep its columns: a view may get more at its end.
    fn fits(&self, name: &str, query: &str) -> Result<bool> {
        let (old, new) = (source::shape(&format!("SELECT * FROM {name}"))?, source::shape(query)?);
        Ok(if self.table { old == new } else { new.starts_with(&old) })
    }

    /// The relation that has the name.
    fn there(&self) -> Result<Option<There>> {
        let name = self.name.sql();
        // As an update, which sees what was committed while the lock was waited for.
        let found = Spi::connect_mut(|client| {
            let sql = "SELECT c.oid, c.relkind = 'r', obj_description(c.oid, 'pg_class') IS NOT DISTINCT FROM $2,
                    pg_get_userbyid(c.relowner)::text, pg_get_userbyid(c.relowner) = current_user,
                    coalesce(' WITH (' || array_to_string(c.reloptions, ', ') || ')', '')
                FROM pg_class AS c WHERE c.oid = to_regclass($1)";
            let made = MADE.to_string_lossy();
            let mut rows = client.update(sql, Some(1), &[name.as_str().into(), (&*made).into()])?;
            let row = |row: pgrx::spi::SpiHeapTupleData<'_>| {
                let is = |i: usize| Ok::<_, pgrx::spi::Error>(row.get::<bool>(i)? == Some(true));
                let oid = row.get::<Oid>(1)?.unwrap_or(Oid::INVALID);
                let owner = row.get::<String>(4)?.unwrap_or_default();
                let options = row.get::<String>(6)?.unwrap_or_default();
                Ok::<_, pgrx::spi::Error>((oid, is(2)?, is(3)?, owner, is(5)?, options))
            };
            rows.next().map(row).transpose()
        })?;
        let Some((oid, table, made, owner, own, options)) = found else { return Ok(None) };
        Ok(Some(There { oid, table, made, owner, own, options }))
    }
}

impl There {
    /// Fail where it is not to be replaced by a query.
    fn check(&self, name: &str, query: &str) -> Result<()> {
        if !self.made {
            return Err(Failure::new(
                PgSqlErrorCode::ERRCODE_DUPLICATE_TABLE,
                format!("{name} was not made by orchard.clean and is not replaced"),
            )
            .detail(format!("What orchard.clean makes has the comment \"{}\".", MADE.to_string_lossy()))
            .hint("Choose another name, or drop it first."));
        }
        // A view reads with the rights of its owner, who may not read what the caller may.
        if !self.own {
            return Err(Failure::new(
                PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
                format!("{name} is owned by role \"{}\" and is not replaced", self.owner),
            )
            .hint("SET ROLE to its owner first, or choose another name."));
        }
        if source::relations(query)?.contains(&self.oid) {
            return Err(Failure::argument(format!("the source reads {name}, which it would replace"))
                .hint("Choose another target."));
        }
        Ok(())
    }
}
