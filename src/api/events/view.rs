//! The view that features are kept as, and what the catalogue says of the columns it is made of.

use std::ffi::{CStr, CString};

use orchard_engine::clean::events::{Column, Kind};
use pgrx::pg_sys::{self, Datum, Oid};
use pgrx::spi::{quote_identifier, quote_literal};
use pgrx::{PgSqlErrorCode, Spi};

use crate::catalog::owner::{with_path, with_safe_path};
use crate::error::{Failure, Result};
use crate::source::deparse::NewRelation;
use crate::source::types::{display_name, Reader};
use crate::source::Attribute;

/// A view to be made.
pub struct View(NewRelation);

impl View {
    /// Read a name as SQL does; without a schema it is in the first of the search path.
    pub fn parse(target: &str) -> Result<View> {
        NewRelation::parse(target).map(View)
    }

    /// The name with its schema, as SQL writes it.
    pub fn name(&self) -> String {
        self.0.sql()
    }

    /// The kind of the relation that has the name.
    fn kind(&self) -> Option<u8> {
        let name = CString::new(self.0.name.as_str()).unwrap_or_default();
        // SAFETY: catalogue look-ups on the main thread with a string that outlives them.
        unsafe {
            let oid = pg_sys::get_relname_relid(name.as_ptr(), self.0.schema_oid);
            (oid != Oid::INVALID).then(|| pg_sys::get_rel_relkind(oid) as u8)
        }
    }

    /// Whether the view is there already.
    pub fn exists(&self) -> bool {
        self.kind() == Some(b'v')
    }

    /// Fail where another relation has the name; a view that may be replaced is none.
    pub fn check_free(&self, replace: bool) -> Result<()> {
        let message = format!("relation \"{}.{}\" already exists", self.0.schema, self.0.name);
        let failure = Failure::new(PgSqlErrorCode::ERRCODE_DUPLICATE_TABLE, message);
        match self.kind() {
            None => Ok(()),
            Some(b'v') if replace => Ok(()),
            Some(b'v') => {
                Err(failure.hint("Choose another target, or replace the view with the option {\"replace\": true}."))
            }
            Some(_) => Err(failure.detail("It is no view, so it is not replaced.").hint("Choose another target.")),
        }
    }

    /// Make the view. The source's names mean what they mean to the caller, ours what they mean in pg_catalog.
    pub fn create(&self, replace: bool, query: &str) -> Result<()> {
        let or_replace = if replace { "OR REPLACE " } else { "" };
        let sql = format!("CREATE {or_replace}VIEW {} AS\n{query}", self.name());
        with_catalog_first(|| Ok(Spi::run(&sql)?))
    }

    /// Fail where the caller may not read what the view reads, which CREATE VIEW does not ask. No row is read.
    pub fn check_readable(&self) -> Result<()> {
        with_safe_path(|| Ok(Spi::run(&format!("SELECT * FROM {} LIMIT 0", self.name()))?))
    }

    /// Keep with view and columns what they mean.
    pub fn comment<'a>(&self, comment: &str, columns: impl Iterator<Item = (&'a str, &'a str)>) -> Result<()> {
        let view = self.name();
        let mut sql = format!("COMMENT ON VIEW {view} IS {};", quote_literal(comment));
        for (name, meaning) in columns {
            sql += &format!("COMMENT ON COLUMN {view}.{} IS {};", quote_identifier(name), quote_literal(meaning));
        }
        with_safe_path(|| Ok(Spi::run(&sql)?))
    }
}

/// Run `body` with the caller's search_path behind pg_catalog.
fn with_catalog_first<T>(body: impl FnOnce() -> Result<T>) -> Result<T> {
    // SAFETY: the setting is a C string, or null; it is copied. Main thread.
    let path = unsafe {
        let path = pg_sys::GetConfigOption(c"search_path".as_ptr(), false, false);
        if path.is_null() {
            "".into()
        } else {
            CStr::from_ptr(path).to_string_lossy()
        }
    };
    let path = match path.trim().is_empty() {
        true => "pg_catalog".to_owned(),
        false => format!("pg_catalog, {path}"),
    };
    with_path(&CString::new(path).unwrap_or_default(), body)
}

/// A column as the engine writes about it.
pub fn column(attribute: &Attribute) -> Column {
    let base_type = display_name(attribute.base);
    let kind = match attribute.reader {
        Some(Reader::Timestamptz | Reader::Clock(_)) => Kind::Timestamptz,
        Some(Reader::Timestamp) => Kind::Timestamp,
        Some(Reader::Date) => Kind::Date,
        Some(Reader::Int2 | Reader::Int4 | Reader::Int8) => Kind::Whole,
        Some(Reader::Numeric) => Kind::Numeric,
        Some(Reader::Float4 | Reader::Float8) => Kind::Float,
        Some(Reader::Text) => Kind::Text,
        Some(Reader::Interval) => Kind::Interval,
        Some(Reader::Array(_)) | None => Kind::Unsuited,
        Some(_) => Kind::Other,
    };
    Column {
        name: attribute.name.clone(),
        plain: attribute.type_name == base_type,
        type_name: attribute.type_name.clone(),
        base_type,
        limited: attribute.limited,
        kind,
        equality: equality(attribute.base),
    }
}

/// The operator by which GROUP BY tells the values of a type apart, as SQL writes it: `=` where pg_catalog has one for just this type.
fn equality(base: Oid) -> Option<String> {
    // SAFETY: catalogue look-ups on the main thread; the tuple is released when its fields are copied.
    unsafe {
        let entry = pg_sys::lookup_type_cache(base, pg_sys::TYPECACHE_EQ_OPR as i32);
        let operator = (*entry).eq_opr;
        if operator == Oid::INVALID {
            return None;
        }
        let tuple = pg_sys::SearchSysCache1(pg_sys::SysCacheIdentifier::OPEROID as i32, Datum::from(operator));
        if tuple.is_null() {
            return None;
        }
        let form = &*(pg_sys::GETSTRUCT(tuple) as *const pg_sys::FormData_pg_operator);
        let name = CStr::from_ptr(form.oprname.data.as_ptr()).to_string_lossy().into_owned();
        let (schema, exact) = (form.oprnamespace, form.oprleft == base && form.oprright == base);
        pg_sys::ReleaseSysCache(tuple);
        if exact && name == "=" && schema.to_u32() == pg_sys::PG_CATALOG_NAMESPACE {
            return Some(name);
        }
        let schema = pg_sys::get_namespace_name(schema);
        (!schema.is_null())
            .then(|| format!("OPERATOR({}.{name})", quote_identifier(CStr::from_ptr(schema).to_string_lossy())))
    }
}

/// Whether a relation has an index on customer and time.
pub enum Index {
    /// It has.
    Is,
    /// It has not, and can have one.
    IsNot,
    /// It is no table.
    CannotBe,
}

/// Look for an index of a relation, which is named with its schema.
pub fn index(relation: &str, customer: &str, event_time: &str) -> Result<Index> {
    let found: Option<Option<bool>> = with_safe_path(|| {
        let sql = "SELECT CASE WHEN c.relkind IN ('r', 'p', 'm') THEN EXISTS (
                SELECT FROM pg_index AS i
                JOIN pg_class AS x ON x.oid = i.indexrelid
                JOIN pg_am AS m ON m.oid = x.relam AND m.amname = 'btree'
                JOIN pg_attribute AS k ON k.attrelid = c.oid AND k.attnum = i.indkey[0] AND k.attname = $2
                JOIN pg_attribute AS t ON t.attrelid = c.oid AND t.attnum = i.indkey[1] AND t.attname = $3
                WHERE i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NULL
            ) END
            FROM pg_class AS c WHERE c.oid = to_regclass($1)";
        match Spi::get_one_with_args::<bool>(sql, &[relation.into(), customer.into(), event_time.into()]) {
            Ok(found) => Ok(Some(found)),
            Err(pgrx::spi::Error::InvalidPosition) => Ok(None),
            Err(error) => Err(error.into()),
        }
    })?;
    Ok(match found.flatten() {
        Some(true) => Index::Is,
        Some(false) => Index::IsNot,
        None => Index::CannotBe,
    })
}
